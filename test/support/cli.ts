// An Io in memory, and a way to run a command line in it within this process.

import type { InterruptHandler, Io, OutputStream } from "../../src/cli/io.ts";
import { run } from "../../src/cli/program.ts";

export interface MemoryIoOptions {
	readonly cwd?: string;
	readonly env?: Readonly<Record<string, string | undefined>>;
	/** What standard input holds; undefined is a terminal when `terminal` is set, else empty. */
	readonly stdin?: string;
	/** stdin, stdout and stderr are terminals of this width. */
	readonly terminal?: number;
	/** What is typed at each question, in order. */
	readonly answers?: readonly string[];
	readonly now?: () => number;
	/** Stands for the editor: gets the file, returns the exit code. */
	readonly editor?: (file: string, argv: readonly string[]) => number | Promise<number>;
}

export interface MemoryIo extends Io {
	/** Everything written so far. */
	readonly written: { stdout: string; stderr: string };
	/** What was written to stdout, byte for byte. */
	stdoutBytes(): Buffer;
	/** Ctrl-C. False when nothing listens, where the real process would exit with 130. */
	interrupt(signal?: Parameters<InterruptHandler>[0]): boolean;
	/** Questions that were asked. */
	readonly questions: string[];
}

export function memoryIo(options: MemoryIoOptions = {}): MemoryIo {
	const chunks: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
	const handlers = new Set<InterruptHandler>();
	const answers = [...(options.answers ?? [])];
	const questions: string[] = [];
	const isTTY = options.terminal !== undefined;
	const stream = (name: "stdout" | "stderr"): OutputStream => ({
		isTTY,
		columns: options.terminal ?? 80,
		closed: false,
		write: (data) => void chunks[name].push(Buffer.from(data)),
	});
	const text = (name: "stdout" | "stderr") => Buffer.concat(chunks[name]).toString("utf8");
	return {
		cwd: options.cwd ?? "/",
		env: options.env ?? {},
		stdin: {
			isTTY: isTTY && options.stdin === undefined,
			readAll: async () => options.stdin ?? "",
			readPiped: async () => options.stdin ?? "",
		},
		stdout: stream("stdout"),
		stderr: stream("stderr"),
		clock: { now: options.now ?? Date.now },
		onInterrupt(handler) {
			handlers.add(handler);
			return () => void handlers.delete(handler);
		},
		async ask(question) {
			questions.push(question);
			return answers.shift() ?? "";
		},
		async spawnEditor(argv, file) {
			if (options.editor === undefined) throw new Error("no editor was expected");
			return await options.editor(file, argv);
		},
		written: {
			get stdout() {
				return text("stdout");
			},
			get stderr() {
				return text("stderr");
			},
		},
		stdoutBytes: () => Buffer.concat(chunks.stdout),
		interrupt(signal = "SIGINT") {
			for (const handler of [...handlers]) handler(signal);
			return handlers.size > 0;
		},
		questions,
	};
}

export interface CliResult {
	readonly exitCode: number;
	readonly stdout: string;
	readonly stderr: string;
	/** stdout as JSON. */
	// biome-ignore lint/suspicious/noExplicitAny: tests look into documents of every kind
	json(): any;
}

/** Runs a command line in this process and returns what it printed. */
export async function runCli(argv: readonly string[], options: MemoryIoOptions = {}): Promise<CliResult> {
	const io = memoryIo(options);
	return resultOf(await run(argv, io), io.written.stdout, io.written.stderr);
}

export function resultOf(exitCode: number, stdout: string, stderr: string): CliResult {
	return {
		exitCode,
		stdout,
		stderr,
		json() {
			try {
				return JSON.parse(stdout);
			} catch {
				throw new Error(`stdout is not JSON (exit ${exitCode}):\n${stdout}\nstderr:\n${stderr}`);
			}
		},
	};
}
