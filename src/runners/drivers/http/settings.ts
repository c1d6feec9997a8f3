// Where the executor is and how patient its caller is. All of it comes from the environment, and nowhere else.
// Invariant: a value that cannot be read is named, never replaced by a guess.

import { baseAddress } from "../service-call.ts";

export interface ExecutorSettings {
	readonly base: URL;
	readonly token: string | null;
	/** How long the executor may be silent, ms. */
	readonly timeoutMs: number;
	/** Further requests after the first. */
	readonly maxRetries: number;
	/** Waited before the n-th further request: n times as long, ms. */
	readonly retryDelayMs: number;
	readonly retryStatuses: readonly number[];
}

/** The settings, or the name of the variable that is missing or wrong. */
export function executorSettings(
	env: Readonly<Record<string, string | undefined>>,
): ExecutorSettings | { readonly wrong: string } {
	const base = baseAddress(env.EXECUTOR_BASE_URL ?? "");
	if (base === null) return { wrong: "EXECUTOR_BASE_URL" };
	const token = env.EXECUTOR_AUTH_TOKEN ?? "";
	// Anything else could end the header and begin another.
	if (!/^[\x21-\x7e]*$/.test(token)) return { wrong: "EXECUTOR_AUTH_TOKEN" };
	const numbers = {
		EXECUTOR_TIMEOUT_MS: numberIn(env.EXECUTOR_TIMEOUT_MS, 30_000, 1, 86_400_000),
		EXECUTOR_MAX_RETRIES: numberIn(env.EXECUTOR_MAX_RETRIES, 0, 0, 100),
		EXECUTOR_RETRY_DELAY_MS: numberIn(env.EXECUTOR_RETRY_DELAY_MS, 200, 0, 3_600_000),
	};
	for (const [name, value] of Object.entries(numbers)) if (value === null) return { wrong: name };
	const codes = (env.EXECUTOR_RETRY_STATUS_CODES || "500,502,503,504").split(",").map((code) => code.trim());
	if (!codes.every((code) => /^5\d\d$/.test(code))) return { wrong: "EXECUTOR_RETRY_STATUS_CODES" };
	return {
		base,
		token: token === "" ? null : token,
		timeoutMs: numbers.EXECUTOR_TIMEOUT_MS as number,
		maxRetries: numbers.EXECUTOR_MAX_RETRIES as number,
		retryDelayMs: numbers.EXECUTOR_RETRY_DELAY_MS as number,
		retryStatuses: codes.map(Number),
	};
}

/** Null for what is no whole number in the range. */
function numberIn(text: string | undefined, otherwise: number, least: number, most: number): number | null {
	if (text === undefined || text === "") return otherwise;
	const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
	return value >= least && value <= most ? value : null;
}
