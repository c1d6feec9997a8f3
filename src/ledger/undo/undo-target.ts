// Which commit `msgcode undo` is about, and whether it is one that can be undone at all.
// Invariant: without a commit named, only a command of this actor is taken; a refusal names the commit and the way out.
import { MsgcodeError } from "../../core/errors.ts";
import { treeOfCommit } from "../../git/head.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import { type CommitFacts, commandsTold, commitFacts } from "../history/commit-facts.ts";
import type { Ledger } from "../ledger.ts";
import { withoutScope } from "../message.ts";
import { readLanding } from "../runs/runs.ts";
import { lastCommand, lastOwn, short, subjectOf } from "./last-command.ts";
import { type Undoing, undoingOf } from "./operations.ts";

const CAN_BE_UNDONE: ReadonlySet<Undoing | null> = new Set(["fields", "files", "landing"]);

export interface UndoTarget {
	readonly facts: CommitFacts;
	readonly op: string;
	/** The subject without its scope. */
	readonly summary: string;
	/** The tree before it; null for a commit without a parent. */
	readonly before: string | null;
	readonly undoing: Extract<Undoing, "fields" | "files" | "landing">;
}

/** Throws `nothing_to_undo`, `undo_refused`, `revision_not_found`. */
export async function findUndoTarget(
	ledger: Ledger,
	reader: ObjectReader,
	named: string | undefined,
): Promise<UndoTarget> {
	refuseWithoutCommits(ledger);
	const facts = named === undefined ? await lastCommand(ledger, reader) : await namedCommit(ledger, reader, named);
	if (facts.op === "run" && named === undefined) {
		const earlier = await lastOwn(ledger, reader, ({ op }) => CAN_BE_UNDONE.has(undoingOf(op ?? "")));
		throw refusedRun(ledger, facts, earlier);
	}
	return targetOf(ledger, reader, facts);
}

function refuseWithoutCommits(ledger: Ledger): void {
	const { commit } = ledger.settings;
	if (commit === "auto") return;
	throw new MsgcodeError(
		"nothing_to_undo",
		`ledger.commit is ${commit}: commands make no commit here, and an undo takes back a commit.`,
		{ hint: `See what they left with \`git ${commit === "stage" ? "diff --cached" : "status"} -- tasks\`.` },
	);
}

async function namedCommit(ledger: Ledger, reader: ObjectReader, named: string): Promise<CommitFacts> {
	const object = /[\n\0]/.test(named) || named === "" ? null : await reader.read(`${named}^{commit}`);
	if (object === null) {
		throw new MsgcodeError("revision_not_found", `git knows no commit ${JSON.stringify(named)}.`, {
			hint: "List commits: msgcode log",
		});
	}
	const facts = commitFacts(object.oid, object.content);
	await refuseElsewhere(ledger, { facts }, "HEAD");
	return facts;
}

/** Throws `undo_refused` unless the commit is in the history of `head`. */
export async function refuseElsewhere(
	ledger: Ledger,
	{ facts }: Pick<UndoTarget, "facts">,
	head: string | null,
): Promise<void> {
	const args = ["merge-base", "--is-ancestor", facts.oid, head ?? "HEAD"];
	if ((await ledger.git(args, { accept: [0, 1, 128] })).code === 0) return;
	throw refused(facts, "is not in the history of the checked-out branch", "Check out the branch that has it.");
}

async function targetOf(ledger: Ledger, reader: ObjectReader, facts: CommitFacts): Promise<UndoTarget> {
	const { op, parents } = facts;
	const revert = `git revert ${short(facts)}`;
	if (parents.length > 1) throw refused(facts, "is a merge", `git itself can revert one: ${revert} -m 1`);
	if (op === null) throw refused(facts, "is no ledger command", `git itself reverts it: ${revert}`);
	if (commandsTold(facts) > 1) {
		throw refused(facts, "holds several commands in one commit", `git itself reverts them together: ${revert}`);
	}
	const undoing = await undoingOfChain(reader, facts, op);
	if (undoing === "run") throw refusedRun(ledger, facts, null);
	if (undoing === "allow-secret") {
		const run = facts.runId ?? "<run>";
		throw refused(
			facts,
			"released a patch, and git's history keeps what was released",
			`Change the secret itself. The patch can be turned down: msgcode task reject ${facts.taskIds[0]} --run ${run}`,
		);
	}
	if (undoing === "init") throw refused(facts, "made this folder a workspace", `git itself reverts it: ${revert}`);
	if (undoing === null) {
		throw refused(facts, `is a command (${op}) that this version does not know`, `git itself reverts it: ${revert}`);
	}
	const [parent] = parents;
	const object = parent === undefined ? null : await reader.read(parent);
	if (parent !== undefined && object === null) {
		throw new MsgcodeError("revision_not_found", `What was there before ${subjectOf(facts)} is not in this clone.`, {
			hint: "git fetch --unshallow",
		});
	}
	const before = object === null ? null : treeOfCommit(object.content);
	const summary = withoutScope(facts.subject);
	return { facts, op, summary, before, undoing };
}

/** What an undo took back decides how it is itself taken back, and so on: a fix goes and comes as files. */
async function undoingOfChain(reader: ObjectReader, facts: CommitFacts, op: string): Promise<Undoing | null> {
	const seen = new Set<string>();
	for (let undone: CommitFacts | null = facts; undone?.op === "undo" && undone.undoes !== null; ) {
		if (seen.has(undone.oid)) break;
		seen.add(undone.oid);
		const object = await reader.read(undone.undoes);
		undone = object?.type === "commit" ? commitFacts(object.oid, object.content) : null;
		if (undone?.op === "fix") return "files";
	}
	return undoingOf(op);
}

/** A run happened; its landing, where it has one, is another matter. */
function refusedRun(ledger: Ledger, facts: CommitFacts, earlier: CommitFacts | null): MsgcodeError {
	const { runId, taskIds } = facts;
	const taskId = taskIds[0];
	const landed = runId !== null && taskId !== undefined && readLanding(ledger.workspace.root, taskId, runId) !== null;
	const before =
		earlier === null
			? "To undo an earlier command, name its commit: msgcode undo --op <commit> (msgcode log lists them)."
			: `To undo what was done before it, ${subjectOf(earlier)}: msgcode undo --op ${short(earlier)}`;
	const hint = landed ? `Its landing can be undone: msgcode task rollback ${taskId} --landing --run ${runId}` : before;
	return refused(facts, "is the record of a run, and the run happened", hint);
}

export function refused(facts: CommitFacts, why: string, hint: string): MsgcodeError {
	return new MsgcodeError("undo_refused", `${subjectOf(facts)} ${why}.`, {
		hint,
		details: { commit: facts.oid, op: facts.op },
	});
}
