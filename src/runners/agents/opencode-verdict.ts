// When a run of opencode has succeeded, and what its failure is called.
// Invariant: ok needs exit code 0, no error event and a last step that ended with "stop". Exit code 0 alone proves nothing: it
// comes with a refused permission as well, in the middle of the work.

import type { ProcessOutcome } from "../../core/supervisor.ts";
import { failed, OK, processVerdict, type Verdict } from "../process-verdict.ts";
import type { Seen } from "../runner.ts";
import type { OpencodeError, OpencodeMemory } from "./opencode-stream.ts";
import { isLimitReached, isLoginRefused } from "./service-error.ts";

const NO_SESSION = /Session not found$/m;

export function judgeOpencode(process: ProcessOutcome, memory: Readonly<Seen & OpencodeMemory>): Verdict {
	if (process.outcome !== "exited" && process.outcome !== "lingered") return processVerdict(process);
	const { exitCode } = process;
	const { began, reason, error, stderrTail, truncatedLines } = memory;
	if (error !== null) return failure(error, memory, exitCode);
	if (process.outcome === "exited" && exitCode !== 0) {
		const refused = !began && NO_SESSION.test(stderrTail) ? { resume: "refused" } : {};
		return failed("error", "RUNNER_FAILED", { exitCode, ...refused });
	}
	return reason === "stop"
		? OK
		: failed("error", "RUNNER_INCOMPLETE", { exitCode, reason: reason ?? "missing", truncatedLines });
}

function failure({ name, httpStatus }: OpencodeError, { limit }: Readonly<Seen>, exitCode: number | null): Verdict {
	if (isLoginRefused(httpStatus) || name === "ProviderAuthError") {
		return failed("error", "AUTH_MISSING", { httpStatus, reason: name });
	}
	if (isLimitReached(httpStatus)) {
		const resetAtMs = limit?.resetAtMs ?? null;
		return failed("error", "COOLDOWN", { resetAtMs, estimated: resetAtMs === null });
	}
	if (name === "MessageAbortedError") return failed("error", "RUNNER_INCOMPLETE", { exitCode, reason: name });
	return failed("error", "RUNNER_FAILED", { exitCode, reason: name, httpStatus });
}
