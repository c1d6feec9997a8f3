// The history of one task, from git alone: who, when, why, and what changed field by field.
// Invariant: the same commits, in the same order, as git's own log of the task's files; nothing is told that the commits
// that are here do not show, and where a shallow clone ends, that is said.
import type { ObjectReader } from "../../git/object-reader.ts";
import type { Ledger } from "../ledger.ts";
import { withoutScope } from "../message.ts";
import { type CommitFacts, commitFacts } from "./commit-facts.ts";
import { differencesOfTask, pathspecsOf, type TaskDifference } from "./history-changes.ts";
import { opOfCommit, squashedSteps } from "./history-steps.ts";
import { type HistoryCommit, openHistory } from "./history-walk.ts";
import { filesOfTaskAt } from "./task-at.ts";
import type { FieldChange } from "./task-changes.ts";

export interface HistoryEntry {
	readonly commit: string;
	/** When it was made (the author's time), epoch ms. */
	readonly atMs: number;
	/** From the trailer; the author of a commit that has none. */
	readonly actor: string;
	/** From the trailer; of another commit what its changes amount to, `merge` for a merge. */
	readonly op: string;
	/** True where no trailer says the op. */
	readonly derived: boolean;
	readonly summary: string;
	readonly runId: string | null;
	/** Of a run that landed: the commit that landed it. */
	readonly landedIn: string | null;
	/** Of an undo, or a plain git revert: the commit that it undoes. */
	readonly undoes: { readonly commit: string; readonly summary: string | null } | null;
	/** The steps of a commit that holds several, as a squash merge makes it. */
	readonly squashed: readonly string[] | null;
	readonly changes: readonly FieldChange[];
	/** The task's files as a diff, where it was asked for. */
	readonly patch?: string;
}

export interface TaskHistory {
	/** The newest first. */
	readonly entries: readonly HistoryEntry[];
	/** The oldest commit that a shallow clone has, where the task is older than that; null where its history is whole. */
	readonly cutAt: string | null;
	/** True where --limit left something out. */
	readonly more: boolean;
}

export interface HistoryOptions {
	readonly limit?: number | undefined;
	readonly patch: boolean;
	/** Told the number of commits where many have to be read first. */
	readonly onBuild?: (commits: number) => void;
}

/** How many commits are looked at together. */
const AT_ONCE = 200;

/** The history of a task on the checked-out branch. Empty for a task that was never committed. */
export async function readTaskHistory(ledger: Ledger, id: string, options: HistoryOptions): Promise<TaskHistory> {
	const reader = ledger.openReader();
	try {
		const head = await reader.read("HEAD");
		if (head === null) return { entries: [], cutAt: null, more: false };
		const history = await openHistory(ledger, head.oid, options.onBuild);
		const entries: HistoryEntry[] = [];
		const landedIn = new Map<string, string>();
		const limit = options.limit ?? Number.POSITIVE_INFINITY;
		let cutAt: string | null = null;
		// One more than is shown tells whether there is more.
		for (const commits of inGroups(history.touching(id), Math.min(AT_ONCE, limit + 1))) {
			const read = await readCommits(ledger, reader, id, commits);
			for (const { commit, facts, difference } of read) {
				if (commit.row === null) {
					// Its parents are not here, so that what it changed cannot be told from what was there before.
					if ((await filesOfTaskAt(ledger, reader, commit.oid, id)) === null) continue;
					cutAt = commit.oid;
					if (!facts.taskIds.includes(id)) continue;
				} else if (difference === undefined) continue;
				if (entries.length >= limit)
					return { entries: await finished(ledger, id, entries, options), cutAt, more: true };
				entries.push(await entryOf(reader, facts, difference ?? NO_DIFFERENCE, landedIn));
			}
		}
		return { entries: await finished(ledger, id, entries, options), cutAt, more: false };
	} finally {
		reader.close();
	}
}

const NO_DIFFERENCE: TaskDifference = { changes: [], born: false, gone: false };

interface ReadCommit {
	readonly commit: HistoryCommit;
	readonly facts: CommitFacts;
	readonly difference: TaskDifference | undefined;
}

async function readCommits(
	ledger: Ledger,
	reader: ObjectReader,
	id: string,
	commits: readonly HistoryCommit[],
): Promise<ReadCommit[]> {
	const facts = await Promise.all(commits.map(({ oid }) => readFacts(reader, oid)));
	const whole = facts.filter((_, position) => commits[position]?.row !== null);
	const differences = await differencesOfTask(ledger, reader, id, whole);
	return commits.map((commit, position) => {
		const known = facts[position] as CommitFacts;
		return { commit, facts: known, difference: differences.get(commit.oid) };
	});
}

/** The facts of a commit that is in the history. */
export async function readFacts(reader: ObjectReader, oid: string): Promise<CommitFacts> {
	return commitFacts(oid, (await reader.read(oid))?.content ?? Buffer.alloc(0));
}

async function entryOf(
	reader: ObjectReader,
	facts: CommitFacts,
	difference: TaskDifference,
	landedIn: Map<string, string>,
): Promise<HistoryEntry> {
	const { changes } = difference;
	const ofRun = changes.find(({ field }) => field === "run" || field === "landing" || field === "rejection");
	const run = ofRun?.to ?? ofRun?.from;
	for (const { field, to } of changes) {
		if (field === "landing" && typeof to === "string") landedIn.set(to, facts.oid);
	}
	const runId = facts.runId ?? (typeof run === "string" ? run : null);
	return {
		commit: facts.oid,
		atMs: facts.atMs,
		actor: facts.actor ?? facts.author,
		op: opOfCommit(facts, difference),
		derived: facts.op === null,
		summary: summaryOf(facts),
		runId,
		landedIn: runId === null ? null : (landedIn.get(runId) ?? null),
		undoes: await undoneBy(reader, facts),
		squashed: squashedSteps(facts, difference),
		changes,
	};
}

/** The subject; of a command's commit without the task that it names. */
export function summaryOf({ op, subject }: CommitFacts): string {
	return op === null ? subject : withoutScope(subject);
}

/** What an undo or a revert takes back; its summary is null where that commit is not here. */
export async function undoneBy(reader: ObjectReader, facts: CommitFacts): Promise<HistoryEntry["undoes"]> {
	const commit = facts.undoes ?? facts.reverts;
	if (commit === null) return null;
	const object = await reader.read(commit);
	if (object?.type !== "commit") return { commit, summary: null };
	return { commit: object.oid, summary: summaryOf(commitFacts(object.oid, object.content)) };
}

/** The values in groups of at most `size`. */
export function* inGroups<T>(values: Iterable<T>, size: number): Generator<T[]> {
	let group: T[] = [];
	for (const value of values) {
		group.push(value);
		if (group.length < size) continue;
		yield group;
		group = [];
	}
	if (group.length > 0) yield group;
}

async function finished(
	ledger: Ledger,
	id: string,
	entries: readonly HistoryEntry[],
	{ patch }: HistoryOptions,
): Promise<readonly HistoryEntry[]> {
	return patch && entries.length > 0 ? withPatches(ledger, id, entries) : entries;
}

async function withPatches(ledger: Ledger, id: string, entries: readonly HistoryEntry[]): Promise<HistoryEntry[]> {
	const how = ["-r", "-p", "--root", "--diff-merges=first-parent", "--find-renames", "--no-ext-diff", "--no-textconv"];
	const look = ["--no-color", "--src-prefix=a/", "--dst-prefix=b/"];
	const result = await ledger.git(["diff-tree", "--stdin", ...how, ...look, "--", ...pathspecsOf(ledger, id)], {
		cwd: ledger.workspace.topLevel,
		stdin: `${entries.map(({ commit }) => commit).join("\n")}\n`,
	});
	const patches = new Map<string, string[]>();
	let lines: string[] = [];
	for (const line of result.stdout.toString("utf8").split("\n")) {
		const commit = /^([0-9a-f]{40}|[0-9a-f]{64})(?: \(from [0-9a-f]+\))?$/.exec(line)?.[1];
		if (commit === undefined) {
			lines.push(line);
			continue;
		}
		lines = [];
		patches.set(commit, lines);
	}
	return entries.map((entry) => ({ ...entry, patch: (patches.get(entry.commit) ?? []).join("\n").trim() }));
}
