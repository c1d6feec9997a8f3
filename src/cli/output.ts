// The one place that prints a result or a failure. Invariant: data goes to stdout, everything else to stderr; with
// --json stdout holds exactly one envelope, also when the command fails.

import { EXIT, MsgcodeError } from "../core/errors.ts";
import { prettyJson } from "../core/json-text.ts";
import { type Style, styleOf } from "./color.ts";
import type { CommandResult, Notice } from "./command.ts";
import type { Io } from "./io.ts";
import type { GlobalFlags } from "./parse.ts";
import { safeText, visible } from "./terminal-text.ts";

const SCHEMA_VERSION = 1;
const MOST_PIECES = 16;

/** Prints a command's result in the form that the flags ask for; returns the exit code. */
export function printResult(result: CommandResult, io: Io, flags: GlobalFlags): number {
	const warnings = result.warnings ?? [];
	if (result.streamed !== true) {
		if (flags.json && result.rendered !== undefined) writeRendered(result.kind, result.rendered(), warnings, io);
		else io.stdout.write(document(result, warnings, io, flags));
	}
	if (!flags.quiet) {
		const style = styleOf(io.stderr, io.env, flags.color);
		// In JSON the warnings are part of the envelope.
		if (!flags.json || result.streamed === true) {
			for (const warning of warnings) io.stderr.write(noticeText(warning, style));
		}
		if (result.next !== undefined && !flags.json) {
			io.stderr.write(safeText(`${style.dim("next:")} ${result.next}\n`, style.color));
		}
	}
	return result.exitCode ?? EXIT.ok;
}

function document(result: CommandResult, warnings: readonly Notice[], io: Io, flags: GlobalFlags): string {
	if (flags.json) return jsonText({ schemaVersion: SCHEMA_VERSION, kind: result.kind, data: result.data, warnings });
	if (flags.plain && result.plain !== undefined) return plainText(result.plain());
	const style = styleOf(io.stdout, io.env, flags.color && !flags.plain);
	const text = safeText(result.human(style), style.color);
	return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

/** The envelope around a list whose elements are there as text already. */
function writeRendered(kind: string, elements: readonly Uint8Array[], warnings: readonly Notice[], io: Io): void {
	const envelope = jsonText({ schemaVersion: SCHEMA_VERSION, kind, data: [], warnings });
	const inside = envelope.indexOf("[]") + 1;
	const around = elements.length === 0 ? ["", ""] : ["\n", "\n  "];
	const pieces = [envelope.slice(0, inside) + around[0], ...elements, around[1] + envelope.slice(inside)];
	// A few large pieces are written as they are, many small ones as one.
	if (pieces.length > MOST_PIECES) io.stdout.write(Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
	else for (const piece of pieces) io.stdout.write(piece);
}

/** Prints a failure; returns the exit code of its row in the table of codes. */
export function printError(error: unknown, io: Io, flags: GlobalFlags): number {
	const failure = error instanceof MsgcodeError ? error : bug(error, io);
	if (flags.json) {
		const { code, message, hint = null, details = {} } = failure;
		io.stdout.write(
			jsonText({ schemaVersion: SCHEMA_VERSION, kind: "error", error: { code, message, hint, details } }),
		);
		return failure.exitCode;
	}
	const style = styleOf(io.stderr, io.env, flags.color);
	let text = `${style.red("error:")} ${failure.message}\n`;
	if (failure.hint !== undefined) text += `${style.dim("hint:")} ${failure.hint}\n`;
	if (io.env.MSGCODE_DEBUG === "1") text += `${stackOf(error)}\n`;
	io.stderr.write(safeText(text, style.color));
	return failure.exitCode;
}

/** What an exception that nobody foresaw becomes. */
function bug(error: unknown, io: Io): MsgcodeError {
	const debug = io.env.MSGCODE_DEBUG === "1";
	const message = error instanceof Error ? error.message : String(error);
	return new MsgcodeError("internal", `A bug in msgcode: ${message}`, {
		cause: error,
		hint: debug ? undefined : "Run it again with MSGCODE_DEBUG=1 and report what it prints.",
		details: debug ? { stack: stackOf(error) } : undefined,
	});
}

function stackOf(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const stack = error.stack ?? error.message;
	return error.cause === undefined ? stack : `${stack}\ncaused by: ${stackOf(error.cause)}`;
}

function noticeText(notice: Notice, style: Style): string {
	const place = notice.file == null ? "" : `${notice.file}${notice.line == null ? "" : `:${notice.line}`}: `;
	const hint = notice.hint == null ? "" : `${style.dim("hint:")} ${notice.hint}\n`;
	return safeText(`${style.yellow("warning:")} ${place}${notice.message}\n${hint}`, style.color);
}

/** Rows as tab-separated lines; a cell's own tabs, newlines and control characters are made visible. */
export function plainText(rows: readonly (readonly unknown[])[]): string {
	return rows.map((row) => `${row.map((cell) => visible(String(cell ?? ""))).join("\t")}\n`).join("");
}

/** The value as pretty-printed JSON with a final newline, safe to show on a terminal. */
export function jsonText(value: unknown): string {
	return `${prettyJson(value)}\n`;
}

/** The value as one line of NDJSON. */
export function jsonLine(value: unknown): string {
	return `${JSON.stringify(value)}\n`;
}
