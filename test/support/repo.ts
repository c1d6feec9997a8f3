// Real git repositories in temporary folders, described by an object literal. Nothing of the machine's own git or msgcode
// settings takes part, and the folder is removed when the test ends.
import { execFileSync, spawn } from "node:child_process";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	realpathSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { type CliResult, type MemoryIoOptions, resultOf, runCli } from "./cli.ts";

/** A file's content; `executable` and `link` for what is not a plain file. */
export type Content = string | Uint8Array | { readonly executable: string } | { readonly link: string };
export type Files = Readonly<Record<string, Content>>;

export interface RepoOptions {
	/** Committed in the first commit. Without any, the branch is unborn, unless `ledger` is set. */
	readonly files?: Files;
	/** `msgcode init` is run after the first commit. */
	readonly ledger?: boolean;
	/** Written and staged, then written and left unstaged, then written and never added, then written and ignored. */
	readonly staged?: Files;
	readonly dirty?: Files;
	readonly untracked?: Files;
	readonly ignored?: Files;
	/** `git config` of the repository. */
	readonly config?: Readonly<Record<string, string>>;
	/** The repository's folder below the temporary one; may hold spaces. */
	readonly folder?: string;
	/** The workspace's folder inside the repository, where commands run. */
	readonly workspace?: string;
	/** Arguments of `git init` besides the branch. */
	readonly init?: readonly string[];
	/** More environment for git and msgcode. */
	readonly env?: Readonly<Record<string, string>>;
}

export interface Repo {
	/** Absolute path of the checkout's top folder, with symlinks resolved. */
	readonly path: string;
	/** The temporary folder that holds the repository and its HOME. */
	readonly home: string;
	readonly env: Readonly<Record<string, string>>;
	/** Runs git here; its stdout without the final newline. Throws with git's own words. */
	git(...args: string[]): string;
	/** The same for binary output. */
	gitBytes(...args: string[]): Buffer;
	write(file: string, content: Content): void;
	writeAll(files: Files): void;
	read(file: string): string;
	exists(file: string): boolean;
	commitAll(message: string): string;
	/** Runs a command line in this process, in the workspace's folder. */
	msgcode(...argv: string[]): Promise<CliResult>;
	/** The same with other options: another folder, a terminal, typed answers, standard input. */
	msgcodeWith(options: MemoryIoOptions, ...argv: string[]): Promise<CliResult>;
	/** Runs the built program as a process of its own. */
	msgcodeProcess(...argv: string[]): Promise<CliResult>;
	msgcodeProcessWith(options: ProcessOptions, ...argv: string[]): Promise<CliResult>;
	/** A clone of this repository in another temporary folder. */
	clone(...args: string[]): Repo;
}

export interface ProcessOptions {
	readonly cwd?: string;
	readonly env?: Readonly<Record<string, string>>;
	readonly stdin?: string;
}

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** A temporary folder that is removed when the test ends. Its path holds no symlink. */
export function temporaryFolder(name = "msgcode-test-"): string {
	const folder = realpathSync(mkdtempSync(join(tmpdir(), name)));
	onTestFinished(() => {
		try {
			rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
		} catch {
			// A test may have left a folder without write permission.
			execFileSync("chmod", ["-R", "u+rwX", folder]);
			rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
		}
	});
	return folder;
}

/** An environment in which git and msgcode see nothing of this machine's user. */
export function hermeticEnvironment(home: string): Record<string, string> {
	return {
		PATH: process.env.PATH ?? "",
		HOME: home,
		XDG_CONFIG_HOME: join(home, ".config"),
		GIT_CONFIG_NOSYSTEM: "1",
		GIT_CONFIG_GLOBAL: join(home, ".gitconfig"),
		GIT_TERMINAL_PROMPT: "0",
		LANG: "C.UTF-8",
		TZ: "UTC",
	};
}

/** Builds a repository; see RepoOptions. */
export async function repo(options: RepoOptions = {}): Promise<Repo> {
	const home = temporaryFolder();
	const path = join(home, options.folder ?? "repo");
	mkdirSync(path, { recursive: true });
	writeFileSync(
		join(home, ".gitconfig"),
		"[user]\n\tname = Test Person\n\temail = test@example.com\n[init]\n\tdefaultBranch = main\n[commit]\n\tgpgsign = false\n",
	);
	const env = { ...hermeticEnvironment(home), ...options.env };
	const made = repoAt(path, home, env, options.workspace);
	made.git("init", "--quiet", "--initial-branch=main", ...(options.init ?? []));
	for (const [key, value] of Object.entries(options.config ?? {})) made.git("config", key, value);
	if (options.workspace !== undefined) mkdirSync(join(path, options.workspace), { recursive: true });
	if (Object.keys(options.files ?? {}).length > 0) {
		made.writeAll(options.files ?? {});
		made.commitAll("first");
	}
	if (options.ledger === true) {
		const initialised = await made.msgcode("init");
		if (initialised.exitCode !== 0) throw new Error(`msgcode init failed: ${initialised.stderr}`);
	}
	made.writeAll(options.staged ?? {});
	for (const file of Object.keys(options.staged ?? {})) made.git("add", "--", file);
	made.writeAll(options.dirty ?? {});
	made.writeAll(options.untracked ?? {});
	made.writeAll(options.ignored ?? {});
	return made;
}

/** Wraps a checkout that exists already (a linked worktree, say). */
export function repoAt(path: string, home: string, env: Readonly<Record<string, string>>, workspace = "."): Repo {
	const gitBytes = (...args: string[]) =>
		execFileSync("git", args, { cwd: path, env, maxBuffer: 1 << 28, stdio: "pipe" });
	const write = (file: string, content: Content) => {
		const target = join(path, file);
		mkdirSync(dirname(target), { recursive: true });
		if (typeof content === "string" || content instanceof Uint8Array) writeFileSync(target, content);
		else if ("link" in content) symlinkSync(content.link, target);
		else {
			writeFileSync(target, content.executable);
			chmodSync(target, 0o755);
		}
	};
	const writeAll = (files: Files) => {
		for (const [file, content] of Object.entries(files)) write(file, content);
	};
	const git = (...args: string[]) =>
		gitBytes(...args)
			.toString("utf8")
			.replace(/\n$/, "");
	const cwd = join(path, workspace);
	const made: Repo = {
		path: existsSync(path) ? realpathSync(path) : path,
		home,
		env,
		git,
		gitBytes,
		write,
		writeAll,
		read: (file) => readFileSync(join(path, file), "utf8"),
		exists: (file) => existsSync(join(path, file)),
		commitAll(message) {
			git("add", "--all");
			git("commit", "--quiet", "--allow-empty", "-m", message);
			return git("rev-parse", "HEAD");
		},
		msgcode: (...argv) => runCli(argv, { cwd, env }),
		msgcodeWith: (options, ...argv) => runCli(argv, { cwd, ...options, env: { ...env, ...options.env } }),
		msgcodeProcess: (...argv) => runProcess(argv, cwd, env, {}),
		msgcodeProcessWith: (options, ...argv) => runProcess(argv, cwd, env, options),
		clone(...args) {
			const folder = join(temporaryFolder(), "clone");
			execFileSync("git", ["clone", "--quiet", ...args, path, folder], { env, stdio: "pipe" });
			return repoAt(folder, home, env, workspace);
		},
	};
	return made;
}

function runProcess(
	argv: readonly string[],
	cwd: string,
	env: Readonly<Record<string, string>>,
	options: ProcessOptions,
): Promise<CliResult> {
	return new Promise((resolve, reject) => {
		const child = spawn(process.execPath, [MAIN, ...argv], {
			cwd: options.cwd ?? cwd,
			env: { ...env, ...options.env },
			stdio: "pipe",
		});
		const out: Buffer[] = [];
		const err: Buffer[] = [];
		child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
		child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
		child.stdin.on("error", () => {});
		child.stdin.end(options.stdin ?? "");
		child.once("error", reject);
		child.once("close", (code, signal) => {
			const exitCode = code ?? 128 + (signal === "SIGKILL" ? 9 : 15);
			resolve(resultOf(exitCode, Buffer.concat(out).toString("utf8"), Buffer.concat(err).toString("utf8")));
		});
	});
}
