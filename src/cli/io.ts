// What a command may touch of the process that it runs in: streams, questions, signals, the clock, the editor.
// Invariant: nothing in src/cli reads a process global; src/main.ts builds the real Io, a test builds one in memory.

import type { Clock } from "../core/clock.ts";

export interface OutputStream {
	readonly isTTY: boolean;
	/** Columns of the terminal; 80 where there is none. */
	readonly columns: number;
	/** True once the reader has gone away (EPIPE). Writes are then dropped in silence; a stream that follows should end. */
	readonly closed: boolean;
	write(data: string | Uint8Array): void;
}

export interface InputStream {
	readonly isTTY: boolean;
	/** Everything until the end of the input, as UTF-8. */
	readAll(): Promise<string>;
	/** What was piped in, "" when nothing was: a terminal, no input, or an open connection on which nobody writes. */
	readPiped(): Promise<string>;
}

export type InterruptHandler = (signal: "SIGINT" | "SIGTERM" | "SIGHUP") => void;

export interface Io {
	/** Absolute path of the folder that the command was started in. */
	readonly cwd: string;
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly stdin: InputStream;
	readonly stdout: OutputStream;
	readonly stderr: OutputStream;
	readonly clock: Clock;
	/** Calls `handler` for each interrupt until the returned function is called. Without a handler an interrupt exits 130. */
	onInterrupt(handler: InterruptHandler): () => void;
	/** Asks on stderr and returns the line that was typed, "" at the end of input. Only when stdin and stderr are terminals. */
	ask(question: string): Promise<string>;
	/** Runs the editor on `file` in this terminal; its exit code, 127 when it could not be started. */
	spawnEditor(argv: readonly string[], file: string): Promise<number>;
}
