// One line of a run's events.jsonl: its shape, its types, and how untrusted data becomes such a line.
// A line is never longer than 256 KiB, whatever a runner said; what was cut is marked.

export const EVENT_TYPES = [
	"run.started",
	"run.status",
	"run.attempt_started",
	"run.attempt_failed",
	"run.attempt_succeeded",
	"run.usage",
	"run.limit",
	"run.artifact",
	"run.log",
	"run.progress",
	"run.warning",
	"run.finished",
	"run.unknown",
	"message.delta",
	"message.stop",
	"tool.started",
	"tool.finished",
	"todo.update",
	"human_loop.requested",
	"human_loop.resolved",
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

export type EventData = Readonly<Record<string, unknown>>;

/** A line of the file. A reader may meet types of a newer version, so `type` is any string there. */
export interface RunEvent {
	readonly v: 1;
	/** From 1, without gaps. */
	readonly seq: number;
	/** ISO-8601 UTC, when msgcode received it. */
	readonly ts: string;
	readonly runId: string;
	readonly taskId: string;
	readonly type: string;
	readonly data: EventData;
}

export const MAX_EVENT_BYTES = 256 * 1024;

const MAX_DEPTH = 40;
const SHORTEST_SECRET = 12;
const LONGEST_SECRET = 500;
/** Characters that a string keeps, tried in turn until the line fits. */
const STRING_BUDGETS = [64 * 1024, 16 * 1024, 2 * 1024, 256];

/** The line's text without its newline; `data.truncated` is true when something was cut. */
export function formatEvent(event: RunEvent, redact: (text: string) => string): string {
	const cleaner: Cleaner = { redact, keep: Number.POSITIVE_INFINITY, cut: false };
	const data = clean(event.data, cleaner, 0) as Record<string, unknown>;
	const line = withData(event, data, cleaner.cut);
	if (Buffer.byteLength(line) <= MAX_EVENT_BYTES) {
		return line;
	}
	for (const keep of STRING_BUDGETS) {
		const shorter = withData(event, clean(data, { redact: (text) => text, keep, cut: true }, 0) as EventData, true);
		if (Buffer.byteLength(shorter) <= MAX_EVENT_BYTES) {
			return shorter;
		}
	}
	return withData(
		event,
		{
			preview: JSON.stringify(data)
				.slice(0, 16 * 1024)
				.toWellFormed(),
		},
		true,
	);
}

/** The event that a line holds, or null when the line is torn or something else. */
export function parseEvent(line: string): RunEvent | null {
	try {
		const value = JSON.parse(line) as RunEvent | null;
		const valid = typeof value === "object" && value !== null && Number.isSafeInteger(value.seq);
		return valid && typeof value.type === "string" && typeof value.data === "object" && value.data !== null
			? value
			: null;
	} catch {
		return null;
	}
}

function withData(event: RunEvent, data: EventData, cut: boolean): string {
	const { v, seq, ts, runId, taskId, type } = event;
	return JSON.stringify({ v, seq, ts, runId, taskId, type, data: cut ? { ...data, truncated: true } : data });
}

interface Cleaner {
	readonly redact: (text: string) => string;
	readonly keep: number;
	cut: boolean;
}

/** A copy without secrets, over-long strings and nesting that would overflow the stack of whoever reads it. */
function clean(value: unknown, cleaner: Cleaner, depth: number): unknown {
	if (typeof value === "string") {
		const text = cleaner.redact(value);
		if (text.length <= cleaner.keep) {
			return text;
		}
		cleaner.cut = true;
		return `${text.slice(0, cleaner.keep).toWellFormed()}…`;
	}
	if (typeof value === "bigint") {
		return value.toString();
	}
	if (typeof value !== "object" || value === null) {
		return value;
	}
	if (depth >= MAX_DEPTH) {
		cleaner.cut = true;
		return "…";
	}
	if (Array.isArray(value)) {
		return value.map((item) => clean(item, cleaner, depth + 1));
	}
	return Object.fromEntries(
		Object.entries(value).map(([key, item]) => [
			// A name can be a secret too; a short one is none.
			key.length < SHORTEST_SECRET ? key : (clean(key, cleaner, depth) as string),
			clean(typeof item === "string" ? redactNamed(key, item, cleaner) : item, cleaner, depth + 1),
		]),
	);
}

/** Some values are secrets by the name that stands beside them: `"password": "…"`. */
function redactNamed(name: string, value: string, { redact }: Cleaner): string {
	if (value.length < SHORTEST_SECRET || value.length > LONGEST_SECRET || /["\s]/.test(name + value)) return value;
	const said = `"${name}": "`;
	const line = redact(`${said}${value}"`);
	return line.startsWith(said) && line.endsWith('"') ? line.slice(said.length, -1) : value;
}
