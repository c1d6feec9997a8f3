// A ledger file that is gone from the checkout while the index and HEAD have it.
// Invariant: nothing that stands there is ever overwritten, and what was staged for removal on purpose stays so.
import { INDEX_FILE, isLedgerPath, LIVE, taskIdOfPath } from "../paths.ts";
import { belowRoot, pathspec } from "../workspace.ts";
import type { Fix, FixKind } from "./fix.ts";
import { isAbsent } from "./task-files.ts";

export const deletedFile: FixKind = {
	code: "file_deleted",
	wrong: "a ledger file that HEAD has is gone from the folder",
	mended: "it is brought back as `git restore <file>` does; nothing is committed",
	async find({ ledger, unmerged }) {
		const { git, workspace } = ledger;
		const { topLevel, root } = workspace;
		const listed = await git(["diff-files", "--name-only", "--diff-filter=D", "-z", "--", pathspec(workspace, LIVE)], {
			cwd: topLevel,
		});
		const fixes: Fix[] = [];
		for (const full of listed.stdout.toString("utf8").split("\0")) {
			const path = belowRoot(workspace, full);
			if (full === "" || !isLedgerPath(path) || path === INDEX_FILE) continue;
			if (unmerged.has(path) || !isAbsent(root, path)) continue;
			fixes.push({
				taskId: taskIdOfPath(path),
				file: path,
				message: `${path} is gone from the folder; git has it.`,
				why: "The file comes back as the index has it; where something stands by then, it is left alone.",
				summary: `bring ${path} back`,
				writes: [{ path, seen: null, content: null }],
				steps: [`git restore ${path}`],
				mend: async () => {
					// Without --force git refuses to overwrite; filters and modes are the user's own.
					await git(["checkout-index", "--", full], { cwd: topLevel });
				},
			});
		}
		return { fixes, undecided: [] };
	},
};
