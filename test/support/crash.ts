// Repositories for crash tests, and the one definition of a healthy ledger: what must be true whenever no msgcode command
// is at work, whatever was killed before. Free of vitest, so that the soak test uses it as well.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
	cpSync,
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	realpathSync,
	writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The built program; the sources where there is no build. */
export const MAIN = [new URL("../../dist/main.js", import.meta.url), new URL("../../src/main.ts", import.meta.url)]
	.map((url) => fileURLToPath(url))
	.find((path) => existsSync(path)) as string;

/** A repository with a user's work lying about in it. */
export interface Ground {
	readonly path: string;
	readonly env: Readonly<Record<string, string>>;
	/** The msgcode to run: node's arguments before the command line. */
	readonly main: string;
	readonly planted: Planted;
}

/** The user's uncommitted work, as it was before the first command. */
interface Planted {
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

/** Everything that keeps the ledger from being healthy, one sentence each; empty when nothing does. */
export function healthProblems(ground: Ground): string[] {
	return [
		...objectProblems(ground),
		...userWorkProblems(ground),
		...ledgerFileProblems(ground),
		...leftoverProblems(ground),
		...worktreeProblems(ground),
		...runProblems(ground),
		...processesOf(ground).map((line) => `a process of a run is still alive: ${line}`),
	];
}

/** Processes that any run of this workspace started, `pid command line`. */
export function processesOf(ground: Pick<Ground, "path">): string[] {
	const marker = `\0MSGCODE_WORKSPACE=${ground.path}\0`;
	return readdirSync("/proc").flatMap((name) => {
		if (!/^\d+$/.test(name)) return [];
		try {
			const environ = `\0${readFileSync(`/proc/${name}/environ`, "latin1")}\0`;
			if (!Buffer.from(environ, "latin1").toString("utf8").includes(marker) || !environ.includes("\0MSGCODE_RUN_ID="))
				return [];
			return [`${name} ${readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ")}`];
		} catch {
			return [];
		}
	});
}

function objectProblems(ground: Ground): string[] {
	try {
		const said = gitIn(ground, "fsck", "--connectivity-only", "--no-dangling", "--no-progress");
		return said.trim() === "" ? [] : [`git fsck: ${said.trim()}`];
	} catch (error) {
		return [`git fsck failed: ${(error as Error).message}`];
	}
}

function userWorkProblems(ground: Ground): string[] {
	const now = readPlanted(ground);
	const problems: string[] = [];
	if (now.status !== ground.planted.status) {
		problems.push(`git status shows ${JSON.stringify(now.status)} instead of ${JSON.stringify(ground.planted.status)}`);
	}
	if (now.entries !== ground.planted.entries) problems.push(`index entries of the user changed:\n${now.entries}`);
	for (const [file, content] of ground.planted.files) {
		if (now.files.get(file) !== content) problems.push(`the user's ${file} changed`);
	}
	return problems;
}

function ledgerFileProblems(ground: Ground): string[] {
	const problems: string[] = [];
	const committed = new Map(
		gitIn(ground, "ls-tree", "-r", "-z", "HEAD", "--", "tasks")
			.split("\0")
			.filter((line) => line !== "")
			.map((line): [string, string] => [line.slice(line.indexOf("\t") + 1), line.split(/[ \t]/)[2] ?? ""]),
	);
	const there = filesBelow(join(ground.path, "tasks"))
		.map((path) => relative(ground.path, path))
		.filter((path) => path !== "tasks/index.json" && path !== "tasks/draft.txt" && !path.endsWith("/events.jsonl"));
	for (const path of there) {
		const content = readFileSync(join(ground.path, path));
		const oid = createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
		if (committed.get(path) !== oid) problems.push(`${path} differs from HEAD`);
		committed.delete(path);
		if (/tsk_\w+\.json$/.test(path)) problems.push(...jsonProblems(path, content.toString("utf8")));
		if (/tsk_\w+\.md$/.test(path) && !there.includes(path.replace(/md$/, "json")))
			problems.push(`${path} has no record`);
		if (/tsk_\w+\.json$/.test(path) && !there.includes(path.replace(/json$/, "md")))
			problems.push(`${path} has no definition`);
	}
	for (const path of committed.keys()) problems.push(`${path} is in HEAD but not in the folder`);
	return problems;
}

function jsonProblems(path: string, text: string): string[] {
	try {
		const record = JSON.parse(text) as { id?: unknown };
		return typeof record.id === "string" && path.includes(record.id) ? [] : [`${path} has a wrong id`];
	} catch {
		return [`${path} is not JSON`];
	}
}

/** Names below .git/msgcode that may stay; a run's folder may hold what its receipt is about. */
const KEPT = /^(workspaces\.json|(?:approvals|claims|pending|runs|.*\.lock\.takers)(\/|$))/;

function leftoverProblems(ground: Ground): string[] {
	const state = join(ground.path, ".git/msgcode");
	const problems: string[] = [];
	for (const path of filesBelow(state)) {
		const name = relative(state, path);
		if (!KEPT.test(name)) problems.push(`.git/msgcode/${name} was left behind`);
		else if (/^(claims|pending|.*\.takers)\//.test(name)) problems.push(`.git/msgcode/${name} was left behind`);
		else if (name.includes(".msgcode-tmp-")) problems.push(`.git/msgcode/${name} was left behind`);
		else if (/^runs\/[^/]+\/scratch\//.test(name)) problems.push(`.git/msgcode/${name} was left behind`);
	}
	for (const folder of existsSync(state) ? readdirSync(state) : []) {
		if (/^(landing|merge-)/.test(folder)) problems.push(`.git/msgcode/${folder} was left behind`);
	}
	for (const name of readdirSync(join(ground.path, ".git"))) {
		if (name.endsWith(".lock") || name.startsWith("msgcode-index-")) problems.push(`.git/${name} was left behind`);
	}
	for (const path of filesBelow(join(ground.path, ".git/refs"))) {
		if (path.endsWith(".lock")) problems.push(`${relative(ground.path, path)} was left behind`);
	}
	for (const path of filesBelow(join(ground.path, "tasks"))) {
		if (path.includes(".msgcode-tmp-")) problems.push(`${relative(ground.path, path)} was left behind`);
	}
	const pending = gitIn(ground, "for-each-ref", "--format=%(refname)", "refs/msgcode/pending").trim();
	if (pending !== "") problems.push(`${pending} was left behind`);
	return problems;
}

function worktreeProblems(ground: Ground): string[] {
	const problems: string[] = [];
	const folder = join(ground.path, "worktrees");
	const there = new Set(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []);
	const branches = new Set<string>();
	for (const block of gitIn(ground, "worktree", "list", "--porcelain", "-z").split("\0\0")) {
		const path = /^worktree (.*)/.exec(block.split("\0")[0] ?? "")?.[1];
		if (path === undefined || path === ground.path) continue;
		if (!there.delete(path)) problems.push(`git still knows the worktree ${path}, which is gone`);
		const branch = /\0branch refs\/heads\/([^\0]+)/.exec(block)?.[1];
		if (branch !== undefined) branches.add(branch);
	}
	for (const path of there) problems.push(`git does not know the worktree ${path}`);
	const ours = gitIn(ground, "for-each-ref", "--format=%(refname:short)", "refs/heads/msgcode/").split("\n");
	for (const branch of ours.filter((name) => name !== "")) {
		if (!branches.has(branch)) problems.push(`the branch ${branch} has no worktree`);
	}
	return problems;
}

interface ReceiptFacts {
	readonly runId: string;
	readonly status: string;
	readonly ref: string | null;
	readonly tree: string | null;
	readonly patch: { readonly sha256: string; readonly withheld?: string } | null;
}

function runProblems(ground: Ground): string[] {
	const problems: string[] = [];
	const file = join(ground.path, "tasks/runs.jsonl");
	const text = existsSync(file) ? readFileSync(file, "utf8") : "";
	if (text !== "" && !text.endsWith("\n")) problems.push("runs.jsonl has a torn last line");
	const lines = new Map<string, { readonly taskId: string; readonly status: string }>();
	for (const line of text.split("\n").filter((row) => row !== "")) {
		const row = JSON.parse(line) as { runId: string; taskId: string; status: string };
		if (lines.has(row.runId)) problems.push(`runs.jsonl names ${row.runId} twice`);
		lines.set(row.runId, row);
	}
	const runs = join(ground.path, "tasks/runs");
	const refs = refTrees(ground);
	for (const taskId of existsSync(runs) ? readdirSync(runs) : []) {
		for (const runId of readdirSync(join(runs, taskId))) {
			const line = lines.get(runId);
			lines.delete(runId);
			if (line?.taskId !== taskId) problems.push(`the run folder of ${runId} has no line in runs.jsonl`);
			else problems.push(...receiptProblems(join(runs, taskId, runId), runId, line.status, refs));
		}
	}
	for (const runId of lines.keys()) problems.push(`runs.jsonl names ${runId}, which has no folder`);
	return problems;
}

/** `git rev-parse <ref>^{tree}` of all kept results at once. */
function refTrees(ground: Ground): ReadonlyMap<string, string> {
	const listed = gitIn(ground, "for-each-ref", "--format=%(refname) %(tree)", "refs/msgcode/runs");
	return new Map(
		listed.split("\n").map((line): [string, string] => [line.split(" ")[0] ?? "", line.split(" ")[1] ?? ""]),
	);
}

function receiptProblems(folder: string, runId: string, status: string, refs: ReadonlyMap<string, string>): string[] {
	const path = join(folder, "run_receipt.json");
	if (!existsSync(path)) return [`${runId} has no receipt`];
	const receipt = JSON.parse(readFileSync(path, "utf8")) as ReceiptFacts;
	const problems: string[] = [];
	if (receipt.runId !== runId || receipt.status !== status)
		problems.push(`the receipt of ${runId} disagrees with its line`);
	if (!existsSync(join(folder, "summary.md"))) problems.push(`${runId} has no summary`);
	if (receipt.ref !== null && refs.get(receipt.ref) !== receipt.tree)
		problems.push(`${receipt.ref} does not hold the tree of ${runId}`);
	if (receipt.patch !== null && receipt.patch.withheld === undefined) {
		const patch = join(folder, "patch.diff");
		const sha256 = existsSync(patch) ? createHash("sha256").update(readFileSync(patch)).digest("hex") : "none";
		if (sha256 !== receipt.patch.sha256) problems.push(`the patch of ${runId} is not the receipt's`);
	}
	return problems;
}

function readPlanted(ground: Pick<Ground, "path" | "env">): Planted {
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

function filesBelow(folder: string): string[] {
	if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => !entry.isDirectory())
		.map((entry) => join(entry.parentPath, entry.name));
}
