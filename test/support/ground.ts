// Repositories with a user's work lying about in them, and the real program run in them. Free of vitest, so that the soak
// test uses it as well.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The built program; the sources where there is no build. */
export const MAIN = [new URL("../../dist/main.js", import.meta.url), new URL("../../src/main.ts", import.meta.url)]
	.map((url) => fileURLToPath(url))
	.find((path) => existsSync(path)) as string;

/** A repository with a user's work lying about in it. */
export interface Ground {
	readonly path: string;
	readonly env: Readonly<Record<string, string>>;
	/** The msgcode to run: its main file. */
	readonly main: string;
	readonly planted: Planted;
}

/** The user's uncommitted work, as it was before the first command. */
export interface Planted {
	readonly status: string;
	readonly entries: string;
	readonly files: ReadonlyMap<string, string>;
}

export interface Ended {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stdout: string;
	readonly stderr: string;
}

const COMMITTED: Readonly<Record<string, string>> = {
	".gitignore": "*.log\n",
	"app.txt": "one\ntwo\nthree\n",
	"lib/util.txt": "util\n",
	"lib/odd name \u6f22\u5b57.txt": "odd\n",
	"tasks/code.txt": "the user's own file in tasks/\n",
};
const STAGED: Readonly<Record<string, string>> = { "staged.txt": "staged\n", "lib/util.txt": "util, staged\n" };
const LOOSE: Readonly<Record<string, string>> = {
	"app.txt": "one\ntwo, not staged\nthree\n",
	"notes.txt": "never added\n",
	"debug.log": "ignored\n",
	"tasks/draft.txt": "never added\n",
};

/** The environment in which git and msgcode see nothing of this machine's user. */
function environment(home: string): Record<string, string> {
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

/** Makes the repository in `home` (an empty folder), with `msgcode init` done and the user's work planted. */
export async function plantedGround(home: string, main = MAIN): Promise<Ground> {
	const path = join(realpathSync(home), "repo");
	const env = environment(realpathSync(home));
	mkdirSync(path);
	writeFileSync(join(home, ".gitconfig"), "[user]\n\tname = Test Person\n\temail = test@example.com\n");
	const git = (...args: string[]) => gitIn({ path, env }, ...args);
	git("init", "--quiet", "--initial-branch=main");
	writeAll(path, COMMITTED);
	git("add", "--all");
	git("commit", "--quiet", "-m", "first");
	const ground = { path, env, main };
	const made = await runMsgcode(ground, ["init"]);
	if (made.code !== 0) throw new Error(`msgcode init failed: ${made.stderr}`);
	writeAll(path, STAGED);
	git("add", "--", ...Object.keys(STAGED));
	writeAll(path, LOOSE);
	return { ...ground, planted: readPlanted(ground) };
}

/** A copy of a repository that no run has touched yet, in `home`. */
export function copyGround(template: Ground, home: string): Ground {
	const place = realpathSync(home);
	cpSync(dirname(template.path), place, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
	const path = join(place, "repo");
	const remembered = join(path, ".git/msgcode/workspaces.json");
	writeFileSync(remembered, readFileSync(remembered, "utf8").replaceAll(template.path, path));
	const ground = { path, env: environment(place), main: template.main };
	return { ...ground, planted: readPlanted(ground) };
}

export interface RunOptions {
	/** MSGCODE_FAILPOINT. */
	readonly failpoint?: string | undefined;
	readonly env?: Readonly<Record<string, string>>;
	readonly stdin?: string;
	/** Gets the process as soon as it runs. */
	readonly onStart?: (child: ChildProcess) => void;
}

/** Runs the real program and waits for its end. */
export function runMsgcode(
	ground: Pick<Ground, "path" | "env" | "main">,
	argv: readonly string[],
	options: RunOptions = {},
): Promise<Ended> {
	const armed = options.failpoint === undefined ? {} : { MSGCODE_FAILPOINT: options.failpoint };
	return new Promise((resolve, reject) => {
		const child = spawn(process.execPath, [ground.main, ...argv], {
			cwd: ground.path,
			env: { ...ground.env, ...options.env, ...armed },
			stdio: "pipe",
		});
		const out: Buffer[] = [];
		const err: Buffer[] = [];
		child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
		child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
		child.stdin.on("error", () => {});
		child.stdin.end(options.stdin ?? "");
		child.once("error", reject);
		// "exit", not "close": an orphan may hold the pipes for as long as it lives.
		child.once("exit", (code, signal) => {
			const finish = () =>
				resolve({
					code,
					signal,
					stdout: Buffer.concat(out).toString("utf8"),
					stderr: Buffer.concat(err).toString("utf8"),
				});
			if (signal === null) child.once("close", finish);
			else setImmediate(finish);
		});
		options.onStart?.(child);
	});
}

/** SIGKILL to the process and everything below it, as the end of a container does. */
export function killTree(pid: number): void {
	const parents = new Map<number, number>();
	for (const name of readdirSync("/proc")) {
		if (!/^\d+$/.test(name)) continue;
		try {
			const stat = readFileSync(`/proc/${name}/stat`, "latin1");
			parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
		} catch {
			// Ended meanwhile.
		}
	}
	const isBelow = (candidate: number | undefined): boolean =>
		candidate !== undefined && candidate > 1 && (candidate === pid || isBelow(parents.get(candidate)));
	for (const candidate of [pid, ...parents.keys()].filter(isBelow)) {
		try {
			process.kill(candidate, "SIGKILL");
		} catch {
			// Ended meanwhile.
		}
	}
}

export function gitIn(ground: Pick<Ground, "path" | "env">, ...args: string[]): string {
	return execFileSync("git", args, {
		cwd: ground.path,
		env: { ...ground.env, GIT_OPTIONAL_LOCKS: "0" },
		maxBuffer: 1 << 28,
		stdio: ["ignore", "pipe", "pipe"],
	}).toString("utf8");
}

export function headOf(ground: Pick<Ground, "path" | "env">): string {
	return gitIn(ground, "rev-parse", "HEAD").trim();
}

export function readPlanted(ground: Pick<Ground, "path" | "env">): Planted {
	const files = [...Object.keys(STAGED), ...Object.keys(LOOSE)];
	const read = (file: string) => {
		const path = join(ground.path, file);
		return existsSync(path) ? readFileSync(path).toString("base64") : "gone";
	};
	return {
		status: gitIn(ground, "status", "--porcelain", "--untracked-files=all"),
		entries: gitIn(ground, "ls-files", "--stage", "--debug", "--", ...files),
		files: new Map(files.map((file): [string, string] => [file, read(file)])),
	};
}

function writeAll(root: string, files: Readonly<Record<string, string>>): void {
	for (const [file, content] of Object.entries(files)) {
		mkdirSync(dirname(join(root, file)), { recursive: true });
		writeFileSync(join(root, file), content);
	}
}
