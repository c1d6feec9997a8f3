// A tasks/index.json that tells something else than the files it was made from.
// Invariant: the file is derived: it is made anew, and nothing of it is ever taken for the truth.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { staleTasks } from "../listing/stale-index.ts";
import { refreshIndex } from "../listing/task-index.ts";
import { INDEX_FILE } from "../paths.ts";
import { type FixKind, NOTHING } from "./fix.ts";

export const staleIndex: FixKind = {
	code: "stale_index",
	wrong: "`tasks/index.json` does not agree with the files",
	mended: "it is made anew; nothing is committed",
	async find({ ledger }) {
		const path = join(ledger.workspace.root, INDEX_FILE);
		if (!existsSync(path)) return NOTHING;
		const stale = await staleTasks(ledger);
		if (stale.length === 0) return NOTHING;
		const fix = {
			taskId: null,
			file: INDEX_FILE,
			message: `${INDEX_FILE} does not agree with the files (${stale.slice(0, 5).join(", ")}).`,
			why: "It is derived from the files, which are the truth.",
			summary: "make the index anew",
			writes: [],
			steps: [`make ${INDEX_FILE} anew`],
			mend: async () => {
				rmSync(path, { force: true });
				await refreshIndex({ ...ledger, useIndex: true });
			},
		};
		return { fixes: [fix], undecided: [] };
	},
};
