// Takes a task's worktree and its branch away: after a landing, on request, or to make room for the next run.
// Invariant: nothing goes that isWorkKept does not answer for, and never under the feet of a live run.
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { isTaskId } from "../../core/ids.ts";
import { acquireLock } from "../../core/lock.ts";
import { listWorktrees, removeWorktree } from "../../git/worktree.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { readClaim } from "../run/claim.ts";
import { isHeldElsewhere, isWorkKept, type KeptVerdict } from "./kept-work.ts";
import { makerOf, registeredWorktree, worktreePath } from "./worktree.ts";

/**
 * Removes the worktree of a task that has no live run. `wanted` may still say no, seeing the verdict. Throws
 * `task_running`, `worktree_kept`, `worktree_not_found`.
 */
export async function discardWorktree(
	ledger: Ledger,
	taskId: string,
	wanted: (verdict: KeptVerdict) => boolean = () => true,
): Promise<{ readonly removed: boolean; readonly verdict: KeptVerdict }> {
	return whileUnremoved(ledger, taskId, async () => {
		refuseLiveRun(ledger, taskId);
		const path = worktreePath(ledger.workspace, taskId);
		if (!existsSync(path) && (await registeredWorktree(ledger, path)) === null) {
			throw new MsgcodeError("worktree_not_found", `${taskId} has no worktree.`);
		}
		const verdict = await isWorkKept(ledger, taskId);
		if (!wanted(verdict)) return { removed: false, verdict };
		await removeKept(ledger, taskId, verdict);
		return { removed: true, verdict };
	});
}

/** Frees the folder for a new run, or refuses because its work is kept nowhere else. For the holder of the task's claim. */
export async function recycleWorktree(ledger: Ledger, taskId: string): Promise<void> {
	await whileUnremoved(ledger, taskId, async () => {
		await removeKept(ledger, taskId, await isWorkKept(ledger, taskId));
	});
}

/** Runs `work` while nobody else removes the task's worktree. A run claims the task first, so a remover sees its claim. */
export async function whileUnremoved<T>(ledger: Ledger, taskId: string, work: () => Promise<T>): Promise<T> {
	const path = join(ledger.workspace.stateDir, `worktree-${taskId}.lock`);
	const { lockTimeoutMs } = ledger.settings;
	const lock = await acquireLock(path, { command: ledger.command, timeoutMs: lockTimeoutMs });
	try {
		return await work();
	} finally {
		lock.release();
	}
}

/** Throws `task_running` while the task has a live run. */
export function refuseLiveRun(ledger: Ledger, taskId: string): void {
	const claim = readClaim(ledger.workspace.stateDir, taskId);
	if (claim === null) return;
	throw new MsgcodeError("task_running", `${taskId} has a live run, ${claim.runId}.`, {
		details: { taskId, runId: claim.runId },
	});
}

async function removeKept(ledger: Ledger, taskId: string, verdict: KeptVerdict): Promise<void> {
	const { workspace, git } = ledger;
	const path = worktreePath(workspace, taskId);
	if (!verdict.kept) {
		throw new MsgcodeError("worktree_kept", `The worktree of ${taskId} stays: ${verdict.reason}`, {
			hint: `Record it with \`msgcode task run ${taskId} --continue\`, or look at ${path}.`,
			details: { taskId, path },
		});
	}
	// A folder deleted by hand leaves git's record behind, which would refuse a new one of that name.
	await removeWorktree(git, workspace.commonDir, path);
	const branches = await git(["for-each-ref", "--format=%(objectname) %(refname)", `refs/heads/msgcode/${taskId}/`]);
	for (const line of branches.stdout.toString("utf8").split("\n")) {
		const [oid = "", name = ""] = line.split(" ");
		if (name !== "" && (await isHeldElsewhere(git, oid))) await git(["update-ref", "-d", name, oid]);
	}
}

export interface TaskWorktreeState {
	readonly taskId: string;
	readonly path: string;
	/** The run that made it, where that is known. */
	readonly runId: string | null;
	readonly branch: string | null;
	/** `live` while a run works in it, `missing` when the folder is gone; else whether its work is kept elsewhere. */
	readonly state: "live" | "kept" | "unkept" | "missing";
	readonly reason: string;
}

/** The worktrees of all tasks, by task id. */
export async function listTaskWorktrees(ledger: Ledger): Promise<TaskWorktreeState[]> {
	const { workspace, git } = ledger;
	const folder = join(workspace.root, "worktrees");
	const known = (await listWorktrees(git)).filter(({ path }) => dirname(path) === folder && isTaskId(basename(path)));
	const there = lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(folder) : [];
	const taskIds = new Set([...there.filter(isTaskId), ...known.map(({ path }) => basename(path))]);
	const states: TaskWorktreeState[] = [];
	for (const taskId of [...taskIds].sort()) {
		const path = join(folder, taskId);
		const registered = known.find((worktree) => worktree.path === path) ?? null;
		const branch = registered?.branch?.replace(/^refs\/heads\//, "") ?? null;
		const shared = { taskId, path, branch };
		const claim = readClaim(workspace.stateDir, taskId);
		if (claim !== null) {
			states.push({ ...shared, runId: claim.runId, state: "live", reason: `The run ${claim.runId} works in it.` });
			continue;
		}
		const { kept, reason, madeBy } = await isWorkKept(ledger, taskId);
		const state = !existsSync(path) ? "missing" : kept ? "kept" : "unkept";
		states.push({ ...shared, runId: madeBy ?? makerOf(registered), state, reason });
	}
	return states;
}

export interface Pruned {
	readonly taskId: string;
	readonly path: string;
	readonly removed: boolean;
	readonly reason: string;
}

/** Removes every worktree whose work is kept elsewhere. With `dryRun` it only says which. */
export async function pruneWorktrees(ledger: Ledger, dryRun: boolean): Promise<Pruned[]> {
	const pruned: Pruned[] = [];
	for (const { taskId, path, state, reason } of await listTaskWorktrees(ledger)) {
		const wanted = state === "kept" || state === "missing";
		if (!wanted || dryRun) {
			pruned.push({ taskId, path, removed: wanted, reason });
			continue;
		}
		try {
			const { verdict } = await discardWorktree(ledger, taskId);
			pruned.push({ taskId, path, removed: true, reason: verdict.reason });
		} catch (error) {
			// Something changed since the list was made: it stays, and the others go on.
			if (!(error instanceof MsgcodeError)) throw error;
			pruned.push({ taskId, path, removed: false, reason: error.message });
		}
	}
	return pruned;
}
