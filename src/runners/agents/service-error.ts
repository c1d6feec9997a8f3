// What the error of a model's service means, as far as it says so to machines: its HTTP status and when a limit ends.
// Invariant: no time is ever read from prose; a value that is no plain number, or no RetryInfo, gives none.

import { numberIn, objectIn, objectsIn, textIn } from "../json-value.ts";

export interface ServiceError {
	readonly httpStatus: number | null;
	/** Epoch ms. */
	readonly resetAtMs: number | null;
}

export interface ServiceAnswer {
	/** The error's JSON, read or still as text. */
	readonly body: unknown;
	readonly headers?: unknown;
	/** When it was received, epoch ms; without it, "in so many seconds" tells no time. */
	readonly atMs: number | null;
}

export function isLoginRefused(httpStatus: number | null): boolean {
	return httpStatus === 401 || httpStatus === 403;
}

export function isLimitReached(httpStatus: number | null): boolean {
	return httpStatus === 429;
}

/** Reads `{error: {code, resets_at, resets_in_seconds, details: [RetryInfo]}}` and a `retry-after` header. */
export function serviceErrorIn({ body, headers, atMs }: ServiceAnswer): ServiceError {
	const whole = objectIn(typeof body === "string" ? jsonWithin(body) : body);
	const error = objectIn(whole?.error) ?? whole;
	const status = numberIn(error?.code);
	const httpStatus = status !== null && Number.isInteger(status) && status >= 400 && status < 600 ? status : null;
	const until = secondsIn(error?.resets_at);
	if (until !== null) return { httpStatus, resetAtMs: Math.round(until * 1_000) };
	const wait = secondsIn(error?.resets_in_seconds) ?? retryDelayIn(error?.details) ?? retryAfterIn(headers);
	return { httpStatus, resetAtMs: wait === null || atMs === null ? null : Math.round(atMs + wait * 1_000) };
}

/** A CLI may put the service's JSON between words of its own: `[API Error: {"error":…}]`. */
function jsonWithin(text: string): unknown {
	const [from, to] = [text.indexOf("{"), text.lastIndexOf("}")];
	if (from === -1 || to < from) return null;
	try {
		return JSON.parse(text.slice(from, to + 1));
	} catch {
		return null;
	}
}

/** google.rpc.RetryInfo: `{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3600s"}`. */
function retryDelayIn(details: unknown): number | null {
	const info = objectsIn(details).find((detail) => textIn(detail["@type"])?.endsWith("google.rpc.RetryInfo"));
	const delay = /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(textIn(info?.retryDelay) ?? "")?.[1];
	return delay === undefined ? null : secondsIn(Number(delay));
}

function retryAfterIn(headers: unknown): number | null {
	const seconds = textIn(objectIn(headers)?.["retry-after"]) ?? "";
	return /^\d{1,9}$/.test(seconds) ? secondsIn(Number(seconds)) : null;
}

/** Also an instant in epoch seconds. What is zero or too large for one is no answer. */
function secondsIn(value: unknown): number | null {
	const seconds = numberIn(value);
	return seconds !== null && seconds > 0 && seconds < 1e11 ? seconds : null;
}
