// What made a commit, as far as its message tells: one command, a hand edit, a taking back, or nobody knows what.
// Invariant: only a commit that one command can have written as it is counts as a command's.
import { type CommitFacts, commandsTold } from "../ledger/history/commit-facts.ts";
import { hasScope } from "../ledger/message.ts";
import type { WalkedCommit } from "./history-walk.ts";

export type CommitKind =
	| "command"
	/** The same, but the commit was made anew later, on another parent: rebased, cherry-picked, amended. */
	| "replayed"
	/** Takes back, or mends: any change is one that somebody asked for. */
	| "taking-back"
	| "by-hand"
	| "merge"
	/** No trailers, or those of several commits: squashed, or made with plain git. */
	| "unknown";

const TAKING_BACK: ReadonlySet<string> = new Set(["undo", "rollback", "fix"]);

export function kindOf({ facts, isMerge }: WalkedCommit): CommitKind {
	if (isMerge) return "merge";
	if (facts.reverts !== null) return "taking-back";
	if (facts.op === null || !isOneCommand(facts)) return "unknown";
	if (TAKING_BACK.has(facts.op)) return "taking-back";
	if (facts.op === "edit-by-hand") return "by-hand";
	return facts.atMs === facts.committedAtMs ? "command" : "replayed";
}

/** A squash tells of several, or gives itself a subject of its own. */
function isOneCommand(facts: CommitFacts): boolean {
	return hasScope(facts.subject) && commandsTold(facts) === 1;
}
