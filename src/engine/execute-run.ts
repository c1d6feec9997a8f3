// Executes a prepared run: the program, the collection of its work, the checks, and then its conclusion.
// Invariant: whatever the program does, the run's ending is noted before anything about it is committed.

import { join } from "node:path";
import { runnerEnvironment } from "../config/environment.ts";
import { systemClock } from "../core/clock.ts";
import type { EventData, EventType } from "../core/event.ts";
import { openEventLog } from "../core/events.ts";
import { failPoint } from "../core/failpoint.ts";
import type { CollectWarning } from "../git/collect.ts";
import { compareSharedState, readSharedState, type SharedState } from "../git/shared-state.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { definitionPath } from "../ledger/paths.ts";
import type { RunnerOutcome } from "../runners/runner.ts";
import { createRedactor, redactSecrets } from "../trust/secrets.ts";
import { applyHandedDiff } from "./apply-diff.ts";
import { runAttempt } from "./attempt.ts";
import { collectWork, treeAfterChecks } from "./collect-work.ts";
import { type ConcludedRun, concludeRun } from "./conclude.ts";
import { EVIDENCE_VARIABLE, listEvidence, wantsEvidence } from "./evidence.ts";
import { endingOf, runChecks } from "./run-ending.ts";
import { isCancelRequested, noteEnding, type RunEnding } from "./run-folder.ts";
import { resourceLimits } from "./run-limits.ts";
import type { RunControls, Running, RunRequest } from "./run-request.ts";
import { sharedPlace } from "./shared-place.ts";
import { workingFolder } from "./worktree.ts";

const LEASE_RENEWAL_MS = 30_000;
const CANCEL_POLL_MS = 150;

export async function executeRun(
	ledger: Ledger,
	request: RunRequest,
	controls: RunControls,
	running: Running,
): Promise<ConcludedRun> {
	const { folder, runId } = running;
	const stop = watchForStop(controls, running);
	const redact = createRedactor();
	const log = openEventLog(folder.events, { runId, taskId: request.taskId, clock: systemClock, redact });
	const emit = (type: EventType, data: EventData) => {
		log.write(type, data);
		controls.onEvent({ type, data });
	};
	try {
		const ending = await workAndCollect(ledger, request, running, { emit, cancel: stop.cancel, kill: controls.kill });
		noteEnding(folder, ending);
		for (const warning of ending.warnings) emit("run.warning", { ...warning });
		emit("run.finished", { status: ending.status, errorCode: ending.errorCode });
		const { sha256, lines } = log.close();
		const events = { sha256: sha256.replace(/^sha256:/, ""), lines };
		const title = request.sensitive ? "" : request.title;
		return await concludeRun(ledger, { title, claim: running.claim(), folder, ending, events });
	} finally {
		stop.end();
		log.close();
	}
}

interface Execution {
	readonly emit: (type: EventType, data: EventData) => void;
	readonly cancel: AbortSignal;
	readonly kill: AbortSignal;
}

async function workAndCollect(
	ledger: Ledger,
	request: RunRequest,
	running: Running,
	execution: Execution,
): Promise<RunEnding> {
	const { workspace, git } = ledger;
	const { folder, worktree, update, plan, runId } = running;
	const base = running.claim().base?.commit ?? null;
	execution.emit("run.started", { runner: request.runner.kind, mode: request.mode, base });
	const before = await running.before;
	const cwd = worktree === null ? workspace.root : workingFolder(workspace, worktree.path);
	const argv = plan.redactedArgv.map((argument) => redactSecrets(argument));
	update({ phase: "running", runner: { ...running.claim().runner, argv } });
	execution.emit("run.status", { status: "running" });
	const own = ownVariables(ledger, request, running, cwd);
	const shared = {
		...execution,
		cwd,
		runId,
		folder,
		timeoutMs: request.timeoutMs,
		limits: resourceLimits(request.limits),
	};
	const allow = [...request.allowEnv, ...plan.passEnv];
	const env = runnerEnvironment(ledger.env, { allow, add: { ...plan.env, ...own } });
	const accept = (outcome: RunnerOutcome) => applyHandedDiff(ledger, { folder, worktree, emit: shared.emit }, outcome);
	const attempt = await runAttempt({
		...shared,
		...limitsOf(ledger, request),
		runner: request.runner,
		plan,
		env,
		attempt: 1,
		accept,
	});
	update({ phase: "collecting" });
	execution.emit("run.status", { status: "collecting" });
	const place = sharedPlace(ledger, request.taskId);
	// Checks can reach as far as the runner: where there are any, the second look comes after them.
	const early = request.checks.length === 0 ? readSharedState(git, place) : null;
	const [work] = await Promise.all([collectWork(ledger, running.claim(), folder), early]);
	const checkEnv = runnerEnvironment(ledger.env, { allow: request.allowEnv, add: own });
	const checks = await runChecks(request, attempt, work, { ...shared, env: checkEnv });
	const after = checks.length > 0 ? await treeAfterChecks(ledger, running.claim(), folder) : null;
	const changed = await compareSharedState(git, place, before, await (early ?? readSharedState(git, place)));
	failPoint("run.checked");
	const warnings = [
		...running.warnings,
		...dirtyCheckout(request, before),
		...attempt.warnings,
		...work.warnings,
		...changed,
	];
	const ending = endingOf(request, attempt, { ...work, treeAfterChecks: after, checks, warnings });
	return wantsEvidence(request) ? { ...ending, evidence: listEvidence(folder) } : ending;
}

/** What the runner's program may take, and where its work shows. */
function limitsOf({ workspace }: Ledger, { mode, idleTimeoutMs }: RunRequest) {
	// In place, other tasks' worktrees and the ledger lie in the same folder.
	const foreignFolders = mode === "in-place" ? [join(workspace.root, "worktrees"), workspace.tasksDir] : [];
	return { idleMs: idleTimeoutMs, foreignFolders };
}

/** A run starts from a commit: uncommitted work in the checkout is not part of it, and that is said. */
function dirtyCheckout(request: RunRequest, before: SharedState): CollectWarning[] {
	if (before.checkout.size === 0 || request.carry || request.goOn || request.mode === "in-place") return [];
	const paths = [...before.checkout].map((line) => line.slice(3)).sort();
	const message = "The checkout had uncommitted work that the run did not see (--carry takes it along).";
	return [{ code: "checkout_dirty", message, paths }];
}

/** Cancels the run when the caller or another process asks for it, and renews the claim's lease meanwhile. */
function watchForStop(controls: RunControls, running: Running): { cancel: AbortSignal; end(): void } {
	const cancel = new AbortController();
	const forward = () => cancel.abort();
	if (controls.cancel.aborted) forward();
	controls.cancel.addEventListener("abort", forward, { once: true });
	const poll = setInterval(() => {
		if (isCancelRequested(running.folder)) forward();
	}, CANCEL_POLL_MS);
	const renew = setInterval(() => {
		try {
			running.update({});
		} catch {
			forward(); // the claim is not ours any more: what we would record is another owner's to record
		}
	}, LEASE_RENEWAL_MS);
	return {
		cancel: cancel.signal,
		end() {
			clearInterval(poll);
			clearInterval(renew);
			controls.cancel.removeEventListener("abort", forward);
		},
	};
}

/** What every program of a run is told about it. */
function ownVariables(ledger: Ledger, request: RunRequest, running: Running, cwd: string): Record<string, string> {
	return {
		PWD: cwd,
		MSGCODE_TASK_ID: request.taskId,
		MSGCODE_RUN_ID: running.runId,
		MSGCODE_ATTEMPT: "1",
		MSGCODE_WORKSPACE: ledger.workspace.root,
		MSGCODE_RUN_DIR: running.folder.artifacts,
		...(wantsEvidence(request) ? { [EVIDENCE_VARIABLE]: running.folder.evidence } : {}),
		MSGCODE_TASK_FILE: `${ledger.workspace.root}/${definitionPath(request.taskId)}`,
	};
}
