// What the end of an agent's turn, or its refusal of a request, means for the run; pure.
// Invariant: only the agent's own "end_turn" is a success.

import { numberIn, objectIn } from "../../json-value.ts";
import type { Usage } from "../../runner.ts";
import type { DriverResult } from "../driver.ts";
import { cooldown, failure } from "../outcome.ts";

const AUTH_REQUIRED = -32000;
const RESUMING = ["session/load", "session/resume"];

/** `reason`: the stopReason of session/prompt. */
export function endOfTurn(reason: string): DriverResult {
	switch (reason) {
		case "end_turn":
			return { status: "ok", details: { stopReason: reason } };
		case "refusal":
			return failure("RUNNER_FAILED", { stopReason: reason });
		// Too long, too many steps; or "cancelled" although nobody asked for that, or a word of a later version.
		default:
			return failure("RUNNER_INCOMPLETE", { stopReason: reason });
	}
}

/** An error that the agent answered to one of the requests. Some agents use HTTP's numbers as codes. */
export function endByError(
	request: string,
	error: { readonly code: number; readonly message: string; readonly data?: unknown },
): DriverResult {
	const { code, message } = error;
	const details = { request, code };
	const status = httpStatusIn(error);
	if (code === AUTH_REQUIRED || status === 401 || status === 403) return failure("AUTH_MISSING", details);
	if (status === 429) return cooldown(null, message, details);
	// The protocol has a code for a session that is not there; gemini and opencode call it an internal error.
	if (RESUMING.includes(request)) return failure("RUNNER_FAILED", { ...details, resume: "refused" });
	return { ...failure("RUNNER_FAILED", details), preview: message };
}

function httpStatusIn({ code, data }: { readonly code: number; readonly data?: unknown }): number | null {
	if (code >= 400 && code < 600) return code;
	const { status, statusCode, httpStatus } = objectIn(data) ?? {};
	const found = [status, statusCode, httpStatus].find((value) => typeof value === "number");
	return (found as number | undefined) ?? null;
}

/** What the turn used. Not every agent says it, and gemini says it in a place of its own; null = nothing is known. */
export function usageOf(
	answer: { readonly usage?: unknown; readonly _meta?: unknown },
	costUsd: number | null,
): Usage | null {
	const tokens = objectIn(answer.usage) ?? objectIn(objectIn(objectIn(answer._meta)?.quota)?.token_count);
	const inputTokens = numberIn(tokens?.inputTokens ?? tokens?.input_tokens);
	const outputTokens = numberIn(tokens?.outputTokens ?? tokens?.output_tokens);
	return inputTokens === null && outputTokens === null && costUsd === null
		? null
		: { inputTokens, outputTokens, costUsd };
}
