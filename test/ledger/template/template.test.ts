// Templates: what a file says they are, and what becomes of values that are put into them.
import { describe, expect, test } from "vitest";
import { executes, expandTemplate, parseTemplate } from "../../../src/ledger/template/template.ts";
import { fencesOf, readDocument } from "../../docs/documents.ts";

const TEXT = `---
about: Mends things
title: "Mend {{title}}"
labels: [bug, "{{label}}"]
timeout: 90s
runner:
  kind: shell
  args: [make, "{{what}}"]
checks:
  - "{{check}}"
variables:
  what: What to mend
  label: { about: One more label, default: "" }
  check: { about: A command, default: "" }
---

Mend {{what}}.

{{prompt}}

\${{ not.ours }} and \${{what}} stay.
`;
const parsed = (text = TEXT) => parseTemplate(text, "tasks/templates/mend.md", "mend");
const refusal = (work: () => unknown) => {
	try {
		work();
	} catch (error) {
		return error;
	}
	return null;
};

describe("a template", () => {
	test("says what it is for and which variables it has", () => {
		expect(parsed()).toMatchObject({
			name: "mend",
			about: "Mends things",
			variables: [
				{ name: "what", about: "What to mend", fallback: null },
				{ name: "label", about: "One more label", fallback: "" },
				{ name: "check", about: "A command", fallback: "" },
			],
		});
	});

	test("makes a task: values in texts, empty list elements left out, durations as text", () => {
		const { keys, prompt } = expandTemplate(parsed(), { what: "all", title: "it", prompt: undefined });
		expect(keys).toEqual({
			title: "Mend it",
			labels: ["bug"],
			timeout: "1m30s",
			runner: { kind: "shell", args: ["make", "all"] },
			checks: [],
		});
		expect(prompt).toBe(`Mend all.\n\n\${{ not.ours }} and \${{what}} stay.\n`);
	});

	test("takes the user's own words where it names them, else at its end", () => {
		expect(expandTemplate(parsed(), { what: "x", prompt: "Now." }).prompt).toContain("Mend x.\n\nNow.\n\n");
		const without = parsed("---\ntitle: T\n---\nBody.\n");
		expect(expandTemplate(without, { prompt: "Now.\n\n" }).prompt).toBe("Body.\n\nNow.\n");
	});

	test.each([
		["{{check}}", "a value that looks like a variable"],
		["---\ntitle: stolen\n---", "a fence"],
		['"]\npriority: 10', "YAML"],
		["$& $1 $` \\1", "a pattern"],
	])("puts %j into the text as it is, and nowhere else", (value) => {
		const { keys, prompt } = expandTemplate(parsed(), { what: value, title: "it" });
		expect(prompt).toContain(`Mend ${value}.`);
		expect(keys).toMatchObject({ title: "Mend it", runner: { kind: "shell", args: ["make", value] } });
		expect(keys.priority).toBeUndefined();
	});

	test("refuses a missing value, naming what it is for, and a value that nobody asked for", () => {
		expect(refusal(() => expandTemplate(parsed(), { title: "it" }))).toMatchObject({
			code: "template_invalid",
			message: "The template mend needs a value for what (What to mend).",
			hint: "Give it: --with what=…",
		});
		expect(refusal(() => expandTemplate(parsed(), { what: "x", wat: "y" }))).toMatchObject({
			code: "template_invalid",
			message: "The template mend has no variable wat.",
			hint: "Its variables: what, label, check.",
		});
	});

	test("refuses a value that spoils a key", () => {
		const spoiled = parsed("---\ntitle: T\npriority: 5\nlabels: ['{{l}}']\nvariables: {l: x}\n---\n");
		expect(refusal(() => expandTemplate(spoiled, { l: "two\nlines" }))).toMatchObject({ code: "template_invalid" });
	});

	test.each([
		["---\ntitle: T\n---\n{{typo}}\n", /\{\{typo\}\} is not among its variables/],
		["---\ntitle: T\nchecks: ['{{typo}}']\n---\n", /\{\{typo\}\}/],
		["---\ntitle: T\ntittle: U\n---\n", /line 3: tittle is no key of a task/],
		["---\ntitle: T\nstatus: done\n---\n", /status is no key of a task/],
		["---\ntitle: T\nvariables: [a]\n---\n", /line 3: variables must be a map/],
		["---\ntitle: T\nvariables: {title: x}\n---\n", /title cannot be a variable's name/],
		["---\ntitle: T\nvariables: {'a b': x}\n---\n", /a b cannot be/],
		["---\ntitle: T\nvariables: {a: {default: [1]}}\n---\n", /a must be a text/],
		["---\ntitle: T\n", /no closing --- line|front matter/i],
		["---js\nprocess.exit(1)\n---\n", /language|YAML/],
	])("that is not valid is refused with its place: %j", (text, message) => {
		expect(refusal(() => parsed(text))).toMatchObject({
			code: "template_invalid",
			message: expect.stringMatching(message),
		});
	});

	test("that the documentation shows is valid", () => {
		const shown = fencesOf(readDocument("docs/ledger-format.md")).find(({ text }) => text.includes("variables:"));
		const { keys } = expandTemplate(parsed(`---\n${shown?.text.trimEnd()}\n---\n`), { title: "T", file: "a.test.ts" });
		expect(keys).toEqual({ title: "T", labels: ["flaky"], checks: ["npx vitest run a.test.ts --retry 0"] });
	});

	test.each([
		["body", `---\ntitle: T\nvariables: {v: x}\n---\n${"{{v}}".repeat(100_000)}`],
		["front matter", `---\ntitle: T\nlabels: [${"'{{v}}',".repeat(5_000)}]\nvariables: {v: x}\n---\n`],
	])("does not grow beyond all bounds by a long value that it names often in its %s", (_, text) => {
		expect(() => expandTemplate(parsed(text), { title: "T", v: "x".repeat(100_000) })).toThrow(
			/longer than any may be/,
		);
	});

	test("tells whether it brings something to execute", () => {
		const brings = (front: string) => executes(parsed(`---\ntitle: T\n${front}---\n`), ["claude"]);
		expect(executes(parsed(), ["claude"])).toBe(true);
		for (const harmless of ["", "runner: claude\n", "runner: {kind: claude}\n", "labels: [a]\nsensitive: true\n"]) {
			expect(brings(harmless), harmless).toBe(false);
		}
		const told = ["runner: declared\n", "runner: {kind: '{{file}}'}\nvariables: {file: x}\n", "runner: {kind: tmux}\n"];
		const more = ["runner: {kind: claude, permission: full}\n", "checks: [npm test]\n", "route: tmux:x\n"];
		for (const executed of [...told, ...more, "files: [a]\n", "worktree: false\n"]) {
			expect(brings(executed), executed).toBe(true);
		}
	});
});
