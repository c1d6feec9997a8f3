// Front matter in the plain form that msgcode itself writes, read and written without the YAML library, which takes ten
// times as long to load as this takes to run. Invariant: an answer is the library's answer; every doubt is null.

const MOST_LINES = 1000;
const DEEPEST = 6;
const KEY = /^[A-Za-z][A-Za-z0-9_-]{0,99}$/;
/** No carriage return, tab, other control character, byte order mark, exotic line end or half of a surrogate pair. */
const ORDINARY =
	/^(?:[\n\x20-\x7e\u00a1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]|[\ud800-\udbff][\udc00-\udfff])*$/;
/** Begins in a way that no number, mark or quote of YAML does. */
const WORD = /^(?:--?)?[A-Za-z_$/(\u00c0-\u1fff\u2c00-\ud7ff]/;
/** What YAML takes, or once took, for something else than text. */
const SPECIAL = /^(?:true|false|null|yes|no|on|off|y|n)$/i;
/** A key's colon, a comment, or a colon or hyphen at the end, which the library may quote. */
const MARKS = /: | #|[:\- ]$|^---/;
const INTEGER = /^(?:0|-?[1-9][0-9]{0,14})$/;
const DURATION = /^(?:[0-9]+[smhd])+$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;
const DOUBLE_QUOTED = /^"(?:[^"\\]|\\["\\/bfnrt])*"$/;
const SINGLE_QUOTED = /^'(?:[^']|'')*'$/;

/** The map between the fences as the YAML library would read it, or null where only the library can tell. */
export function readPlain(matter: string): Record<string, unknown> | null {
	if (!ORDINARY.test(matter)) return null;
	if (matter !== "" && !matter.endsWith("\n")) return null;
	// Blank lines end nothing here: text in several lines, the one thing that they belong to, is not read.
	const lines = matter.split("\n").filter((line) => line !== "");
	if (lines.length === 0 || lines.length > MOST_LINES) return null;
	const reading: Reading = { lines, at: 0 };
	const map = readMap(reading, 0);
	return reading.at === lines.length ? map : null;
}

/** `key: value` as lines, as the YAML library would write them, or null where only the library can tell. */
export function renderPlain(key: string, value: unknown): string | null {
	return entryLines(key, value, "", 0);
}

interface Reading {
	readonly lines: readonly string[];
	at: number;
}

function readMap(reading: Reading, indent: number): Record<string, unknown> | null {
	const map: Record<string, unknown> = {};
	for (;;) {
		const line = reading.lines[reading.at];
		const own = line === undefined ? null : contentAt(line, indent);
		if (own === null) return map;
		const colon = own.indexOf(":");
		const key = own.slice(0, colon);
		if (colon < 1 || !KEY.test(key) || SPECIAL.test(key) || Object.hasOwn(map, key)) return null;
		reading.at += 1;
		const rest = own.slice(colon + 1);
		const value =
			rest === "" ? readBelow(reading, indent + 2) : rest.startsWith(" ") ? scalar(rest.slice(1)) : undefined;
		if (value === undefined) return null;
		map[key] = value;
	}
}

/** What stands below a key: nothing, or a map or list in the next step of indentation; undefined where that is not sure. */
function readBelow(reading: Reading, indent: number): unknown {
	const line = reading.lines[reading.at];
	if (line === undefined || indentOf(line) < indent) return null;
	const own = contentAt(line, indent);
	if (own === null || indent > DEEPEST) return undefined;
	if (!own.startsWith("- ")) return readMap(reading, indent) ?? undefined;
	const list: unknown[] = [];
	for (;;) {
		const next = reading.lines[reading.at];
		const item = next === undefined ? null : contentAt(next, indent);
		if (item === null) return list;
		const value = item.startsWith("- ") ? scalar(item.slice(2)) : undefined;
		if (value === undefined) return undefined;
		list.push(value);
		reading.at += 1;
	}
}

function indentOf(line: string): number {
	return line.length - line.trimStart().length;
}

/** The line without exactly this indentation; null for a line that is indented less or more. */
function contentAt(line: string, indent: number): string | null {
	for (let at = 0; at < indent; at += 1) if (line[at] !== " ") return null;
	return line.length === indent || line[indent] === " " ? null : line.slice(indent);
}

function scalar(text: string): unknown {
	if (isPlainText(text) || DURATION.test(text) || TIME.test(text)) return text;
	if (INTEGER.test(text)) return Number(text);
	if (text === "true" || text === "false") return text === "true";
	if (DOUBLE_QUOTED.test(text)) return JSON.parse(text);
	if (SINGLE_QUOTED.test(text)) return text.slice(1, -1).replaceAll("''", "'");
	if (text === "[]") return [];
	return undefined;
}

/** Text that stands without quotes and is nothing but text. */
function isPlainText(text: string): boolean {
	return WORD.test(text) && !MARKS.test(text) && !SPECIAL.test(text);
}

function entryLines(key: string, value: unknown, indent: string, depth: number): string | null {
	if (!KEY.test(key) || SPECIAL.test(key) || depth > 2) return null;
	const inline = scalarText(value);
	if (inline !== null) return `${indent}${key}: ${inline}\n`;
	if (typeof value !== "object" || value === null) return null;
	const inner = `${indent}  `;
	const below = Array.isArray(value)
		? value.map((item) => itemLine(item, inner))
		: Object.entries(value).map(([name, item]) => entryLines(name, item, inner, depth + 1));
	if (below.length === 0) return Array.isArray(value) ? `${indent}${key}: []\n` : null;
	if (below.includes(null)) return null;
	return `${indent}${key}:\n${below.join("")}`;
}

function itemLine(value: unknown, indent: string): string | null {
	const text = scalarText(value);
	return text === null ? null : `${indent}- ${text}\n`;
}

function scalarText(value: unknown): string | null {
	if (typeof value === "boolean") return String(value);
	if (typeof value === "number") return INTEGER.test(String(value)) && !Object.is(value, -0) ? String(value) : null;
	if (typeof value !== "string" || !ORDINARY.test(value) || value.includes("\n")) return null;
	if (isPlainText(value) || DURATION.test(value) || TIME.test(value)) return value;
	return /^(?:true|false|null)$/.test(value) || INTEGER.test(value) ? `"${value}"` : null;
}
