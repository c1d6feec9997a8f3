// A clone in which git does not know the merge driver that tasks/.gitattributes names: a fresh clone, or one from before.
// Invariant: only this clone's configuration is written, and a line that somebody else wrote stays.
import { DRIVER_LINE, driverState, registerDriver } from "../merge/merge-driver.ts";
import { type FixKind, NOTHING } from "./fix.ts";

export const mergeDriver: FixKind = {
	code: "merge_driver",
	wrong: "the merge driver is not registered in this clone, so that git merges task files as text",
	mended: "it is registered in `.git/config`; nothing is committed",
	async find({ ledger: { git } }) {
		if ((await driverState(git)) !== "missing") return NOTHING;
		const fix = {
			taskId: null,
			file: ".git/config",
			message: "This clone merges task files as text: the merge driver is not registered.",
			why: "It concerns this clone alone, and where msgcode cannot be run git merges as text as before.",
			summary: "register the merge driver in this clone",
			writes: [],
			steps: [`git config --local merge.msgcode.driver '${DRIVER_LINE.replaceAll("'", "'\\''")}'`],
			mend: async () => {
				await registerDriver(git);
			},
		};
		return { fixes: [fix], undecided: [] };
	},
};
