// Ignored files that a run needs (for example a local settings file), copied when .worktreeinclude lists them.
// Invariant: only files that git ignores are copied, and none through a symbolic link.
import { copyFileSync, existsSync, lstatSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CollectWarning } from "../../git/collect.ts";
import type { Git } from "../../git/plumbing.ts";
import type { Workspace } from "../../ledger/workspace.ts";

const INCLUDE_FILE = ".worktreeinclude";

/** Copies what the file's patterns (as in .gitignore) name; returns what could not be copied as warnings. */
export async function copyIncluded(git: Git, workspace: Workspace, worktree: string): Promise<CollectWarning[]> {
	const { topLevel } = workspace;
	if (!existsSync(join(topLevel, INCLUDE_FILE))) return [];
	const list = async (args: readonly string[]) => {
		const result = await git(["ls-files", "--others", "--ignored", "-z", ...args], { cwd: topLevel });
		return result.stdout
			.toString("utf8")
			.split("\0")
			.filter((path) => path !== "" && !path.endsWith("/"));
	};
	const ignored = new Set(await list(["--exclude-standard"]));
	const wanted = (await list([`--exclude-from=${INCLUDE_FILE}`])).filter(
		(path) => ignored.has(path) && !path.startsWith("worktrees/"),
	);
	const skipped: string[] = [];
	for (const path of wanted) {
		const source = join(topLevel, path);
		if (!lstatSync(source).isFile()) {
			skipped.push(path);
			continue;
		}
		mkdirSync(dirname(join(worktree, path)), { recursive: true });
		copyFileSync(source, join(worktree, path));
	}
	if (skipped.length === 0) return [];
	return [
		{
			code: "include_skipped",
			message: `${INCLUDE_FILE} names paths that are no plain files; they were not copied.`,
			paths: skipped,
		},
	];
}
