// The worktree of a task: where it is, made for a run, gone on with, collected.
// Invariant: what a worktree started from is told by the run that made it, never by what happens to be newest.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { failPoint } from "../../core/failpoint.ts";
import { ensureFolder } from "../../core/files.ts";
import { isRunId } from "../../core/ids.ts";
import { collectTree } from "../../git/collect.ts";
import { gitDirOf } from "../../git/location.ts";
import type { Git } from "../../git/plumbing.ts";
import {
	addWorktree,
	fillWorktree,
	keepPristineIndex,
	type ListedWorktree,
	linkedWorktreeAt,
} from "../../git/worktree.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import { readReceipt, runIdsOf } from "../../ledger/runs/runs.ts";
import { fromTop, isLedgerPathOf, type Workspace } from "../../ledger/workspace.ts";
import { type RunFolder, runFolderAt } from "../run/run-folder.ts";

export interface TaskWorktree {
	readonly path: string;
	readonly gitDir: string;
	readonly branch: string;
	readonly continued: boolean;
}

export function worktreePath(workspace: Workspace, taskId: string): string {
	return join(workspace.root, "worktrees", taskId);
}

/** The folder in which a runner works: the workspace's place inside the worktree. */
export function workingFolder(workspace: Workspace, worktree: string): string {
	return join(worktree, workspace.prefix);
}

export function branchOf(taskId: string, runId: string): string {
	return `msgcode/${taskId}/${runId}`;
}

export function runRef(runId: string): string {
	return `refs/msgcode/runs/${runId}`;
}

/** Where the tree is kept that the checks of a run left, if it is another one than the runner's. */
export function afterChecksRef(runId: string): string {
	return `refs/msgcode/after-checks/${runId}`;
}

/** Where the user's uncommitted work is kept that a run took along. */
export function carryRef(runId: string): string {
	return `refs/msgcode/carry/${runId}`;
}

/** Where the commits that an agent made itself are kept. */
export function agentHeadRef(runId: string): string {
	return `refs/msgcode/heads/${runId}`;
}

/** True for a path, relative to the top folder, that is the ledger's. */
export function ledgerPathTest(workspace: Workspace): (path: string) => boolean {
	return (path) => isLedgerPathOf(workspace, path);
}

/** Makes the worktree of a run. A folder of an earlier run must be out of the way (see recycleWorktree). */
export async function makeTaskWorktree(
	ledger: Ledger,
	taskId: string,
	runId: string,
	base: string,
): Promise<TaskWorktree> {
	const { workspace, git } = ledger;
	ensureFolder(join(workspace.root, "worktrees"));
	const request = {
		path: worktreePath(workspace, taskId),
		branch: branchOf(taskId, runId),
		base,
		reason: `msgcode ${runId}`,
		objectIdLength: workspace.objectIdLength,
		leaveOut: ledgerPathTest(workspace),
	};
	const linked = await addWorktree(git, request);
	failPoint("run.worktree-added");
	await fillWorktree(git, linked, request);
	keepPristineIndex(linked, runFolderAt(workspace.stateDir, runId).pristineIndex);
	ensureFolder(workingFolder(workspace, linked.path));
	return { ...linked, branch: request.branch, continued: false };
}

/** Throws unless git, asked inside the worktree, names the worktree itself as its top folder. */
export async function refuseForeignTop(git: Git, worktree: string): Promise<void> {
	const result = await git(["rev-parse", "--show-toplevel"], { cwd: worktree });
	const top = result.stdout.toString("utf8").replace(/\n$/, "");
	if (top !== worktree) {
		throw new MsgcodeError(
			"worktree_unreadable",
			`git takes ${top}, not ${worktree}, as the worktree's top folder; nothing was run.`,
		);
	}
}

/** The worktree of an earlier run, to work on in, with the commit that it started from. Throws `worktree_not_found`. */
export async function continueWorktree(
	ledger: Ledger,
	taskId: string,
): Promise<{ readonly worktree: TaskWorktree; readonly base: string }> {
	const path = worktreePath(ledger.workspace, taskId);
	const gitDir = existsSync(path) ? gitDirOf(path) : null;
	const known = gitDir === null ? null : await registeredWorktree(ledger, path);
	// Not the task's newest run: another clone may have run it since, from another commit.
	const base = receiptOfWorktree(ledger, taskId, known)?.baseCommit ?? null;
	if (gitDir === null || base === null) {
		throw new MsgcodeError("worktree_not_found", `${taskId} has no worktree of an earlier run to go on with.`, {
			hint: `Start afresh: msgcode task run ${taskId}`,
		});
	}
	const head = readFileSync(join(gitDir, "HEAD"), "utf8").trim();
	return { worktree: { path, gitDir, branch: head.replace(/^ref: refs\/heads\//, ""), continued: true }, base };
}

/** What git has on record of the worktree at `path`; null when it knows of none. */
export async function registeredWorktree(ledger: Ledger, path: string): Promise<ListedWorktree | null> {
	const reader = ledger.openReader();
	return linkedWorktreeAt(ledger.workspace.commonDir, path, reader).finally(() => reader.close());
}

/** The run that made the worktree, as its lock and its branch tell; null when neither does. */
export function makerOf(known: ListedWorktree | null): string | null {
	const fromLock = /^msgcode (\S+)$/.exec(known?.lockReason ?? "")?.[1];
	const fromBranch = /^refs\/heads\/msgcode\/[^/]+\/([^/]+)$/.exec(known?.branch ?? "")?.[1];
	return [fromLock, fromBranch].find(isRunId) ?? null;
}

/** The receipt of the run that made the worktree; of the task's newest run in one where git cannot tell. */
export function receiptOfWorktree(ledger: Ledger, taskId: string, known: ListedWorktree | null): Receipt | null {
	const { root } = ledger.workspace;
	const maker = makerOf(known);
	if (maker !== null) return readReceipt(root, taskId, maker);
	return worktreeReceipts(ledger, taskId)[0] ?? null;
}

/** The receipts of the task's runs in a worktree, the newest first. */
export function worktreeReceipts(ledger: Ledger, taskId: string): Receipt[] {
	const { root } = ledger.workspace;
	return runIdsOf(root, taskId)
		.flatMap((runId) => readReceipt(root, taskId, runId) ?? [])
		.filter((receipt) => receipt.mode === "worktree")
		.reverse();
}

export function collectWorktree(
	ledger: Ledger,
	path: string,
	base: string,
	folder: Pick<RunFolder, "scratch">,
	pristineIndex: string | null,
) {
	const { workspace, git } = ledger;
	return collectTree(git, {
		worktree: path,
		commonDir: workspace.commonDir,
		base,
		pristineIndex,
		scratch: folder.scratch,
		tasksPath: fromTop(workspace, "tasks"),
		isLedgerPath: ledgerPathTest(workspace),
	});
}

/** The commit that the worktree's HEAD is at, read through git's own record of it; null when that is gone. */
export async function worktreeHead(ledger: Ledger, path: string): Promise<string | null> {
	const known = await registeredWorktree(ledger, path);
	return known?.head == null || /^0+$/.test(known.head) ? null : known.head;
}
