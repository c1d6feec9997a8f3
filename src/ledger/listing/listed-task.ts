// One task in a list: the few fields that lists filter, sort and show, and the rest as it was rendered once.
// Invariant: a task says the same whether its source is the index's bytes or what was just read from its files.

import { prettyJson } from "../../core/json-text.ts";
import type { TaskSummary } from "../task/task-view.ts";

export interface ListedTask {
	readonly id: string;
	readonly status: TaskSummary["status"];
	readonly priority: number;
	readonly createdAtMs: number;
	readonly labels: readonly string[];
	readonly removed: boolean;
	readonly broken: boolean;
	/** The kind of its runner; null for a task without one. */
	readonly runner: string | null;
	readonly title: string;
	/** The whole task, or bytes that hold its text from `start` to `end`. */
	readonly source: TaskSummary | Buffer;
	readonly start: number;
	readonly end: number;
}

/** Depth of a task in the index and in the JSON of a list, which are therefore made of the same bytes. */
const DEPTH = 2;
const INDENT = "  ".repeat(DEPTH);

/** What stands between two tasks. */
const SEPARATOR = ",\n";

export function listedTask(summary: TaskSummary): ListedTask {
	return {
		id: summary.id,
		status: summary.status,
		priority: summary.priority,
		createdAtMs: summary.createdAtMs,
		labels: summary.labels,
		removed: summary.removed !== null,
		broken: summary.broken,
		runner: summary.runner?.kind ?? null,
		title: summary.title,
		source: summary,
		start: 0,
		end: 0,
	};
}

/** The whole task. */
export function summaryOf(task: ListedTask): TaskSummary {
	const { source } = task;
	return Buffer.isBuffer(source) ? JSON.parse(source.toString("utf8", task.start, task.end)) : source;
}

/** Highest priority first, then the oldest, then by id. */
export function byUrgency(a: ListedTask, b: ListedTask): number {
	return b.priority - a.priority || a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1);
}

/** Where a task's text stands. */
export interface TextPlace {
	readonly source: Buffer;
	readonly start: number;
	readonly end: number;
}

/** Where the task's text stands as it is in the index and in the JSON of a list; it is rendered where it stands nowhere. */
export function rendered({ source, start, end }: Pick<ListedTask, "source" | "start" | "end">): TextPlace {
	if (Buffer.isBuffer(source)) return { source, start, end };
	const text = Buffer.from(INDENT + prettyJson(source, DEPTH));
	return { source: text, start: 0, end: text.length };
}

/** The texts with separators between them. Texts that stand one after the other in one file are one piece. */
export function joinedTexts(places: readonly Pick<ListedTask, "source" | "start" | "end">[]): Buffer[] {
	const pieces: Buffer[] = [];
	for (let at = 0; at < places.length; ) {
		if (pieces.length > 0) pieces.push(Buffer.from(SEPARATOR));
		const { source, start, end: firstEnd } = rendered(places[at] as ListedTask);
		let end = firstEnd;
		at += 1;
		for (let next = places[at]; next?.source === source && next.start === end + SEPARATOR.length; next = places[at]) {
			end = next.end;
			at += 1;
		}
		pieces.push(source.subarray(start, end));
	}
	return pieces;
}
