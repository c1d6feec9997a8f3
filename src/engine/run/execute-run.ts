// Executes a prepared run: the program, the collection of its work, the checks, and then its conclusion.
// Invariant: whatever the program does, the run's ending is noted before anything about it is committed.

import { join } from "node:path";
import { runnerEnvironment } from "../../config/environment.ts";
import { systemClock } from "../../core/clock.ts";
import { openEventLog } from "../../core/events.ts";
import { failPoint } from "../../core/failpoint.ts";
import type { CollectWarning } from "../../git/collect.ts";
import { compareSharedState, readSharedState, type SharedState } from "../../git/shared-state.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { definitionPath } from "../../ledger/paths.ts";
import type { RunnerOutcome } from "../../runners/runner.ts";
import { createRedactor, redactSecrets } from "../../trust/secrets.ts";
import { type Dialogue, dialogueOf, notingIdentity } from "../human/run-dialogue.ts";
import { EVIDENCE_VARIABLE, listEvidence, wantsEvidence } from "../permission/evidence.ts";
import { absoluteEntries } from "../probe/find-program.ts";
import { enclosing, sandboxOf } from "../sandbox/sandbox.ts";
import { workingFolder } from "../worktree/worktree.ts";
import { applyHandedDiff } from "./apply-diff.ts";
import { artifactsAt } from "./artifacts.ts";
import { runAttempt } from "./attempt.ts";
import { collectWork, treeAfterChecks } from "./collect-work.ts";
import { type ConcludedRun, concludeRun } from "./conclude.ts";
import { endingOf, runChecks } from "./run-ending.ts";
import { noteEnding, type RunEnding } from "./run-folder.ts";
import { resourceLimits } from "./run-limits.ts";
import type { RunControls, Running, RunRequest } from "./run-request.ts";
import { sharedPlace } from "./shared-place.ts";
import { type RunWatch, watchRun } from "./watch-run.ts";
import { byWholeLines } from "./whole-lines.ts";

export async function executeRun(
	ledger: Ledger,
	request: RunRequest,
	controls: RunControls,
	running: Running,
): Promise<ConcludedRun> {
	const { folder, runId } = running;
	const redact = createRedactor();
	const log = openEventLog(folder.events, { runId, taskId: request.taskId, clock: systemClock, redact });
	const write = byWholeLines((type, data) => {
		log.write(type, data);
		controls.onEvent({ type, data });
	});
	const dialogue = dialogueOf(running, request.taskId, write);
	const watch = watchRun(controls, running, dialogue.look);
	try {
		const ending = await workAndCollect(ledger, request, running, { ...dialogue, ...watch, kill: controls.kill });
		noteEnding(folder, ending);
		for (const warning of ending.warnings) write("run.warning", { ...warning });
		const { status, errorCode, usage } = ending;
		write("run.status", { status });
		write("run.finished", { status, errorCode, usage });
		const { sha256, lines } = log.close();
		const events = { sha256: sha256.replace(/^sha256:/, ""), lines };
		const title = request.sensitive ? "" : request.title;
		return await concludeRun(ledger, { title, claim: running.claim(), folder, ending, events });
	} finally {
		watch.end();
		log.close();
	}
}

type Execution = Dialogue & Pick<RunWatch, "cancel"> & Pick<RunControls, "kill">;

async function workAndCollect(
	ledger: Ledger,
	request: RunRequest,
	running: Running,
	execution: Execution,
): Promise<RunEnding> {
	const { workspace, git } = ledger;
	const { folder, worktree, update, plan, runId, session } = running;
	const { emit, hold, cancel, kill } = execution;
	const base = running.claim().base?.commit ?? null;
	emit("run.started", { runner: request.runner.kind, mode: request.mode, base, resumed: session.resume !== null });
	const before = await running.before;
	const cwd = worktree === null ? workspace.root : workingFolder(workspace, worktree.path);
	const argv = plan.redactedArgv.map((argument) => redactSecrets(argument));
	const sandbox = sandboxOf(request);
	update({ phase: "running", runner: { ...running.claim().runner, argv, ...(sandbox === null ? {} : { sandbox }) } });
	emit("run.status", { status: "running" });
	const own = ownVariables(ledger, request, running, cwd);
	const limits = resourceLimits(request.limits);
	const shared = { emit, hold, cancel, kill, cwd, runId, folder, limits, timeoutMs: request.timeoutMs };
	const allow = [...request.allowEnv, ...plan.passEnv];
	const env = runnerEnvironment(ledger.env, { allow, add: { ...plan.env, ...own } });
	// A command of the user's own may look in its folder; an agent's program is never one that the repository brings along.
	if (request.runner.capability.kind !== "shell") env.PATH = absoluteEntries(env.PATH ?? "") || "/usr/bin:/bin";
	const runner = notingIdentity(request.runner, running);
	const { permission } = request.constraints;
	const accept = (outcome: RunnerOutcome) => applyHandedDiff(ledger, { folder, worktree, emit, permission }, outcome);
	const enclose = enclosing(ledger, { request, running, cwd });
	const supervision = { ...shared, ...limitsOf(ledger, request), onInput: execution.onInput };
	const attempt = await runAttempt({ ...supervision, ...enclose(env), runner, plan, attempt: 1, accept });
	execution.endQuestions();
	for (const data of await artifactsAt(folder.artifacts, [...plan.artifacts, ...attempt.outcome.artifacts])) {
		emit("run.artifact", data);
	}
	update({ phase: "collecting" });
	emit("run.status", { status: "collecting" });
	const place = sharedPlace(ledger, request.taskId);
	// Checks can reach as far as the runner: where there are any, the second look comes after them.
	const early = request.checks.length === 0 ? readSharedState(git, place) : null;
	const [work] = await Promise.all([collectWork(ledger, running.claim(), folder), early]);
	const checkEnv = runnerEnvironment(ledger.env, { allow: request.allowEnv, add: own });
	const checks = await runChecks(request, attempt, work, { ...shared, ...enclose(checkEnv) });
	execution.endQuestions();
	const after = checks.length > 0 ? await treeAfterChecks(ledger, running.claim(), folder) : null;
	const changed = await compareSharedState(git, place, before, await (early ?? readSharedState(git, place)));
	failPoint("run.checked");
	const warnings = [
		...[...running.warnings, ...session.warnings, ...dirtyCheckout(request, before)],
		...[...attempt.warnings, ...work.warnings, ...changed],
	];
	const ending = endingOf(request, session, attempt, { ...work, treeAfterChecks: after, checks, warnings });
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
