// What is sent into a tmux pane, and what of the pane afterwards is an answer to it; pure.
// Invariant: what is sent is text: no character of it can be a key beyond what its lines are, least of all the end of a
// bracketed paste, behind which everything would be typed by nobody.

import { sha256 } from "../../../core/sha256.ts";

/** The session of a route's target. */
export function groupNameOf(target: string): string {
	return `chat-${sha256(Buffer.from(target)).slice(0, 8)}`;
}

export type Message =
	| { readonly text: string }
	| { readonly refused: "empty" }
	/** `line` counts from 1. */
	| { readonly refused: "control character"; readonly character: string; readonly line: number };

/**
 * The text as it is typed: line ends are line feeds, and the last one, with which every text file ends, is left to the
 * Enter that sends it. A text with control characters other than tab and line feed is refused, never sent in another form.
 */
export function messageOf(body: string): Message {
	const text = body.replaceAll("\r\n", "\n");
	if (text.trim() === "") return { refused: "empty" };
	const found = /[\0-\x08\x0b-\x1f\x7f-\x9f]/.exec(text);
	if (found === null) return { text: text.endsWith("\n") ? text.slice(0, -1) : text };
	return {
		refused: "control character",
		character: `U+${found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`,
		line: text.slice(0, found.index).split("\n").length,
	};
}

/** The lines of a pane that came after the text was sent: what stood there before and the text's own echo left out. */
export function replyIn(before: string, after: string, text: string): string {
	const old = linesOf(before);
	const now = linesOf(after);
	const dropped = droppedLines(old, now);
	let start = 0;
	while (start < now.length && dropped + start < old.length && old[dropped + start] === now[start]) start += 1;
	let end = 0;
	// What stands below as before, a prompt or a status line, is no answer.
	while (end < now.length - start && end < old.length - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
	const fresh = now.slice(start, now.length - end);
	return fresh
		.slice(echoedLines(fresh, text))
		.join("\n")
		.replace(/^\n+|\s+$/g, "");
}

/** How many lines a full history has lost at its top meanwhile. */
function droppedLines(old: readonly string[], now: readonly string[]): number {
	const sample = now.slice(0, 5);
	for (let offset = 0; offset < old.length; offset += 1) {
		if (sample.every((line, position) => old[offset + position] === line)) return offset;
	}
	return 0;
}

/** How many of the first lines show the text itself, whatever a program draws around it. */
function echoedLines(lines: readonly string[], text: string): number {
	const wanted = text.split("\n").map(plain).filter(Boolean);
	let echoed = 0;
	let next = 0;
	for (const [position, line] of lines.entries()) {
		if (next === wanted.length) break;
		if (!plain(line).includes(wanted[next] as string)) continue;
		next += 1;
		echoed = position + 1;
	}
	return echoed;
}

/** Panes show tabs and the wide spaces of a layout as blanks. */
function plain(line: string): string {
	return line.replaceAll(/\s+/g, " ").trim();
}

function linesOf(screen: string): string[] {
	return screen
		.trimEnd()
		.split("\n")
		.map((line) => line.trimEnd());
}
