// The one door to the yaml library: front matter in, plain data and the places of its keys out; values in, YAML text out.
// Only data gets in: no tags, anchors, aliases, directives, complex keys, and nothing that would take long to read.

import { createRequire } from "node:module";
import type { Pair, YAMLMap } from "yaml";
import type { DiagnosticCode } from "../diagnostic.ts";

/** Required at its first use: most files are plain enough to be read without the library, and it loads slowly. */
const require = createRequire(import.meta.url);
const yaml = (): typeof import("yaml") => require("yaml");

export interface YamlProblem {
	readonly code: Extract<DiagnosticCode, "front_matter_invalid" | "front_matter_refused">;
	readonly offset: number;
	readonly message: string;
}

/** Where one key of the root map stands; all offsets are into the source. */
export interface YamlEntry {
	readonly key: string;
	readonly keyStart: number;
	readonly colonEnd: number;
	readonly valueStart: number;
	readonly valueEnd: number;
	readonly form: "empty" | "inline" | "flow" | "block scalar" | "block collection";
	/** Where the elements stand, where the value is a list. */
	readonly elements: readonly { readonly start: number; readonly end: number }[] | null;
}

export interface YamlSource {
	readonly data: Record<string, unknown>;
	readonly problems: readonly YamlProblem[];
	/** The keys in order, or null where the root is not a map in block style. */
	readonly entries: readonly YamlEntry[] | null;
	/** Offset of the innermost node of the path that exists, or null. */
	offsetOf(path: readonly PropertyKey[]): number | null;
}

const READ_OPTIONS = {
	version: "1.2",
	schema: "core",
	merge: false,
	resolveKnownTags: false,
	uniqueKeys: true,
	stringKeys: true,
	strict: true,
	keepSourceTokens: true,
	prettyErrors: false,
	logLevel: "error",
} as const;

/** Bounds that a hand-written task never meets and that keep reading far below a tenth of a second. */
const MAX_KEYS = 1000;
const MAX_NESTING = 32;
const MAX_FLOW_SIGNS = 10_000;

const REFUSED: Readonly<Partial<Record<string, string>>> = {
	alias: "aliases (*name) are not accepted",
	anchor: "anchors (&name) are not accepted",
	tag: "tags (!name) are not accepted",
	"directive-line": "directives (%…) are not accepted",
	"explicit-key-ind": "complex keys (? …) are not accepted",
};

/** Reads the text between the fences. Never throws; where there are problems the data is empty. */
export function readYaml(source: string): YamlSource {
	const { isMap, isNode, isScalar, parseDocument } = yaml();
	const refused = refusal(source);
	if (refused !== null) return failed([refused]);
	try {
		const document = parseDocument(source, READ_OPTIONS);
		if (document.errors.length > 0) {
			const problems = document.errors.slice(0, 3).map((error) => {
				const message = error.message.split("\n")[0] ?? error.code;
				return { code: "front_matter_invalid" as const, offset: error.pos[0], message };
			});
			return failed(problems);
		}
		const root = document.contents;
		if (root === null || (isScalar(root) && root.value === null)) {
			return { data: {}, problems: [], entries: [], offsetOf: () => null };
		}
		if (!isMap(root)) return failed([{ code: "front_matter_invalid", offset: 0, message: "it is not a map of keys" }]);
		const unsafe = root.items.find((pair) => keyText(pair) === "__proto__");
		if (unsafe !== undefined) {
			const offset = isNode(unsafe.key) ? (unsafe.key.range?.[0] ?? 0) : 0;
			return failed([{ code: "front_matter_refused", offset, message: "the key __proto__ is not accepted" }]);
		}
		return {
			data: document.toJS({ maxAliasCount: 0 }) as Record<string, unknown>,
			problems: [],
			entries: root.flow === true ? null : root.items.map(entryOf),
			offsetOf: (path) => offsetIn(root, path),
		};
	} catch (error) {
		return failed([{ code: "front_matter_refused", offset: 0, message: (error as Error).message }]);
	}
}

/** `key: value` as lines of LF-terminated YAML: lists one element per line, text in several lines as a block. */
export function renderEntry(key: string, value: unknown): string {
	const { Document, Scalar, visit } = yaml();
	const document = new Document(
		{ [key]: value },
		{ version: "1.2", schema: "core", aliasDuplicateObjects: false, logLevel: "error" },
	);
	visit(document, {
		Scalar(_, node) {
			if (typeof node.value !== "string") return;
			if (mustEscape(node.value)) node.type = Scalar.QUOTE_DOUBLE;
			else if (node.value.includes("\n")) node.type = Scalar.BLOCK_LITERAL;
		},
	});
	return document.toString({ lineWidth: 0, doubleQuotedAsJSON: true, flowCollectionPadding: false });
}

/** The value on one line, in flow style. */
export function renderInline(value: unknown): string {
	if (Array.isArray(value)) return `[${value.map(renderInline).join(", ")}]`;
	if (typeof value === "object" && value !== null) {
		const parts = Object.entries(value).map(([key, item]) => `${renderInline(key)}: ${renderInline(item)}`);
		return `{${parts.join(", ")}}`;
	}
	if (typeof value !== "string") return JSON.stringify(value);
	const plain = /^[A-Za-z][\w ./@-]*$/.test(value) && !value.endsWith(" ") && !/^(?:true|false|null)$/i.test(value);
	return plain ? value : JSON.stringify(value);
}

/** The comments of a source, in order, each from its # on. */
export function commentsOf(source: string): string[] {
	if (!source.includes("#")) return [];
	const { CST, Lexer } = yaml();
	const comments: string[] = [];
	let scalar = false;
	for (const lexeme of new Lexer().lex(source)) {
		if (!scalar && CST.tokenType(lexeme) === "comment") comments.push(lexeme.trimEnd());
		scalar = !scalar && lexeme === "\u001f";
	}
	return comments;
}

/** The library reads some short texts for minutes and follows aliases far: the lexer, which is linear, decides first. */
function refusal(source: string): YamlProblem | null {
	const { CST, Lexer } = yaml();
	let offset = 0;
	let keys = 0;
	let depth = 0;
	let signs = 0;
	let itemsOnLine = 0;
	let scalar = false;
	for (const lexeme of new Lexer().lex(source)) {
		const type = scalar ? "scalar" : CST.tokenType(lexeme);
		const isMark = lexeme === "\u0002" || lexeme === "\u0018" || (!scalar && lexeme === "\u001f");
		scalar = !scalar && lexeme === "\u001f";
		if (isMark) continue;
		const problem = (message: string) => ({ code: "front_matter_refused" as const, offset, message });
		const named = type === null ? undefined : REFUSED[type];
		if (named !== undefined) return problem(named);
		if (type === "newline") itemsOnLine = 0;
		if (type === "seq-item-ind") itemsOnLine += 1;
		if (type === "map-value-ind") keys += 1;
		if (type === "flow-map-start" || type === "flow-seq-start") depth += 1;
		if (type === "flow-map-end" || type === "flow-seq-end") depth -= 1;
		if (type === "comma" || type?.startsWith("flow-")) signs += 1;
		if (keys > MAX_KEYS) return problem(`it has more than ${MAX_KEYS} keys`);
		if (signs > MAX_FLOW_SIGNS) return problem("its lists are too long");
		if (depth > MAX_NESTING || itemsOnLine > MAX_NESTING) return problem("it is nested too deeply");
		offset += lexeme.length;
	}
	return null;
}

function failed(problems: readonly YamlProblem[]): YamlSource {
	return { data: {}, problems, entries: null, offsetOf: () => null };
}

function keyText(pair: Pair): string {
	return yaml().isScalar(pair.key) ? String(pair.key.value) : "";
}

function entryOf(pair: Pair): YamlEntry {
	const { isNode } = yaml();
	const keyStart = isNode(pair.key) ? (pair.key.range?.[0] ?? 0) : 0;
	const token = pair.srcToken;
	const colon = token !== undefined && "sep" in token ? token.sep?.find((part) => part.type === "map-value-ind") : null;
	const colonEnd = (colon?.offset ?? keyStart) + 1;
	const range = isNode(pair.value) ? pair.value.range : null;
	const [valueStart, valueEnd] = range ?? [colonEnd, colonEnd];
	return {
		key: keyText(pair),
		keyStart,
		colonEnd,
		valueStart,
		valueEnd,
		form: formOf(pair.value, valueStart, valueEnd),
		elements: elementsOf(pair.value),
	};
}

function elementsOf(value: unknown): YamlEntry["elements"] {
	const { isNode, isSeq } = yaml();
	if (!isSeq(value)) return null;
	return value.items.map((item) => {
		const [start, end] = (isNode(item) ? item.range : null) ?? [0, 0];
		return { start, end };
	});
}

function formOf(value: unknown, start: number, end: number): YamlEntry["form"] {
	if (start === end) return "empty";
	const { isScalar, Scalar } = yaml();
	if (!isScalar(value)) return (value as YAMLMap).flow === true ? "flow" : "block collection";
	return value.type === Scalar.BLOCK_LITERAL || value.type === Scalar.BLOCK_FOLDED ? "block scalar" : "inline";
}

function offsetIn(root: YAMLMap, path: readonly PropertyKey[]): number | null {
	const { isMap, isNode } = yaml();
	for (let depth = path.length; depth > 0; depth -= 1) {
		const parent: unknown = depth === 1 ? root : root.getIn(path.slice(0, depth - 1), true);
		const last = path[depth - 1];
		if (isMap(parent)) {
			const pair = parent.items.find((item) => keyText(item) === String(last));
			if (pair !== undefined && isNode(pair.key)) return pair.key.range?.[0] ?? null;
		}
		const node: unknown = root.getIn(path.slice(0, depth), true);
		if (isNode(node) && node.range) return node.range[0];
	}
	return null;
}

/** Text that only double quotes carry through: control and invisible characters, or several newlines at the end. */
function mustEscape(text: string): boolean {
	return /[\p{Cc}\p{Cs}\u2028\u2029\uFEFF\uFFFE\uFFFF]/u.test(text.replaceAll("\n", "")) || text.endsWith("\n\n");
}
