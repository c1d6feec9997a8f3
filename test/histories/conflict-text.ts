// Conflict markers in a text: taking one side of each, and the conflict as it looks from the other side.
import type { Settling } from "./merging.ts";

export interface Hunk {
	readonly ours: string;
	readonly theirs: string;
}

/** The text in pieces: what both sides agree on, and where they do not. */
export function piecesOf(text: string): (string | Hunk)[] {
	const pieces: (string | Hunk)[] = [];
	let agreed = "";
	let hunk: { ours: string; base: string; theirs: string; at: "ours" | "base" | "theirs" } | null = null;
	for (const line of text.split(/(?<=\n)/)) {
		if (hunk === null) {
			if (!/^<{7} /.test(line)) {
				agreed += line;
				continue;
			}
			pieces.push(agreed);
			agreed = "";
			hunk = { ours: "", base: "", theirs: "", at: "ours" };
		} else if (/^\|{7}( |\r?\n)/.test(line)) hunk.at = "base";
		else if (/^={7}\r?\n/.test(line)) hunk.at = "theirs";
		else if (/^>{7} /.test(line)) {
			pieces.push({ ours: hunk.ours, theirs: hunk.theirs });
			hunk = null;
		} else hunk[hunk.at] += line;
	}
	return [...pieces, agreed];
}

export function hunkwise(text: string, settling: Settling): string {
	return piecesOf(text)
		.map((piece) => {
			if (typeof piece === "string") return piece;
			if (settling === "ours" || settling === "theirs") return piece[settling];
			return piece.ours < piece.theirs === (settling === "lesser") ? piece.ours : piece.theirs;
		})
		.join("");
}

/** The same conflict as the other side sees it. */
export function seenFromTheOtherSide(text: string): (string | Hunk)[] {
	return piecesOf(text).map((piece) =>
		typeof piece === "string" ? piece : { ours: piece.theirs, theirs: piece.ours },
	);
}
