// Linked worktrees: made for a run, listed, removed. The only place that removes one.
// Invariant: the new checkout holds the base without the ledger's files, and an index that knows them as skipped.
import {
	copyFileSync,
	existsSync,
	lstatSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileError, MsgcodeError } from "../core/errors.ts";
import { failPoint } from "../core/failpoint.ts";
import { temporaryName } from "../core/temporary-files.ts";
import { formatIndex, parseIndex, skipPaths } from "./index-format.ts";
import { gitDirOf } from "./location.ts";
import type { ObjectReader } from "./object-reader.ts";
import type { Git, GitResult } from "./plumbing.ts";

export interface WorktreeRequest {
	readonly path: string;
	readonly branch: string;
	/** Commit id that the worktree starts from. */
	readonly base: string;
	readonly reason: string;
	readonly objectIdLength: 40 | 64;
	/** Paths (relative to the top folder) that are not checked out. */
	readonly leaveOut: (path: string) => boolean;
}

export interface LinkedWorktree {
	readonly path: string;
	/** Its own git folder below the shared one. */
	readonly gitDir: string;
}

/** Registers the worktree, locked so that no `git worktree prune` takes its git folder away. No file is checked out yet. */
export async function addWorktree(git: Git, request: WorktreeRequest): Promise<LinkedWorktree> {
	const { path, branch, base, reason } = request;
	const args = [
		"add",
		"--no-checkout",
		"--no-track",
		"--lock",
		"--reason",
		reason,
		// A run's branch is its own: it can only be there because this call was made once before, in vain.
		"-B",
		branch,
		path,
		base,
	];
	await gitWorktree(git, args).catch((cause: unknown) => {
		throw worktreeFailure(cause, branch);
	});
	const gitDir = gitDirOf(path);
	if (gitDir === null) throw new MsgcodeError("git_failed", `git made no worktree at ${path}.`);
	return { path, gitDir };
}

/** Checks the base out, without the paths to leave out. */
export async function fillWorktree(git: Git, worktree: LinkedWorktree, request: WorktreeRequest): Promise<void> {
	const call = { cwd: worktree.path, gitDir: worktree.gitDir, workTree: worktree.path };
	await git(["read-tree", request.base], call);
	const indexPath = join(worktree.gitDir, "index");
	const rawLength = request.objectIdLength / 2;
	const index = parseIndex(readFileSync(indexPath), rawLength);
	if (index !== null) writeFileSync(indexPath, formatIndex(skipPaths(index, request.leaveOut), rawLength));
	await git(["checkout-index", "--all", "--force", "--index"], { ...call, config: { "core.sparseCheckout": "false" } });
}

/** Keeps the index as it was before the runner could touch it: the stat cache of the collection. */
export function keepPristineIndex(worktree: LinkedWorktree, target: string): void {
	const source = join(worktree.gitDir, "index");
	copyFileSync(source, target);
	// The time tells git which entries are too young to be trusted by their stat data alone.
	const { atime, mtimeMs } = statSync(source);
	utimesSync(target, atime, new Date(Math.floor(mtimeMs)));
}

export interface ListedWorktree {
	readonly path: string;
	readonly head: string | null;
	readonly branch: string | null;
	/** Why it is locked: a run's worktree names the run that made it. null when it is not locked. */
	readonly lockReason: string | null;
	readonly prunable: boolean;
}

/** All worktrees that git knows, the main one first. */
export async function listWorktrees(git: Git): Promise<ListedWorktree[]> {
	const result = await gitWorktree(git, ["list", "--porcelain", "-z"]);
	return result.stdout
		.toString("utf8")
		.split("\0\0")
		.filter((block) => block.trim() !== "")
		.map((block) => {
			const fields = new Map(block.split("\0").map((line) => splitOnce(line)));
			return {
				path: fields.get("worktree") ?? "",
				head: fields.get("HEAD") ?? null,
				branch: fields.get("branch") ?? null,
				lockReason: fields.get("locked") ?? null,
				prunable: fields.has("prunable"),
			};
		});
}

/** What git has on record of the worktree at `path`, read from its own folder; null when it knows of none. */
export async function linkedWorktreeAt(
	commonDir: string,
	path: string,
	reader: ObjectReader,
): Promise<ListedWorktree | null> {
	const folder = recordOf(commonDir, path);
	if (folder === null) return null;
	const content = readText(join(folder, "HEAD"))?.trim() ?? "";
	const branch = /^ref: (.+)$/.exec(content)?.[1] ?? null;
	const head = branch === null ? content : ((await reader.read(branch))?.oid ?? null);
	return {
		path,
		head,
		branch,
		lockReason: readText(join(folder, "locked"))?.trim() ?? null,
		prunable: !existsSync(path),
	};
}

function recordOf(commonDir: string, path: string): string | null {
	const records = join(commonDir, "worktrees");
	if (!existsSync(records)) return null;
	const names = readdirSync(records).filter(
		(name) => readText(join(records, name, "gitdir"))?.trim() === join(path, ".git"),
	);
	return names[0] === undefined ? null : join(records, names[0]);
}

function readText(path: string): string | null {
	try {
		return readFileSync(path, "utf8");
	} catch (cause) {
		// Another task's worktree may be removed while we look.
		if (["ENOENT", "ENOTDIR"].includes((cause as NodeJS.ErrnoException).code ?? "")) return null;
		throw fileError("read", path, cause);
	}
}

/** Removes the folder and git's record of it. The caller has proven that its work is kept. */
export async function removeWorktree(git: Git, commonDir: string, path: string): Promise<void> {
	const stat = lstatSync(path, { throwIfNoEntry: false });
	if (stat !== undefined && !stat.isDirectory()) {
		throw new MsgcodeError("worktree_unreadable", `${path} is not a folder, so it is not removed.`, {
			hint: "Look at it and move it away.",
		});
	}
	try {
		// A half-deleted folder would look like somebody's work: it goes in one step, and what it held after that.
		if (stat !== undefined) {
			const aside = `${path}${temporaryName()}`;
			renameSync(path, aside);
			failPoint("worktree.set-aside");
			rmSync(aside, { recursive: true, force: true, maxRetries: 3 });
		}
	} catch (cause) {
		throw fileError("remove", path, cause);
	}
	failPoint("worktree.deleted");
	const record = recordOf(commonDir, path);
	if (record === null) return;
	if (isHalfMade(record)) rmSync(record, { recursive: true, force: true });
	else await gitWorktree(git, ["remove", "--force", "--force", path]);
}

/** A git that was killed while it made a record: git itself can then neither list nor remove any worktree. */
function isHalfMade(record: string): boolean {
	return (readText(join(record, "commondir")) ?? "").trim() === "";
}

const MAX_ROUNDS = 40;
const ROUND_MS = 25;

/** git gives up, with nothing done, when it meets the record of another worktree that is just being made: it is asked again. */
async function gitWorktree(git: Git, args: readonly string[]): Promise<GitResult> {
	for (let round = 1; ; round += 1) {
		try {
			return await git(["worktree", ...args]);
		} catch (cause) {
			const passing = cause instanceof MsgcodeError && /failed to read \S*worktrees\/\S+/.test(cause.message);
			if (!passing || round === MAX_ROUNDS) throw cause;
		}
		await sleep(ROUND_MS * (0.5 + Math.random()));
	}
}

function worktreeFailure(cause: unknown, branch: string): unknown {
	if (!(cause instanceof MsgcodeError) || cause.code !== "git_failed") return cause;
	const [first = ""] = branch.split("/");
	if (/cannot lock ref|unable to create directory|exists; cannot create/.test(cause.message)) {
		return new MsgcodeError("ledger_path_taken", `A branch named ${first} is in the way of ${branch}.`, {
			cause,
			hint: `Rename the branch ${first}: git keeps branch names like files, and a file cannot also be a folder.`,
		});
	}
	return cause;
}

function splitOnce(line: string): [string, string] {
	const space = line.indexOf(" ");
	return space < 0 ? [line, ""] : [line.slice(0, space), line.slice(space + 1)];
}
