// A resolved file of a merge in progress: written, then staged, as a person does it with an editor and `git add`.
// Invariant: nothing is committed and no other path is touched; a crash in between leaves the resolved file unstaged.
import { dirname, join } from "node:path";
import { ensureFolder, replaceFile } from "../../core/files.ts";
import type { Ledger } from "../ledger.ts";
import { pathspec } from "../workspace.ts";

/** `text` is null where the file stays as it stands and is only staged. */
export async function stageFile(ledger: Ledger, path: string, text: string | null): Promise<void> {
	const { git, workspace } = ledger;
	const absolute = join(workspace.root, path);
	if (text !== null) {
		ensureFolder(dirname(absolute));
		replaceFile(absolute, text);
	}
	await git(["add", "--", pathspec(workspace, path)], { cwd: workspace.topLevel });
}
