// Temporary files that dead processes left in the ledger's folders.
// Invariant: only a file whose writer is known to be gone is removed; a live command's own never is.
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { hasLeftoverTemporaries, removeLeftoverTemporaries } from "../../core/files.ts";
import { hasLeftovers, removeLeftovers } from "../change/leftovers.ts";
import type { Fix, FixKind } from "./fix.ts";

export const leftovers: FixKind = {
	code: "leftovers",
	wrong: "temporary files and locks of processes that are gone",
	mended: "they are removed; nothing is committed",
	find({ ledger }) {
		const { stateDir, root, topLevel, tasksDir } = ledger.workspace;
		const folders = [tasksDir, ...["claims", "pending", "approvals"].map((name) => join(stateDir, name))];
		const fixes: Fix[] = folders
			.filter((folder) => existsSync(folder) && hasLeftoverTemporaries(folder))
			.map((folder) => {
				const place = relative(topLevel, folder);
				return {
					taskId: null,
					file: place,
					message: `Temporary files were left in ${place} by processes that are gone.`,
					why: "What such a file held was never made part of the ledger, and nobody is going to finish it.",
					summary: "remove temporary files",
					writes: [],
					steps: [`remove .msgcode-tmp-* of dead processes in ${place}`],
					mend: () => void removeLeftoverTemporaries(folder),
				};
			});
		if (hasLeftovers(stateDir, ledger.now())) {
			fixes.push({
				taskId: null,
				file: relative(topLevel, stateDir),
				message: "Locks or temporary files were left in msgcode's own folder by processes that are gone.",
				why: "A lock is taken over in the way that any command takes it, and given back; a live holder keeps it.",
				summary: "remove abandoned locks",
				writes: [],
				steps: [`remove abandoned locks in ${relative(topLevel, stateDir)}`],
				mend: () => removeLeftovers({ root, stateDir }, ledger.now()),
			});
		}
		return { fixes, undecided: [] };
	},
};
