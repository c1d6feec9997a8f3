// The added lines of a git patch, each with its file and its line there. Hunks are followed by their counts, so content
// that looks like a header stays content. Text is decoded as latin1: one character per byte, whatever the encoding.

import { unquoted } from "../git/quoted-name.ts";

const HUNK = /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;
const NEWLINE = 10;

/** Calls back for every added line, in order. Names are decoded as git quotes them. */
export function forEachAddedLine(
	patch: Uint8Array,
	callback: (file: string, line: number, text: string) => void,
): void {
	const bytes = Buffer.from(patch.buffer, patch.byteOffset, patch.byteLength);
	let file = "";
	let line = 0;
	let oldLeft = 0;
	let newLeft = 0;
	for (let start = 0; start < bytes.length; ) {
		const newline = bytes.indexOf(NEWLINE, start);
		const end = newline < 0 ? bytes.length : newline;
		const mark = bytes[start];
		if (oldLeft > 0 || newLeft > 0) {
			if (mark === PLUS) {
				callback(file, line, bytes.toString("latin1", start + 1, end));
				line += 1;
				newLeft -= 1;
			} else if (mark === MINUS) {
				oldLeft -= 1;
			} else if (mark === SPACE || end === start) {
				line += 1;
				oldLeft -= 1;
				newLeft -= 1;
			} else if (mark !== BACKSLASH) {
				oldLeft = 0;
				newLeft = 0;
				continue;
			}
		} else if (mark === PLUS && bytes.toString("latin1", start, start + 4) === "+++ ") {
			file = fileName(bytes.subarray(start + 4, end));
		} else if (mark === AT) {
			const hunk = HUNK.exec(bytes.toString("latin1", start, Math.min(end, start + 100)));
			if (hunk !== null) {
				oldLeft = Number(hunk[1] ?? 1);
				line = Number(hunk[2]);
				newLeft = Number(hunk[3] ?? 1);
			}
		}
		start = end + 1;
	}
}

const PLUS = 43;
const MINUS = 45;
const SPACE = 32;
const BACKSLASH = 92;
const AT = 64;

/** `b/src/a.ts`, `"b/\303\244.txt"`, `b/with space.txt<tab>` → the path. */
function fileName(written: Buffer): string {
	const text = written.toString("latin1").replace(/[\t\r]+$/, "");
	const name = text.startsWith('"') && text.endsWith('"') ? unquoted(text.slice(1, -1)) : text;
	return Buffer.from(name.replace(/^b\//, ""), "latin1").toString("utf8");
}
