// Starts a program as the leader of its own process group, and says why when it cannot.
// Invariant: a missing folder, a missing program and a program that cannot run are told apart.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Readable } from "node:stream";

export interface LaunchOptions {
	/** Program and arguments; the program is looked up on `env.PATH`, or from `cwd` when it holds a slash. */
	readonly argv: readonly string[];
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
	let child: ChildProcess;
	try {
		child = spawn(options.argv[0] ?? "", options.argv.slice(1), {
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
