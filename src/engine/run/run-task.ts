// Runs a task once, from its claim to its committed result.
// Invariant: from the moment that the program starts, every way out of here leads through the collection of its work.
import { now } from "../../core/clock.ts";
import { MsgcodeError } from "../../core/errors.ts";
import { failPoint } from "../../core/failpoint.ts";
import { newRunId, sizedDigest } from "../../core/ids.ts";
import { readSharedState } from "../../git/shared-state.ts";
import { excludeWorktrees } from "../../ledger/init-workspace.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { makeEvidence, wantsEvidence } from "../permission/evidence.ts";
import { requireSandbox, sandboxOf } from "../sandbox/sandbox.ts";
import { type Claim, readClaim, releaseClaim, takeClaim, updateClaim } from "./claim.ts";
import type { ConcludedRun } from "./conclude.ts";
import { executeRun } from "./execute-run.ts";
import { prepareRun } from "./prepare-run.ts";
import { promptFor } from "./prompt.ts";
import { keepPrompt, makeRunFolder, runFolderAt, tidyRunFolder } from "./run-folder.ts";
import type { Prepared, RunControls, Running, RunRequest, RunSession } from "./run-request.ts";
import { sessionFor, whileSessionFree } from "./run-session.ts";
import { folderOf, planOf } from "./runner-call.ts";
import { sharedPlace } from "./shared-place.ts";

/** Throws before a run exists (`task_running`, `worktree_kept`, `revision_not_found` …); afterwards every end is a receipt. */
export async function runTask(ledger: Ledger, request: RunRequest, controls: RunControls): Promise<ConcludedRun> {
	const { stateDir } = ledger.workspace;
	const startedAtMs = now();
	const runId = newRunId(startedAtMs);
	const folder = runFolderAt(stateDir, runId);
	const prompt = promptFor(ledger, request);
	const cwd = folderOf(ledger, request);
	const facts = { runId, folder, cwd, prompt };
	// Worked out before anything is claimed, so that a bad request leaves no trace.
	planOf(ledger, request, { ...facts, resume: null, baseCommit: null });
	const sandbox = sandboxOf(request);
	if (sandbox !== null) await requireSandbox(ledger, sandbox);
	const { session, taken } = await whileSessionFree(ledger, request, cwd, async () => {
		const session = sessionFor(ledger, request, cwd);
		const claim = await newClaim(ledger, request, session, prompt, runId, startedAtMs);
		return { session, taken: takeClaim(stateDir, claim, startedAtMs) };
	});
	if (taken === null) throw runningAlready(ledger, request.taskId);
	let claim: Claim = taken;
	failPoint("run.claimed");
	const update = (change: Partial<Claim>) => {
		claim = updateClaim(stateDir, claim, change, now());
	};
	let prepared: Prepared;
	let before: Running["before"];
	try {
		makeRunFolder(stateDir, runId);
		if (prompt !== null) keepPrompt(folder, prompt);
		if (wantsEvidence(request)) makeEvidence(folder, request.confirmation);
		excludeWorktrees(ledger.workspace); // a clone of a workspace has never run `init`
		before = readSharedState(ledger.git, sharedPlace(ledger, request.taskId));
		before.catch(() => {}); // asked while the worktree is made; awaited before the program starts
		update({ phase: "preparing" });
		prepared = await prepareRun(ledger, request, runId, folder, update);
	} catch (error) {
		releaseClaim(stateDir, claim);
		throw error;
	}
	controls.onStart(runId);
	// If this throws, the claim stays: the next command finds its owner dead and records what is kept.
	const concluded = await executeRun(ledger, request, controls, {
		...prepared,
		plan: planOf(ledger, request, { ...facts, resume: session.resume, baseCommit: claim.base?.commit ?? null }),
		session,
		before,
		runId,
		folder,
		claim: () => claim,
		update,
	});
	releaseClaim(stateDir, claim);
	failPoint("run.released");
	tidyRunFolder(folder);
	return concluded;
}

async function newClaim(
	ledger: Ledger,
	request: RunRequest,
	session: RunSession,
	prompt: string | null,
	runId: string,
	startedAtMs: number,
) {
	return {
		taskId: request.taskId,
		runId,
		attempt: 1,
		startedAtMs,
		phase: "claimed" as const,
		actor: await ledger.actor(),
		mode: request.mode,
		trigger: "manual" as const,
		idempotencyKey: request.idempotencyKey,
		runner: { kind: request.runner.kind, model: request.payload.model ?? null, argv: [] },
		promptDigest: sizedDigest(request.prompt),
		...(request.confirmation === null ? {} : { confirmed: request.confirmation.prepared.digest }),
		promptSent: prompt === null ? null : sizedDigest(prompt),
		base: null,
		worktree: null,
		sensitive: request.sensitive,
		session: session.resume,
		mainSession: session.key,
	};
}

function runningAlready(ledger: Ledger, taskId: string): MsgcodeError {
	const holder = readClaim(ledger.workspace.stateDir, taskId);
	const run = holder === null ? "Another process" : `The run ${holder.runId} (process ${holder.identity.pid})`;
	return new MsgcodeError("task_running", `${run} is at work on ${taskId}.`, {
		details: { taskId, runId: holder?.runId ?? null },
	});
}
