// What a run's end is when the executor could not be asked, refused, or fell silent: pure.
// Invariant: work that the executor has begun and not reported whole is never a success.

import type { DriverResult } from "../driver.ts";
import { cooldown, failure } from "../outcome.ts";
import type { ExecutorFailure } from "./executor-call.ts";
import type { ExecutorStream } from "./executor-stream.ts";

/** The run could not be begun. */
export function judgeRefusal(refusal: ExecutorFailure): DriverResult {
	const { status, retryAtMs, message } = refusal;
	const details = detailsOf(refusal);
	const preview = message;
	if (status === 401 || status === 403) return { ...failure("AUTH_MISSING", details), preview };
	if (status === 429) return { ...cooldown(retryAtMs, message === "" ? null : message, details), preview };
	if (status !== null && status < 500)
		return { ...failure("RUNNER_FAILED", { ...details, reason: "refused" }), preview };
	return { ...failure("RUNNER_UNREACHABLE", details), preview };
}

/** The stream ended without a result and cannot be gone on with. `reconnect`: how the last try to do so failed. */
export function judgeBroken(
	{ lastSeq, truncated }: Readonly<ExecutorStream>,
	broken: Pick<ExecutorFailure, "kind" | "reason"> | null,
	reconnect: ExecutorFailure | null,
): DriverResult {
	const reason = truncated > 0 ? "too_long" : broken === null ? "stream_ended" : "stream_cut";
	const details = { reason, events: lastSeq, kind: broken?.kind ?? null };
	if (reconnect === null) return failure("RUNNER_INCOMPLETE", details);
	const { path, attempt, maxAttempts, status } = reconnect;
	return failure("RUNNER_INCOMPLETE", { ...details, kind: reconnect.kind, path, attempt, maxAttempts, status });
}

function detailsOf({ kind, reason, path, attempt, maxAttempts, status }: ExecutorFailure): Record<string, unknown> {
	const facts = { kind, path, attempt, maxAttempts };
	return kind === "http_status" ? { ...facts, status } : kind === "network" ? { ...facts, reason } : facts;
}
