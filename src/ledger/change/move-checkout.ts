// Moves the checked-out branch, with its files and index, to another commit that holds all of its work.
// Invariant: files and index move before the branch does, so that a crash in between leaves staged additions and never a
// staged undoing; what the user staged, changed or left untracked stays, or the move is refused before it begins.
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MsgcodeError } from "../../core/errors.ts";
import { type Head, moveHead } from "../../git/head.ts";
import type { Git, GitResult } from "../../git/plumbing.ts";
import type { DirtyPath, Repo } from "../../git/repo.ts";
import type { Ledger } from "../ledger.ts";
import { changesBetween, type PathChange } from "../sync/unpushed.ts";
import { isLedgerPathOf } from "../workspace.ts";

/** Throws `sync_refused` naming the dirty files that the move from `head` to `target` would have to touch. */
export async function refuseOverlap(ledger: Ledger, repo: Repo, head: string, target: string): Promise<void> {
	const { git, workspace } = ledger;
	const changes = await changesBetween(git, workspace, head, target);
	if (changes.length === 0) return;
	const dirty = await repo.dirtyPaths();
	const inTheWay = [
		...(await overlapping(git, workspace.topLevel, changes, dirty)),
		...(await hiddenFiles(git, workspace.topLevel, changes, dirty)),
	];
	if (inTheWay.length === 0) return;
	const files = [...new Set(inTheWay)].sort();
	const shown = files.slice(0, 10).join(", ");
	const ours = files.some((path) => isLedgerPathOf(workspace, path));
	throw new MsgcodeError(
		"sync_refused",
		`The upstream changes files that have uncommitted work here: ${shown}${files.length > 10 ? " …" : ""}.`,
		{
			hint: ours
				? "Commit edits of task files with `msgcode commit`, other files with `git commit` (or `git stash`), then sync again."
				: "Commit them or put them aside with `git stash`, then sync again.",
			details: { files },
		},
	);
}

/** False when somebody else moved the branch meanwhile; files and index are then as they were. Call it under the lock. */
export async function moveCheckout(ledger: Ledger, head: Head, target: string, reason: string): Promise<boolean> {
	const { git, workspace } = ledger;
	const from = head.commit as string;
	await waitingForIndex(ledger, () => readTree(git, workspace.topLevel, from, target));
	let moved = false;
	try {
		moved = await moveHead(git, head, target, reason);
	} finally {
		if (!moved) await readTree(git, workspace.topLevel, target, from);
	}
	return moved;
}

async function readTree(git: Git, topLevel: string, from: string, to: string): Promise<GitResult> {
	// Entries whose stat data is unknown would count as changed; exit 1 only says that some really are.
	await git(["update-index", "-q", "--refresh"], { cwd: topLevel, accept: [0, 1] });
	return git(["read-tree", "-m", "-u", "--no-recurse-submodules", from, to], { cwd: topLevel }).catch(
		(error: unknown) => {
			if (!(error instanceof MsgcodeError) || error.code !== "git_failed") throw error;
			const words = String(error.details?.stderr ?? error.message).split("\n")[0] ?? "";
			throw new MsgcodeError("sync_refused", `git does not move this checkout: ${words.replace(/^error: /, "")}`, {
				cause: error,
				hint: "Commit or stash what `git status` shows, then sync again.",
			});
		},
	);
}

async function waitingForIndex(ledger: Ledger, work: () => Promise<unknown>): Promise<void> {
	const deadline = Date.now() + ledger.settings.lockTimeoutMs;
	for (let wait = 5; ; wait = Math.min(wait * 2, 100)) {
		try {
			await work();
			return;
		} catch (error) {
			if (!(error instanceof MsgcodeError) || error.code !== "index_locked" || Date.now() >= deadline) throw error;
			await sleep(wait);
		}
	}
}

async function overlapping(
	git: Git,
	topLevel: string,
	changes: readonly PathChange[],
	dirty: readonly DirtyPath[],
): Promise<string[]> {
	const byPath = new Map(changes.map((change) => [change.path, change]));
	const added = changes.filter(({ newOid }) => newOid !== null).map(({ path }) => path);
	const touched: string[] = [];
	const maybeThereAlready: DirtyPath[] = [];
	for (const entry of dirty) {
		if (byPath.has(entry.path)) {
			// A move that was killed before the branch followed left exactly this: staged as it is to be, and clean.
			if (entry.checkout.trim() === "" && entry.index !== "?") maybeThereAlready.push(entry);
			else touched.push(entry.path);
		} else if (added.some((path) => path.startsWith(`${entry.path}/`) || entry.path.startsWith(`${path}/`))) {
			touched.push(entry.path);
		}
	}
	if (maybeThereAlready.length === 0) return touched;
	const staged = await stagedIds(git, topLevel);
	return [
		...touched,
		...maybeThereAlready
			.filter(({ path }) => (staged.get(path) ?? null) !== (byPath.get(path)?.newOid ?? null))
			.map(({ path }) => path),
	];
}

/** Files that git ignores, and so does not call dirty, where the move would write. */
async function hiddenFiles(
	git: Git,
	topLevel: string,
	changes: readonly PathChange[],
	dirty: readonly DirtyPath[],
): Promise<string[]> {
	const seen = new Set(dirty.map(({ path }) => path));
	const there = changes.filter(
		({ path, oldOid, newOid }) =>
			oldOid === null && newOid !== null && !seen.has(path) && isFileInTheWay(join(topLevel, path)),
	);
	if (there.length === 0) return [];
	const staged = await stagedIds(git, topLevel);
	return there.filter(({ path }) => !staged.has(path)).map(({ path }) => path);
}

function isFileInTheWay(path: string): boolean {
	try {
		return !lstatSync(path).isDirectory();
	} catch (cause) {
		return (cause as NodeJS.ErrnoException).code === "ENOTDIR"; // a file stands where a folder is to be
	}
}

async function stagedIds(git: Git, topLevel: string): Promise<Map<string, string>> {
	const result = await git(["ls-files", "-s", "-z"], { cwd: topLevel });
	return new Map(
		result.stdout
			.toString("utf8")
			.split("\0")
			.filter((line) => line !== "")
			.map((line): [string, string] => [line.slice(line.indexOf("\t") + 1), line.split(" ")[1] ?? ""]),
	);
}
