// Moves closed and removed tasks out of the live folder, so that it stays small however much was done.
// Invariant: what is open or at work stays; a task goes with all its files or not at all; nothing is committed on the way
// that a person left uncommitted, unless they named the task.
import { existsSync } from "node:fs";
import { MsgcodeError } from "../../core/errors.ts";
import { keeperWrites } from "../../ledger/archive/archive-places.ts";
import { bytesOf, type Move, moveLocalEvents, planMoves, writesOf } from "../../ledger/archive/move-home.ts";
import { listPending } from "../../ledger/change/pending.ts";
import { changeLedger } from "../../ledger/change/transaction.ts";
import { excludeWorktrees } from "../../ledger/init-workspace.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { summaryOf } from "../../ledger/listing/listed-task.ts";
import { readListed, refreshIndex } from "../../ledger/listing/task-index.ts";
import { parseMessage } from "../../ledger/message.ts";
import { LIVE } from "../../ledger/paths.ts";
import { homeInArchive, overSince } from "../../ledger/task/over.ts";
import { readTask } from "../../ledger/task/store.ts";
import { readClaim } from "../run/claim.ts";
import { worktreePath } from "../worktree/worktree.ts";

/** Contents held in memory for one commit, and tasks in one: while they move, other commands wait for the lock. */
const COMMIT_BYTES = 64 * 1024 * 1024;
const COMMIT_TASKS = 500;

export interface ArchivedTask {
	readonly id: string;
	readonly title: string;
	/** The folder where it stands now. */
	readonly home: string;
}

export interface KeptTask {
	readonly id: string;
	readonly reason: string;
}

export interface Archived {
	readonly archived: readonly ArchivedTask[];
	/** Tasks that stay where they are. */
	readonly kept: readonly KeptTask[];
	/** The commits made, oldest first. */
	readonly commits: readonly string[];
}

/** Ids of the live tasks that are over since `ageMs`, longest first. */
export async function dueTasks(ledger: Ledger, ageMs: number): Promise<string[]> {
	const before = ledger.now() - ageMs;
	return (await overTasks(ledger)).filter(({ sinceMs }) => sinceMs <= before).map(({ id }) => id);
}

/** The live tasks that are over, longest first. */
export async function overTasks(ledger: Ledger): Promise<{ readonly id: string; readonly sinceMs: number }[]> {
	const over = (await readListed(ledger))
		.filter((task) => task.removed || task.status === "done" || task.status === "canceled")
		.flatMap((task) => {
			const sinceMs = overSince(summaryOf(task));
			return sinceMs === null ? [] : [{ id: task.id, sinceMs }];
		});
	return over.sort((a, b) => a.sinceMs - b.sinceMs || (a.id < b.id ? -1 : 1));
}

/** Throws `task_transition`, `task_running`, `worktree_kept`, `ledger_damaged` for a task that has to stay in the live folder. */
export function refuseToArchive(ledger: Ledger, id: string): void {
	const refusal = refusalOf(ledger, id);
	if (refusal !== null) throw refusal;
}

function refusalOf(ledger: Ledger, id: string): MsgcodeError | null {
	const { workspace } = ledger;
	const { record, diagnostics } = readTask(workspace.root, id);
	const problem = diagnostics.find(({ severity }) => severity === "error");
	if (problem !== undefined) {
		const { file, line, message, hint } = problem;
		return new MsgcodeError("ledger_damaged", `${file}, line ${line}: ${message}`, { hint });
	}
	if (record === null || homeInArchive(record) === null) {
		return new MsgcodeError(
			"task_transition",
			`${id} is ${record?.status ?? "open"}, so it stays in the live folder.`,
			{
				hint: `Close it first: msgcode task close ${id}`,
			},
		);
	}
	const runId = readClaim(workspace.stateDir, id)?.runId;
	if (runId !== undefined) {
		return new MsgcodeError("task_running", `${id} has a live run, ${runId}.`, { details: { taskId: id, runId } });
	}
	if (existsSync(worktreePath(workspace, id))) {
		return new MsgcodeError("worktree_kept", `${id} still has a worktree, so it stays in the live folder.`, {
			hint: `Land or reject its result, or remove the worktree: msgcode task worktree rm ${id}`,
		});
	}
	const waits = listPending(workspace.stateDir).some(({ message }) => parseMessage(message).taskId === id);
	return waits
		? new MsgcodeError("task_running", `A result of ${id} waits to be committed.`, { hint: "msgcode doctor" })
		: null;
}

/** What would be moved, and where to; tasks that have to stay are told with the reason. */
export function previewArchive(ledger: Ledger, ids: readonly string[]): Pick<Archived, "archived" | "kept"> {
	const archived: ArchivedTask[] = [];
	const kept: KeptTask[] = [];
	for (const id of ids) {
		const refusal = refusalOf(ledger, id);
		if (refusal === null) archived.push(destinationOf(ledger, id));
		else kept.push({ id, reason: refusal.message });
	}
	return { archived, kept };
}

/**
 * Moves the tasks, in as few commits as memory and other commands' patience allow. `edited` takes tasks along that were
 * edited by hand: the edit is committed first. Throws what changeLedger throws; commits made before that stay.
 */
export async function archiveTasks(
	ledger: Ledger,
	ids: readonly string[],
	options: { readonly edited: boolean },
): Promise<Archived> {
	const archived: ArchivedTask[] = [];
	const kept: KeptTask[] = [];
	const commits: string[] = [];
	excludeWorktrees(ledger.workspace);
	for (const group of groupsOf(ledger, ids)) {
		const done = await archiveGroup(ledger, group, options.edited);
		archived.push(...done.archived);
		kept.push(...done.kept);
		commits.push(...done.commits);
	}
	return { archived, kept, commits };
}

async function archiveGroup(ledger: Ledger, ids: readonly string[], edited: boolean): Promise<Archived> {
	const { value, commit } = await changeLedger(ledger, async (view) => {
		const { archived, kept } = previewArchive(ledger, ids);
		const moves = archived.map(({ id, home }): Move => ({ id, from: LIVE, to: home }));
		const planned = await planMoves(ledger, view, moves);
		const stays = new Map(
			planned.flatMap((move): [string, string][] => {
				if (move.partial) return [[move.id, `${move.to} holds another copy of it.`]];
				return move.edited && !edited ? [[move.id, "It was edited by hand; `msgcode commit` commits that."]] : [];
			}),
		);
		const going = planned.filter(({ id }) => !stays.has(id));
		const [only] = going;
		const summary = going.length === 1 ? "archive" : `archive ${going.length} tasks`;
		return {
			writes: [
				...going.flatMap(({ files }) => files.flatMap(writesOf)),
				...[...new Set(going.map(({ to }) => to))].flatMap((home) => keeperWrites(ledger.workspace.root, home)),
			],
			message: { op: "archive", summary, ...(going.length === 1 && only !== undefined ? { taskId: only.id } : {}) },
			value: {
				moves: going,
				archived: archived.filter(({ id }) => !stays.has(id)),
				kept: [...kept, ...[...stays].map(([id, reason]) => ({ id, reason }))],
			},
		};
	});
	for (const move of value.moves) moveLocalEvents(ledger.workspace.root, move);
	await refreshIndex(
		ledger,
		value.archived.map(({ id }) => id),
	);
	return { archived: value.archived, kept: value.kept, commits: commit === null ? [] : [commit] };
}

function destinationOf(ledger: Ledger, id: string): ArchivedTask {
	const { home, definition, record } = readTask(ledger.workspace.root, id);
	// A task that is there already is followed by what a merge left of it in the live folder: a run made elsewhere.
	const wanted = home !== LIVE || record === null ? home : (homeInArchive(record) ?? LIVE);
	return { id, title: definition.title, home: wanted };
}

function groupsOf(ledger: Ledger, ids: readonly string[]): string[][] {
	const groups: string[][] = [];
	let room = 0;
	for (const id of ids) {
		const bytes = bytesOf(ledger.workspace.root, id, LIVE);
		const last = groups.at(-1);
		if (last === undefined || last.length >= COMMIT_TASKS || bytes > room) {
			groups.push([id]);
			room = COMMIT_BYTES - bytes;
		} else {
			last.push(id);
			room -= bytes;
		}
	}
	return groups;
}
