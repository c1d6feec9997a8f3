// The format of tasks/index.json: one JSON document whose first line, the head, says of every task what lists filter, sort
// and show, and where its text is; the tasks' texts follow, ready to be printed.
// Invariant: a file that is not wholly as it was written is no index; nothing of it is used.

import { isTaskId } from "../core/ids.ts";
import { joinedTexts, type ListedTask, rendered, SEPARATOR } from "./listed-task.ts";
import { TASK_STATUSES } from "./task-status.ts";

/** Size, times and inode of a task's two files: 8 numbers for each task. See task-index.ts. */
export const FRESHNESS_NUMBERS = 8;

export interface TaskIndex {
	/** By urgency. */
	readonly tasks: readonly ListedTask[];
	/** FRESHNESS_NUMBERS for each task, in the same order. */
	readonly freshness: Float64Array;
	/** What else a task's freshness rests on, by id. */
	readonly basis: Readonly<Record<string, string>>;
}

/** The first line: one list for each field, in the order of the tasks; `removed` and `broken` hold positions. */
interface Head {
	readonly ids: readonly string[];
	/** Bytes of the tasks' texts. */
	readonly lengths: readonly number[];
	readonly status: readonly ListedTask["status"][];
	readonly priority: readonly number[];
	readonly createdAtMs: readonly number[];
	readonly labels: readonly (readonly string[])[];
	readonly runner: readonly (string | null)[];
	readonly title: readonly string[];
	readonly removed: readonly number[];
	readonly broken: readonly number[];
	/** Base64 of 64-bit floating point numbers. */
	readonly freshness: string;
	readonly basis: Readonly<Record<string, string>>;
}

const START = '{"schemaVersion":1,"kind":"task.index","head":';
const MIDDLE = ',"tasks":[\n';
const END = "\n]}\n";
const TASK_START = '    {\n      "id": "';
const TASK_END = "\n    }";
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const STATUSES: ReadonlySet<unknown> = new Set(TASK_STATUSES);

/** The file's bytes as an index, or null for any other bytes. */
export function parseIndex(bytes: Buffer): TaskIndex | null {
	try {
		const headEnd = bytes.indexOf(MIDDLE);
		// Neither is ever in it as it was written: what a power cut leaves is zeros, what a terminal obeys begins with ESC.
		if (bytes.includes(0) || bytes.includes(0x1b)) return null;
		if (headEnd < 0 || bytes.toString("latin1", 0, START.length) !== START) return null;
		const head = JSON.parse(bytes.toString("latin1", START.length, headEnd)) as Head;
		const freshness = numbersOf(head.freshness);
		if (freshness.length !== head.ids.length * FRESHNESS_NUMBERS || !isWhole(head)) return null;
		const tasks = tasksIn(bytes, headEnd + MIDDLE.length, head);
		return tasks === null ? null : { tasks, freshness, basis: head.basis };
	} catch {
		return null; // not JSON, or a field is of another kind
	}
}

/** The bytes of an index file. */
export function formatIndex(index: TaskIndex): Buffer {
	const { freshness } = index;
	const tasks = index.tasks.map(rendered);
	const positions = (is: (task: ListedTask) => boolean) =>
		[...tasks.keys()].filter((at) => is(tasks[at] as ListedTask));
	const texts = joinedTexts(tasks);
	const head: Head = {
		ids: tasks.map((task) => task.id),
		lengths: tasks.map((task) => task.end - task.start),
		status: tasks.map((task) => task.status),
		priority: tasks.map((task) => task.priority),
		createdAtMs: tasks.map((task) => task.createdAtMs),
		labels: tasks.map((task) => task.labels),
		runner: tasks.map((task) => task.runner),
		title: tasks.map((task) => task.title),
		removed: positions((task) => task.removed),
		broken: positions((task) => task.broken),
		freshness: Buffer.from(freshness.buffer, freshness.byteOffset, freshness.byteLength).toString("base64"),
		basis: index.basis,
	};
	return Buffer.concat([Buffer.from(START + asciiJson(head) + MIDDLE), ...texts, Buffer.from(END)]);
}

/** JSON of nothing but ASCII: it is read back without decoding. */
function asciiJson(value: unknown): string {
	return JSON.stringify(value).replace(
		/[\u007f-\uffff]/g,
		(unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}

function numbersOf(base64: string): Float64Array {
	const bytes = Buffer.from(base64, "base64");
	// A copy: a short buffer is a part of a shared one and need not begin where a number may.
	return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~7)));
}

function isWhole(head: Head): boolean {
	const { ids, lengths, status, priority, createdAtMs, labels, runner, title, removed, broken, basis } = head;
	const positions = [...removed, ...broken];
	return (
		[ids, removed, broken].every(Array.isArray) &&
		[lengths, status, priority, createdAtMs, labels, runner, title].every(
			(column) => Array.isArray(column) && column.length === ids.length,
		) &&
		ids.every(isTaskId) &&
		new Set(ids).size === ids.length &&
		lengths.every((length) => Number.isSafeInteger(length) && length > TASK_START.length) &&
		status.every((one) => STATUSES.has(one)) &&
		priority.every(Number.isFinite) &&
		createdAtMs.every(Number.isFinite) &&
		labels.every((list) => Array.isArray(list) && list.every(isText)) &&
		runner.every((kind) => kind === null || isText(kind)) &&
		title.every(isText) &&
		positions.every((position) => Number.isSafeInteger(position) && position >= 0 && position < ids.length) &&
		typeof basis === "object" &&
		basis !== null &&
		Object.values(basis).every(isText)
	);
}

function isText(value: unknown): value is string {
	return typeof value === "string";
}

/** The tasks of a sound head; null where their texts do not stand where it says. */
function tasksIn(bytes: Buffer, from: number, head: Head): ListedTask[] | null {
	const removed = new Set(head.removed);
	const broken = new Set(head.broken);
	const tasks: ListedTask[] = [];
	let start = from;
	for (const [at, id] of head.ids.entries()) {
		if (at > 0) {
			if (bytes[start] !== COMMA || bytes[start + 1] !== NEWLINE) return null;
			start += SEPARATOR.length;
		}
		const end = start + (head.lengths[at] as number);
		const opening = TASK_START + id;
		if (bytes.toString("latin1", start, start + opening.length) !== opening) return null;
		if (bytes.toString("latin1", end - TASK_END.length, end) !== TASK_END) return null;
		tasks.push({
			id,
			status: head.status[at] as ListedTask["status"],
			priority: head.priority[at] as number,
			createdAtMs: head.createdAtMs[at] as number,
			labels: head.labels[at] as readonly string[],
			removed: removed.has(at),
			broken: broken.has(at),
			runner: head.runner[at] as string | null,
			title: head.title[at] as string,
			source: bytes,
			start,
			end,
		});
		start = end;
	}
	return bytes.length === start + END.length && bytes.toString("latin1", start) === END ? tasks : null;
}
