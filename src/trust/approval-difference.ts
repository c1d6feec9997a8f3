// What changed between two executable specs, as lines for a person who is about to say yes. Nothing is left out or
// shortened, and no character can reach the terminal that would hide or reorder what the line says.

import type { Spec, SpecValue } from "./approvals.ts";

/** Controls, directional marks, invisible and line-breaking characters. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\u115f\u1160\u3164\uffa0]/gu;

/**
 * Lines that begin with `-` (no longer so), `+` (new) or two spaces (the rest of a changed text). `before` is null when
 * nothing was approved yet. Empty when nothing differs.
 */
export function difference(before: Spec | null, after: Spec): string[] {
	const old = flatten(before ?? {});
	const current = flatten(after);
	const keys = [...new Set([...old.keys(), ...current.keys()])];
	return keys.flatMap((key) => {
		const was = old.get(key);
		const is = current.get(key);
		if (was !== undefined && is !== undefined && JSON.stringify(was) === JSON.stringify(is)) {
			return [];
		}
		if (isBlock(was) || isBlock(is)) {
			return changedBlock(key, was, is);
		}
		return [
			...(was === undefined ? [] : [`- ${key}: ${show(was)}`]),
			...(is === undefined ? [] : [`+ ${key}: ${show(is)}`]),
		];
	});
}

/** `runner.argv` → its value: tables are walked, lists and scalars are values. */
function flatten(spec: Spec, prefix = ""): Map<string, SpecValue> {
	const result = new Map<string, SpecValue>();
	for (const [name, value] of Object.entries(spec)) {
		const key = `${prefix}${/^[\w-]+$/.test(name) ? name : show(name)}`;
		if (typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
			for (const [inner, item] of flatten(value as Spec, `${key}.`)) {
				result.set(inner, item);
			}
		} else {
			result.set(key, value);
		}
	}
	return result;
}

function isBlock(value: SpecValue | undefined): value is string {
	return typeof value === "string" && value.includes("\n");
}

/** A text of several lines: lines equal at both ends are context, the rest is out and in. */
function changedBlock(key: string, was: SpecValue | undefined, is: SpecValue | undefined): string[] {
	const old = linesOf(was);
	const current = linesOf(is);
	let head = 0;
	while (head < old.length && head < current.length && old[head] === current[head]) {
		head += 1;
	}
	let tail = 0;
	while (
		tail < old.length - head &&
		tail < current.length - head &&
		old[old.length - 1 - tail] === current[current.length - 1 - tail]
	) {
		tail += 1;
	}
	const mark = was === undefined ? "+" : is === undefined ? "-" : " ";
	const marked = (sign: string, lines: readonly string[]) => lines.map((line) => `${sign}   ${escapeUnsafe(line)}`);
	return [
		`${mark} ${key}:`,
		...marked(" ", old.slice(0, head)),
		...marked("-", old.slice(head, old.length - tail)),
		...marked("+", current.slice(head, current.length - tail)),
		...marked(" ", old.slice(old.length - tail)),
	];
}

function linesOf(value: SpecValue | undefined): string[] {
	if (value === undefined) {
		return [];
	}
	return (typeof value === "string" ? value : show(value)).split("\n");
}

function show(value: SpecValue): string {
	return escapeUnsafe(JSON.stringify(value));
}

function escapeUnsafe(text: string): string {
	return text.replace(UNSAFE, (character) =>
		character === "\t" ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
	);
}
