// Brings runs to an end whose supervising process died: orphans are stopped, their work is collected and recorded.
// Invariant: a claim goes away only after its run is recorded, or after nothing had run yet.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { now, systemClock } from "../../core/clock.ts";
import { openEventLog, readEvents } from "../../core/events.ts";
import { removeFileIfThere, removeLeftoverTemporaries } from "../../core/files.ts";
import { sizedDigest } from "../../core/ids.ts";
import { acquireLock } from "../../core/lock.ts";
import { sweepMarked } from "../../core/supervisor.ts";
import { GIT_MARKER, gitMark } from "../../git/plumbing.ts";
import { holdPending, listPending } from "../../ledger/change/pending.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { parseMessage } from "../../ledger/message.ts";
import { runFolder } from "../../ledger/paths.ts";
import { readReceipt } from "../../ledger/runs/runs.ts";
import { readTask } from "../../ledger/task/store.ts";
import { cancelOpenQuestions } from "../human/human-loop.ts";
import { listEvidence } from "../permission/evidence.ts";
import { recycleWorktree } from "../worktree/remove-worktree.ts";
import { afterChecksRef, agentHeadRef, branchOf, carryRef, runRef, worktreePath } from "../worktree/worktree.ts";
import { RUN_MARKER } from "./attempt.ts";
import { type Claim, listClaims, ownerState, readClaim, releaseClaim } from "./claim.ts";
import { collectWork } from "./collect-work.ts";
import { concludeRun, keepEvents } from "./conclude.ts";
import { dropHalfMade } from "./prepare-run.ts";
import { makeRunFolder, noteEnding, type RunEnding, type RunFolder, readEnding, tidyRunFolder } from "./run-folder.ts";

/** True when some run's owner is dead. Cheap enough for every command. */
export function hasAbandonedRuns(ledger: Ledger): boolean {
	return listClaims(ledger.workspace.stateDir, ledger.now()).some(({ owner }) => owner === "dead");
}

/** Ends every run whose owner is dead. Returns their run ids. */
export async function recoverRuns(ledger: Ledger): Promise<string[]> {
	const { stateDir } = ledger.workspace;
	if (!hasAbandonedRuns(ledger)) return [];
	// Two commands may find the same dead run: one of them sees to it.
	const lock = await acquireLock(join(stateDir, "recovery.lock"), { command: "recovery", timeoutMs: 60_000 });
	const ended: string[] = [];
	try {
		for (const { claim } of listClaims(stateDir, ledger.now())) {
			const current = readClaim(stateDir, claim.taskId);
			if (current?.owner !== claim.owner || ownerState(current, ledger.now()) !== "dead") continue;
			await recoverRun(ledger, current);
			ended.push(claim.runId);
		}
	} finally {
		lock.release();
	}
	return ended;
}

async function recoverRun(ledger: Ledger, claim: Claim): Promise<void> {
	const { stateDir, root } = ledger.workspace;
	await sweepMarked({ name: RUN_MARKER, value: claim.runId });
	// A git that outlived it could still be at work in the worktree that is now looked at.
	await sweepMarked({ name: GIT_MARKER, value: gitMark(claim.identity) });
	for (const ref of refsOfRun(claim)) removeFileIfThere(join(ledger.workspace.commonDir, `${ref}.lock`));
	const recorded = readReceipt(root, claim.taskId, claim.runId) !== null;
	const waiting = listPending(stateDir).filter((pending) => parseMessage(pending.message).runId === claim.runId);
	for (const pending of waiting) await holdPending(ledger, pending);
	const folder = makeRunFolder(stateDir, claim.runId);
	if (!recorded && waiting.length === 0) {
		const ending = readEnding(folder) ?? (await abortedEnding(ledger, claim, folder));
		noteEnding(folder, ending);
		const events = finishEvents(claim, folder, ending);
		await concludeRun(ledger, { title: titleOf(root, claim), claim, folder, ending, events });
	} else if (recorded) {
		// It may have died in the instant between its commit and this.
		const events = finishEvents(claim, folder, readEnding(folder));
		keepEvents(ledger, { events, folder }, runFolder(claim.taskId, claim.runId));
	}
	tidyRunFolder(folder);
	releaseClaim(stateDir, claim);
}

/** The refs that only this run writes: a lock file of one, with no process of the run left, is what a killed git left. */
function refsOfRun({ taskId, runId }: Claim): string[] {
	const own = [runRef(runId), agentHeadRef(runId), afterChecksRef(runId), carryRef(runId)];
	return [`refs/heads/${branchOf(taskId, runId)}`, ...own];
}

async function abortedEnding(ledger: Ledger, claim: Claim, folder: RunFolder): Promise<RunEnding> {
	const warnings: RunEnding["warnings"][number][] = [];
	let tree: string | null = null;
	const started = claim.phase !== "claimed" && claim.phase !== "preparing";
	if (claim.mode === "worktree" && claim.worktree !== null && claim.base !== null) {
		if (started) {
			const work = await collectWork(ledger, claim, folder);
			tree = work.tree;
			warnings.push(...work.warnings);
		} else if (!claim.worktree.continued) {
			await dropHalfMade(ledger, claim.taskId, claim.runId);
		}
	} else if (claim.mode === "worktree" && !existsSync(worktreePath(ledger.workspace, claim.taskId))) {
		// It may have died while it removed the worktree of an earlier run: git's record and the branch go as well.
		await recycleWorktree(ledger, claim.taskId);
	}
	removeLeftoverTemporaries(join(ledger.workspace.root, "worktrees"));
	const nothing = { inputTokens: null, outputTokens: null, costUsd: null };
	return {
		status: "error",
		errorCode: "RUN_ABORTED_BY_RESTART",
		details: { phase: claim.phase },
		endedAtMs: now(),
		tree,
		treeAfterChecks: null,
		checks: [],
		attempts: [],
		warnings,
		resources: { peakRssBytes: null, cpuSeconds: null, survivorsKilled: 0 },
		usage: nothing,
		session: claim.session,
		runnerModel: null,
		runnerVersion: null,
		lastWords: "",
		lastWordsDigest: sizedDigest(""),
		close: false,
		...(existsSync(folder.evidence) ? { evidence: listEvidence(folder) } : {}),
	};
}

/** Empty for a sensitive task, and where the checked-out branch does not hold the task. */
function titleOf(root: string, claim: Claim): string {
	try {
		return claim.sensitive ? "" : readTask(root, claim.taskId).definition.title;
	} catch {
		return "";
	}
}

/** Gives the run's events the end that its own process did not write, so that nobody follows them for ever. */
function finishEvents(
	claim: Claim,
	folder: RunFolder,
	ending: Pick<RunEnding, "status" | "errorCode" | "usage"> | null,
): { sha256: string; lines: number } | null {
	if (!existsSync(folder.events)) return null;
	let last: string | null = null;
	for (const event of readEvents(folder.events)) last = event.type;
	const log = openEventLog(folder.events, { runId: claim.runId, taskId: claim.taskId, clock: systemClock });
	try {
		if (last !== "run.finished" && ending !== null) {
			const { status, errorCode, usage } = ending;
			for (const data of cancelOpenQuestions(folder, now())) log.write("human_loop.resolved", data);
			log.write("run.status", { status });
			log.write("run.finished", { status, errorCode, usage });
		}
	} finally {
		log.close();
	}
	const { sha256, lines } = log.close();
	return { sha256: sha256.replace(/^sha256:/, ""), lines };
}
