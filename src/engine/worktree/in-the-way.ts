// What of the user's own work a landing, or its reversal, would touch: edited, staged, untracked and ignored files in the patch's places.
// Invariant: it is asked before anything is written, and what cannot be told from the user's work counts as theirs.
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { codeInState, statOf } from "../../ledger/change/code-files.ts";
import type { JournalChange } from "../../ledger/change/journal.ts";
import type { Ledger } from "../../ledger/ledger.ts";

/** Throws `worktree_dirty` naming the paths unless every place is as HEAD has it. `what` would touch them. */
export async function refuseInTheWay(
	ledger: Ledger,
	changes: readonly JournalChange[],
	what = "The landing",
): Promise<void> {
	const { workspace, git } = ledger;
	const untouched = new Set(await codeInState(git, workspace, changes, "old"));
	const edited = await editedPaths(ledger);
	const removed = new Set(changes.filter(({ newOid }) => newOid === null).map(({ path }) => path));
	const own = new Set<string>();
	for (const change of changes) {
		if (!untouched.has(change) || edited.has(change.path)) own.add(change.path);
		if (change.newOid === null) continue;
		for (const path of occupants(workspace.topLevel, change, removed)) own.add(path);
	}
	if (own.size === 0) return;
	const paths = [...own].sort();
	const named = paths.slice(0, 10).join(", ") + (paths.length > 10 ? ` and ${paths.length - 10} more` : "");
	throw new MsgcodeError("worktree_dirty", `${what} would overwrite work that is not committed: ${named}.`, {
		hint: "Commit it, stash it or move it away, then run the command again. Nothing was changed.",
		details: { paths },
	});
}

/** Paths that git sees as staged or edited. Flags such as assume-unchanged hide some: the files' contents are compared as well. */
async function editedPaths(ledger: Ledger): Promise<Set<string>> {
	const args = ["status", "--porcelain", "-z", "--no-renames", "--untracked-files=no", "--ignore-submodules=dirty"];
	const listed = await ledger.git(args, { cwd: ledger.workspace.topLevel });
	const lines = listed.stdout.toString("utf8").split("\0");
	return new Set(lines.filter((line) => line !== "").map((line) => line.slice(3)));
}

/** What stands where the file is to be, or where a folder on its way is to be, and does not go with the landing. */
function occupants(top: string, change: JournalChange, removed: ReadonlySet<string>): string[] {
	for (let folder = dirname(change.path); folder !== "."; folder = dirname(folder)) {
		const stat = statOf(join(top, folder));
		if (stat !== undefined && !stat.isDirectory() && !removed.has(folder)) return [folder];
	}
	if (change.newMode === "160000" || statOf(join(top, change.path))?.isDirectory() !== true) return [];
	if (change.oldMode === "160000") {
		return readdirSync(join(top, change.path)).length === 0 ? [] : [change.path];
	}
	return filesBelow(top, change.path).filter((path) => !removed.has(path));
}

function filesBelow(top: string, folder: string): string[] {
	return readdirSync(join(top, folder), { withFileTypes: true }).flatMap((entry) => {
		const path = `${folder}/${entry.name}`;
		return entry.isDirectory() ? filesBelow(top, path) : [path];
	});
}
