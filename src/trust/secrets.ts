// Finding and hiding secrets in text. A finding says which rule, which file and which line, and never the text.

import { forEachAddedLine } from "./patch-lines.ts";
import { privateKeyFinder, privateKeyHider } from "./private-keys.ts";
import { NAME_HINT, type SecretRule, SHAPE_HINT, secretRules } from "./secret-rules.ts";

export interface Finding {
	readonly rule: string;
	readonly file: string;
	/** From 1, in the new file. */
	readonly line: number;
}

const PRIVATE_KEY = "private-key";

const LOCK_FILE =
	/(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lock|Cargo\.lock|go\.sum|composer\.lock|Gemfile\.lock|poetry\.lock|uv\.lock|Pipfile\.lock|flake\.lock|deno\.lock)$/;

const rulesByShape = secretRules.filter((rule) => rule.byName !== true);
const rulesByName = secretRules.filter((rule) => rule.byName === true);

/** Every secret in a file's text, by line, each rule once per line. */
export function scanForSecrets(text: string, file: string): Finding[] {
	const scanner = fileScanner(file);
	return text.split("\n").flatMap((line, index) => scanner(line, index + 1));
}

/** The secrets in a git patch's added lines, at their lines of the new files. Binary hunks have no lines. */
export function scanPatchForSecrets(patch: Uint8Array): Finding[] {
	const findings: Finding[] = [];
	let current: string | null = null;
	let scanner = fileScanner("");
	forEachAddedLine(patch, (file, line, text) => {
		if (file !== current) {
			current = file;
			scanner = fileScanner(file);
		}
		findings.push(...scanner(text, line));
	});
	return findings;
}

/** The text with `[redacted <rule>]` in the place of every secret. */
export function redactSecrets(text: string): string {
	return createRedactor()(text);
}

/** A redactSecrets for a stream of pieces, each of whole lines: a private key is hidden over all pieces that hold it. */
export function createRedactor(): (text: string) => string {
	const hideKeys = privateKeyHider(replacement(PRIVATE_KEY));
	return (text) =>
		text
			.split("\n")
			.map((line) => redactLine(hideKeys(line)))
			.join("\n");
}

function fileScanner(file: string): (line: string, lineNumber: number) => Finding[] {
	const skipNames = LOCK_FILE.test(file);
	const keys = privateKeyFinder();
	return (line, lineNumber) => {
		const heading = keys.next(line, lineNumber);
		const found = heading === null ? [] : [{ rule: PRIVATE_KEY, file, line: heading }];
		const ids = matchingRules(line, skipNames);
		return ids.length === 0 ? found : [...found, ...ids.map((rule) => ({ rule, file, line: lineNumber }))];
	};
}

/** The rules worth trying on a line: mostly none. */
function rulesFor(line: string): readonly SecretRule[] {
	if (line.length < 16) {
		return [];
	}
	const byShape = SHAPE_HINT.test(line) ? rulesByShape : [];
	return NAME_HINT.test(line) ? [...byShape, ...rulesByName] : byShape;
}

function matchingRules(line: string, skipNames: boolean): string[] {
	const ids = new Set<string>();
	for (const rule of rulesFor(line)) {
		if (!(skipNames && rule.byName === true) && !ids.has(rule.id) && secretsOf(rule, line).length > 0) {
			ids.add(rule.id);
		}
	}
	return [...ids];
}

interface Place {
	readonly start: number;
	readonly end: number;
}

function secretsOf(rule: SecretRule, line: string): Place[] {
	const places: Place[] = [];
	for (const match of line.matchAll(rule.pattern)) {
		const secret = match.groups?.secret ?? match[0];
		if (rule.isHarmless?.(secret) !== true) {
			const start = match.index + match[0].lastIndexOf(secret);
			places.push({ start, end: start + secret.length });
		}
	}
	return places;
}

function redactLine(line: string): string {
	let result = line;
	for (const rule of rulesFor(line)) {
		const places = secretsOf(rule, result);
		if (places.length > 0) {
			const kept = places.map(({ start }, index) => result.slice(places[index - 1]?.end ?? 0, start));
			result = [...kept, result.slice(places.at(-1)?.end)].join(replacement(rule.id));
		}
	}
	return result;
}

function replacement(rule: string): string {
	return `[redacted ${rule}]`;
}
