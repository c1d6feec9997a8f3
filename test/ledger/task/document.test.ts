import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MsgcodeError } from "../../../src/core/errors.ts";
import { editDocument, formatDocument, parseDocument } from "../../../src/ledger/task/document.ts";
import { parseTaskFile } from "../../../src/ledger/task/task-file.ts";

const parse = (text: string) => parseDocument(text, "tasks/tsk_0000000001.md");

function codeOf(work: () => unknown): string {
	try {
		work();
	} catch (error) {
		if (error instanceof MsgcodeError) return error.code;
		throw error;
	}
	return "nothing was thrown";
}

describe("reading", () => {
	it.each([
		["no front matter", "Just text.\n", {}, "Just text.\n"],
		["an empty file", "", {}, ""],
		["empty front matter", "---\n---\nBody.\n", {}, "Body.\n"],
		["front matter of comments", "---\n# one\n#\n---\nBody.\n", {}, "Body.\n"],
		["no final newline", "---\ntitle: x\n---", { title: "x" }, ""],
		["no newline at the end of the body", "---\ntitle: x\n---\nBody", { title: "x" }, "Body"],
		["a rule of dashes in the body", "---\ntitle: x\n---\nOne\n\n---\n\nTwo\n", { title: "x" }, "One\n\n---\n\nTwo\n"],
		["dashes inside a text block", "---\nnote: |\n  ---\n  x\n---\nB", { note: "---\nx\n" }, "B"],
		["four dashes, which open nothing", "----\ntitle: x\n", {}, "----\ntitle: x\n"],
		["spaces behind the fences", "--- \ntitle: x\n---  \nB\n", { title: "x" }, "B\n"],
		["the language named yaml", "---yaml\ntitle: x\n---\n", { title: "x" }, ""],
		["a byte order mark alone", "\uFEFFBody", {}, "Body"],
		["CRLF", "---\r\ntitle: x\r\n---\r\nB\r\n", { title: "x" }, "B\r\n"],
	])("%s", (_, text, frontMatter, body) => {
		const document = parse(text);
		expect(document.diagnostics).toEqual([]);
		expect(document.frontMatter).toEqual(frontMatter);
		expect(document.body).toBe(body);
	});

	it("takes values by YAML 1.2: dates and yes stay text, 010 is ten, 1.10 a number", () => {
		const { frontMatter } = parse("---\nday: 2026-01-02\nyes: yes\nten: 010\nver: 1.10\nq: '010'\n---\n");
		expect(frontMatter).toEqual({ day: "2026-01-02", yes: "yes", ten: 10, ver: 1.1, q: "010" });
	});

	it("does not merge << and gives no object twice", () => {
		const first = parse("---\n<<: {a: 1}\nlist: [1]\n---\n").frontMatter;
		const second = parse("---\n<<: {a: 1}\nlist: [1]\n---\n").frontMatter;
		expect(first).toEqual({ "<<": { a: 1 }, list: [1] });
		expect(first.list).not.toBe(second.list);
	});

	it("knows the line of a key, nested ones and list elements included", () => {
		const { lineOf } = parse("---\na: 1\n\nretry:\n  initial: 1\n  max: 2\nlist:\n  - p\n  - q\n---\n");
		expect([
			lineOf(["a"]),
			lineOf(["retry", "max"]),
			lineOf(["list", 1]),
			lineOf(["retry", "none"]),
			lineOf(["no"]),
		]).toEqual([2, 6, 9, 4, 1]);
	});

	it("takes stars and ampersands inside texts for text", () => {
		const { frontMatter, diagnostics } = parse("---\na: 'x *y'\nb: |\n  *bold* &c !d\nc: 1 & 2 *3\n---\n");
		expect(diagnostics).toEqual([]);
		expect(frontMatter).toEqual({ a: "x *y", b: "*bold* &c !d\n", c: "1 & 2 *3" });
	});
});

const sample = `---
# about the title
title: "A task"   # keep me

labels:   # why
  # the first
  - one   # 1
  - two
  # - three

note: |
  First line.

  Second line.

# about the priority
priority: 010

checks: [a,
  b] # flow
empty:
last: 1.10
# the end
---

# Body

---

title: not me
`;

describe("editing", () => {
	it.each<[string, Record<string, unknown>, string, string]>([
		["a quoted text", { title: "New" }, 'title: "A task"   # keep me', "title: New   # keep me"],
		["a number", { priority: 8 }, "priority: 010", "priority: 8"],
		["a block list", { labels: ["x", "y"] }, "  - one   # 1\n  - two\n", "  - x\n  - y\n"],
		[
			"a block list to a text",
			{ labels: "x" },
			"labels:   # why\n  # the first\n  - one   # 1\n  - two\n",
			"labels: x   # why\n  # the first\n",
		],
		[
			"a block list to an empty one",
			{ labels: [] },
			"labels:   # why\n  # the first\n  - one   # 1\n  - two\n",
			"labels: []   # why\n  # the first\n",
		],
		["a text block", { note: "Other.\nLines.\n" }, "  First line.\n\n  Second line.\n", "  Other.\n  Lines.\n"],
		["a text block to one line", { note: "x" }, "note: |\n  First line.\n\n  Second line.\n", "note: x\n"],
		["a flow list", { checks: ["c", "d e"] }, "[a,\n  b] # flow", "[c, d e] # flow"],
		["a key without a value", { empty: true }, "empty:\n", "empty: true\n"],
		["a key without a value to a list", { empty: ["p"] }, "empty:\n", "empty:\n  - p\n"],
		["the last key to a map", { last: { a: 1, b: "x\ny" } }, "last: 1.10\n", "last:\n  a: 1\n  b: |-\n    x\n    y\n"],
		["a new key", { assignee: "ann" }, "# the end\n", "# the end\n\nassignee: ann\n"],
		["removing a text", { title: undefined }, 'title: "A task"   # keep me\n', ""],
		[
			"removing a block list and its own comments",
			{ labels: undefined },
			"labels:   # why\n  # the first\n  - one   # 1\n  - two\n  # - three\n\n",
			"",
		],
		["removing a text block", { note: undefined }, "note: |\n  First line.\n\n  Second line.\n\n", ""],
		["removing a key but not its neighbour's comment", { priority: undefined }, "priority: 010\n", ""],
		["removing a flow list", { checks: undefined }, "checks: [a,\n  b] # flow\n", ""],
		["removing the last key", { last: undefined }, "last: 1.10\n", ""],
	])("%s touches its own bytes only", (_, changes, before, after) => {
		expect(sample.split(before)).toHaveLength(2);
		const wanted = sample.replace(before, () => after);
		expect(editDocument(sample, changes)).toBe(wanted);
		const crlf = sample.replaceAll("\n", "\r\n");
		expect(editDocument(`\uFEFF${crlf}`, changes)).toBe(`\uFEFF${wanted.replaceAll("\n", "\r\n")}`);
	});

	it("leaves the file alone where the value stays equal or the key is not there", () => {
		expect(editDocument(sample, { priority: 10, labels: ["one", "two"], nothing: undefined })).toBe(sample);
	});

	it("creates front matter where the file has none", () => {
		expect(editDocument("# T\r\n\r\nB", { priority: 8 })).toBe("---\r\npriority: 8\r\n---\r\n# T\r\n\r\nB");
		expect(editDocument("", { priority: 8 })).toBe("---\npriority: 8\n---\n");
		expect(editDocument("---\n---\nB\n", { title: "x" })).toBe("---\ntitle: x\n---\nB\n");
		expect(editDocument("---\n# why\n---", { title: "x" })).toBe("---\n# why\n\ntitle: x\n---");
	});

	it("writes a text that a block would not carry on one line", () => {
		const text = "---\na: 1\n  # an indented comment\nb: 2\n---\n";
		expect(parse(editDocument(text, { a: "x\ny\n" })).frontMatter).toEqual({ a: "x\ny\n", b: 2 });
		const odd = "bell \u0007, \u2028, \uFEFF, \r\n, end\n\n";
		expect(parse(editDocument(text, { b: odd })).frontMatter).toEqual({ a: 1, b: odd });
	});

	it.each([
		["a root in flow style", "---\n{title: x}\n---\nB\n"],
		["broken YAML", "---\ntitle: [x\n---\nB\n"],
		["an anchor", "---\ntitle: &a x\n---\nB\n"],
		["another language", "---json\n{}\n---\nB\n"],
		["an open fence", "---\ntitle: x\n"],
		["conflict markers", "---\na: 1\n---\n<<<<<<< a\n=======\n>>>>>>> b\n"],
		["the end marker of a document", "---\na: 1\n...\n---\n"],
	])("refuses %s with a clear error", (_, text) => {
		expect(codeOf(() => editDocument(text, { priority: 8 }))).toBe("task_invalid_spec");
	});

	it("quotes a key whose line would end the front matter", () => {
		const edited = editDocument("---\na: 1\n---\nB\n", { "---x": 1 });
		expect(parse(edited)).toMatchObject({ frontMatter: { a: 1, "---x": 1 }, body: "B\n", diagnostics: [] });
	});

	it("refuses front matter that gets larger than it may be", () => {
		expect(codeOf(() => editDocument("---\na: 1\n---\n", { a: "x".repeat(70_000) }))).toBe("limit_exceeded");
	});
});

describe("editing, for all values", () => {
	const scalar = fc.oneof(
		fc.string({ unit: "grapheme" }),
		fc.string({ unit: fc.constantFrom("a", " ", "\n", "\t", "#", ":", "-", "'", '"', "|", "\r", "é", "{", "*") }),
		fc.constantFrom("yes", "null", "010", "2026-01-02", "---", "- x", "# x", "x\n", "\n", " x\n y", "<<", "..."),
		fc.integer(),
		fc.double({ noNaN: true, noDefaultInfinity: true }),
		fc.boolean(),
		fc.constant(null),
	);
	const value = fc.oneof(
		scalar,
		fc.array(scalar, { maxLength: 3 }),
		fc.dictionary(fc.constantFrom("a", "b c", "d:"), scalar),
	);
	const keys = ["alpha", "beta", "gamma", "delta"] as const;
	/** What people write behind `key:`, well-formed and odd. */
	const written = fc.constantFrom(
		" plain words",
		"   'quoted'   # why",
		' "in\n  two lines" # why',
		" in\n  two lines",
		"",
		" # nothing yet",
		" 010",
		" [a, {b: c}]  # why",
		" [a,\n  b] # why",
		" {a: 1}",
		"\n  - a # first\n  - b",
		"\n- a\n- b",
		" # why\n  # the list\n  - a\n  # - b",
		"\n  a: 1\n  b:\n    - c",
		" |\n  text\n  # not a comment\n\n  more",
		" |- # why\n  text",
		" |+\n  text\n\n",
		" >\n  folded\n  text",
		" |2\n    indented",
		" |",
	);
	const entry = fc.record({
		value: fc.oneof(
			value.map((next) => ({ next })),
			written.map((source) => ({ source })),
		),
		above: fc.constantFrom("", "# about it\n", "\n", "\n# about it\n", "\n\n"),
	});
	const document = fc.record({
		entries: fc.array(entry, { maxLength: 4 }),
		end: fc.constantFrom("", "# the end\n", "\n"),
		body: fc.constantFrom("", "\nBody\n", "---\nx: 1\n", "no end"),
		crlf: fc.boolean(),
		mark: fc.constantFrom("", "\uFEFF"),
	});
	type Shape = typeof document extends fc.Arbitrary<infer T> ? T : never;

	function build({ entries, end, body, crlf, mark }: Shape): string {
		const lines = entries.map(({ value: held, above }, at) => {
			const key = keys[at] ?? "more";
			if ("source" in held) return `${above}${key}:${held.source}\n`;
			return above + editDocument("---\n---\n", { [key]: held.next }).slice(4, -4);
		});
		const text = `---\n${lines.join("")}${end}---\n${body}`;
		return mark + (crlf ? text.replaceAll("\n", "\r\n") : text);
	}

	it("gives the new value, keeps every other value and the body, and touches only that key's lines", () => {
		const run = fc.property(
			document,
			fc.constantFrom(...keys, "epsilon"),
			fc.option(value, { nil: undefined }),
			(shape, key, next) => {
				const text = build(shape);
				const before = parse(text);
				expect(before.diagnostics).toEqual([]);
				const edited = editDocument(text, { [key]: next });
				const after = parse(edited);
				expect(after.diagnostics).toEqual([]);
				expect(after.body).toBe(before.body);
				const wanted: Record<string, unknown> = { ...before.frontMatter };
				delete wanted[key];
				if (next !== undefined) wanted[key] = JSON.parse(JSON.stringify(next));
				expect(after.frontMatter).toEqual(wanted);
				expect(linesOutside(edited, key)).toEqual(linesOutside(text, key));
				expect(edited.includes("\n") && /[^\r]\n/.test(edited)).toBe(text.includes("\n") && /[^\r]\n/.test(text));
			},
		);
		fc.assert(run, { numRuns: 500 });
	});

	/** The file without the lines that belong to a key, and without blank lines. */
	function linesOutside(text: string, key: string): string[] {
		const { lineOf, frontMatter } = parse(text);
		const lines = text.split("\n");
		const starts = Object.keys(frontMatter).map((name) => lineOf([name]));
		const own = Object.hasOwn(frontMatter, key) ? lineOf([key]) : Number.POSITIVE_INFINITY;
		const close = lines.findIndex((line, at) => at > 0 && line.startsWith("---")) + 1;
		const next = Math.min(close, ...starts.filter((start) => start > own));
		return lines.filter((line, at) => {
			const isOwn = at + 1 >= own && at + 1 < next;
			return isOwn ? line.startsWith("#") : line.trim() !== "";
		});
	}
});

describe("new files", () => {
	const definition = (text: string) => parseTaskFile(text, "tasks/tsk_0000000001.md").definition;

	it("writes what is not default and the keys that every file has, in the table's order, a blank line between, then the body", () => {
		const from = definition(
			"---\ntimeout: 90\nlabels: [a, 'b: c']\nschedule: {cron: 0 9 * * 1-5, tz: Europe/Berlin}\npriority: 5\nchecks: [npm test, [make, 'all']]\nrunner: {kind: shell, script: \"set -e\\nmake\\n\"}\nretry: {maxAttempts: 3, initial: 60}\ntitle: Fix the parser\nmine: 010\n---\nDo it.\n",
		);
		const text = formatDocument(from, "Do it.\n");
		expect(text).toBe(
			`---
title: Fix the parser

priority: 5

labels:
  - a
  - "b: c"

assignee:

dependsOn: []

runner:
  kind: shell
  script: |
    set -e
    make

files: []

checks:
  - npm test
  - - make
    - all

timeout: 1m30s

retry:
  maxAttempts: 3
  initial: 1m

schedule:
  cron: 0 9 * * 1-5
  tz: Europe/Berlin

mine: 10

---

Do it.
`,
		);
		expect(definition(text)).toEqual(from);
		expect(formatDocument(definition(text), "Do it.\n")).toBe(text);
	});

	it("ends behind the fence without a body, and keeps a body as given", () => {
		const from = definition("---\ntitle: x\n---\n");
		const front =
			"---\ntitle: x\n\npriority: 5\n\nlabels: []\n\nassignee:\n\ndependsOn: []\n\nrunner:\n\nfiles: []\n\nchecks: []\n\ntimeout:\n\n---\n";
		expect(formatDocument(from, "")).toBe(front);
		expect(formatDocument(from, "no newline")).toBe(`${front}\nno newline`);
	});

	it("refuses what is over a limit", () => {
		const from = definition("---\ntitle: x\n---\n");
		expect(codeOf(() => formatDocument(from, "a".repeat(1024 * 1024 + 1)))).toBe("limit_exceeded");
		expect(codeOf(() => formatDocument({ ...from, extra: { note: "a".repeat(65_537) } }, ""))).toBe("limit_exceeded");
		expect(codeOf(() => formatDocument(from, "a\0b"))).toBe("input_invalid");
	});
});

describe("a plain merge of two branches", () => {
	const base = () =>
		formatDocument(
			parseTaskFile("---\ntitle: x\nrunner: {kind: shell, args: [make]}\n---\n", "t.md").definition,
			"Do it.\n",
		);
	const edits: [string, Record<string, unknown>][] = [
		["title", { title: "another" }],
		["priority", { priority: 9 }],
		["labels", { labels: ["docs", "web"] }],
		["assignee", { assignee: "ann" }],
		["dependsOn", { dependsOn: ["tsk_0000000002"] }],
		["runner", { runner: { kind: "shell", args: ["make", "all"] } }],
		["files", { files: ["a.txt"] }],
		["checks", { checks: ["npm test"] }],
		["timeout", { timeout: "1m" }],
		["a key that new files do not have", { sensitive: true }],
	];

	it("takes every pair of edits of different keys, and an edit of the body with each", async () => {
		const folder = mkdtempSync(join(tmpdir(), "msgcode-merge-"));
		try {
			const text = base();
			const sides = [...edits.map(([, keys]) => editDocument(text, keys)), text.replace("Do it.", "Do it well.")];
			writeFileSync(join(folder, "base"), text);
			for (const [one, ours] of sides.entries()) {
				for (const [other, theirs] of sides.entries()) {
					if (one === other) continue;
					writeFileSync(join(folder, "ours"), ours);
					writeFileSync(join(folder, "theirs"), theirs);
					const merged = spawnSync("git", ["merge-file", "-p", "ours", "base", "theirs"], {
						cwd: folder,
						encoding: "utf8",
					});
					expect(merged.status, `${one} with ${other}:\n${merged.stdout}`).toBe(0);
					const read = parseTaskFile(merged.stdout, "t.md");
					expect(read.diagnostics).toEqual([]);
					for (const keys of [edits[one]?.[1] ?? {}, edits[other]?.[1] ?? {}])
						expect(parseDocument(merged.stdout, "t.md").frontMatter).toMatchObject(keys);
				}
			}
		} finally {
			rmSync(folder, { recursive: true, force: true });
		}
	});
});
