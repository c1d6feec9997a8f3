// What of a runner's own word may stand in tracked files: numbers, flags and short words, made safe in this one place.
// Invariant: no prose of a runner gets through, and for a sensitive task no word at all but those of our own vocabulary.

import type { RunnerOutcome } from "../../runners/runner.ts";
import { redactSecrets } from "../../trust/secrets.ts";

const MAX_FACTS = 20;
const SHORT_WORD = /^[\w.:/@+-](?:[\w.:/@+ -]{0,78}[\w.:/@+-])?$/;
/** A model, a version, a session: one word of the program's own. */
const NAME = /^[\w.:/@+~[\]-]{1,200}$/;

/** Words that msgcode itself says of the end of a program. */
const OWN_WORDS: Readonly<Record<string, RegExp>> = {
	timer: /^(wall|idle)$/,
	limit: /^(memory|disk|cpu)$/,
	signal: /^SIG[A-Z0-9]{1,10}$/,
	reason: /^E[A-Z0-9]{2,20}$|^cwd_missing$/,
	groupName: /^chat-[0-9a-f]{8}$/,
	result: /^(missing|not_successful)$/,
	resume: /^refused$/,
};

/** Names of numbers and flags that msgcode itself says of the end of a program: a name can be a word of the runner's too. */
const OWN_NAMES: readonly string[] = [
	...["exitCode", "httpStatus", "status", "attempt", "maxAttempts", "truncatedLines", "line"],
	...["waitedMs", "resetAtMs", "estimated", "delivered", "reply"],
];

/** The details of an outcome as the receipt and runs.jsonl have them. */
export function trackedDetails(
	outcome: Pick<RunnerOutcome, "errorCode" | "details" | "limit">,
	sensitive: boolean,
): Record<string, unknown> {
	const { errorCode, details, limit } = outcome;
	const told = Object.entries(details).slice(0, MAX_FACTS);
	const facts = told.filter(([name, value]) => isName(name, sensitive) && isTracked(name, value, sensitive));
	const safe = facts.map(([name, value]) => [name, typeof value === "string" ? redactSecrets(value) : value]);
	if (errorCode !== "COOLDOWN") return Object.fromEntries(safe);
	const resetAtMs = limit?.resetAtMs ?? null;
	return { ...Object.fromEntries(safe), resetAtMs, estimated: resetAtMs === null };
}

/** A name that a program gave itself, its model or its session; null for what is none. */
export function trackedName(name: string | null): string | null {
	return name !== null && NAME.test(name) && redactSecrets(name) === name ? name : null;
}

function isName(name: string, sensitive: boolean): boolean {
	if (sensitive) return OWN_NAMES.includes(name) || Object.hasOwn(OWN_WORDS, name);
	return /^[A-Za-z]\w{0,39}$/.test(name) && redactSecrets(name) === name;
}

function isTracked(name: string, value: unknown, sensitive: boolean): boolean {
	if (value === null || typeof value === "boolean") return true;
	if (typeof value === "number") return Number.isFinite(value);
	if (typeof value === "string") {
		return sensitive ? OWN_WORDS[name]?.test(value) === true : SHORT_WORD.test(value);
	}
	const list = Array.isArray(value) && value.length <= MAX_FACTS && !sensitive;
	return list && value.every((item) => typeof item === "string" && SHORT_WORD.test(item));
}
