// What differs between two texts: how many lines, which words, as a diff. The only importer of the diff library.
// Invariant: hostile texts cost bounded time: beyond the limit lines are only counted, wherever they stand, and words are
// not told apart.
import { createTwoFilesPatch, diffArrays, diffWordsWithSpace } from "diff";

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

/** A piece of a text: in both, or only before, or only after. */
export interface WordPiece {
	readonly text: string;
	readonly side: "both" | "before" | "after";
}

const MAX_WORD_EDITS = 500;
const MAX_WORD_TEXT = 100_000;

/** The words of two texts as one sequence; null where they have too little in common, or are too long, to be told so. */
export function wordDifference(before: string, after: string): WordPiece[] | null {
	if (before.length + after.length > MAX_WORD_TEXT) return null;
	const parts = diffWordsWithSpace(before, after, { maxEditLength: MAX_WORD_EDITS });
	if (parts === undefined) return null;
	const pieces = parts.map(({ value, added, removed }): WordPiece => {
		return { text: value, side: added ? "after" : removed ? "before" : "both" };
	});
	const common = pieces.reduce((sum, { text, side }) => sum + (side === "both" ? text.trim().length : 0), 0);
	return common * 4 >= Math.max(before.trim().length, after.trim().length) ? pieces : null;
}

/** The difference of two texts as an ordinary diff; null where they have too little in common. */
export function textPatch(names: readonly [string, string], before: string, after: string): string | null {
	const patch = createTwoFilesPatch(...names, before, after, undefined, undefined, { maxEditLength: MAX_EDITS });
	return patch === undefined ? null : patch.replace(/^=+\n/, "");
}

/** The change of one file as git shows it, for reading; null stands for a file that is not there. */
export function fileDifference(path: string, before: Buffer | null, after: Buffer | null): string {
	const head = [`diff --git a/${path} b/${path}`];
	if (before === null) head.push("new file");
	if (after === null) head.push("deleted file");
	const names = [before === null ? "/dev/null" : `a/${path}`, after === null ? "/dev/null" : `b/${path}`] as const;
	const [from, to] = [before?.toString("utf8") ?? "", after?.toString("utf8") ?? ""];
	const patch = textPatch(names, from, to);
	if (patch !== null) return `${head.join("\n")}\n${patch}`;
	const { insertions, deletions } = lineDifference(from.split("\n"), to.split("\n"));
	return `${head.join("\n")}\n--- ${names[0]}\n+++ ${names[1]}\n(too long to show: ${insertions} lines come, ${deletions} go)\n`;
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
