// A request to the executor, made again where that can help.
// Invariant: only a status that is set for it, a broken connection and silence are tried again, at most as often as set; a
// refusal (4xx) is final at once. Whether work begins twice is not at stake here: every request of a run has its key.

import { setTimeout as delay } from "node:timers/promises";
import { callService, type ServiceAnswer, type ServiceCall, ServiceFailure, textOf } from "../service-call.ts";
import type { ExecutorSettings } from "./settings.ts";

export interface ExecutorCall {
	readonly method: ServiceCall["method"];
	readonly url: URL;
	/** "run.start", "run.events" … */
	readonly operation: string;
	readonly body?: unknown;
	readonly stop: AbortSignal;
	/** Further requests, where they are not those of the settings. */
	readonly maxRetries?: number;
}

/** What names the run in the headers of every request. */
export interface RunHeaders {
	readonly traceId: string;
	readonly sessionId: string;
	readonly runId: string;
	readonly key: string | null;
}

/** Why the last request failed. */
export interface ExecutorFailure {
	readonly kind: "timeout" | "network" | "http_status";
	/** Node's word for it, with "network". */
	readonly reason: string | null;
	readonly path: string;
	/** Which of `maxAttempts` it was, from 1. */
	readonly attempt: number;
	readonly maxAttempts: number;
	readonly status: number | null;
	readonly retryAtMs: number | null;
	/** The executor's own word for it, and what it said of it. */
	readonly code: string | null;
	readonly message: string;
}

export type Called = { readonly answer: ServiceAnswer } | { readonly failure: ExecutorFailure };

/** Rejects only with the reason of `stop`. */
export async function callExecutor(settings: ExecutorSettings, run: RunHeaders, call: ExecutorCall): Promise<Called> {
	const maxAttempts = (call.maxRetries ?? settings.maxRetries) + 1;
	for (let attempt = 1; ; attempt += 1) {
		const result = await once(settings, run, call);
		if ("answer" in result) return result;
		const { failure } = result;
		if (attempt >= maxAttempts || !isTransient(settings, failure)) {
			return { failure: { ...failure, attempt, maxAttempts } };
		}
		await delay(settings.retryDelayMs * attempt, undefined, { signal: call.stop });
	}
}

function isTransient(settings: ExecutorSettings, { kind, status }: Pick<ExecutorFailure, "kind" | "status">): boolean {
	return kind !== "http_status" || settings.retryStatuses.includes(status ?? 0);
}

async function once(settings: ExecutorSettings, run: RunHeaders, call: ExecutorCall): Promise<Called> {
	const { method, url, body, stop } = call;
	const base = {
		path: url.pathname,
		attempt: 1,
		maxAttempts: 1,
		reason: null,
		status: null,
		retryAtMs: null,
		code: null,
		message: "",
	};
	try {
		const headers = headersOf(settings, run, call);
		const answer = await callService({ method, url, headers, body, silenceMs: settings.timeoutMs, stop });
		const { status, retryAtMs } = answer;
		if (status >= 200 && status < 300) return { answer };
		const said = await textOf(answer, 16 * 1024).catch((cause) => messageless(cause));
		return { failure: { ...base, kind: "http_status", status, retryAtMs, ...wordsIn(said) } };
	} catch (cause) {
		if (!(cause instanceof ServiceFailure)) throw cause;
		return { failure: { ...base, kind: cause.kind, reason: cause.reason } };
	}
}

/** The status is known: that the words to it are not changes nothing. */
function messageless(cause: unknown): string {
	if (cause instanceof ServiceFailure) return "";
	throw cause;
}

/** `{"error":{"code":…,"message":…}}`, or whatever it is. */
function wordsIn(text: string): Pick<ExecutorFailure, "code" | "message"> {
	try {
		const { error } = JSON.parse(text) as { error?: { code?: unknown; message?: unknown } };
		const { code, message } = error ?? {};
		return {
			code: typeof code === "string" ? code : null,
			message: typeof message === "string" ? message : text,
		};
	} catch {
		return { code: null, message: text };
	}
}

function headersOf({ base, token }: ExecutorSettings, run: RunHeaders, call: ExecutorCall): Record<string, string> {
	return {
		...(token === null ? {} : { authorization: `Bearer ${token}` }),
		...(run.key === null ? {} : { "idempotency-key": run.key }),
		"x-trace-id": run.traceId,
		"x-session-id": run.sessionId,
		"x-executor-id": base.host,
		"x-operation": call.operation,
		"x-ts": new Date().toISOString(),
		"x-run-id": run.runId,
	};
}
