// Reads the lines of an executor's answer: numbered events, and one result as the last.
// Invariant: each number is taken once, in order, however often the stream was cut and asked for again; where it was cut
// makes no difference, and what is not understood is passed on as it stands.

import { createLineSplitter } from "../../../core/line-splitter.ts";
import { objectIn, objectsIn } from "../../json-value.ts";
import { eventIn, type ResultLine, resultIn, type SessionLine, sessionIn } from "../../protocol.ts";
import type { RunnerEvent } from "../../runner.ts";

/** Room for a diff of 32 MiB, written as JSON. */
const LONGEST_LINE = 48 * 1024 * 1024;
/** What one line of a runner may have; a longer one would be cut on its way to msgcode. */
const LONGEST_EVENT = 200 * 1024;

/** The end that the executor reports; what it hands back stands in the line itself. */
export interface ExecutorResult {
	readonly line: ResultLine;
	readonly diff: string | null;
	readonly files: readonly ReturnedFile[];
}

export interface ReturnedFile {
	readonly name: string;
	readonly content: Buffer;
}

export interface ExecutorStream {
	/** The number of the last line that was taken; 0 before the first. */
	lastSeq: number;
	result: ExecutorResult | null;
	/** Lines that were too long to read. */
	truncated: number;
}

export interface StreamReader {
	write(chunk: Uint8Array): void;
	end(): void;
}

/** A reader of one connection; what it takes in is remembered in `stream` over all of them. */
export function readStream(
	stream: ExecutorStream,
	emit: (event: RunnerEvent) => void,
	announce: (identity: SessionLine) => void,
): StreamReader {
	let ended = false;
	const splitter = createLineSplitter(LONGEST_LINE, (text, truncated) => {
		if (stream.result !== null || text.trim() === "") return;
		// Of a last line without its end, half is no JSON: it comes again with the next connection.
		if (ended && parsed(text) === null) return;
		if (truncated) {
			stream.truncated += 1;
			emit(logOf(text, true));
		} else takeLine(stream, text, emit, announce);
	});
	return {
		write: (chunk) => splitter.write(chunk),
		end() {
			ended = true;
			splitter.end();
		},
	};
}

function takeLine(
	stream: ExecutorStream,
	text: string,
	emit: (event: RunnerEvent) => void,
	announce: (identity: SessionLine) => void,
): void {
	const line = parsed(text);
	const seq = line?.seq;
	if (line === null || typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 1) {
		emit(line === null ? logOf(text, false) : unknown(line, text));
		return;
	}
	if (seq <= stream.lastSeq) return; // said before the connection broke
	if (seq > stream.lastSeq + 1) {
		const data = {
			code: "events_lost",
			message: "The executor left out events.",
			from: stream.lastSeq + 1,
			to: seq - 1,
		};
		emit({ type: "run.warning", data });
	}
	stream.lastSeq = seq;
	const result = resultIn({ ...line, diff: null, artifacts: [] });
	if (result !== null) {
		const diff = typeof line.diff === "string" && line.diff !== "" ? line.diff : null;
		stream.result = { line: result, diff, files: filesIn(line.artifacts) };
		return;
	}
	const identity = sessionIn(line);
	if (identity !== null) {
		announce(identity);
		return;
	}
	const event = eventIn(line);
	if (event === null) emit(unknown(line, text));
	else emit(text.length > LONGEST_EVENT ? logOf(text, true) : event);
}

function unknown(line: Readonly<Record<string, unknown>>, text: string): RunnerEvent {
	return text.length > LONGEST_EVENT ? logOf(text, true) : { type: "run.unknown", data: { line } };
}

function logOf(text: string, truncated: boolean): RunnerEvent {
	const kept = text.slice(0, LONGEST_EVENT / 4).toWellFormed();
	const cut = truncated || kept.length < text.length;
	return { type: "run.log", data: { stream: "executor", text: kept, ...(cut ? { truncated: true } : {}) } };
}

function filesIn(value: unknown): ReturnedFile[] {
	return objectsIn(value)
		.slice(0, 100)
		.flatMap(({ name, content, encoding }) => {
			// One plain name: the run's folder has no folders of an executor's.
			if (typeof name !== "string" || !/^[A-Za-z0-9_][\w.-]{0,100}$/.test(name) || typeof content !== "string")
				return [];
			return [{ name, content: Buffer.from(content, encoding === "base64" ? "base64" : "utf8") }];
		});
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
	try {
		return objectIn(JSON.parse(text));
	} catch {
		return null;
	}
}
