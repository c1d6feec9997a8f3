// A task's Markdown file: front matter and body, read by gray-matter and edited by source range. Front matter is data:
// YAML is the only language, nothing in it is ever evaluated, and the body is never rewritten.

import { createRequire } from "node:module";
import { MsgcodeError } from "../../core/errors.ts";
import { type Diagnostic, type DiagnosticCode, diagnose } from "../diagnostic.ts";
import { LIMITS } from "../limits.ts";
import { type Definition, frontMatterOf } from "./definition.ts";
import { type FencedText, joinFences, splitFences } from "./fence.ts";
import { readPlain, renderPlain } from "./plain-front-matter.ts";
import { conflictDiagnostic, lineAt, nulDiagnostic } from "./source-text.ts";
import { readYaml, renderEntry, type YamlSource } from "./yaml.ts";
import { editYaml } from "./yaml-edit.ts";

/** Required at its first use: most files are plain enough to be read without it. */
const require = createRequire(import.meta.url);
const grayMatter = (): typeof import("gray-matter") => require("gray-matter");

export interface ParsedDocument {
	/** Plain data; empty where the front matter is missing or cannot be read. */
	readonly frontMatter: Readonly<Record<string, unknown>>;
	/** Everything behind the closing line, as it stands. */
	readonly body: string;
	readonly diagnostics: readonly Diagnostic[];
	/** 1-based line of the file where a key of the front matter stands; 1 for one that does not. */
	lineOf(path: readonly PropertyKey[]): number;
}

/** gray-matter's own search for comments takes the square of a run of blank lines: longer runs are refused. */
const MAX_BLANK_RUN = 1000;

const FENCE_HINT = "Begin the file with a line ---, the keys, and a line --- again.";

/** Reads a file's text. Never throws: what is wrong stands in the diagnostics, which name `file`. */
export function parseDocument(text: string, file: string): ParsedDocument {
	const parts = splitFences(text);
	const refused = refusal(text, parts, file);
	if (refused !== null) return { frontMatter: {}, body: parts.body, diagnostics: [refused], lineOf: () => 1 };
	return parsePlain(text, parts) ?? parseFully(text, parts, file);
}

/** A file without front matter, or with front matter so plain that no library is needed to know what it says. */
function parsePlain(text: string, parts: FencedText): ParsedDocument | null {
	const frontMatter = parts.hasFrontMatter ? readPlain(parts.matter) : {};
	if (frontMatter === null) return null;
	const lineOf = (path: readonly PropertyKey[]) => {
		const at = parts.hasFrontMatter ? readYaml(parts.matter).offsetOf(path) : null;
		return at === null ? 1 : lineAt(text, parts.head.length + at);
	};
	return { frontMatter, body: parts.body, diagnostics: [], lineOf };
}

function parseFully(text: string, parts: FencedText, file: string): ParsedDocument {
	const offset = parts.head.length;
	let read: YamlSource | null = null;
	const parse = (): Record<string, unknown> => {
		read = readYaml(parts.matter);
		return read.data;
	};
	const { data } = grayMatter()(text, { language: "yaml", engines: engines(parse) });
	// Assigned inside the callback, which TypeScript does not follow.
	const source = read as YamlSource | null;
	const diagnostics = (source?.problems ?? []).map((problem) => {
		const line = lineAt(text, offset + problem.offset);
		const message = `The front matter cannot be read (line ${line}): ${problem.message}.`;
		return diagnose(problem.code, {
			file,
			line,
			message,
			hint: "Mend the line; values with special signs need quotes.",
		});
	});
	return {
		frontMatter: data,
		body: parts.body,
		diagnostics,
		lineOf(path) {
			const at = source?.offsetOf(path) ?? null;
			return at === null ? 1 : lineAt(text, offset + at);
		},
	};
}

/**
 * The text with some keys of its front matter changed; undefined removes a key. Only the bytes of those keys change. Throws
 * task_invalid_spec where the text is broken or the edit is not safe, limit_exceeded where the front matter gets too large.
 */
export function editDocument(text: string, changes: Readonly<Record<string, unknown>>): string {
	const before = splitFences(text);
	const broken = refusal(text, before, "the file");
	if (broken !== null) throw new MsgcodeError("task_invalid_spec", broken.message, { hint: broken.hint });
	const edited = editYaml(before.matter, changes, before.lineEnd);
	if (edited === before.matter) return text;
	assertSize("front matter", edited, LIMITS.frontMatterBytes);
	const fence = `---${before.lineEnd}`;
	const result = before.hasFrontMatter
		? joinFences({ ...before, matter: edited })
		: joinFences({ head: before.head + fence, matter: edited, close: fence, body: before.body });
	const after = splitFences(result);
	if (after.matter !== edited || after.body !== before.body) {
		throw new MsgcodeError("task_invalid_spec", "The change would move the end of the front matter.", {
			hint: "Nothing was written. Edit the file by hand.",
		});
	}
	return result;
}

/**
 * The text of a new file: its keys with a blank line between them and one at the end (so that a key added later touches no
 * other line), then the body as given.
 */
export function formatDocument(definition: Omit<Definition, "prompt">, body: string): string {
	const keys = Object.entries(frontMatterOf(definition)).map(([key, value]) =>
		value === null ? `${key}:\n` : (renderPlain(key, value) ?? renderEntry(key, value)),
	);
	const front = keys.map((entry) => `${entry}\n`).join("");
	assertSize("front matter", front, LIMITS.frontMatterBytes);
	assertSize("body", body, LIMITS.bodyBytes);
	if (body.includes("\0")) throw new MsgcodeError("input_invalid", "The body holds a NUL byte.");
	return `---\n${front}---\n${body === "" ? "" : `\n${body}`}`;
}

/** What makes a file unreadable before any of it is parsed, or null. */
function refusal(text: string, parts: FencedText, file: string): Diagnostic | null {
	const fail = (code: DiagnosticCode, line: number, message: string, hint: string) => {
		return diagnose(code, { file, line, message, hint });
	};
	const bodyLine = lineAt(text, text.length - parts.body.length);
	if (Buffer.byteLength(parts.body) > LIMITS.bodyBytes) {
		return fail(
			"limit_exceeded",
			bodyLine,
			`The body is larger than ${LIMITS.bodyBytes} bytes.`,
			"Move text to files.",
		);
	}
	if (Buffer.byteLength(parts.matter) > LIMITS.frontMatterBytes) {
		const message = `The front matter is larger than ${LIMITS.frontMatterBytes} bytes.`;
		return fail("limit_exceeded", 1, message, "Move text to the body.");
	}
	const spoiled = nulDiagnostic(text, file) ?? conflictDiagnostic(text, file);
	if (spoiled !== null || !parts.hasFrontMatter) return spoiled;
	if (!["", "yaml", "yml"].includes(parts.language)) {
		const message = `The front matter says it is ${JSON.stringify(parts.language.slice(0, 40))}; only YAML is read.`;
		return fail("front_matter_language", 1, message, "Write it in YAML behind a plain --- line.");
	}
	if (parts.unclosed) {
		return fail("front_matter_unclosed", 1, "The front matter that opens in line 1 is never closed.", FENCE_HINT);
	}
	if (parts.close.trim() !== "---") {
		const line = lineAt(text, parts.head.length + parts.matter.length);
		const message = `Line ${line} starts with --- but holds more than that.`;
		return fail("front_matter_fence", line, message, FENCE_HINT);
	}
	if (parts.matter.match(/\s+/g)?.some((run) => run.length > MAX_BLANK_RUN)) {
		return fail("front_matter_refused", 1, "The front matter holds too many blank lines.", "Remove them.");
	}
	return null;
}

/** gray-matter merges its own engines in, one of which evaluates JavaScript: every name it knows is taken over. */
function engines(yaml: () => object) {
	const never = (): never => {
		throw new MsgcodeError("task_invalid_spec", "Only YAML front matter is read.");
	};
	return {
		yaml,
		json: never,
		javascript: never,
		js: never,
		coffee: never,
		coffeescript: never,
		cson: never,
		toml: never,
	};
}

function assertSize(what: string, text: string, limit: number): void {
	if (Buffer.byteLength(text) > limit) {
		throw new MsgcodeError("limit_exceeded", `The ${what} is larger than ${limit} bytes.`);
	}
}
