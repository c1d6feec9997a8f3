// The worktree of a task: made for a run, gone on with, recycled, removed.
// Invariant: a folder goes away only when its tree is one that a receipt records and a ref keeps, or holds nothing but its base.
import { existsSync, lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../core/errors.ts";
import { failPoint } from "../core/failpoint.ts";
import { ensureFolder } from "../core/files.ts";
import { collectTree } from "../git/collect.ts";
import { gitDirOf } from "../git/location.ts";
import type { Git } from "../git/plumbing.ts";
import { addWorktree, fillWorktree, keepPristineIndex, listWorktrees, removeWorktree } from "../git/worktree.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { isLedgerPath } from "../ledger/paths.ts";
import type { Receipt } from "../ledger/receipt.ts";
import { readReceipt, runIdsOf } from "../ledger/runs.ts";
import { fromTop, type Workspace } from "../ledger/workspace.ts";
import { makeRunFolder, type RunFolder, runFolderAt } from "./run-folder.ts";

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
	return workspace.prefix === "" ? worktree : join(worktree, workspace.prefix);
}

export function branchOf(taskId: string, runId: string): string {
	return `msgcode/${taskId}/${runId}`;
}

export function runRef(runId: string): string {
	return `refs/msgcode/runs/${runId}`;
}

/** Where the commits that an agent made itself are kept. */
export function agentHeadRef(runId: string): string {
	return `refs/msgcode/heads/${runId}`;
}

/** True for a path, relative to the top folder, that is the ledger's. */
export function ledgerPathTest(workspace: Workspace): (path: string) => boolean {
	const prefix = workspace.prefix === "" ? "" : `${workspace.prefix}/`;
	return (path) => path.startsWith(prefix) && isLedgerPath(path.slice(prefix.length));
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

export interface KeptVerdict {
	readonly kept: boolean;
	/** Why not, or what keeps it. */
	readonly reason: string;
	/** The newest run whose worktree this is. */
	readonly lastRun: Receipt | null;
}

/** Whether everything in a task's worktree is kept elsewhere. What cannot be read is not kept. */
export async function isWorkKept(ledger: Ledger, taskId: string): Promise<KeptVerdict> {
	const { workspace, git } = ledger;
	const path = worktreePath(workspace, taskId);
	const receipts = runIdsOf(workspace.root, taskId)
		.flatMap((runId) => readReceipt(workspace.root, taskId, runId) ?? [])
		.filter((receipt) => receipt.mode === "worktree")
		.reverse();
	const lastRun = receipts[0] ?? null;
	const stat = lstatSync(path, { throwIfNoEntry: false });
	if (stat === undefined) return { kept: true, reason: "The folder is gone already.", lastRun };
	if (!stat.isDirectory()) return { kept: false, reason: "It is no folder.", lastRun };
	const head = await worktreeHead(git, path);
	const base = lastRun?.baseCommit ?? head;
	if (base === null) return { kept: false, reason: "git cannot tell what it started from.", lastRun };
	const folder = makeRunFolder(workspace.stateDir, lastRun?.runId ?? `worktree-${taskId}`);
	const pristine = lastRun === null ? null : folder.pristineIndex;
	const tree = await collectWorktree(ledger, path, base, folder, pristine).then(
		(collected) => collected.tree,
		(error: Error) => error,
	);
	if (typeof tree !== "string") return { kept: false, reason: tree.message, lastRun };
	const baseTree = (await git(["rev-parse", `${base}^{tree}`])).stdout.toString("utf8").trim();
	if (head !== null && head !== base && !(await isReachable(git, head, branchRefOf(lastRun)))) {
		return { kept: false, reason: `Commits made in it (${head.slice(0, 12)}) are on no other branch.`, lastRun };
	}
	if (tree === baseTree) return { kept: true, reason: "It holds nothing but its base.", lastRun };
	for (const receipt of receipts) {
		if (receipt.ref === null || (receipt.tree !== tree && receipt.treeAfterChecks !== tree)) continue;
		const kept = await git(["rev-parse", "--verify", "--quiet", `${receipt.ref}^{commit}`], { accept: [0, 1, 128] });
		if (kept.code === 0) return { kept: true, reason: `Run ${receipt.runId} keeps it.`, lastRun };
	}
	return { kept: false, reason: "It holds changes that no run has recorded.", lastRun };
}

/** Removes the worktree and its branch after isWorkKept, or with `force` after the caller kept the work otherwise. */
export async function removeTaskWorktree(ledger: Ledger, taskId: string, verdict: KeptVerdict): Promise<void> {
	const { workspace, git } = ledger;
	if (!verdict.kept) {
		throw new MsgcodeError("worktree_kept", `The worktree of ${taskId} stays: ${verdict.reason}`, {
			hint: `Record it with \`msgcode task run ${taskId} --continue\`, or look at ${worktreePath(workspace, taskId)}.`,
		});
	}
	const path = worktreePath(workspace, taskId);
	await removeWorktree(git, path);
	const prefix = `refs/heads/msgcode/${taskId}/`;
	const branches = await git(["for-each-ref", "--format=%(objectname) %(refname)", prefix]);
	for (const line of branches.stdout
		.toString("utf8")
		.split("\n")
		.filter((text) => text !== "")) {
		const [oid = "", name = ""] = line.split(" ");
		if (await isReachable(git, oid, name)) await git(["update-ref", "-d", name, oid]);
	}
}

/** Frees the folder for a new run, or refuses because its work is kept nowhere else. */
export async function recycleWorktree(ledger: Ledger, taskId: string): Promise<void> {
	if (!existsSync(worktreePath(ledger.workspace, taskId))) {
		// A folder deleted by hand leaves git's record behind, which would refuse a new one of that name.
		await removeWorktree(ledger.git, worktreePath(ledger.workspace, taskId));
		return;
	}
	await removeTaskWorktree(ledger, taskId, await isWorkKept(ledger, taskId));
}

/** The worktree of the task's last run, to work on in. Throws `worktree_not_found`. */
export function continueWorktree(ledger: Ledger, taskId: string, lastRun: Receipt | null): TaskWorktree {
	const path = worktreePath(ledger.workspace, taskId);
	const gitDir = existsSync(path) ? gitDirOf(path) : null;
	if (gitDir === null || lastRun === null || lastRun.baseCommit === null) {
		throw new MsgcodeError("worktree_not_found", `${taskId} has no worktree of an earlier run to go on with.`, {
			hint: `Start afresh: msgcode task run ${taskId}`,
		});
	}
	const head = readFileSync(join(gitDir, "HEAD"), "utf8").trim();
	return { path, gitDir, branch: head.replace(/^ref: refs\/heads\//, ""), continued: true };
}

export function collectWorktree(
	ledger: Ledger,
	path: string,
	base: string,
	folder: RunFolder,
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
export async function worktreeHead(git: Git, path: string): Promise<string | null> {
	const known = (await listWorktrees(git)).find((worktree) => worktree.path === path);
	return known?.head == null || /^0+$/.test(known.head) ? null : known.head;
}

/** True when a ref other than `except` holds the commit. */
async function isReachable(git: Git, commit: string, except: string | null): Promise<boolean> {
	const result = await git(["for-each-ref", "--contains", commit, "--format=%(refname)"], { accept: [0, 129] });
	const names = result.stdout
		.toString("utf8")
		.split("\n")
		.filter((name) => name !== "");
	return names.some((name) => name !== except && !name.startsWith("refs/heads/msgcode/"));
}

function branchRefOf(receipt: Receipt | null): string | null {
	return receipt === null ? null : `refs/heads/${branchOf(receipt.taskId, receipt.runId)}`;
}
