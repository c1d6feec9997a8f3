// The ends that more than one driver comes to, so that the same thing has the same code and the same details.
// Invariant: details hold numbers, flags and short words; what a service said in prose is the limit's text or the preview.

import type { DriverResult } from "./driver.ts";
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
