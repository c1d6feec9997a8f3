// A diff of a task's files in colour, with changed text shown word by word inside its lines.
// Invariant: without colour it is the diff as git gives it; nothing that the text holds can act on the terminal.
import { wordDifference } from "../ledger/history/line-difference.ts";
import type { Style } from "./color.ts";
import { safeText } from "./terminal-text.ts";

export function paintWordPatch(patch: string, style: Style): string {
	const lines = patch.split("\n");
	const painted: string[] = [];
	let inHunk = false;
	let isText = false;
	for (let at = 0; at < lines.length; ) {
		const line = lines[at] as string;
		if (line.startsWith("diff --git ")) {
			inHunk = false;
			isText = /\.md"?$/.test(line);
		}
		if (line.startsWith("@@ ")) inHunk = true;
		const removed = inHunk ? run(lines, at, "-") : 0;
		const added = inHunk ? run(lines, at + removed, "+") : 0;
		if (removed + added === 0 || !inHunk) {
			painted.push(plainLine(line, inHunk, style));
			at += 1;
			continue;
		}
		const block = lines.slice(at, at + removed + added);
		painted.push(
			...((style.color && isText ? changedText(block, removed, style) : null) ??
				block.map((one) => plainLine(one, true, style))),
		);
		at += removed + added;
	}
	return painted.join("\n");
}

function run(lines: readonly string[], start: number, sign: string): number {
	let end = start;
	while (lines[end]?.startsWith(sign) === true) end += 1;
	return end - start;
}

/** Lines that were taken out and those put in for them, as one text; null where they are not one text changed. */
function changedText(block: readonly string[], removed: number, style: Style): string[] | null {
	const text = (lines: readonly string[]) => lines.map((line) => line.slice(1)).join("\n");
	if (removed === 0 || removed === block.length) return null;
	const pieces = wordDifference(text(block.slice(0, removed)), text(block.slice(removed)));
	if (pieces === null) return null;
	const paints = { both: (piece: string) => piece, before: style.red, after: style.green };
	// Each line is painted on its own: a pager shows them one by one.
	const painted = pieces.map(({ text: piece, side }) =>
		piece
			.split("\n")
			.map((part) => paints[side](safeText(part, false)))
			.join("\n"),
	);
	return painted
		.join("")
		.split("\n")
		.map((line) => `${style.yellow("~")}${line}`);
}

function plainLine(raw: string, inHunk: boolean, style: Style): string {
	const line = safeText(raw, false);
	if (line.startsWith("@@ ")) return line.replace(/^@@ .*? @@/, (range) => style.cyan(range));
	if (!inHunk) return style.bold(line);
	if (line.startsWith("+")) return style.green(line);
	return line.startsWith("-") ? style.red(line) : line;
}
