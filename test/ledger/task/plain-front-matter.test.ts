// The plain reader and writer against the YAML library: the same answer, or none.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDocument } from "../../../src/ledger/task/document.ts";
import { readPlain, renderPlain } from "../../../src/ledger/task/plain-front-matter.ts";
import { readYaml, renderEntry } from "../../../src/ledger/task/yaml.ts";

const RUNS = { numRuns: 3000 };

/** What the library makes of it, where it has no complaint. */
function readFully(matter: string): Record<string, unknown> | null {
	const { data, problems } = readYaml(matter);
	return problems.length === 0 ? data : null;
}

function agrees(matter: string): boolean {
	const plain = readPlain(matter);
	if (plain === null) return false;
	expect(plain, matter).toEqual(readFully(matter));
	expect(JSON.stringify(plain), matter).toBe(JSON.stringify(readFully(matter)));
	return true;
}

/** Pieces that mean something to YAML, or nearly do. */
const sign = fc.constantFrom(
	..."-?:,[]{}#&*!|>'\"%@` \t\n\r\\~<=.+_/$()",
	..."é漢\u0085\u00a0\u2028\ufeff😀",
	"\ud800",
	": ",
	" #",
	"- ",
	"--- ",
	"\n\n",
	"\n  ",
	"\n    ",
	"<<",
	"0x1F",
	"0o17",
	"010",
	"1e5",
	"1.0",
	"-.inf",
	".nan",
	"1_000",
	"12:30:45",
	"[]",
	"2026-01-02",
	"15m",
);
const word = fc.constantFrom(
	..."true True TRUE yes No on OFF null Null NULL y n ~ a b title name text 0 -0 7 15m 1h30m 007 +1".split(" "),
);
const noise = fc.string({ unit: fc.oneof(sign, word, fc.constantFrom(..."abcxyz019")), maxLength: 12 });
const value = fc.oneof(
	word,
	noise,
	fc.string(),
	fc.json().map(String),
	noise.map((text) => JSON.stringify(text)),
	noise.map((text) => `'${text}'`),
);
const name = fc.oneof(
	fc.constantFrom("title", "labels", "runner", "env", "a", "b", "constructor", "__proto__"),
	word,
	noise,
);
const line = fc.oneof(
	fc.tuple(fc.nat(6), name, value).map(([indent, key, text]) => `${" ".repeat(indent)}${key}: ${text}`),
	fc.tuple(fc.constantFrom(0, 2, 4), name).map(([indent, key]) => `${" ".repeat(indent)}${key}:`),
	fc.tuple(fc.constantFrom(0, 2, 4, 6), value).map(([indent, text]) => `${" ".repeat(indent)}- ${text}`),
	value,
	fc.constantFrom("", " ", "  ", "# comment", "  # comment", "...", "---", "%YAML 1.2", "? a", "- - a", "- a: b"),
);

/** Data such as a definition holds. */
const text = fc.oneof(
	word,
	noise,
	fc.string(),
	fc.constantFrom("npm test", "Fix the parser", "--flag", "-v", "./x", "ends:", "ends-"),
);
const scalar = fc.oneof(text, fc.integer(), fc.boolean(), fc.double(), fc.constant(null));
const list = fc.array(scalar, { maxLength: 4 });
const inner = fc.dictionary(
	fc.oneof(fc.constantFrom("kind", "args", "FOO"), name),
	fc.oneof(scalar, list, fc.dictionary(name, scalar)),
	{
		maxKeys: 4,
	},
);
const data = fc.oneof(scalar, list, inner, fc.array(list, { maxLength: 2 }));

describe("reading", () => {
	test("lines made of YAML's signs are read as the library reads them, or not at all", () => {
		fc.assert(
			fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), (lines) => {
				agrees(`${lines.join("\n")}\n`);
			}),
			RUNS,
		);
	});

	test("one value alone", () => {
		fc.assert(
			fc.property(value, (text) => {
				agrees(`key: ${text}\n`);
				agrees(`key:\n  - ${text}\n`);
				agrees(`key:\n  - a\n  - ${text}\n`);
			}),
			{ numRuns: 10_000 },
		);
	});

	test("one key alone", () => {
		fc.assert(
			fc.property(name, (key) => void agrees(`${key}: a\n`)),
			RUNS,
		);
	});

	test("arbitrary text", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => void agrees(text)),
			RUNS,
		);
		fc.assert(
			fc.property(noise, (text) => void agrees(text)),
			RUNS,
		);
	});

	test.each([
		["a title", "title: Fix the parser\n"],
		["blank lines between keys", "title: Fix it\n\npriority: 7\n\nsensitive: true\n"],
		["a list", "labels:\n  - docs\n  - good first issue\n"],
		["a runner", 'runner:\n  kind: shell\n  args:\n    - npm\n    - "true"\n  env:\n    NODE_ENV: test\n'],
		["a time and a duration", "deferUntil: 2026-01-02T03:04:05Z\n\ntimeout: 1h30m\n"],
		["quotes", "title: \"a: b # c\"\n\nassignee: 'it''s me'\n"],
		["keys without a value", "assignee:\n\nlabels: []\n\nrunner:\n  kind: shell\n  env:\n\ntimeout:\n"],
		["other scripts", "title: Prüfe 漢字 und 😀\n"],
	])("%s needs no library", (_, matter) => {
		expect(agrees(matter)).toBe(true);
	});

	test.each([
		["nothing", ""],
		["a list at the root", "- a\n"],
		["a key twice", "a: b\na: c\n"],
		["text in two lines", "a: b\n  c\n"],
		["text below its key", "a:\n  b\n"],
		["block text", "a: |\n  b\n"],
		["an alias bomb", "a: &a [x]\nb: *a\n"],
		["a tag", "a: !!js/function x\n"],
		["a tab", "a:\tb\n"],
		["Windows line ends", "a: b\r\n"],
		["a nested list", "a:\n  - - b\n"],
		["a list beside its key", "a:\n- b\n"],
		["a map in a list", "a:\n  - b: c\n"],
		["a comment", "a: b # c\n"],
		["octal", "a: 010\n"],
		["a number that JavaScript cannot hold", "a: 12345678901234567890\n"],
		["the prototype", "__proto__:\n  a: b\n"],
		["an escape that JSON reads in another way", 'a: "\\u0041"\n'],
		["an odd indentation", "a:\n   b: c\n"],
		["too many lines", "a: b\n".repeat(2000)],
		["deep nesting", ["a:", "  b:", "    c:", "      d:", "        e:", "          f: g", ""].join("\n")],
	])("%s is left to the library", (_, matter) => {
		expect(readPlain(matter)).toBeNull();
	});

	test("takes time in proportion to the length, whatever it holds", () => {
		for (const piece of ["a", "'", '"', "\\", " ", "- ", "a: ", "\n", "  ", "#", "1m", "''", '\\"']) {
			const startedAt = performance.now();
			readPlain(`key: ${piece.repeat(60_000)}\n`);
			readPlain(`key: "${piece.repeat(60_000)}\n`);
			readPlain(`key: '${piece.repeat(60_000)}\n`);
			readPlain(`${piece.repeat(60_000)}\n`);
			expect(performance.now() - startedAt, JSON.stringify(piece)).toBeLessThan(500);
		}
	});
});

describe("writing", () => {
	test("an entry is written as the library writes it, or not at all", () => {
		fc.assert(
			fc.property(name, data, (key, value) => {
				const plain = renderPlain(key, value);
				if (plain !== null) expect(plain).toBe(renderEntry(key, value));
			}),
			{ numRuns: 10_000 },
		);
	});

	test("what is written plain is read plain, as the same value", () => {
		fc.assert(
			fc.property(name, data, (key, value) => {
				const plain = renderPlain(key, value);
				if (plain !== null) expect(readPlain(plain)).toEqual({ [key]: value });
			}),
			RUNS,
		);
	});

	test.each([
		["title", "Fix the parser"],
		["priority", 7],
		["labels", ["docs", "good first issue"]],
		["runner", { kind: "shell", args: ["npm", "run", "true"] }],
		["timeout", "15m"],
		["sensitive", true],
	])("%s needs no library", (key, value) => {
		expect(renderPlain(key, value)).toBe(renderEntry(key, value));
	});
});

test("a document says the same of itself whichever way it is read", () => {
	// A comment sends the reader to the library and means nothing.
	const text = "title: Fix it\n\nlabels:\n  - docs\n\nrunner:\n  kind: shell\n";
	const plain = parseDocument(`---\n${text}---\nBody\n`, "task.md");
	const full = parseDocument(`---\n${text}# a comment\n---\nBody\n`, "task.md");
	expect(plain.frontMatter).toEqual(full.frontMatter);
	expect([plain.body, plain.diagnostics]).toEqual([full.body, full.diagnostics]);
	for (const path of [["title"], ["labels"], ["labels", 0], ["runner", "kind"], ["nothing"], []]) {
		expect(plain.lineOf(path), path.join(".")).toBe(full.lineOf(path));
	}
});
