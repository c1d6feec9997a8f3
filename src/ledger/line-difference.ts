// How many lines differ between two texts, as a diff would show them. The only importer of the diff library.
// Invariant: hostile texts cost bounded time: beyond the limit lines are only counted, wherever they stand.
import { diffArrays } from "diff";

export interface LineCounts {
	readonly insertions: number;
	readonly deletions: number;
}

/** Beyond this many edits the texts have little in common, and the exact answer says no more than the count. */
const MAX_EDITS = 2_000;

export function lineDifference(before: readonly string[], after: readonly string[]): LineCounts {
	const parts = diffArrays([...before], [...after], { maxEditLength: MAX_EDITS });
	if (parts === undefined) return { insertions: onlyIn(after, before), deletions: onlyIn(before, after) };
	const count = (which: "added" | "removed") =>
		parts.reduce((sum, part) => sum + (part[which] ? part.value.length : 0), 0);
	return { insertions: count("added"), deletions: count("removed") };
}

function onlyIn(lines: readonly string[], others: readonly string[]): number {
	const left = new Map<string, number>();
	for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
	let count = 0;
	for (const line of lines) {
		const there = left.get(line) ?? 0;
		if (there === 0) count += 1;
		else left.set(line, there - 1);
	}
	return count;
}
