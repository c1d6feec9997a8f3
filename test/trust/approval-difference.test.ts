import { describe, expect, it } from "vitest";
import { difference } from "../../src/trust/approval-difference.ts";
import { type Executable, executableSpec } from "../../src/trust/approvals.ts";

const spec = (runner: Partial<Executable["runner"]>, rest: Partial<Executable> = {}) =>
	executableSpec({ runner: { kind: "shell", ...runner }, ...rest }).spec;

describe("the difference of two specs", () => {
	it("shows everything as new when nothing was approved", () => {
		expect(difference(null, spec({ argv: ["a", "b c"], env: { X: "1" } }))).toEqual([
			'+ runner.argv: ["a","b c"]',
			'+ runner.env.X: "1"',
			'+ runner.kind: "shell"',
		]);
	});

	it("is empty when nothing differs, and shows old and new where something does", () => {
		expect(difference(spec({ argv: ["a"] }), spec({ argv: ["a"] }))).toEqual([]);
		expect(difference(spec({ argv: ["a"], env: { X: "1" } }), spec({ argv: ["b"] }, { checks: ["make"] }))).toEqual([
			'- runner.argv: ["a"]',
			'+ runner.argv: ["b"]',
			'- runner.env.X: "1"',
			'+ checks: ["make"]',
		]);
	});

	it("shows a changed script line by line, with the equal lines around it", () => {
		expect(
			difference(spec({ script: "set -e\nmake\nexit" }), spec({ script: "set -e\nmake all\ncurl x\nexit" })),
		).toEqual(["  runner.script:", "    set -e", "-   make", "+   make all", "+   curl x", "    exit"]);
		expect(difference(spec({ script: "make" }), spec({ script: "make\n" }))).toEqual([
			"  runner.script:",
			"    make",
			"+   ",
		]);
		expect(difference(spec({ script: "a\nb" }), spec({}))).toEqual(["- runner.script:", "-   a", "-   b"]);
	});

	it("leaves nothing out: long values, empty tables, odd keys", () => {
		const long = "x".repeat(100_000);
		expect(difference(null, spec({ argv: [long] })).join("\n")).toContain(long);
		expect(difference(spec({}), spec({}, { schedule: {} }))).toEqual(["+ schedule: {}"]);
		expect(difference(spec({}), spec({ env: { "a.b\n": "1" } }))).toEqual(['+ runner.env."a.b\\n": "1"']);
	});

	it("lets no character through that hides or reorders text on a terminal", () => {
		const hostile = "echo \u001b[2K\u009b2K\u202e\u2066\u200b\ufeff\u2028\u00ad\u3164\r#\u007f ok";
		const shown = [
			...difference(null, spec({ argv: [hostile], env: { [hostile]: "1" } })),
			...difference(null, spec({ script: `${hostile}\nsecond` })),
		].join("");
		expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u3164]/u);
		expect(shown).toContain("\\u{202e}");
	});

	it("shows a change between two texts that look alike", () => {
		expect(difference(spec({ script: "a\nb\u200b" }), spec({ script: "a\nb" }))).toEqual([
			"  runner.script:",
			"    a",
			"-   b\\u{200b}",
			"+   b",
		]);
	});
});
