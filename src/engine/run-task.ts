// Runs a task once, from its claim to its committed result.
// Invariant: from the moment that the program starts, every way out of here leads through the collection of its work.
import { now } from "../core/clock.ts";
import { MsgcodeError } from "../core/errors.ts";
import { failPoint } from "../core/failpoint.ts";
import { newRunId, sizedDigest } from "../core/ids.ts";
import { readSharedState } from "../git/shared-state.ts";
import { excludeWorktrees } from "../ledger/init-workspace.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { definitionPath } from "../ledger/paths.ts";
import type { RunnerPlan } from "../runners/runner.ts";
import { type Claim, readClaim, releaseClaim, takeClaim, updateClaim } from "./claim.ts";
import type { ConcludedRun } from "./conclude.ts";
import { makeEvidence, wantsEvidence } from "./evidence.ts";
import { executeRun } from "./execute-run.ts";
import { prepareRun } from "./prepare-run.ts";
import { promptFor } from "./prompt.ts";
import { keepPrompt, makeRunFolder, type RunFolder, runFolderAt, tidyRunFolder } from "./run-folder.ts";
import type { Prepared, RunControls, RunRequest } from "./run-request.ts";
import { programFiles } from "./runner-request.ts";
import { sharedPlace } from "./shared-place.ts";
import { workingFolder, worktreePath } from "./worktree.ts";

/** Throws before a run exists (`task_running`, `worktree_kept`, `revision_not_found` …); afterwards every end is a receipt. */
export async function runTask(ledger: Ledger, request: RunRequest, controls: RunControls): Promise<ConcludedRun> {
	const { stateDir } = ledger.workspace;
	const startedAtMs = now();
	const runId = newRunId(startedAtMs);
	const folder = runFolderAt(stateDir, runId);
	const prompt = promptFor(ledger, request);
	planOf(ledger, request, prompt, runId, folder, null);
	const first = takeClaim(stateDir, await newClaim(ledger, request, prompt, runId, startedAtMs), startedAtMs);
	if (first === null) throw runningAlready(ledger, request.taskId);
	let claim: Claim = first;
	failPoint("run.claimed");
	makeRunFolder(stateDir, runId);
	if (prompt !== null) keepPrompt(folder, prompt);
	if (wantsEvidence(request)) makeEvidence(folder, request.confirmation);
	const update = (change: Partial<Claim>) => {
		claim = updateClaim(stateDir, claim, change, now());
	};
	let prepared: Prepared;
	excludeWorktrees(ledger.workspace); // a clone of a workspace has never run `init`
	const before = readSharedState(ledger.git, sharedPlace(ledger, request.taskId));
	before.catch(() => {}); // asked while the worktree is made; awaited before the program starts
	try {
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
		plan: planOf(ledger, request, prompt, runId, folder, claim.base?.commit ?? null),
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

/** What the runner would start. Worked out before anything is claimed, so that a bad request leaves no trace. */
function planOf(
	ledger: Ledger,
	request: RunRequest,
	prompt: string | null,
	runId: string,
	folder: RunFolder,
	baseCommit: string | null,
): RunnerPlan {
	const { workspace } = ledger;
	const inPlace = request.mode === "in-place";
	const cwd = inPlace ? workspace.root : workingFolder(workspace, worktreePath(workspace, request.taskId));
	return request.runner.prepare({
		kind: request.runner.kind,
		workspacePath: cwd,
		payload: { ...request.payload, prompt: prompt ?? request.payload.prompt },
		constraints: { timeoutMs: request.timeoutMs, ...request.constraints },
		context: {
			taskId: request.taskId,
			runId,
			attempt: 1,
			taskFile: `${workspace.root}/${definitionPath(request.taskId)}`,
			runDir: folder.artifacts,
			...programFiles(request.payload.files, cwd, folder.artifacts),
			modelRoot: request.modelRoot ?? undefined,
			route: request.route,
			baseCommit,
		},
	});
}

async function newClaim(
	ledger: Ledger,
	request: RunRequest,
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
		session: null,
	};
}

function runningAlready(ledger: Ledger, taskId: string): MsgcodeError {
	const holder = readClaim(ledger.workspace.stateDir, taskId);
	const run = holder === null ? "Another process" : `The run ${holder.runId} (process ${holder.identity.pid})`;
	return new MsgcodeError("task_running", `${run} is at work on ${taskId}.`, {
		details: { taskId, runId: holder?.runId ?? null },
	});
}
