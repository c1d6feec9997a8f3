// The log of the whole ledger: every commit that touched it, newest first, with the tasks that it is about.
// Invariant: which commits there are is told by git's trees; trailers only name what was done.
import type { ObjectReader } from "../../git/object-reader.ts";
import { entryAt, listTree, type TreeEntry } from "../../git/tree-edit.ts";
import type { Ledger } from "../ledger.ts";
import { parseTaskFile } from "../task/task-file.ts";
import { fromTop } from "../workspace.ts";
import type { CommitFacts } from "./commit-facts.ts";
import { type HistoryEntry, inGroups, readFacts, summaryOf, undoneBy } from "./history.ts";
import { differencesOfCommits, type TaskDifference } from "./history-changes.ts";
import { opOfCommit } from "./history-steps.ts";
import { type History, type HistoryCommit, tasksTouchedBy, touchesLedger } from "./history-walk.ts";
import { filesOfTaskAt } from "./task-at.ts";

export interface LogEntry {
	readonly commit: string;
	/** The author's time, epoch ms. */
	readonly atMs: number;
	readonly actor: string;
	/** From the trailer; else what the changes amount to: `several` for tasks that fared differently, `merge`, `ledger`. */
	readonly op: string;
	readonly derived: boolean;
	readonly summary: string;
	/** The tasks that it changed, with the titles that they have now, or had then; null where none can be read. */
	readonly tasks: readonly { readonly id: string; readonly title: string | null }[];
	readonly runId: string | null;
	readonly undoes: HistoryEntry["undoes"];
}

export interface LogFilters {
	/** By the committer's time, as git's own --since and --until; seconds since 1970. */
	readonly since?: number | undefined;
	readonly until?: number | undefined;
	readonly actor?: string | undefined;
	readonly ops?: readonly string[] | undefined;
	readonly taskId?: string | undefined;
}

/** How many commits are read together: few at first, since a short log is asked for most. */
const GROUP = 50;

/** The entries, newest first, as they are read: whoever has enough stops asking. */
export async function* readLog(
	ledger: Ledger,
	reader: ObjectReader,
	history: History,
	filters: LogFilters,
): AsyncGenerator<LogEntry> {
	const titles = titleReader(ledger, reader, history);
	for (const commits of inGroups(candidates(history, filters), GROUP)) {
		const read = await Promise.all(commits.map(({ oid }) => readFacts(reader, oid)));
		const chosen = commits.flatMap((commit, position) => {
			const facts = read[position] as CommitFacts;
			// At a clone's end only the commit's own words tell that it is the ledger's.
			if (commit.row === null && facts.op === null) return [];
			const isActors = filters.actor === undefined || (facts.actor ?? facts.author) === filters.actor;
			const isOther = filters.ops !== undefined && facts.op !== null && !filters.ops.includes(facts.op);
			return isActors && !isOther ? [{ commit, facts }] : [];
		});
		const untold = chosen.filter(({ commit, facts }) => commit.row !== null && facts.op === null);
		const differences = await differencesOfCommits(
			ledger,
			reader,
			untold.map(({ facts }) => facts).filter(({ parents }) => parents.length < 2),
		);
		const entries = await Promise.all(
			chosen.map(async ({ commit, facts }) => {
				const ids = commit.row === null ? facts.taskIds : tasksTouchedBy(history, commit);
				const op = facts.op ?? derivedOp(facts, differences.get(facts.oid));
				if (filters.ops !== undefined && !filters.ops.includes(op)) return [];
				const tasks = await Promise.all(ids.map(async (id) => ({ id, title: await titles(id, facts) })));
				return [entryOf(facts, op, tasks, await undoneBy(reader, facts))];
			}),
		);
		yield* entries.flat();
	}
}

function* candidates(history: History, { taskId, since, until }: LogFilters): Generator<HistoryCommit> {
	for (const commit of taskId === undefined ? history.newestFirst() : history.touching(taskId)) {
		if (commit.row !== null && !touchesLedger(history, commit)) continue;
		if (since !== undefined && commit.seconds < since) continue;
		if (until !== undefined && commit.seconds > until) continue;
		yield commit;
	}
}

function entryOf(facts: CommitFacts, op: string, tasks: LogEntry["tasks"], undoes: LogEntry["undoes"]): LogEntry {
	return {
		commit: facts.oid,
		atMs: facts.atMs,
		actor: facts.actor ?? facts.author,
		op,
		derived: facts.op === null,
		summary: summaryOf(facts),
		tasks,
		runId: facts.runId,
		undoes,
	};
}

function derivedOp(facts: CommitFacts, tasks: ReadonlyMap<string, TaskDifference> | undefined): string {
	if (facts.parents.length > 1) return "merge";
	const ops = new Set([...(tasks?.values() ?? [])].map((difference) => opOfCommit(facts, difference)));
	if (ops.size === 0) return "ledger";
	return ops.size === 1 ? ([...ops][0] as string) : "several";
}

type Titles = (id: string, facts: CommitFacts) => Promise<string | null>;

/** Titles as the newest commit has them; of a task that is gone from there, as the commit or its parent had it. */
function titleReader(ledger: Ledger, reader: ObjectReader, { tip }: History): Titles {
	const known = new Map<string, Promise<string | null>>();
	let names: Promise<ReadonlyMap<string, TreeEntry>> | null = null;
	const liveNames = async () => {
		const tree = (await reader.read(`${tip}^{tree}`))?.oid ?? null;
		const tasks = await entryAt(reader, tree, fromTop(ledger.workspace, "tasks"));
		return tasks?.mode === "40000" ? listTree(reader, tasks.oid) : new Map<string, TreeEntry>();
	};
	const titleIn = async (id: string, oid: string | null | undefined) => {
		const object = oid == null ? null : await reader.read(oid);
		if (object?.type !== "blob") return null;
		return parseTaskFile(object.content.toString("utf8"), `${id}.md`).definition.title;
	};
	const find = async (id: string, { oid, parents }: CommitFacts) => {
		names ??= liveNames();
		const live = (await names).get(`${id}.md`);
		if (live !== undefined) return await titleIn(id, live.oid);
		for (const commit of [tip, oid, ...parents]) {
			const files = await filesOfTaskAt(ledger, reader, commit, id);
			if (files?.definition != null) return await titleIn(id, files.definition.oid);
		}
		return null;
	};
	return (id, facts) => {
		const title = known.get(id) ?? find(id, facts);
		known.set(id, title);
		return title;
	};
}
