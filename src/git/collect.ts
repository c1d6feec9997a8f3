// Turns what a runner left in its worktree into a tree, whatever it did to git in there.
// Invariant: the ledger's paths in the tree are the base's, and a worktree that cannot be read is an error, never "no changes".
import { copyFileSync, existsSync, lstatSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../core/errors.ts";
import type { Git, GitOptions } from "./plumbing.ts";

const LOOSE_OBJECTS = 100;

export interface CollectRequest {
	readonly worktree: string;
	readonly commonDir: string;
	/** Commit id of the base. */
	readonly base: string;
	/** The index kept from before the run, or null: then every file is read. */
	readonly pristineIndex: string | null;
	/** A folder of ours for temporary index files. */
	readonly scratch: string;
	/** The workspace's `tasks` folder, relative to the top folder. */
	readonly tasksPath: string;
	readonly isLedgerPath: (path: string) => boolean;
}

export interface CollectWarning {
	readonly code: string;
	readonly message: string;
	readonly paths?: readonly string[];
}

export interface Collected {
	readonly tree: string;
	readonly warnings: readonly CollectWarning[];
}

/** Throws `worktree_unreadable` when the folder or a file in it cannot be read. */
export async function collectTree(git: Git, request: CollectRequest): Promise<Collected> {
	const { worktree, scratch, base } = request;
	const stat = lstatSync(worktree, { throwIfNoEntry: false });
	if (stat?.isDirectory() !== true) {
		throw new MsgcodeError("worktree_unreadable", `The worktree ${worktree} is gone or is no folder any more.`);
	}
	const indexFile = join(scratch, "collect.index");
	const call = callFor(request.commonDir, worktree, indexFile);
	const warnings: CollectWarning[] = [];
	try {
		if (request.pristineIndex !== null && existsSync(request.pristineIndex)) {
			copyFileSync(request.pristineIndex, indexFile);
			const { atime, mtime } = statSync(request.pristineIndex);
			utimesSync(indexFile, atime, mtime);
		} else {
			await git(["read-tree", base], call);
		}
		const { changed, nested } = await addEverything(git, call, scratch);
		if (nested.length > 0) {
			const message =
				"Repositories inside the worktree were taken as plain files; their own history is not part of the patch.";
			warnings.push({ code: "nested_repository", message, paths: nested });
		}
		const tasksPath = Buffer.from(request.tasksPath).toString("latin1"); // as the changed paths are
		if (changed.some((path) => touches(path, tasksPath))) await overlayLedger(git, call, request);
		const strangers = ledgerFilesIn(request);
		if (strangers.length > 0) {
			const message = "The run wrote ledger files in its worktree. They are not part of the patch.";
			warnings.push({ code: "ledger_paths_ignored", message, paths: strangers });
		}
		const [empty, written] = await Promise.all([emptyFolders(git, call, request), git(["write-tree"], call)]);
		if (empty.length > 0) {
			warnings.push({
				code: "empty_folders",
				message: "git does not keep empty folders; these are not part of the patch.",
				paths: empty,
			});
		}
		return { tree: written.stdout.toString("utf8").trim(), warnings };
	} catch (cause) {
		if (cause instanceof MsgcodeError && cause.code === "git_failed") {
			throw new MsgcodeError("worktree_unreadable", `The worktree ${worktree} cannot be read whole: ${cause.message}`, {
				cause,
			});
		}
		throw cause;
	} finally {
		rmSync(indexFile, { force: true });
	}
}

/** The shared git folder is named outright: a `.git` that the runner deleted or made anew has no say. */
function callFor(commonDir: string, workTree: string, indexFile: string): GitOptions {
	const config = { "core.sparseCheckout": "false", "advice.addEmbeddedRepo": "false", "core.bare": "false" };
	return { cwd: workTree, gitDir: commonDir, workTree, indexFile, config };
}

interface Added {
	/** Paths that differ from the index, and untracked ones; a nested repository's ends in "/". */
	readonly changed: readonly string[];
	readonly nested: readonly string[];
}

/** True when a changed path may be, or hold, one of the ledger's. */
function touches(path: string, tasksPath: string): boolean {
	return (
		path.startsWith(`${tasksPath}/`) ||
		path === tasksPath ||
		`${tasksPath}/`.startsWith(path.endsWith("/") ? path : `${path}/`)
	);
}

/** Adds every file that is not ignored; nested repositories' files are added as files. */
async function addEverything(git: Git, call: GitOptions, scratch: string): Promise<Added> {
	const listed = await git(["ls-files", "--others", "--modified", "--exclude-standard", "-z"], call);
	const changed = listed.stdout.toString("latin1").split("\0").slice(0, -1);
	if (changed.length === 0) return { changed, nested: [] };
	const nested = changed.filter((path) => path.endsWith("/")).map((path) => path.slice(0, -1));
	// Many files go into one pack: an fsync for each loose object would take twenty times as long.
	const config = changed.length > LOOSE_OBJECTS ? { ...call.config, "core.bigFileThreshold": "1" } : call.config;
	const pathspecs = [":/", ...nested.map((path) => `:(exclude,top,literal)${path}`)];
	const stdin = Buffer.from(`${pathspecs.join("\0")}\0`, "latin1");
	await git(["add", "--all", "--pathspec-from-file=-", "--pathspec-file-nul"], {
		...call,
		stdin,
		config: config ?? {},
	});
	for (const [position, path] of nested.entries()) {
		const folder = join(call.workTree as string, Buffer.from(path, "latin1").toString("utf8"));
		const indexFile = `${call.indexFile}.${position}`;
		const inner = { ...call, cwd: folder, workTree: folder, indexFile };
		try {
			await addEverything(git, inner, scratch);
			await leaveOutIgnored(git, call, inner, path);
			const tree = (await git(["write-tree"], inner)).stdout.toString("utf8").trim();
			await git(["read-tree", `--prefix=${Buffer.from(path, "latin1").toString("utf8")}/`, tree], call);
		} finally {
			rmSync(indexFile, { force: true });
		}
	}
	return { changed, nested: nested.map((path) => Buffer.from(path, "latin1").toString("utf8")) };
}

/** What the outer repository ignores it ignores in the folders of a nested one as well, whose own rules know nothing of it. */
async function leaveOutIgnored(git: Git, outer: GitOptions, inner: GitOptions, folder: string): Promise<void> {
	const added = (await git(["ls-files", "-z"], inner)).stdout.toString("latin1").split("\0").slice(0, -1);
	if (added.length === 0) return;
	const stdin = Buffer.from(added.map((path) => `${folder}/${path}\0`).join(""), "latin1");
	const asked = await git(["check-ignore", "--no-index", "-z", "--stdin"], { ...outer, stdin, accept: [0, 1] });
	const ignored = asked.stdout.toString("latin1").split("\0").slice(0, -1);
	if (ignored.length === 0) return;
	const names = ignored.map((path) => `${path.slice(folder.length + 1)}\0`).join("");
	await git(["update-index", "--force-remove", "-z", "--stdin"], { ...inner, stdin: Buffer.from(names, "latin1") });
}

/** Puts the base's ledger entries into the index and takes every other ledger path out. */
async function overlayLedger(git: Git, call: GitOptions, request: CollectRequest): Promise<void> {
	const now = await git(["ls-files", "--stage", "-z", "--", `:(top,literal)${request.tasksPath}`], call);
	const then = await git(["ls-tree", "-r", "-z", "--full-tree", request.base, "--", request.tasksPath], call);
	const current = entriesByPath(now.stdout, /^(\d+) ([0-9a-f]+) \d\t(.*)$/s, request.isLedgerPath);
	const wanted = entriesByPath(then.stdout, /^(\d+) \w+ ([0-9a-f]+)\t(.*)$/s, request.isLedgerPath);
	const lines: string[] = [];
	for (const [path, entry] of current) {
		const base = wanted.get(path);
		if (base === entry) continue;
		lines.push(
			base === undefined ? `0 ${"0".repeat(entry.split(" ")[1]?.length ?? 40)}\t${path}\0` : `${base}\t${path}\0`,
		);
	}
	for (const [path, entry] of wanted) if (!current.has(path)) lines.push(`${entry}\t${path}\0`);
	if (lines.length > 0) await git(["update-index", "-z", "--index-info"], { ...call, stdin: lines.join("") });
}

function entriesByPath(output: Buffer, form: RegExp, wanted: (path: string) => boolean): Map<string, string> {
	const entries = new Map<string, string>();
	for (const line of output.toString("utf8").split("\0")) {
		const found = form.exec(line);
		if (found !== null && wanted(found[3] as string)) entries.set(found[3] as string, `${found[1]} ${found[2]}`);
	}
	return entries;
}

/** Ledger-named files lying in the worktree: none was checked out there, so the runner made them. */
function ledgerFilesIn(request: CollectRequest): string[] {
	const folder = join(request.worktree, request.tasksPath);
	if (!existsSync(folder)) return [];
	const names = readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => !entry.isDirectory())
		.map((entry) => join(entry.parentPath, entry.name).slice(request.worktree.length + 1));
	return names.filter(request.isLedgerPath);
}

/** Folders without a file that the run made. One that only lost its files goes with them, as everywhere in git. */
async function emptyFolders(git: Git, call: GitOptions, { worktree, base }: CollectRequest): Promise<string[]> {
	const listed = await git(["ls-files", "--others", "--directory", "--exclude-standard", "-z"], call);
	const empty = listed.stdout
		.toString("utf8")
		.split("\0")
		.filter((path) => path.endsWith("/") && isEmpty(join(worktree, path)));
	if (empty.length === 0) return [];
	const folders = await git(["ls-tree", "-r", "-d", "-z", "--name-only", "--full-tree", base], call);
	const former = new Set(folders.stdout.toString("utf8").split("\0"));
	return empty.filter((path) => !former.has(path.slice(0, -1)));
}

/** git lists folders of ignored files as well: those are not lost, they are left out on purpose. */
function isEmpty(folder: string): boolean {
	return readdirSync(folder, { withFileTypes: true }).every(
		(entry) => entry.isDirectory() && isEmpty(join(folder, entry.name)),
	);
}
