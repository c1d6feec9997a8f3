// The text of a ledger file before anything is made of it: its encoding, its lines, and what a merge may have left in it.
// Invariant: text that cannot be written back byte for byte is reported, never passed on as sound.

import { type Diagnostic, diagnose } from "../diagnostic.ts";

/** 1-based line of an offset. */
export function lineAt(text: string, offset: number): number {
	let line = 1;
	for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line += 1;
	return line;
}

/** The bytes as text, byte order mark included; bytes that are not UTF-8 become U+FFFD and an error-level diagnostic. */
export function decodeText(bytes: Uint8Array, file: string): { text: string; diagnostics: Diagnostic[] } {
	try {
		return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes), diagnostics: [] };
	} catch {
		const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
		const line = lineAt(text, Math.max(0, text.indexOf("\uFFFD")));
		const message = `Line ${line} is not UTF-8 text.`;
		return { text, diagnostics: [diagnose("file_encoding", { file, line, message, hint: "Save the file as UTF-8." })] };
	}
}

/** An error for the first NUL byte, if there is one. */
export function nulDiagnostic(text: string, file: string): Diagnostic | null {
	const at = text.indexOf("\0");
	if (at === -1) return null;
	const line = lineAt(text, at);
	return diagnose("nul_byte", {
		file,
		line,
		message: `Line ${line} holds a NUL byte.`,
		hint: "Remove it, or restore the file from git's history.",
	});
}

/** An error for the first conflict that a merge left: all three markers, each at the start of a line, in order. */
export function conflictDiagnostic(text: string, file: string): Diagnostic | null {
	// Most files hold none: one search decides before any pattern runs.
	if (!text.includes("<<<<<<< ")) return null;
	const start = /^<<<<<<< /m.exec(text);
	const middle = start === null ? -1 : text.slice(start.index).search(/^=======\r?$/m);
	if (start === null || middle === -1) return null;
	if (!/^>>>>>>> /m.test(text.slice(start.index + middle))) return null;
	const line = lineAt(text, start.index);
	return diagnose("conflict_markers", {
		file,
		line,
		message: `A merge left conflict markers from line ${line} on.`,
		hint: "`msgcode doctor --fix` shows whether it merges by itself. Else keep what is right, and remove the marker lines.",
	});
}
