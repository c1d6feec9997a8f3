// The one place that spawns git for stdin, binary output and explicit git folders.
// Invariant: no hook, fsmonitor, pager, prompt or inherited GIT_DIR/GIT_INDEX_FILE takes part in a call made here, and no
// setting of the user's changes what a log lists.
import { spawn } from "node:child_process";
import { MsgcodeError } from "../core/errors.ts";
import { once } from "../core/lazy.ts";
import { ownIdentity, type ProcessIdentity } from "../core/process-identity.ts";

export interface GitOptions {
	readonly cwd?: string;
	/** A promise lets git start now and get its input later. */
	readonly stdin?: string | Uint8Array | Promise<string>;
	readonly gitDir?: string;
	readonly workTree?: string;
	readonly indexFile?: string;
	/** Exit codes that are an answer, not a failure. Default: only 0. */
	readonly accept?: readonly number[];
	readonly env?: Readonly<Record<string, string>>;
	/** `-c key=value` settings of this call. */
	readonly config?: Readonly<Record<string, string>>;
	/** Lets the user's hooks run (only `--verify` on a landing asks for it). */
	readonly hooks?: boolean;
}

export interface GitResult {
	readonly stdout: Buffer;
	readonly stderr: string;
	readonly code: number;
}

/** Runs git with `args`; rejects with `git_failed` on an exit code that is not accepted. */
export type Git = (args: readonly string[], options?: GitOptions) => Promise<GitResult>;

const NEUTRAL_CONFIG: readonly string[] = [
	"-c",
	"core.fsmonitor=false",
	"-c",
	"gc.auto=0",
	"-c",
	"maintenance.auto=false",
	"-c",
	"core.fsync=all",
	"-c",
	"core.safecrlf=false",
	"-c",
	"log.showSignature=false",
	"-c",
	"log.follow=false",
];

const KEPT_GIT_VARIABLES = /^GIT_(AUTHOR_|COMMITTER_|CONFIG|SSH|ASKPASS|CEILING_DIRECTORIES$|TEMPLATE_DIR$|EXEC_PATH$)/;

/** In the environment of every git that we start: what a killed process leaves running is found again by it. */
export const GIT_MARKER = "MSGCODE_GIT_OF";

/** The marker's value for the process that started the git. */
export function gitMark({ pid, startTime }: Pick<ProcessIdentity, "pid" | "startTime">): string {
	return `${pid}-${startTime}`;
}

/** The environment for our git calls: the user's, without what would redirect git to another repository or index. */
export function gitEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
	const clean: Record<string, string> = {};
	for (const [name, value] of Object.entries(env)) {
		if (value === undefined) continue;
		if (name.startsWith("GIT_") && !KEPT_GIT_VARIABLES.test(name)) continue;
		clean[name] = value;
	}
	return {
		...clean,
		LC_ALL: "C",
		LANGUAGE: "",
		GIT_TERMINAL_PROMPT: "0",
		GIT_OPTIONAL_LOCKS: "0",
		GIT_PAGER: "cat",
		GIT_EDITOR: ":",
		[GIT_MARKER]: gitMark(ownIdentity()),
	};
}

export function createGit(env: Readonly<Record<string, string | undefined>>, defaults: { readonly cwd: string }): Git {
	const base = once(() => gitEnvironment(env));
	return (args, options = {}) => runGit(base(), defaults.cwd, args, options);
}

/** Starts a git process that stays open, for conversations such as `cat-file --batch`. */
export function spawnGit(
	env: Readonly<Record<string, string | undefined>>,
	cwd: string,
	args: readonly string[],
	more: Readonly<Record<string, string>> = {},
) {
	return spawn("git", [...NEUTRAL_CONFIG, "-c", "core.hooksPath=/dev/null", ...args], {
		cwd,
		env: { ...gitEnvironment(env), ...more },
		stdio: ["pipe", "pipe", "pipe"],
		detached: true,
	});
}

/** How often a call is made anew that a signal ended before git had begun. */
const MAX_RESTARTS = 10;

function runGit(
	base: Record<string, string>,
	defaultCwd: string,
	args: readonly string[],
	options: GitOptions,
	restarts = 0,
): Promise<GitResult> {
	const full = [...NEUTRAL_CONFIG];
	if (options.hooks !== true) full.push("-c", "core.hooksPath=/dev/null");
	for (const [key, value] of Object.entries(options.config ?? {})) full.push("-c", `${key}=${value}`);
	const env: Record<string, string> = { ...base, ...options.env };
	if (options.gitDir !== undefined) env.GIT_DIR = options.gitDir;
	if (options.workTree !== undefined) env.GIT_WORK_TREE = options.workTree;
	if (options.indexFile !== undefined) env.GIT_INDEX_FILE = options.indexFile;
	// Ctrl-C in a terminal is ours to answer: git must not die of it half-way. What may ask for a passphrase or runs the
	// user's own hooks stays with the terminal.
	const detached = options.hooks !== true && !args.includes("-S");
	return new Promise((resolve, reject) => {
		const child = spawn("git", [...full, ...args], {
			cwd: options.cwd ?? defaultCwd,
			env,
			stdio: [options.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
			detached,
		});
		const stdout: Buffer[] = [];
		const stderr: Buffer[] = [];
		child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
		child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
		child.on("error", (cause: NodeJS.ErrnoException) => reject(spawnFailure(cause, options.cwd ?? defaultCwd)));
		child.on("close", (exitCode, signal) => {
			// A signal can still meet the new process in the instant before it leaves our group.
			if (signal === "SIGINT" && detached && stdout.length === 0 && restarts < MAX_RESTARTS) {
				resolve(runGit(base, defaultCwd, args, options, restarts + 1));
				return;
			}
			const code = exitCode ?? 128;
			const errorText = Buffer.concat(stderr).toString("utf8");
			if ((options.accept ?? [0]).includes(code)) {
				resolve({ stdout: Buffer.concat(stdout), stderr: errorText, code });
			} else {
				reject(gitFailure(args, code, errorText));
			}
		});
		const { stdin: input } = child;
		if (options.stdin !== undefined && input !== null) {
			input.on("error", () => {}); // EPIPE: git's own exit code tells what went wrong
			if (options.stdin instanceof Promise) void options.stdin.then((text) => input.end(text));
			else input.end(options.stdin);
		}
	});
}

function spawnFailure(cause: NodeJS.ErrnoException, cwd: string): MsgcodeError {
	if (cause.code === "ENOENT") return new MsgcodeError("git_missing", `git could not be started in ${cwd}.`, { cause });
	return new MsgcodeError("git_failed", `git could not be started: ${cause.message}`, { cause });
}

/** Gives the failures that users can mend their own code; every other one carries git's own words. */
export function gitFailure(args: readonly string[], code: number, stderr: string): MsgcodeError {
	const verb = args.find((argument) => !argument.startsWith("-")) ?? "git";
	const words = stderr.trim().slice(0, 2000);
	const details = { command: `git ${verb}`, exitCode: code, stderr: words };
	if (/No space left on device|Disk quota exceeded/.test(words)) {
		return new MsgcodeError("disk_full", `git ${verb}: no space left on the disk.`, { details });
	}
	if (/Please tell me who you are|empty ident name|unable to auto-detect email/i.test(words)) {
		return new MsgcodeError("git_identity", "git does not know who commits in this repository.", { details });
	}
	if (/gpg failed to sign|failed to write commit object.*sign|error: .*signing failed/is.test(words)) {
		return new MsgcodeError("signing_failed", "git could not sign the commit.", { details });
	}
	if (/Read-only file system|Permission denied|insufficient permission/.test(words)) {
		return new MsgcodeError("read_only", `git ${verb} may not write: ${words.split("\n")[0]}`, { details });
	}
	if (/Unable to create .*index\.lock.*File exists/s.test(words)) {
		return new MsgcodeError("index_locked", "git's index.lock is held by another git process.", { details });
	}
	return new MsgcodeError("git_failed", `git ${verb} failed (exit ${code}): ${words || "it said nothing"}`, {
		details,
	});
}
