// Reads the lines of JSON that a program prints, as far as a success rule asks for them.
// Invariant: the last matching line decides; a line that cannot be read decides nothing.

import type { JsonLineRule } from "../config/exec-declaration.ts";
import type { Usage } from "./runner.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** The object that the line holds if it is one the rule matches, else null. */
export function matchLine(rule: JsonLineRule, text: string): JsonObject | null {
	if (!text.trimStart().startsWith("{")) return null;
	let value: JsonObject;
	try {
		value = JSON.parse(text) as JsonObject;
	} catch {
		return null;
	}
	return unmet(value, rule.match).length === 0 ? value : null;
}

/** The paths at which the object does not have the wanted value. */
export function unmet(value: JsonObject, wanted: JsonLineRule["require"]): string[] {
	return Object.entries(wanted).flatMap(([path, expected]) => (valueAt(value, path) === expected ? [] : [path]));
}

/** The text at the rule's preview path, or null. */
export function previewIn(rule: JsonLineRule, value: JsonObject): string | null {
	const text = rule.preview === undefined ? undefined : valueAt(value, rule.preview);
	return typeof text === "string" ? text : null;
}

/** What the line says about tokens and cost; null when the rule asks for none or the line has none. */
export function usageIn(rule: JsonLineRule, value: JsonObject): Usage | null {
	const number = (path: string | undefined): number | null => {
		const found = path === undefined ? undefined : valueAt(value, path);
		return typeof found === "number" && Number.isFinite(found) && found >= 0 ? found : null;
	};
	const { inputTokens, outputTokens, costUsd } = rule.usage ?? {};
	const usage = { inputTokens: number(inputTokens), outputTokens: number(outputTokens), costUsd: number(costUsd) };
	return Object.values(usage).every((amount) => amount === null) ? null : usage;
}

function valueAt(value: unknown, path: string): unknown {
	let current = value;
	for (const key of path.split(".")) {
		if (typeof current !== "object" || current === null) return undefined;
		current = (current as JsonObject)[key];
	}
	return current;
}
