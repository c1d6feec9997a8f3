// When a run of Claude Code has succeeded, and what its failure is called.
// Invariant: ok needs exit code 0 and a result whose is_error is plainly false; "success" in its subtype proves nothing,
// since it stands there without a login and at a usage limit too.

import type { ProcessOutcome } from "../../core/supervisor.ts";
import { failed, OK, processVerdict, type Verdict } from "../process-verdict.ts";
import type { Seen } from "../runner.ts";
import type { ClaudeMemory, ClaudeResult } from "./claude-memory.ts";

/** Words of the CLI for a login that is missing, refused or over. */
const NO_LOGIN: ReadonlySet<string> = new Set([
	"authentication_failed",
	"oauth_org_not_allowed",
	"cloud_credential_error",
]);

const OUT_OF_BOUNDS: ReadonlySet<string> = new Set(["error_max_turns", "error_max_budget_usd"]);

export function judgeClaude(process: ProcessOutcome, memory: Readonly<Seen & ClaudeMemory>): Verdict {
	if (process.outcome !== "exited" && process.outcome !== "lingered") return processVerdict(process);
	const { exitCode } = process;
	const { result, began, truncatedLines } = memory;
	if (result === null) {
		const code = began || exitCode === 0 ? "RUNNER_INCOMPLETE" : "RUNNER_FAILED";
		return failed("error", code, { exitCode, result: "missing", truncatedLines });
	}
	if (result.isError) return failure(result, memory, exitCode);
	return process.outcome === "lingered" || exitCode === 0 ? OK : failed("error", "RUNNER_FAILED", { exitCode });
}

function failure(result: ClaudeResult, memory: Readonly<Seen & ClaudeMemory>, exitCode: number | null): Verdict {
	const { subtype, httpStatus } = result;
	const { apiError, limit } = memory;
	if (subtype !== null && OUT_OF_BOUNDS.has(subtype))
		return failed("error", "RUNNER_INCOMPLETE", { exitCode, subtype });
	if (httpStatus === 401 || (apiError !== null && NO_LOGIN.has(apiError))) {
		return failed("error", "AUTH_MISSING", { httpStatus, reason: apiError });
	}
	// A rejected window alone proves nothing: paid overage may have carried the work on.
	const unexplained = subtype === "success" && httpStatus === null && apiError === null;
	if (httpStatus === 429 || apiError === "rate_limit" || (memory.limitRejected && unexplained)) {
		const resetAtMs = limit?.resetAtMs ?? null;
		return failed("error", "COOLDOWN", { resetAtMs, estimated: resetAtMs === null });
	}
	const facts = { exitCode, subtype, httpStatus, reason: apiError };
	return failed("error", "RUNNER_FAILED", result.sessionUnknown ? { ...facts, resume: "refused" } : facts);
}
