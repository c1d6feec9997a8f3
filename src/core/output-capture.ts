// Takes in what a child process prints: bytes to the raw logs, lines to the listener.
// Invariant: bounded memory, because nothing is queued: a slow listener or disk makes the child wait on its pipe.

import type { Readable } from "node:stream";
import { createLineSplitter, type LineSplitter } from "./line-splitter.ts";
import { openRawLog, type RawLog } from "./raw-log.ts";

export type OutputStream = "stdout" | "stderr";

export interface CaptureOptions {
	readonly onLine: (stream: OutputStream, text: string, truncated: boolean) => void;
	readonly rawLogs?: { readonly stdout: string; readonly stderr: string; readonly maxBytes: number } | undefined;
	readonly maxLineBytes: number;
	/** Something came, whole line or not. */
	readonly onBytes?: () => void;
}

export interface OutputCapture {
	/** Starts reading; `onFailure` gets the first error that the listener throws, and no line goes to it after that. */
	attach(child: Record<OutputStream, Readable>, onFailure: (cause: unknown) => void): void;
	/** Both streams have ended. */
	readonly closed: Promise<void>;
	isClosed(): boolean;
	/** Stops reading, gives what is left of the last lines and closes the logs. */
	finish(): CapturedOutput;
}

export interface CapturedOutput {
	readonly stdoutBytes: number;
	readonly stderrBytes: number;
	/** Why a raw log is not complete. */
	readonly rawLogProblem: "truncated" | "failed" | null;
}

interface Capture {
	readonly splitter: LineSplitter;
	readonly log: RawLog | null;
	source: Readable | null;
	bytes: number;
}

/** Opens the logs at once, so that they exist before the program starts. */
export function captureOutput(options: CaptureOptions): OutputCapture {
	const closed = Promise.withResolvers<void>();
	let open = 2;
	let failed = false;
	let reportFailure: (cause: unknown) => void = () => {};

	function capture(stream: OutputStream): Capture {
		const { rawLogs } = options;
		const splitter = createLineSplitter(options.maxLineBytes, (text, truncated) => {
			if (failed) return;
			try {
				options.onLine(stream, text, truncated);
			} catch (cause) {
				failed = true;
				reportFailure(cause);
			}
		});
		const log = rawLogs === undefined ? null : openRawLog(rawLogs[stream], rawLogs.maxBytes);
		return { splitter, log, source: null, bytes: 0 };
	}

	const captures = { stdout: capture("stdout"), stderr: capture("stderr") };

	function read(capture: Capture, source: Readable): void {
		capture.source = source;
		source.on("data", (chunk: Buffer) => {
			capture.bytes += chunk.length;
			options.onBytes?.();
			capture.log?.write(chunk);
			capture.splitter.write(chunk);
		});
		// A read error ends the stream like its end does; "close" follows.
		source.on("error", () => {});
		source.once("close", () => {
			open -= 1;
			if (open === 0) closed.resolve();
		});
	}

	return {
		attach(child, onFailure) {
			reportFailure = onFailure;
			read(captures.stdout, child.stdout);
			read(captures.stderr, child.stderr);
		},
		closed: closed.promise,
		isClosed: () => open === 0,
		finish() {
			const { stdout, stderr } = captures;
			for (const { splitter, log, source } of [stdout, stderr]) {
				source?.destroy();
				splitter.end();
				log?.close();
			}
			const rawLogProblem = stdout.log?.problem() ?? stderr.log?.problem() ?? null;
			return { stdoutBytes: stdout.bytes, stderrBytes: stderr.bytes, rawLogProblem };
		},
	};
}
