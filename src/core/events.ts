// A run's events.jsonl: the one place that appends to it, and the one that reads it back. Sequence numbers have no
// gaps, also across a crash and a second opening; a torn line is kept and stepped over, never rewritten.

import { createHash, type Hash } from "node:crypto";
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { type Clock, isoTime } from "./clock.ts";
import { fileError, MsgcodeError } from "./errors.ts";
import { type EventData, type EventType, formatEvent, parseEvent, type RunEvent } from "./event.ts";
import { linesOf, piecesOf } from "./event-lines.ts";

export interface EventLogOptions {
	readonly runId: string;
	readonly taskId: string;
	readonly clock: Clock;
	readonly maxEvents?: number;
	readonly maxBytes?: number;
	/** Applied to every string in the data before anything is written. */
	readonly redact?: (text: string) => string;
}

export interface EventLog {
	/** Appends an event; it is in the file within 25 ms. Throws fileError's codes, also for an earlier failed write. */
	write(type: EventType, data: EventData): void;
	/** Writes what is buffered, fsyncs, closes. The digest (`sha256:…`) and the number of lines are the whole file's. */
	close(): { readonly sha256: string; readonly lines: number };
}

const DEFAULT_MAX_EVENTS = 100_000;
/** With what still passes after it, a file stays below the 64 MiB up to which events are kept beside the receipt. */
const DEFAULT_MAX_BYTES = 63 * 1024 * 1024;
const FLUSH_AFTER_MS = 25;
const FLUSH_AFTER_BYTES = 64 * 1024;
/** What still passes when the caps are reached: neither a run's end nor a question to a person is lost to a flood. */
const ALWAYS: readonly string[] = ["run.status", "run.finished", "human_loop.requested", "human_loop.resolved"];
const TRUNCATED = "events_truncated";

/** Opens a run's event log for its only writer. An existing file is continued. */
export function openEventLog(path: string, options: EventLogOptions): EventLog {
	const { maxEvents = DEFAULT_MAX_EVENTS, maxBytes = DEFAULT_MAX_BYTES, redact = (text: string) => text } = options;
	const file = openForAppend(path);
	const state = continueFrom(path);
	let timer: NodeJS.Timeout | undefined;
	let closed = false;
	let buffered = "";
	let failed = false;

	if (state.unfinished) {
		buffered = "\n";
		state.bytes += 1;
	}

	function flush(): void {
		clearTimeout(timer);
		timer = undefined;
		if (buffered === "") {
			return;
		}
		const bytes = Buffer.from(buffered);
		failed = true;
		appendWhole(file, path, bytes);
		failed = false;
		buffered = "";
		state.hash.update(bytes);
	}

	function append(type: EventType, data: EventData): void {
		const { runId, taskId, clock } = options;
		const line = formatEvent(
			{ v: 1, seq: state.lastSeq + 1, ts: isoTime(clock.now()), runId, taskId, type, data },
			redact,
		);
		state.lastSeq += 1;
		state.events += 1;
		state.lines += 1;
		state.bytes += Buffer.byteLength(line) + 1;
		buffered += `${line}\n`;
	}

	return {
		write(type, data) {
			if (closed) {
				throw new MsgcodeError("internal", `An event came after ${path} was closed.`);
			}
			if (failed) {
				flush();
			}
			const full = state.events >= maxEvents || state.bytes >= maxBytes;
			if (full && !state.truncated) {
				state.truncated = true;
				const message = "The run said more than its event log keeps; the rest of it is left out.";
				append("run.warning", { code: TRUNCATED, maxEvents, maxBytes, message });
			}
			if (full && !ALWAYS.includes(type)) {
				return;
			}
			append(type, data);
			if (buffered.length >= FLUSH_AFTER_BYTES || ALWAYS.includes(type)) {
				flush();
			} else {
				// An error on the timer has no caller: it is kept in `failed` and met again by the next write or close.
				timer ??= setTimeout(() => quietly(flush), FLUSH_AFTER_MS).unref();
			}
		},
		close() {
			if (!closed) {
				closed = true;
				try {
					flush();
					fsyncSync(file);
				} catch (cause) {
					throw cause instanceof MsgcodeError ? cause : fileError("write", path, cause);
				} finally {
					clearTimeout(timer);
					closeSync(file);
				}
			}
			return { sha256: `sha256:${state.hash.copy().digest("hex")}`, lines: state.lines };
		},
	};
}

export interface EventReader extends Iterable<RunEvent> {
	/** True when a line could not be read, or the last one has no end yet. Known once the iteration is over. */
	readonly torn: boolean;
}

/** The events of a file with `seq >= fromSeq`, read in pieces. A missing file has none. */
export function readEvents(path: string, fromSeq = 1): EventReader {
	let torn = false;
	return {
		get torn() {
			return torn;
		},
		*[Symbol.iterator]() {
			torn = false;
			for (const { text, whole } of linesOf(path)) {
				const event = whole ? parseEvent(text) : null;
				torn ||= event === null;
				if (event !== null && event.seq >= fromSeq) {
					yield event;
				}
			}
		},
	};
}

interface LogState {
	readonly hash: Hash;
	lastSeq: number;
	events: number;
	lines: number;
	bytes: number;
	truncated: boolean;
	/** The last line has no newline: a crash cut it off. */
	unfinished: boolean;
}

function continueFrom(path: string): LogState {
	const state: LogState = {
		hash: createHash("sha256"),
		lastSeq: 0,
		events: 0,
		lines: 0,
		bytes: 0,
		truncated: false,
		unfinished: false,
	};
	for (const piece of piecesOf(path)) {
		state.hash.update(piece);
		state.bytes += piece.length;
	}
	for (const { text, whole } of linesOf(path)) {
		const event = parseEvent(text);
		state.lines += 1;
		state.unfinished = !whole;
		if (event !== null) {
			state.events += 1;
			state.lastSeq = Math.max(state.lastSeq, event.seq);
			state.truncated ||= event.type === "run.warning" && event.data.code === TRUNCATED;
		}
	}
	return state;
}

function openForAppend(path: string): number {
	try {
		const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
		return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o666);
	} catch (cause) {
		throw fileError("open", path, cause);
	}
}

/** Everything or nothing, so that what is still buffered can be written again when there is space. */
function appendWhole(file: number, path: string, bytes: Buffer): void {
	const size = fstatSync(file).size;
	try {
		for (let offset = 0; offset < bytes.length; ) {
			offset += writeSync(file, bytes, offset);
		}
	} catch (cause) {
		quietly(() => ftruncateSync(file, size));
		throw fileError("append to", path, cause);
	}
}

function quietly(work: () => void): void {
	try {
		work();
	} catch {
		// The caller keeps the state that meets this failure again.
	}
}
