// The ends that more than one driver comes to, so that the same thing has the same code and the same details.
// Invariant: details hold numbers, flags and short words; what a service said in prose is the limit's text or the preview.

import type { LimitReached } from "../event-data.ts";
import type { DriverInput, DriverResult } from "./driver.ts";
import type { ServiceFailure } from "./service-call.ts";

export function failure(
	errorCode: NonNullable<DriverResult["errorCode"]>,
	details: Readonly<Record<string, unknown>>,
): DriverResult {
	return { status: "error", errorCode, details };
}

/** A usage limit; only a time that was made for machines is one. */
export function cooldown(
	resetAtMs: number | null,
	text: string | null,
	details: DriverResult["details"],
): DriverResult {
	return { ...failure("COOLDOWN", details ?? {}), limit: { resetAtMs, text } };
}

/** The service could not be reached, or it fell silent before its answer. */
export function unreachable(cause: ServiceFailure, details: DriverResult["details"]): DriverResult {
	return failure("RUNNER_UNREACHABLE", { kind: cause.kind, reason: cause.reason, ...details });
}

/** Says the limit of a COOLDOWN as the event that it is; gives the result on. */
export function sayLimit(emit: DriverInput["emit"], result: DriverResult): DriverResult {
	if (result.errorCode === "COOLDOWN" && result.limit != null) {
		const { resetAtMs, text } = result.limit;
		emit({ type: "run.limit", data: { resetAtMs, estimated: resetAtMs === null, text } satisfies LimitReached });
	}
	return result;
}
