// How a run ended: the checks of its result, and one verdict from the runner, the collection and the checks.
// Invariant: a run is ok only when the runner, the collection and every check are.
import { now } from "../../core/clock.ts";
import { sizedDigest } from "../../core/ids.ts";
import type { CheckResult } from "../../ledger/runs/receipt.ts";
import { redactSecrets } from "../../trust/secrets.ts";
import type { AttemptEnd } from "./attempt.ts";
import type { CollectedWork } from "./collect-work.ts";
import { runCheck } from "./run-check.ts";
import type { RunEnding } from "./run-folder.ts";
import type { RunRequest, RunSession } from "./run-request.ts";
import { sessionAfter } from "./run-session.ts";
import { trackedDetails, trackedName } from "./tracked-facts.ts";

/** Runs the task's checks in order; none after a failed run or a cancel. */
export async function runChecks(
	request: RunRequest,
	attempt: AttemptEnd,
	collected: CollectedWork,
	shared: Parameters<typeof runCheck>[1],
): Promise<CheckResult[]> {
	const results: CheckResult[] = [];
	if (attempt.outcome.status !== "ok" || collected.error !== null) return results;
	for (const [position, check] of request.checks.entries()) {
		if (shared.cancel.aborted) break;
		results.push(await runCheck({ check, position }, shared));
	}
	return results;
}

export function endingOf(
	request: RunRequest,
	{ resume }: Pick<RunSession, "resume">,
	attempt: AttemptEnd,
	work: CollectedWork & { readonly treeAfterChecks: string | null; readonly checks: readonly CheckResult[] },
): RunEnding {
	const { outcome } = attempt;
	const told = trackedDetails(outcome, request.sensitive);
	const { status, errorCode } = outcome;
	const verdict = status === "ok" ? verdictOf(request, work, told) : { status, errorCode, details: told };
	return {
		...verdict,
		endedAtMs: now(),
		tree: work.tree,
		treeAfterChecks: work.treeAfterChecks,
		checks: work.checks,
		attempts: [attempt.result],
		warnings: work.warnings,
		resources: attempt.resources,
		usage: outcome.usage ?? { inputTokens: null, outputTokens: null, costUsd: null },
		session: sessionAfter(resume, outcome),
		runnerModel: trackedName(outcome.model),
		runnerVersion: trackedName(outcome.version),
		lastWords: request.sensitive ? "" : redactSecrets(outcome.preview),
		lastWordsDigest: sizedDigest(outcome.preview),
		close: request.close,
	};
}

/** The verdict on a run whose runner did well. */
function verdictOf(
	request: RunRequest,
	work: CollectedWork & { readonly checks: readonly CheckResult[] },
	told: RunEnding["details"],
): Pick<RunEnding, "status" | "errorCode" | "details"> {
	if (work.error !== null) return { status: "error", errorCode: "COLLECT_FAILED", details: {} };
	const failed = work.checks.find((check) => check.status !== "ok");
	if (failed?.status === "canceled" || (failed === undefined && work.checks.length < request.checks.length)) {
		return { status: "canceled", errorCode: "RUN_CANCELED", details: {} };
	}
	if (failed === undefined) return { status: "ok", errorCode: null, details: told };
	const details = { check: failed.command, exitCode: failed.exitCode };
	return { status: "error", errorCode: "CHECKS_FAILED", details };
}
