// Starts a program as the leader of its own process group, and says why when it cannot.
// Invariant: a missing folder, a missing program and a program that cannot run are told apart.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import type { Readable } from "node:stream";

export interface LaunchOptions {
	/** Program and arguments; the program is looked up on `env.PATH`, or from `cwd` when it holds a slash. */
	readonly argv: readonly string[];
	/** Program and arguments that start the program in their turn; "not found" is then still said of the program. */
	readonly wrapper?: readonly string[] | undefined;
	readonly cwd: string;
	/** The whole environment. */
	readonly env: Readonly<Record<string, string>>;
	/** Text for the program's stdin, null = none. */
	readonly stdin: string | null;
	/** More may be written later: the program's stdin has no end yet. */
	readonly stdinStaysOpen?: boolean;
}

export type RunningChild = ChildProcess & {
	readonly pid: number;
	readonly stdout: Readable;
	readonly stderr: Readable;
};

/** `error` is an errno name, or "cwd_missing". */
export interface LaunchFailure {
	readonly outcome: "not_found" | "spawn_failed";
	readonly error: string;
}

/** The child, running; its "exit" event has not been emitted yet. Or why there is none. */
export async function launch(options: LaunchOptions): Promise<RunningChild | LaunchFailure> {
	// Node reports a missing folder as a missing program.
	if (!isFolder(options.cwd)) return { outcome: "spawn_failed", error: "cwd_missing" };
	const { argv, wrapper = [] } = options;
	const absent = wrapper.length === 0 ? null : absence(options);
	if (absent !== null) return absent;
	const [program = "", ...args] = [...wrapper, ...argv];
	let child: ChildProcess;
	try {
		child = spawn(program, args, {
			cwd: options.cwd,
			env: options.env,
			detached: true,
			shell: false,
			stdio: [options.stdin === null && !options.stdinStaysOpen ? "ignore" : "pipe", "pipe", "pipe"],
		});
	} catch (cause) {
		return failure(options, cause);
	}
	if (child.pid === undefined) return failure(options, (await once(child, "error"))[0]);
	// A program may end without reading its stdin.
	child.stdin?.on("error", () => {});
	if (options.stdin !== null) child.stdin?.write(options.stdin);
	if (!options.stdinStaysOpen) child.stdin?.end();
	return child as RunningChild;
}

/** What is wrong with the program that a wrapper is to start, found out before. */
function absence({ argv: [program = ""], cwd, env }: LaunchOptions): LaunchFailure | null {
	const places = program.includes("/")
		? [resolve(cwd, program)]
		: (env.PATH ?? "").split(delimiter).map((folder) => resolve(cwd, folder, program));
	const found = places.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false);
	if (program === "" || found.length === 0) return { outcome: "not_found", error: "ENOENT" };
	return found.some(isExecutable) ? null : { outcome: "spawn_failed", error: "EACCES" };
}

function isExecutable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

function failure(options: LaunchOptions, cause: unknown): LaunchFailure {
	const error = (cause as NodeJS.ErrnoException).code ?? "unknown";
	const program = options.argv[0] ?? "";
	// A script whose interpreter is missing gives ENOENT as well.
	const isThere = program.includes("/") && existsSync(resolve(options.cwd, program));
	return { outcome: error === "ENOENT" && !isThere ? "not_found" : "spawn_failed", error };
}

function isFolder(path: string): boolean {
	return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
