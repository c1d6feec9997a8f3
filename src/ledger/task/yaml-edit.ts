// Changes single keys of a YAML map by replacing ranges of its source: every byte outside the changed key stays. Each edit
// is read back before it counts; one that would change anything else is refused, so nothing can be lost here.

import { isDeepStrictEqual } from "node:util";
import { MsgcodeError } from "../../core/errors.ts";
import { readYaml, renderEntry, renderInline, type YamlEntry, type YamlSource } from "./yaml.ts";

type LineEnd = "\n" | "\r\n";

interface Rendered {
	/** What follows `key: ` on its line; empty for a list or map in block style. */
	readonly inline: string;
	/** The lines below, each with its line ending. */
	readonly block: string;
}

/**
 * The source with keys set (or, for undefined, removed), one after the other. Values are plain JSON data. A key whose value
 * stays equal keeps its bytes. Throws task_invalid_spec where the source is not a sound map in block style.
 */
export function editYaml(source: string, changes: Readonly<Record<string, unknown>>, lineEnd: LineEnd): string {
	let current = { source, read: readYaml(source) };
	for (const [key, raw] of Object.entries(changes)) {
		const value = raw === undefined ? undefined : plainData(key, raw);
		const { data, problems, entries } = current.read;
		if (problems[0] !== undefined) {
			throw new MsgcodeError("task_invalid_spec", `The front matter cannot be edited: ${problems[0].message}.`, {
				hint: "Mend the file by hand first.",
			});
		}
		const had = Object.hasOwn(data, key);
		if (value === undefined ? !had : had && isDeepStrictEqual(data[key], value)) continue;
		if (entries === null) throw refused(key, "it is written as one { … } map");
		const entry = entries.find((candidate) => candidate.key === key);
		const wanted = value === undefined ? without(data, key) : { ...data, [key]: value };
		current = firstSound(candidates(current.source, entry, entries, key, value, lineEnd), wanted, key);
	}
	return current.source;
}

/** The ways to write one change, best first. */
function candidates(
	source: string,
	entry: YamlEntry | undefined,
	entries: readonly YamlEntry[],
	key: string,
	value: unknown,
	lineEnd: LineEnd,
): string[] {
	if (value === undefined) return entry === undefined ? [] : removals(source, entry);
	const indent = " ".repeat(columnOf(source, entries[0]?.keyStart ?? 0));
	const block = renderBlock(value, indent, lineEnd);
	const inline: Rendered = { inline: renderInline(value), block: "" };
	if (entry === undefined) {
		return [block, inline].flatMap((rendered) => additions(source, `${indent}${keyText(key)}`, rendered, lineEnd));
	}
	const forms = entry.form === "flow" ? [inline, block] : [block, inline];
	return forms.map((rendered) => replaceValue(source, entry, rendered, lineEnd));
}

function firstSound(
	sources: readonly string[],
	wanted: Record<string, unknown>,
	key: string,
): { source: string; read: YamlSource } {
	for (const source of sources) {
		const read = readYaml(source);
		if (read.problems.length === 0 && isDeepStrictEqual(read.data, wanted)) return { source, read };
	}
	throw refused(key, "the text around it would change its meaning");
}

function replaceValue(source: string, entry: YamlEntry, rendered: Rendered, lineEnd: LineEnd): string {
	const { valueStart, valueEnd, colonEnd, form } = entry;
	let inlineEnd = colonEnd;
	let below: { start: number; end: number } | null = null;
	if (form === "inline" || form === "flow") inlineEnd = valueEnd;
	if (form === "block scalar") {
		inlineEnd = valueStart + (/^[|>][-+0-9]*/.exec(source.slice(valueStart, valueEnd))?.[0].length ?? 1);
		const start = nextLine(source, inlineEnd);
		below = { start, end: Math.max(start, contentEnd(source, valueEnd)) };
	}
	if (form === "block collection") {
		below = { start: lineStart(source, valueStart), end: contentEnd(source, valueEnd) };
	}
	const hasInline = inlineEnd > colonEnd;
	const first = hasInline && rendered.inline !== "" ? source.slice(colonEnd, valueStart) : " ";
	const line = source.slice(0, colonEnd) + (rendered.inline === "" ? "" : first + rendered.inline);
	const blockAt = nextLine(source, inlineEnd);
	const restOfLine = withLineEnd(source.slice(inlineEnd, blockAt), lineEnd);
	if (below === null) return line + restOfLine + rendered.block + source.slice(blockAt);
	// Comments between the key and its list stay between them, unless a text block must follow its header at once.
	const between = source.slice(blockAt, Math.max(blockAt, below.start));
	const list = rendered.inline === "";
	const middle = list ? between + rendered.block : rendered.block + between;
	return line + restOfLine + middle + source.slice(below.end);
}

function additions(source: string, key: string, rendered: Rendered, lineEnd: LineEnd): string[] {
	const entry = `${key}:${rendered.inline === "" ? "" : ` ${rendered.inline}`}${lineEnd}${rendered.block}`;
	if (source.trim() === "") return [source + entry];
	// Behind a blank line the key gets one of its own as well: then it touches no other key's line.
	if (/\n[ \t]*\r?\n$/.test(source)) return [source + entry + lineEnd, source + entry];
	return [source + lineEnd + entry, source + entry];
}

/** End of the last line that belongs to the entry. */
export function entryEnd(source: string, entry: YamlEntry): number {
	const block = entry.form === "block scalar" || entry.form === "block collection";
	let end = nextLine(source, entry.colonEnd);
	if (block) end = Math.max(end, contentEnd(source, entry.valueEnd));
	else if (entry.form !== "empty") end = nextLine(source, entry.valueEnd);
	// Comments right below that are indented deeper than the key are its own.
	const own = new RegExp(`[ \\t]{${columnOf(source, entry.keyStart) + 1},}#[^\\n]*\\n`, "y");
	for (own.lastIndex = end; own.test(source); own.lastIndex = end) end = own.lastIndex;
	return end;
}

function removals(source: string, entry: YamlEntry): string[] {
	const start = lineStart(source, entry.keyStart);
	const end = entryEnd(source, entry);
	const before = source.slice(0, start);
	const behind = source.slice(end);
	const gap = /(^|\n)([ \t]*\r?\n)$/.exec(before)?.[2] ?? "";
	const nextGap = /^[ \t]*\r?\n/.exec(behind)?.[0] ?? "";
	const spaced: string[] = [];
	if (gap !== "" && (nextGap !== "" || behind === "")) spaced.push(before.slice(0, -gap.length) + behind);
	else if (before.trim() === "" && nextGap !== "") spaced.push(before + behind.slice(nextGap.length));
	// Last: behind a text that keeps its trailing blank lines, those of the removed key would join it.
	return [...spaced, before + behind, before + behind.replace(/^(?:[ \t]*\r?\n)+/, "")];
}

function renderBlock(value: unknown, indent: string, lineEnd: LineEnd): Rendered {
	const [first = "", ...rest] = renderEntry("k", value).trimEnd().split("\n");
	const lines = rest.map((line) => (line === "" ? lineEnd : `${indent}${line}${lineEnd}`));
	return { inline: first.slice("k:".length).trim(), block: lines.join("") };
}

function keyText(key: string): string {
	return renderEntry(key, 0).slice(0, -": 0\n".length);
}

function plainData(key: string, value: unknown): unknown {
	const text = JSON.stringify(value);
	if (text === undefined) throw new MsgcodeError("input_invalid", `The value of ${key} is not data.`);
	return JSON.parse(text);
}

function without(data: Readonly<Record<string, unknown>>, key: string): Record<string, unknown> {
	return Object.fromEntries(Object.entries(data).filter(([name]) => name !== key));
}

function refused(key: string, reason: string): MsgcodeError {
	return new MsgcodeError("task_invalid_spec", `The key ${key} cannot be changed in this front matter: ${reason}.`, {
		hint: "Nothing was written. Write one key per line, or edit the file by hand.",
	});
}

export function lineStart(source: string, offset: number): number {
	return offset === 0 ? 0 : source.lastIndexOf("\n", offset - 1) + 1;
}

/** Start of the line behind the one that holds the offset. */
export function nextLine(source: string, offset: number): number {
	const at = source.indexOf("\n", offset);
	return at === -1 ? source.length : at + 1;
}

/** End of the last line before the offset that is not blank. */
function contentEnd(source: string, offset: number): number {
	return nextLine(source, Math.max(0, source.slice(0, offset).trimEnd().length - 1));
}

function columnOf(source: string, offset: number): number {
	return offset - lineStart(source, offset);
}

function withLineEnd(text: string, lineEnd: LineEnd): string {
	return text.endsWith("\n") ? text : text + lineEnd;
}
