// The text of `<taskId>.json`, the machine's half of a task. Keys stand in a fixed order with a blank line between them, so
// that edits of different keys merge with nothing but git; keys that this version does not know survive every write.

import { basename } from "node:path/posix";
import { MsgcodeError } from "../../core/errors.ts";
import { type Diagnostic, type DiagnosticCode, diagnose } from "../diagnostic.ts";
import { LIMITS } from "../limits.ts";
import { scanJson } from "./json-scan.ts";
import { plainRecord } from "./plain-values.ts";
import { conflictDiagnostic, lineAt, nulDiagnostic } from "./source-text.ts";
import { type TaskRecord, taskRecordSchema } from "./task.ts";

const KEY_ORDER: readonly string[] = [
	"schemaVersion",
	"id",
	"createdAtMs",
	"workspace",
	"salt",
	"route",
	"status",
	"blocked",
	"closed",
	"removed",
];

/** A text shorter than this cannot be nested deeply enough to overflow a stack. */
const DEEP_BYTES = 4096;

const RESTORE = "Restore it from git's history (`git log -- <file>`), or mend the line by hand.";

/**
 * The record, or null where anything in it is wrong; the diagnostics say what and where. `file` is the path to name in
 * them; its base name must be the record's id. A byte order mark is tolerated.
 */
export function parseRecord(text: string, file: string): { record: TaskRecord | null; diagnostics: Diagnostic[] } {
	const fail = (code: DiagnosticCode, line: number, message: string, hint: string = RESTORE) => {
		return { record: null, diagnostics: [diagnose(code, { file, line, message, hint })] };
	};
	if (Buffer.byteLength(text) > LIMITS.recordBytes) {
		return fail("limit_exceeded", 1, `The record is larger than ${LIMITS.recordBytes} bytes.`);
	}
	const spoiled = nulDiagnostic(text, file) ?? conflictDiagnostic(text, file);
	if (spoiled !== null) return { record: null, diagnostics: [spoiled] };
	const source = text.replace(/^\uFEFF/, "");
	let value: unknown;
	try {
		value = JSON.parse(source);
		// What is nested too deeply to be written again is refused here, not in the middle of a command.
		if (source.length > DEEP_BYTES) JSON.stringify(value);
	} catch (error) {
		const reason = (error as Error).message;
		const line = lineAt(source, scanJson(source).brokenAt ?? 0);
		return fail("record_invalid", line, `The record is not valid JSON (line ${line}): ${reason}`);
	}
	if (!isPlainObject(value)) return fail("record_invalid", 1, "The record is not a JSON object.");
	const twice = duplicateKey(source);
	if (twice !== null) return fail("record_invalid", twice.line, `The key "${twice.key}" stands in the record twice.`);
	const expected = basename(file, ".json");
	if (value.schemaVersion === 1 && typeof value.id === "string" && value.id !== expected) {
		const message = `The record's id is ${JSON.stringify(value.id)}, the file's name says ${expected}.`;
		return fail("id_mismatch", keyLine(source, ["id"]), message, "Give the file its old name again, or mend the id.");
	}
	const plain = plainRecord(value);
	if (plain !== null) return { record: plain, diagnostics: [] };
	const checked = taskRecordSchema().safeParse(value);
	if (checked.success) return { record: checked.data, diagnostics: [] };
	const diagnostics = checked.error.issues.map((issue) => {
		const path = issue.path.map(String);
		const message = `${path.join(".")} ${issue.message}.`;
		return diagnose(codeOf(path[0]), { file, line: keyLine(source, path), message, hint: hintOf(path[0]) });
	});
	return { record: null, diagnostics };
}

/** Two-space indent, fixed key order and then the other keys as they come, a blank line between keys, a final newline. */
export function formatRecord(record: Readonly<Record<string, unknown>>): string {
	const keys = inRecordOrder(Object.keys(record).filter((key) => record[key] !== undefined));
	const parts = keys.map((key) => formatEntry(key, record[key]));
	return parts.length === 0 ? "{}\n" : `{\n${parts.join(",\n\n")}\n}\n`;
}

/** Known keys in their fixed order, then the others as they come. */
export function inRecordOrder(keys: readonly string[]): string[] {
	return [...KEY_ORDER.filter((key) => keys.includes(key)), ...keys.filter((key) => !KEY_ORDER.includes(key))];
}

/** One key and its value as the record's lines, without a comma or newline at the end. */
export function formatEntry(key: string, value: unknown): string {
	return `  ${JSON.stringify(key)}: ${JSON.stringify(value, null, 2).replaceAll("\n", "\n  ")}`;
}

/** The keys and values of a record's text, with numbers that JavaScript cannot hold as they stand; null for any other text. */
export function readRecordEntries(text: string): ReadonlyMap<string, unknown> | null {
	const source = text.replace(/^\uFEFF/, "");
	if (Buffer.byteLength(text) > LIMITS.recordBytes || source.includes("\0")) return null;
	try {
		const value = parseKeepingNumbers(source);
		if (!isPlainObject(value) || duplicateKey(source) !== null) return null;
		// What is nested too deeply to be written again throws here.
		JSON.stringify(value);
		return new Map(Object.entries(value));
	} catch {
		return null;
	}
}

/**
 * The text with some keys changed; undefined removes a key. Keys that are not named, numbers that JavaScript cannot hold,
 * a byte order mark and CRLF line endings stay. Throws ledger_damaged for a text that is not a JSON object.
 */
export function editRecord(text: string, changes: Readonly<Record<string, unknown>>): string {
	const source = text.replace(/^\uFEFF/, "");
	let value: unknown;
	try {
		value = parseKeepingNumbers(source);
	} catch (cause) {
		throw new MsgcodeError("ledger_damaged", `The record is not valid JSON: ${(cause as Error).message}`, { cause });
	}
	if (!isPlainObject(value)) throw new MsgcodeError("ledger_damaged", "The record is not a JSON object.");
	const edited = formatRecord({ ...value, ...changes });
	const lines = source.includes("\r\n") ? edited.replaceAll("\n", "\r\n") : edited;
	return source === text ? lines : `\uFEFF${lines}`;
}

function parseKeepingNumbers(source: string): unknown {
	return JSON.parse(source, keepNumbers as (this: unknown, key: string, value: unknown) => unknown);
}

/** A number whose text JavaScript would print in another way is carried through as that text. */
function keepNumbers(_key: string, value: unknown, context: { source?: string }): unknown {
	if (typeof value !== "number" || context.source === undefined || String(value) === context.source) return value;
	return (JSON as unknown as { rawJSON(source: string): unknown }).rawJSON(context.source);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function codeOf(key: string | undefined): DiagnosticCode {
	if (key === "schemaVersion") return "record_version";
	return key === "status" ? "status_unknown" : "record_invalid";
}

function hintOf(key: string | undefined): string {
	if (key === "schemaVersion") return "Use the version of msgcode that wrote it, or a newer one.";
	return key === "status" ? "Mend the line, then use `msgcode task close`, `block` or `reopen` for changes." : RESTORE;
}

/** The line of the innermost key of a path that stands in the text. */
function keyLine(source: string, path: readonly string[]): number {
	const { keys } = scanJson(source);
	for (let depth = path.length; depth > 0; depth -= 1) {
		const wanted = path.slice(0, depth).join("\0");
		const found = keys.find((key) => key.path.join("\0") === wanted);
		if (found !== undefined) return lineAt(source, found.offset);
	}
	return 1;
}

/** A top-level key that a merge wrote twice. Looks at the indentation that formatRecord gives, where JSON.parse is silent. */
function duplicateKey(source: string): { key: string; line: number } | null {
	if (!/^\{\r?\n {2}"/.test(source)) return null;
	const seen = new Set<string>();
	const lines = source.split("\n");
	for (const [index, line] of lines.entries()) {
		const key = /^ {2}"([^"\\]*)":/.exec(line)?.[1];
		if (key === undefined) continue;
		if (seen.has(key)) return { key, line: index + 1 };
		seen.add(key);
	}
	return null;
}
