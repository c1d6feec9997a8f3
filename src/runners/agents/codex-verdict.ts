// When a run of Codex has succeeded, and what its failure is called.
// Invariant: ok needs exit code 0 and turn.completed. Why a turn failed is only said in prose, so that no time is read from it.

import type { ProcessOutcome } from "../../core/supervisor.ts";
import { failed, OK, processVerdict, type Verdict } from "../process-verdict.ts";
import type { Seen } from "../runner.ts";
import type { CodexMemory } from "./codex-stream.ts";

const NO_LOGIN = /^unexpected status 401\b|^Missing environment variable: `|\baccess token could not be refreshed\b/;
const NOT_TRUSTED = /^Not inside a trusted directory\b/m;
const NO_SESSION = /\bno rollout found for thread id\b/;

export function judgeCodex(process: ProcessOutcome, memory: Readonly<Seen & CodexMemory>): Verdict {
	if (process.outcome !== "exited" && process.outcome !== "lingered") return processVerdict(process);
	const { exitCode } = process;
	switch (memory.turn) {
		case "completed":
			return process.outcome === "lingered" || exitCode === 0
				? OK
				: failed("error", "RUNNER_FAILED", { exitCode, turn: "completed" });
		case "failed":
			return turnFailure(memory, exitCode);
		default:
			return unfinished(memory, exitCode);
	}
}

function turnFailure({ failure, limit }: Readonly<Seen & CodexMemory>, exitCode: number | null): Verdict {
	if (limit !== null) return failed("error", "COOLDOWN", { resetAtMs: limit.resetAtMs, estimated: true });
	if (NO_LOGIN.test(failure ?? "")) return failed("error", "AUTH_MISSING", { exitCode });
	return failed("error", "RUNNER_FAILED", { exitCode, turn: "failed" });
}

/** The stream ended in the middle, or never began: then stderr says why the call was refused. */
function unfinished(memory: Readonly<Seen & CodexMemory>, exitCode: number | null): Verdict {
	const { began, stderrTail, truncatedLines } = memory;
	if (began || exitCode === 0) {
		return failed("error", "RUNNER_INCOMPLETE", { exitCode, turn: memory.turn, truncatedLines });
	}
	if (NOT_TRUSTED.test(stderrTail)) return failed("error", "TRUST_REQUIRED", { exitCode });
	if (NO_SESSION.test(stderrTail)) return failed("error", "RUNNER_FAILED", { exitCode, resume: "refused" });
	return failed("error", "RUNNER_FAILED", { exitCode });
}
