// The format of tasks/index.json: one JSON document, first some lines that say of every task by what it is known to be
// fresh and what lists filter, sort and show, then the tasks' whole texts, ready to be printed. A line is read when it is
// asked for, and holds few and large values: many small ones would take a good part of a list's time.
// Invariant: a file that is not wholly as it was written is no index; nothing of it is used.

import { once } from "../../core/lazy.ts";
import { TASK_STATUSES } from "../task/task-status.ts";
import { joinedTexts, type ListedTask, rendered, summaryOf } from "./listed-task.ts";

/** Size, times and inode of a task's two files: 8 numbers for each task. See freshness.ts. */
export const FRESHNESS_NUMBERS = 8;

export interface TaskIndex {
	/** By urgency. */
	readonly tasks: readonly ListedTask[];
	/** FRESHNESS_NUMBERS for each task, in the same order. */
	readonly freshness: Float64Array;
	/** What else a task's freshness rests on, by id. */
	readonly basis: Readonly<Record<string, string>>;
}

/** An index of which so far only that is read by which its tasks are known to be fresh. */
export interface UnreadIndex extends Omit<TaskIndex, "tasks"> {
	/** What was noted of the folder; see quiet-folder.ts. */
	readonly folder: Float64Array;
	readonly size: number;
	idAt(position: number): string;
	/** null where the file is damaged after all. */
	tasks(): ListedTask[] | null;
}

const FIRST_LINE = '{"schemaVersion":1,"kind":"task.index",';
/** Characters of the first line that follows, which is always as long, and where in the file they are. */
export const FOLDER_NUMBERS = 32;
export const FOLDER_OFFSET = FIRST_LINE.length + '\n"folder":"'.length;
/**
 * One line each. `folder` is filled in later, in its place. `ids` stand one behind the other. `freshness`, `createdAtMs` (64-bit floating point) and `fields` (32-bit
 * integers, see FIELDS) are base64. `runners` and `labels` are those that there are; a task names them by position.
 */
const LINES = ["folder", "ids", "freshness", "basis", "fields", "createdAtMs", "runners", "labels", "titles"] as const;
const TASKS_LINE = '"tasks":[';
const END = "\n]}\n";

/** Of each task: bytes of its text, priority, positions of status, runner and labels, then removed and broken as 0 or 1. */
const FIELDS = 7;
const ID_LENGTH = 14;
const IDS = /^(?:tsk_[0-9a-hjkmnp-tv-z]{10})*$/;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** The file's bytes as an index, or null for any other bytes. */
export function readIndex(bytes: Buffer): UnreadIndex | null {
	try {
		// Neither is ever in it as it was written: what a power cut leaves is zeros, what a terminal obeys begins with ESC.
		if (bytes.includes(0) || bytes.includes(0x1b)) return null;
		const lines = linesOf(bytes);
		if (lines === null) return null;
		const ids = inQuotes(lines.ids());
		const size = ids.length / ID_LENGTH;
		const freshness = new Float64Array(decoded(lines.freshness()));
		const basis = JSON.parse(lines.basis()) as TaskIndex["basis"];
		if (!IDS.test(ids) || freshness.length !== size * FRESHNESS_NUMBERS) return null;
		const folder = new Float64Array(decoded(lines.folder()));
		if (typeof basis !== "object" || basis === null || !Object.values(basis).every(isText)) return null;
		const idAt = (position: number) => ids.slice(position * ID_LENGTH, (position + 1) * ID_LENGTH);
		return { size, idAt, folder, freshness, basis, tasks: () => tasksIn(bytes, lines, size, idAt) };
	} catch {
		return null; // not JSON, or of another kind
	}
}

/** The bytes of an index file. */
export function formatIndex({ tasks, freshness, basis }: TaskIndex): Buffer {
	const runners = positionsOf<string | null>();
	const labels = positionsOf<readonly string[]>();
	const fields = new Int32Array(tasks.length * FIELDS);
	const texts = tasks.map(rendered);
	for (const [at, task] of tasks.entries()) {
		const length = (texts[at]?.end ?? 0) - (texts[at]?.start ?? 0);
		const positions = [TASK_STATUSES.indexOf(task.status as never), runners.of(task.runner), labels.of(task.labels)];
		fields.set([length, task.priority, ...positions, +task.removed, +task.broken], at * FIELDS);
	}
	const values: Record<(typeof LINES)[number], unknown> = {
		folder: encoded(new Float64Array(3)),
		ids: tasks.map((task) => task.id).join(""),
		freshness: encoded(freshness),
		basis,
		fields: encoded(fields),
		createdAtMs: encoded(Float64Array.from(tasks, (task) => task.createdAtMs)),
		runners: runners.values,
		labels: labels.values,
		titles: tasks.map((task) => task.title),
	};
	const lines = LINES.map((name) => `"${name}":${asciiJson(values[name])},`);
	const before = [FIRST_LINE, ...lines, TASKS_LINE, ""].join("\n");
	return Buffer.concat([Buffer.from(before), ...joinedTexts(texts), Buffer.from(END)]);
}

/** The different values that were asked for, each with a position. */
function positionsOf<T>() {
	const values: T[] = [];
	const known = new Map<string, number>();
	const of = (value: T): number => {
		const key = JSON.stringify(value);
		const position = known.get(key) ?? values.push(value) - 1;
		known.set(key, position);
		return position;
	};
	return { values, of };
}

/** JSON of nothing but ASCII: it is read back without decoding. */
function asciiJson(value: unknown): string {
	return JSON.stringify(value).replace(
		/[\u007f-\uffff]/g,
		(unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}

function encoded(numbers: Float64Array | Int32Array): string {
	return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString("base64");
}

function decoded(line: string): ArrayBuffer {
	const bytes = Buffer.from(inQuotes(line), "base64");
	// A copy: a short buffer is a part of a shared one and need not begin where a number may.
	return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
}

function inQuotes(line: string): string {
	if (line.length < 2 || !line.startsWith('"') || !line.endsWith('"')) throw new TypeError("not a text");
	return line.slice(1, -1);
}

function isText(value: unknown): value is string {
	return typeof value === "string";
}

type Lines = Readonly<Record<(typeof LINES)[number], () => string>> & { readonly tasksAt: number };

/** What stands in each line, to be read when it is asked for; null where a line is not the one that should be there. */
function linesOf(bytes: Buffer): Lines | null {
	let start = FIRST_LINE.length + 1;
	if (bytes.toString("latin1", 0, start) !== `${FIRST_LINE}\n`) return null;
	const lines: [string, () => string][] = [];
	for (const name of LINES) {
		const from = start + name.length + 3;
		const end = bytes.indexOf(NEWLINE, from);
		if (end < 0 || bytes[end - 1] !== COMMA || bytes.toString("latin1", start, from) !== `"${name}":`) return null;
		lines.push([name, () => bytes.toString("latin1", from, end - 1)]);
		start = end + 1;
	}
	const tasksAt = start + TASKS_LINE.length + 1;
	if (bytes.toString("latin1", start, tasksAt) !== `${TASKS_LINE}\n`) return null;
	return { ...(Object.fromEntries(lines) as Omit<Lines, "tasksAt">), tasksAt };
}

/** What the tasks of one file have in common. */
interface Columns {
	readonly bytes: Buffer;
	readonly starts: Int32Array;
	readonly fields: Int32Array;
	readonly createdAtMs: Float64Array;
	readonly runners: readonly (string | null)[];
	readonly labels: readonly (readonly string[])[];
	/** null where they cannot be read: then each task's own text says it. */
	titles(): readonly string[] | null;
	idAt(position: number): string;
}

/** A task in an index file. There are thousands of them, and of most little is ever asked. */
class IndexedTask implements ListedTask {
	readonly columns: Columns;
	readonly at: number;

	constructor(columns: Columns, at: number) {
		this.columns = columns;
		this.at = at;
	}

	get id(): string {
		return this.columns.idAt(this.at);
	}
	get end(): number {
		return this.start + this.field(0);
	}
	get priority(): number {
		return this.field(1);
	}
	get status(): ListedTask["status"] {
		return TASK_STATUSES[this.field(2)] as ListedTask["status"];
	}
	get runner(): string | null {
		return this.columns.runners[this.field(3)] as string | null;
	}
	get labels(): readonly string[] {
		return this.columns.labels[this.field(4)] as readonly string[];
	}
	get removed(): boolean {
		return this.field(5) === 1;
	}
	get broken(): boolean {
		return this.field(6) === 1;
	}
	get createdAtMs(): number {
		return this.columns.createdAtMs[this.at] as number;
	}
	get title(): string {
		return this.columns.titles()?.[this.at] ?? summaryOf(this).title;
	}
	get source(): Buffer {
		return this.columns.bytes;
	}
	get start(): number {
		return this.columns.starts[this.at] as number;
	}

	private field(field: number): number {
		return this.columns.fields[this.at * FIELDS + field] as number;
	}
}

/** The tasks; null where a field says nothing, or a text does not stand where it says. */
function tasksIn(bytes: Buffer, lines: Lines, size: number, idAt: (position: number) => string): ListedTask[] | null {
	try {
		const fields = new Int32Array(decoded(lines.fields()));
		const createdAtMs = new Float64Array(decoded(lines.createdAtMs()));
		const runners = JSON.parse(lines.runners()) as Columns["runners"];
		const labels = JSON.parse(lines.labels()) as Columns["labels"];
		if (fields.length !== size * FIELDS || createdAtMs.length !== size || !createdAtMs.every(Number.isFinite))
			return null;
		if (!runners.every((kind) => kind === null || isText(kind))) return null;
		if (!labels.every((list) => Array.isArray(list) && list.every(isText))) return null;
		for (let at = 0; at < fields.length; at += FIELDS) {
			if (!isIn(TASK_STATUSES, fields[at + 2]) || !isIn(runners, fields[at + 3]) || !isIn(labels, fields[at + 4]))
				return null;
		}
		const starts = startsOf(bytes, lines.tasksAt, fields, size);
		if (starts === null) return null;
		const titles = once(() => titlesIn(lines.titles(), size));
		const columns: Columns = { bytes, starts, fields, createdAtMs, runners, labels, titles, idAt };
		return Array.from({ length: size }, (_, at) => new IndexedTask(columns, at));
	} catch {
		return null; // not JSON, or of another kind
	}
}

function isIn(list: readonly unknown[], position: number | undefined): boolean {
	return position !== undefined && position >= 0 && position < list.length;
}

function titlesIn(line: string, size: number): readonly string[] | null {
	try {
		const titles = JSON.parse(line) as unknown;
		return Array.isArray(titles) && titles.length === size && titles.every(isText) ? titles : null;
	} catch {
		return null;
	}
}

/** Where the texts begin: one behind the other, to the end of the file. */
function startsOf(bytes: Buffer, from: number, fields: Int32Array, size: number): Int32Array | null {
	const starts = new Int32Array(size);
	let start = from;
	for (let at = 0; at < size; at += 1) {
		if (at > 0 && (bytes[start++] !== COMMA || bytes[start++] !== NEWLINE)) return null;
		starts[at] = start;
		const end = start + (fields[at * FIELDS] as number);
		if (end <= start || !isTask(bytes, start, end)) return null;
		start = end;
	}
	return bytes.length === start + END.length && bytes.toString("latin1", start) === END ? starts : null;
}

/** True where a text begins and ends as a task's does: four spaces and a brace, a newline, four spaces and a brace. */
function isTask(bytes: Buffer, start: number, end: number): boolean {
	return (
		bytes[start] === SPACE &&
		bytes[start + 4] === OPEN &&
		bytes[start + 5] === NEWLINE &&
		bytes[end - 6] === NEWLINE &&
		bytes[end - 5] === SPACE &&
		bytes[end - 1] === CLOSE
	);
}
