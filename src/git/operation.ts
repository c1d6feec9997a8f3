// Tells what multi-step git operation a checkout is in the middle of.
// Invariant: read from the checkout's own git folder, so a rebase in one worktree does not block another.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../core/errors.ts";

export type GitOperation = "merge" | "rebase" | "cherry-pick" | "revert" | "bisect" | "am";

const MARKERS: readonly (readonly [string, GitOperation])[] = [
	["rebase-merge", "rebase"],
	["rebase-apply/applying", "am"],
	["rebase-apply", "rebase"],
	["MERGE_HEAD", "merge"],
	["CHERRY_PICK_HEAD", "cherry-pick"],
	["REVERT_HEAD", "revert"],
	["BISECT_LOG", "bisect"],
];

/** The operation in progress in the checkout of `gitDir`, or null. */
export function operationInProgress(gitDir: string): GitOperation | null {
	for (const [marker, operation] of MARKERS) {
		if (existsSync(join(gitDir, marker))) return operation;
	}
	// A multi-commit cherry-pick or revert between two of its commits leaves only the sequencer's list.
	const todo = join(gitDir, "sequencer", "todo");
	if (existsSync(todo)) return readFileSync(todo, "utf8").startsWith("revert") ? "revert" : "cherry-pick";
	return null;
}

/** Throws `git_busy` while an operation is in progress. */
export function refuseWhileBusy(gitDir: string): void {
	const operation = operationInProgress(gitDir);
	if (operation === null) return;
	throw new MsgcodeError("git_busy", `A git ${operation} is in progress here; nothing was written.`, {
		details: { operation },
	});
}
