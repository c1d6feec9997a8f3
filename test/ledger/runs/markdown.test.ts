// Text of others in a Markdown document: read as it is written, acting as nothing, on any forge.
import { describe, expect, test } from "vitest";
import { markdownBlock, markdownCode, markdownText, plainTitle } from "../../../src/ledger/runs/markdown.ts";

/** What is left of a line when its code spans are taken away, as CommonMark finds them. */
function outsideCode(line: string): string {
	let rest = line.replaceAll(/\\[!-/:-@[-`{-~]/g, "");
	for (;;) {
		const found = /(?<!`)(`+)(?!`)(?:[\s\S]*?[^`])\1(?!`)/.exec(rest);
		if (found === null) return rest;
		rest = rest.slice(0, found.index) + rest.slice(found.index + found[0].length);
	}
}

describe("a text on one line", () => {
	test.each([
		["Make cents add up", "Make cents add up"],
		["It's (mostly) done, isn't it?", "It's (mostly) done, isn't it?"],
		["Version 1.5 and/or a well-known café", "Version 1.5 and/or a well-known café"],
		["fixes #12", "fixes `# 12`".replace("# 12", "#12")],
		["see @ann, org/repo#3!", "see `@ann`, `org/repo#3`!"],
		[
			"<img src=x onerror=alert(1)>",
			"`<img` `src=x` `onerror=alert(1`)\\>"
				.replace(")\\>", ")>`")
				.replace("`onerror=alert(1`)>`", "`onerror=alert(1)>`"),
		],
		["a | b", "a \\| b"],
		["- a", "\\- a"],
		["1. a", "1\\. a"],
		["README.md at 0a1b2c3d", "`README.md` at `0a1b2c3d`"],
		["`code` with ``two``", "`` `code` `` with ``` ``two`` ```"],
		["two\n# lines", "two \\# lines"],
		["/close it", "`/close` it"],
		["\u202egnp.exe", "`\\u{202e}gnp.exe`"],
		["\u001b[31mred", "`␛[31mred`"],
		["hi\u{e0041}\u{e0042}", "`hi\\u{e0041}\\u{e0042}`"],
	])("%j becomes %j", (text, expected) => {
		expect(markdownText(text)).toBe(expected);
	});

	const HOSTILE = [
		"[x](http://a.example) ![y](z) <b> &lt; *a* _b_ ~~c~~ $d$ ^e^ :tada: #1 !2 %3 ~4 @you @org/team",
		"www.example.com mail@example.com https://a.example/issues/1 http://b GH-1 ABC-12 a/b#3 a@0a1b2c3",
		"> quote --- === *** ___ ``` ~~~ ## | a | <!-- --> [^1] [ ] [x] + - * 1. 2)",
		"closes: #1, FIXES a/b#2; resolved GH-3",
	];
	test.each(HOSTILE)("%j acts as nothing", (text) => {
		const left = outsideCode(markdownText(text));
		expect(left).not.toMatch(/[<>[\]*_~$^#@|&\\`=+]|\bhttps?:|www\.|\w-\d|\d[.)]/i);
		expect(markdownText(text)).not.toMatch(/[\n\r]/);
	});
});

describe("code", () => {
	test.each([
		["npm test", "`npm test`"],
		["a`b", "``a`b``"],
		["`", "`` ` ``"],
		["``x", "``` ``x ```"],
		["", "`  `"],
		[" x ", "`  x  `"],
		["a\r\nb\nc", "`a⏎b⏎c`"],
		["a\u202eb\u0000", "`a\\u{202e}b␀`"],
		["x".repeat(500), `\`${"x".repeat(399)}…\``],
	])("%j becomes %j", (text, expected) => {
		expect(markdownCode(text)).toBe(expected);
		if (text.length < 100) expect(outsideCode(markdownCode(text))).toBe("");
	});

	test.each([
		"fix #1",
		"Closes: owner/repo#12",
		"resolves GH-7",
		"implements PROJ-9",
		"fixed https://a.example/issues/1",
	])("%j closes nothing, even where code is searched", (text) => {
		for (const shown of [markdownCode(text), markdownBlock(text), plainTitle(text, 200)]) {
			expect(shown).not.toMatch(/#\d|GH-\d|PROJ-\d|https?:\/\//);
		}
	});
});

describe("a block", () => {
	test("has a fence longer than any in it, and gives no orders to robots", () => {
		const text = "a\n````\n/approve\n# b\r\nc\u2028d\u001b[0m\n\ttab";
		expect(markdownBlock(text)).toBe("`````text\na\n````\n /approve\n# b\nc\\u{2028}d␛[0m\n\ttab\n`````");
	});
});

describe("a title", () => {
	test.each([
		["Make cents add up", "Make cents add up"],
		["Fixes #12 for @ann", "Fixes # 12 for @ ann"],
		["a\nb\u202e", "a b\\u{202e}"],
		["see org/repo#1, !2, GH-3, https://x.example/1", "see org/repo# 1, ! 2, GH - 3, https: //x.example/1"],
	])("%j becomes %j", (text, expected) => {
		expect(plainTitle(text, 200)).toBe(expected);
	});

	test("is cut by characters, not in the middle of one", () => {
		expect(plainTitle("😀".repeat(20), 10)).toBe(`${"😀".repeat(9)}…`);
	});
});
