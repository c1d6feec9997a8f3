// The front matter of two branches as one, key by key, made of the sides' own lines.
// Invariant: a key that no conflict concerns stands there exactly once, or not at all; markers enclose only lines of one key.
import type { Unit, Units } from "../task/front-matter-units.ts";
import { mergeOrder, mergeSet } from "./merge-order.ts";
import { conflictHunk, type Sides, settled } from "./merge-sides.ts";
import { mergeUnit } from "./merge-unit.ts";

export interface MergedMatter {
	readonly text: string;
	/** The keys that both sides changed differently. */
	readonly conflicts: readonly string[];
	/** What the front matter says; null where the sides do not agree on that. */
	readonly data: Readonly<Record<string, unknown>> | null;
}

type LineEnd = "\n" | "\r\n";

export function mergeMatter(sides: Sides, base: Units, ours: Units, theirs: Units, lineEnd: LineEnd): MergedMatter {
	const conflicts: string[] = [];
	const data: Record<string, unknown> = {};
	let agreed = true;
	let text = "";
	const keysOf = (units: Units) => [...units.byKey.keys()];
	const isLoose = [ours, theirs].some(({ byKey }) =>
		[...byKey.values()].some(({ leading }) => blankPrefix(leading) !== ""),
	);
	const gap = isLoose ? lineEnd : "";
	const firstKeys = [base, ours, theirs].map((units) => keysOf(units)[0]);
	for (const key of mergeOrder(keysOf(base), keysOf(ours), keysOf(theirs))) {
		const [before, left, right] = [base, ours, theirs].map((units) => units.byKey.get(key));
		const choice = mergeUnit(before, left, right, lineEnd);
		if (choice.kind === "clean" && choice.own === null) continue;
		const merged = mergeLeading(before?.leading, left?.leading, right?.leading);
		const leading = spaced(merged, text === "", firstKeys.includes(key), gap);
		if (choice.kind === "clean") {
			text += leading + choice.own;
			data[key] = choice.value;
			continue;
		}
		conflicts.push(key);
		const { agreed: saying } = choice;
		if (saying === null) agreed = false;
		else if (saying.present) data[key] = saying.value;
		// Comments above a key that one side has deleted are part of the choice.
		const split = left !== undefined && right !== undefined ? leading.length : blankPrefix(leading).length;
		const side = (unit: Unit | undefined) => (unit === undefined ? "" : leading.slice(split) + unit.own);
		text += leading.slice(0, split) + conflictHunk(sides, side(left), side(right), lineEnd);
	}
	text += mergeLeading(base.tail, ours.tail, theirs.tail);
	return { text, conflicts, data: agreed ? data : null };
}

/** Blank lines and comments of both sides: each comment line once, and none that a side removed. */
function mergeLeading(base: string | undefined, ours: string | undefined, theirs: string | undefined): string {
	if (ours === undefined || theirs === undefined) return ours ?? theirs ?? "";
	const known = settled<string | undefined>(base, ours, theirs)?.value;
	if (known !== undefined) return known;
	const start = [ours, theirs].map(blankPrefix).sort()[0] ?? "";
	const lines = mergeSet(...([base ?? "", ours, theirs].map(numberedLines) as [string[], string[], string[]]));
	return start + lines.map((line) => line.slice(line.indexOf("\0") + 1)).join("");
}

function blankPrefix(leading: string): string {
	return /^(?:[ \t]*\r?\n)*/.exec(leading)?.[0] ?? "";
}

/** The lines behind the blank prefix, each made unlike the others: a comment may hold the same line twice. */
function numberedLines(leading: string): string[] {
	const counts = new Map<string, number>();
	const lines = leading.slice(blankPrefix(leading).length).match(/[^\n]*\n/g) ?? [];
	return lines.map((line) => {
		const count = (counts.get(line) ?? 0) + 1;
		counts.set(line, count);
		return `${count}\0${line}`;
	});
}

/** The first key has no blank line above it; one that stood first and no longer does gets one where others have one. */
function spaced(leading: string, isFirst: boolean, wasFirst: boolean, gap: string): string {
	if (isFirst && !wasFirst) return leading.slice(blankPrefix(leading).length);
	return !isFirst && wasFirst && leading === "" ? gap : leading;
}
