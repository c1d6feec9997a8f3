// When a local model's answer is a success: the one rule, pure.
// Invariant: an answer that was cut, by the model's limit or on the way, is never taken for a whole one.

import type { DriverResult } from "../driver.ts";
import { cooldown, failure } from "../outcome.ts";
import type { ServiceFailure } from "../service-call.ts";
import type { ChatAnswer } from "./chat-answer.ts";

/** The service's answer where it is no success. */
export interface Refusal {
	readonly status: number;
	readonly path: string;
	readonly retryAtMs: number | null;
	/** Its own code for the error. */
	readonly code: string | null;
	readonly message: string;
}

export function judgeRefusal({ status, path, retryAtMs, code, message }: Refusal): DriverResult {
	const details = { kind: "http_status", status, path };
	const preview = message;
	if (status === 401 || status === 403) return { ...failure("AUTH_MISSING", details), preview };
	if (status === 429) return { ...cooldown(retryAtMs, message === "" ? null : message, details), preview };
	// Whoever answers for a server that is not there, or has not loaded its model yet, is not the server.
	if (status >= 502 && status <= 504) return { ...failure("RUNNER_UNREACHABLE", details), preview };
	const reason = code === "model_not_found" ? "no_model" : "refused";
	return { ...failure("RUNNER_FAILED", { ...details, reason }), preview };
}

/** The stream has ended. `broken`: by a connection that broke; `truncated`: lines of it that were too long to read. */
export function judgeAnswer(answer: ChatAnswer, broken: ServiceFailure | null, truncated: number): DriverResult {
	const { finish, done, text, usage, model, error, dropped } = answer;
	const said = { preview: text, usage, model };
	if (error !== null) {
		const reason = error.code === "model_not_found" ? "no_model" : "service_error";
		return { ...failure("RUNNER_FAILED", { reason }), ...said, preview: error.message };
	}
	const incomplete = (reason: string) => ({ ...failure("RUNNER_INCOMPLETE", { reason }), ...said });
	if (finish === null) return incomplete(broken !== null ? broken.kind : done ? "no_finish" : "stream_ended");
	if (finish !== "stop") return incomplete(/^\w{1,40}$/.test(finish) ? finish : "other_finish");
	if (dropped > 0 || truncated > 0) return incomplete("too_long");
	return { status: "ok", ...said };
}
