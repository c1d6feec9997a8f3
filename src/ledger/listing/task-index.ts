// tasks/index.json: every task's summary, so that a list need not parse thousands of files. Derived and disposable.
// Invariant: an entry counts only while every file behind it has the size, times and inode that it had when it was read.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../../core/files.ts";
import { isLeftoverTemporary } from "../../core/temporary-files.ts";
import { withStrays } from "../archive/archived-tasks.ts";
import { type FirstSeen, firstSeenIn } from "../history/first-seen.ts";
import type { Ledger } from "../ledger.ts";
import { INDEX_FILE, taskIdOfFile } from "../paths.ts";
import { type TaskSummary, withoutPrompt } from "../task/task-view.ts";
import { type Look, look, TOO_YOUNG_MS } from "./freshness.ts";
import { FRESHNESS_NUMBERS, formatIndex, readIndex, type TaskIndex, type UnreadIndex } from "./index-file.ts";
import { byUrgency, type ListedTask, listedTask, summaryOf } from "./listed-task.ts";
import { lookAtFolder } from "./quiet-folder.ts";

/** A task just read from its files, and what its freshness rests on; null numbers make it be read again next time. */
interface ReadAnew {
	readonly task: ListedTask;
	readonly freshness: Float64Array;
	readonly basis: string;
}

/** Tasks that are not as the index says, by id; null for one that has gone. */
type Changes = Map<string, ReadAnew | null>;

const NO_INDEX: TaskIndex = { tasks: [], freshness: new Float64Array(), basis: {} };

/** All tasks that are not at rest in the archive, by urgency, without live runs. */
export async function readListed(ledger: Ledger): Promise<readonly ListedTask[]> {
	return withStrays(ledger, await readLive(ledger));
}

/** The live folder's. Reads only the files that changed since the index was written. */
async function readLive(ledger: Ledger): Promise<readonly ListedTask[]> {
	const { root, tasksDir } = ledger.workspace;
	const folder = lookAtFolder(ledger.workspace, TOO_YOUNG_MS);
	const seen = look(ledger.workspace);
	const unread = ledger.useIndex ? loadIndex(root) : null;
	// The files are looked at before the index is read further: what is in memory by then would be moved about by it.
	const looked = unread === null ? NOTHING_SEEN : lookAt(unread, seen);
	const isQuiet = unread !== null && folder.isQuiet(unread);
	const files = isQuiet ? looked.files : countTaskFiles(tasksDir);
	const index = unread === null ? null : wholeIndex(unread);
	const changes: Changes = new Map();
	const firstSeen = firstSeenIn(ledger);
	if (index !== null) {
		for (const id of looked.gone) changes.set(id, null);
		for (const id of looked.stale) changes.set(id, await readAnew(ledger, id, seen, firstSeen));
	}
	if (index === null || looked.files !== files) {
		const known = new Set(index?.tasks.map(({ id }) => id));
		for (const name of readdirSync(tasksDir)) {
			const id = taskIdOfFile(name);
			if (id === null || known.has(id)) continue;
			known.add(id);
			changes.set(id, await readAnew(ledger, id, seen, firstSeen));
		}
	}
	if (index !== null && changes.size === 0) {
		if (!isQuiet) folder.note();
		return index.tasks;
	}
	const next = changed(index ?? NO_INDEX, changes);
	if (ledger.useIndex) writeIndex(root, next);
	return next.tasks;
}

interface Looked {
	/** How many task files of the index's tasks there are. */
	readonly files: number;
	readonly stale: readonly string[];
	readonly gone: readonly string[];
}

const NOTHING_SEEN: Looked = { files: 0, stale: [], gone: [] };

/** Looks at the files of every task in the index. */
function lookAt(index: UnreadIndex, seen: Look): Looked {
	const stale: string[] = [];
	const gone: string[] = [];
	let files = 0;
	for (let position = 0; position < index.size; position += 1) {
		const id = index.idAt(position);
		const there = seen.files(id);
		files += there;
		if (there === 0) gone.push(id);
		else if (!isFresh(index, position, id, seen)) stale.push(id);
	}
	return { files, stale, gone };
}

/** All tasks' summaries by id, without live runs. */
export async function readSummaries(ledger: Ledger): Promise<TaskSummary[]> {
	const tasks = await readListed(ledger);
	return tasks.map(summaryOf).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * Brings the file up to date after a change; `ids` are the tasks that it changed, where they are known: the others' entries
 * stay, and prove themselves when they are read. Failing to is no failure of the change: the index is only a cache.
 */
export async function refreshIndex(ledger: Ledger, ids?: readonly string[]): Promise<void> {
	if (!ledger.useIndex) return;
	try {
		const unread = ids === undefined ? null : loadIndex(ledger.workspace.root);
		const index = unread === null ? null : wholeIndex(unread);
		if (index === null) {
			await readLive(ledger);
			return;
		}
		const seen = look(ledger.workspace);
		const firstSeen = firstSeenIn(ledger);
		const changes: Changes = new Map();
		for (const id of ids ?? []) changes.set(id, await readAnew(ledger, id, seen, firstSeen));
		writeIndex(ledger.workspace.root, changed(index, changes));
	} catch {
		// The next list reads what is missing.
	}
}

/** Counts the names that look like a task's file, and removes temporary files that a dead process left among them. */
function countTaskFiles(tasksDir: string): number {
	let files = 0;
	for (const name of readdirSync(tasksDir)) {
		if (name.startsWith("tsk_") && (name.endsWith(".md") || name.endsWith(".json"))) files += 1;
		if (name.startsWith(".") && isLeftoverTemporary(tasksDir, name)) rmSync(join(tasksDir, name), { force: true });
	}
	return files;
}

/** Compares what `seen` has just looked at. */
function isFresh(index: Pick<TaskIndex, "freshness" | "basis">, position: number, id: string, seen: Look): boolean {
	const from = position * FRESHNESS_NUMBERS;
	for (let at = 0; at < FRESHNESS_NUMBERS; at += 1) {
		if (seen.numbers[at] !== index.freshness[from + at]) return false;
	}
	const basis = index.basis[id] ?? "";
	const runs = seen.runs(id);
	return basis === runs || basis === runs + seen.head();
}

/** Reads a task; null where it has no file. What changes after the look at its files makes the entry stale, not wrong. */
async function readAnew(ledger: Ledger, id: string, seen: Look, firstSeen: FirstSeen): Promise<ReadAnew | null> {
	if (seen.files(id) === 0) return null;
	const numbers = seen.numbers.slice();
	const isTooYoung = seen.isTooYoung();
	const runs = seen.runs(id);
	const { readTask, viewTask } = await import("../task/store.ts");
	const task = readTask(ledger.workspace.root, id);
	// What stands in the archive as well is read each time: nothing here changes when the other copy goes.
	const passes = isTooYoung || task.diagnostics.some(({ code }) => code === "two_homes");
	const freshness = passes ? numbers.fill(Number.NaN) : numbers;
	const summary = withoutPrompt(await viewTask(ledger, task, { liveRunId: null, firstSeen }));
	return { task: listedTask(summary), freshness, basis: task.record === null ? runs + seen.head() : runs };
}

/** The index with the changes made, in order again. */
function changed(index: TaskIndex, changes: Changes): TaskIndex {
	const kept = index.tasks.flatMap((task, position) => (changes.has(task.id) ? [] : [{ task, position }]));
	const anew = [...changes.values()].filter((change) => change !== null);
	const all = [...kept, ...anew].sort((a, b) => byUrgency(a.task, b.task));
	const freshness = new Float64Array(all.length * FRESHNESS_NUMBERS);
	const basis: Record<string, string> = {};
	for (const [at, one] of all.entries()) {
		const numbers =
			"position" in one
				? index.freshness.subarray(one.position * FRESHNESS_NUMBERS, (one.position + 1) * FRESHNESS_NUMBERS)
				: one.freshness;
		freshness.set(numbers, at * FRESHNESS_NUMBERS);
		const restsOn = "position" in one ? (index.basis[one.task.id] ?? "") : one.basis;
		if (restsOn !== "") basis[one.task.id] = restsOn;
	}
	return { tasks: all.map(({ task }) => task), freshness, basis };
}

/** null where the file is missing or damaged: it is made anew from the tasks' own. */
function loadIndex(root: string): UnreadIndex | null {
	try {
		return readIndex(readFileSync(join(root, INDEX_FILE)));
	} catch {
		return null;
	}
}

function wholeIndex({ freshness, basis, ...unread }: UnreadIndex): TaskIndex | null {
	const tasks = unread.tasks();
	return tasks === null ? null : { tasks, freshness, basis };
}

function writeIndex(root: string, index: TaskIndex): void {
	try {
		replaceFile(join(root, INDEX_FILE), formatIndex(index), { durable: false });
	} catch {
		// A read-only or full disk: the next list reads the files again, which is only slower.
	}
}
