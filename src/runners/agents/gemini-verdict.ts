// When a run of Gemini has succeeded, and what its failure is called.
// Invariant: ok needs a result whose status is "success". The exit code is the HTTP status modulo 256 (401 → 145, 429 → 173) or
// a code of its own; it is never a signal's number, and 0 proves nothing: an interrupted run ends with it and says no result.

import type { ErrorCode } from "../../core/errors.ts";
import type { ProcessOutcome } from "../../core/supervisor.ts";
import { failed, OK, processVerdict, type Verdict } from "../process-verdict.ts";
import type { Seen } from "../runner.ts";
import type { GeminiMemory } from "./gemini-stream.ts";
import { isLimitReached, isLoginRefused } from "./service-error.ts";

/** Exit codes of its own and the names that a result has for them. */
const FATAL: readonly { readonly exitCode: number; readonly error: string; readonly code: ErrorCode }[] = [
	{ exitCode: 41, error: "FatalAuthenticationError", code: "AUTH_MISSING" },
	{ exitCode: 53, error: "FatalTurnLimitedError", code: "RUNNER_INCOMPLETE" },
	{ exitCode: 55, error: "FatalUntrustedWorkspaceError", code: "TRUST_REQUIRED" },
	{ exitCode: 130, error: "FatalCancellationError", code: "RUNNER_INCOMPLETE" },
];

const NO_SESSION = /^Error resuming session:/m;

export function judgeGemini(process: ProcessOutcome, memory: Readonly<Seen & GeminiMemory>): Verdict {
	if (process.outcome !== "exited" && process.outcome !== "lingered") return processVerdict(process);
	const { result, limit, began, stderrTail, truncatedLines } = memory;
	if (result?.success === true) return OK;
	const { exitCode } = process;
	const httpStatus = result?.httpStatus ?? statusOf(exitCode);
	const facts = { exitCode, httpStatus, reason: result === null ? "missing" : result.error };
	const fatal = FATAL.find((row) => (result?.error ? row.error === result.error : row.exitCode === exitCode));
	if (fatal !== undefined) return failed("error", fatal.code, facts);
	if (isLoginRefused(httpStatus)) return failed("error", "AUTH_MISSING", facts);
	if (isLimitReached(httpStatus)) {
		const resetAtMs = limit?.resetAtMs ?? null;
		return failed("error", "COOLDOWN", { resetAtMs, estimated: resetAtMs === null });
	}
	if (result !== null) return failed("error", "RUNNER_FAILED", facts);
	if (exitCode === 0 || exitCode === null) return failed("error", "RUNNER_INCOMPLETE", { ...facts, truncatedLines });
	const refused = !began && NO_SESSION.test(stderrTail) ? { resume: "refused" } : {};
	return failed("error", "RUNNER_FAILED", { ...facts, ...refused });
}

/** Exit codes 144 … 255 are the HTTP statuses 400 … 511. */
function statusOf(exitCode: number | null): number | null {
	return exitCode !== null && exitCode >= 144 && exitCode <= 255 ? exitCode + 256 : null;
}
