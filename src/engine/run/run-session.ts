// In which session of its runner a run works: a new one, that of the run that it continues, or the runner's main one.
// Invariant: two runs are never at work in one main session, and a session that its runner refused is forgotten.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { acquireLock } from "../../core/lock.ts";
import type { CollectWarning } from "../../git/collect.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { readReceipt, runIdsOf } from "../../ledger/runs/runs.ts";
import type { RunnerOutcome } from "../../runners/runner.ts";
import { type Claim, listClaims } from "./claim.ts";
import { dropMainSession, keepMainSession, mainSessionKey, readMainSession } from "./main-session.ts";
import { runFolderAt } from "./run-folder.ts";
import type { RunRequest, RunSession } from "./run-request.ts";
import { trackedName } from "./tracked-facts.ts";

/** `cwd`: the folder that the runner works in. */
export function sessionFor(ledger: Ledger, request: RunRequest, cwd: string): RunSession {
	const { capability, kind } = request.runner;
	const key = mainKeyOf(request, cwd);
	if (key === null && !request.goOn) return { resume: null, key, warnings: [] };
	const { stateDir } = ledger.workspace;
	const main = key === null ? null : readMainSession(stateDir, key, request.sessionTimeoutMs, ledger.now());
	if (main !== null) return { resume: main.session, key, warnings: [] };
	const known = request.goOn && capability.resume.supported ? sessionOfLastRun(ledger, request.taskId, kind) : null;
	const lost = request.goOn && known === null && capability.kind !== "shell";
	const unable = key === null && request.session === "main" && capability.kind !== "shell";
	return { resume: known, key, warnings: lost || unable ? [notResumable(request)] : [] };
}

/** Calls `take` while no other run can begin in the same main session. Throws `session_busy`. */
export async function whileSessionFree<T>(
	ledger: Ledger,
	request: RunRequest,
	cwd: string,
	take: () => Promise<T>,
): Promise<T> {
	const key = mainKeyOf(request, cwd);
	if (key === null) return await take();
	const { stateDir } = ledger.workspace;
	const lock = await acquireLock(join(stateDir, "sessions.lock"), { command: "task run", timeoutMs: 10_000 });
	try {
		const others = listClaims(stateDir, ledger.now()).filter(
			({ claim, owner }) => claim.mainSession === key && owner !== "dead" && claim.taskId !== request.taskId,
		);
		const holder = others[0]?.claim;
		if (holder !== undefined) {
			throw new MsgcodeError(
				"session_busy",
				`The run ${holder.runId} is at work in ${request.runner.kind}'s main session.`,
				{
					details: { runId: holder.runId, taskId: holder.taskId, runner: request.runner.kind },
				},
			);
		}
		return await take();
	} finally {
		lock.release();
	}
}

/** The codes of a runner that could not even try, or was stopped: its session is as good as before. */
const UNTRIED: readonly (string | null)[] = [
	"AUTH_MISSING",
	"COOLDOWN",
	"TRUST_REQUIRED",
	"RUNNER_UNREACHABLE",
	"RUNNER_NOT_FOUND",
	"RUNNER_NOT_STARTED",
	"RUNNER_CRASHED",
	"RUN_LIMIT_EXCEEDED",
];

/** By what the runner can go on after this outcome; null where it cannot, or did not take up what it was to resume. */
export function sessionAfter(
	resume: string | null,
	outcome: Pick<RunnerOutcome, "status" | "errorCode" | "session" | "details">,
): string | null {
	const { status, errorCode, session, details } = outcome;
	const tried = status === "error" && !UNTRIED.includes(errorCode);
	if (resume !== null && (details.resume === "refused" || (tried && session !== resume))) return null;
	return trackedName(session) ?? resume;
}

/** Remembers or forgets the main session of a run that has ended. `session`: what it can go on by; null where nothing can. */
export function settleMainSession(stateDir: string, claim: Claim, session: string | null, endedAtMs: number): void {
	const key = claim.mainSession ?? null;
	if (key === null) return;
	const { runId, runner } = claim;
	if (session === null) dropMainSession(stateDir, key);
	else keepMainSession(stateDir, key, { kind: runner.kind, session, runId, lastUsedAtMs: endedAtMs });
}

function mainKeyOf({ session, runner }: RunRequest, cwd: string): string | null {
	return session === "main" && runner.capability.resume.supported ? mainSessionKey(runner.kind, cwd) : null;
}

/** Sessions live on one machine: a run that came by a pull has none here. */
function sessionOfLastRun(ledger: Ledger, taskId: string, kind: string): string | null {
	const { root, stateDir } = ledger.workspace;
	for (const runId of runIdsOf(root, taskId).sort().reverse()) {
		const receipt = readReceipt(root, taskId, runId);
		if (receipt?.runner.kind !== kind || !existsSync(runFolderAt(stateDir, runId).path)) continue;
		return receipt.session;
	}
	return null;
}

function notResumable({ runner }: RunRequest): CollectWarning {
	const why = runner.capability.resume.supported
		? "No earlier run left a session of it that could go on."
		: "Its sessions cannot be resumed.";
	return { code: "session_not_resumable", message: `The runner ${runner.kind} began a new session. ${why}` };
}
