// The bin: refuses a Node that is too old, turns on the compile cache, builds the real Io and runs the command line.
// Invariant: this file imports nothing statically but the version and parses on old Nodes, so that the refusal is the
// first thing that can happen; it is the only reader of process.env.

import type { InterruptHandler, Io, OutputStream } from "./cli/io.ts";
import { version } from "./core/version.ts";

const FAILED = 1;
const INTERRUPTED = 130;
/** How long a connection on standard input may stay silent before it counts as no input. */
const SILENCE_MS = 500;
const handlers = new Set<InterruptHandler>();
let outputFailed = false;
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < 22 || (major === 22 && minor < 12)) {
	process.stderr.write(`msgcode needs Node.js 22.12 or newer; this is ${process.version}.\n`);
	process.exitCode = 2;
} else if (process.argv.length === 3 && (process.argv[2] === "--version" || process.argv[2] === "-V")) {
	outputStream(1, () => process.stdout).write(`${version}\n`);
} else {
	process.getBuiltinModule("node:module").enableCompileCache();
	const { run } = await import("./cli/program.ts");
	const exitCode = await run(process.argv.slice(2), processIo());
	process.exitCode = outputFailed && exitCode === 0 ? FAILED : exitCode;
}

function processIo(): Io {
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);
	return {
		cwd: process.cwd(),
		env: process.env,
		stdin: {
			get isTTY() {
				return isTerminal(0);
			},
			readAll,
			readPiped,
		},
		stdout: outputStream(1, () => process.stdout),
		stderr: outputStream(2, () => process.stderr),
		clock: { now: () => Date.now() },
		onInterrupt,
		ask,
		async spawnEditor(argv, file) {
			// Ctrl-C inside the editor is the editor's.
			const release = onInterrupt(() => {});
			try {
				return await spawnInTerminal([...argv, file]);
			} finally {
				release();
			}
		},
	};
}

function onInterrupt(handler: InterruptHandler): () => void {
	handlers.add(handler);
	return () => void handlers.delete(handler);
}

function interrupt(signal: NodeJS.Signals): void {
	if (handlers.size === 0) process.exit(INTERRUPTED);
	for (const handler of [...handlers]) handler(signal as Parameters<InterruptHandler>[0]);
}

/**
 * A stream that writes by file descriptor: process.stdout costs milliseconds to build, and is built only where the
 * descriptor is a terminal or cannot take more right now.
 */
function outputStream(descriptor: 1 | 2, slow: () => NodeJS.WriteStream): OutputStream {
	const isTTY = isTerminal(descriptor);
	let closed = false;
	let queued = false;
	return {
		isTTY,
		get columns() {
			return (isTTY ? slow().columns : 0) || 80;
		},
		get closed() {
			return closed;
		},
		write(data) {
			if (closed) return;
			const bytes = typeof data === "string" ? Buffer.from(data) : data;
			try {
				const rest = queued ? bytes : bytes.subarray(writeTo(descriptor, bytes));
				if (rest.length === 0) return;
				if (!queued) slow().on("error", () => (closed = true));
				queued = true;
				slow().write(rest);
			} catch (error) {
				closed = true;
				// A reader that has gone away is no failure of ours.
				if ((error as NodeJS.ErrnoException).code === "EPIPE") return;
				outputFailed = true;
				if (descriptor === 1)
					process.stderr.write(`error: The output could not be written: ${(error as Error).message}\n`);
			}
		},
	};
}

/** Writes until done or until the descriptor would block; returns the number of bytes written. */
function writeTo(descriptor: 1 | 2, data: string | Uint8Array): number {
	const bytes = typeof data === "string" ? Buffer.from(data) : data;
	const { writeSync } = process.getBuiltinModule("node:fs");
	let done = 0;
	while (done < bytes.length) {
		try {
			done += writeSync(descriptor, bytes, done);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
			break;
		}
	}
	return done;
}

function isTerminal(descriptor: number): boolean {
	try {
		const stat = process.getBuiltinModule("node:fs").fstatSync(descriptor);
		// node:tty costs milliseconds to load, so that files, pipes and Linux's /dev/null (major number 1) go without it.
		if (!stat.isCharacterDevice() || (process.platform === "linux" && stat.rdev >> 8 === 1)) return false;
		return process.getBuiltinModule("node:tty").isatty(descriptor);
	} catch {
		return false;
	}
}

/**
 * A file or a shell's pipe is read to its end. Programs that start us often leave a connection open as our input and never
 * write to it: waiting for its end would hang, so it counts only once something arrives.
 */
async function readPiped(): Promise<string> {
	const stat = process.getBuiltinModule("node:fs").fstatSync(0);
	if (stat.isFile() || stat.isFIFO()) return await readAll();
	if (!stat.isSocket()) return "";
	const { stdin } = process;
	const speaks = await new Promise<boolean>((resolve) => {
		const timer = setTimeout(() => resolve(false), SILENCE_MS);
		stdin.once("readable", () => {
			clearTimeout(timer);
			resolve(true);
		});
	});
	if (speaks) return await readAll();
	stdin.destroy();
	return "";
}

async function readAll(): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks).toString("utf8");
}

async function ask(question: string): Promise<string> {
	const { createInterface } = await import("node:readline");
	const reader = createInterface({ input: process.stdin, output: process.stderr });
	return await new Promise<string>((resolve) => {
		reader.on("SIGINT", () => interrupt("SIGINT"));
		reader.once("close", () => resolve(""));
		reader.question(question, (answer) => {
			resolve(answer);
			reader.close();
		});
	});
}

async function spawnInTerminal(argv: readonly string[]): Promise<number> {
	const { spawn } = await import("node:child_process");
	return await new Promise<number>((resolve) => {
		const child = spawn(argv[0] ?? "", argv.slice(1), { stdio: "inherit" });
		child.once("error", () => resolve(127));
		child.once("close", (code) => resolve(code ?? 1));
	});
}
