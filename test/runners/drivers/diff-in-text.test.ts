// The diff that a model wrote among other words.
import { describe, expect, test } from "vitest";
import { diffIn } from "../../../src/runners/drivers/lmstudio/diff-in-text.ts";

const ONE = "--- a/x.txt\n+++ b/x.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+zwei\n three\n";
const TWO = "diff --git a/y.txt b/y.txt\nnew file mode 100644\n--- /dev/null\n+++ b/y.txt\n@@ -0,0 +1,2 @@\n+a\n+\n";
const fenced = (text: string, word = "diff", fence = "```") => `${fence}${word}\n${text}${fence}\n`;

describe("the diff in a text", () => {
	test.each([
		["alone", ONE, ONE],
		["in a fence", fenced(ONE), ONE],
		["in a fence of another name", fenced(ONE, "patch"), ONE],
		["in a fence without a name", fenced(ONE, ""), ONE],
		["in tildes", fenced(ONE, "diff", "~~~~"), ONE],
		["between words", `Sure!\n\n${fenced(ONE)}\nThis changes two.\n- like so\n`, ONE],
		["in a fence that is never closed", `Here:\n\`\`\`diff\n${ONE}`, ONE],
		["bare between words", `Sure, here it is:\n\n${ONE}\nThis changes two.\n`, ONE],
		["of two files", fenced(ONE + TWO), ONE + TWO],
		["one block for each file", `First:\n${fenced(ONE)}\nSecond:\n${fenced(TWO)}`, ONE + TWO],
		["beside code of another kind", `${fenced("const a = 1;\n", "ts")}\n${fenced(ONE)}`, ONE],
		["with the line ends of Windows", fenced(ONE).replaceAll("\n", "\r\n"), ONE],
		["after thinking aloud", `<think>\n${fenced(TWO)}</think>\n${fenced(ONE)}`, ONE],
		["bare, two files with words between", `${ONE}\nAnd:\n\n${TWO}`, ONE + TWO],
		["with an empty line that lost its space", fenced(ONE.replace(" one", "")), ONE.replace(" one", "")],
		[
			"without a line end at its end",
			fenced(ONE).replace("three\n", "three\n\\ No newline at end of file\n"),
			`${ONE}\\ No newline at end of file\n`,
		],
	])("%s", (_, text, diff) => {
		expect(diffIn(text)).toEqual({ diff });
	});

	test("gets the a/ and b/ that git wants, where no name has them", () => {
		const bare = ONE.replace("a/x", "x").replace("b/x", "x");
		expect(diffIn(bare)).toEqual({ diff: ONE });
		expect(diffIn(`${bare}--- /dev/null\n+++ src/n.ts\n@@ -0,0 +1 @@\n+n\n`)).toMatchObject({
			diff: expect.stringContaining("--- /dev/null\n+++ b/src/n.ts\n"),
		});
		// A folder that is called a.
		const folder = "--- a/x.txt\n+++ a/x.txt\n@@ -1 +1 @@\n-1\n+2\n";
		expect(diffIn(folder)).toEqual({ diff: folder });
	});

	test("with wrong counts is taken whole", () => {
		const wrong = ONE.replace("-1,3 +1,3", "-1,9 +1,2");
		expect(diffIn(fenced(wrong))).toEqual({ diff: wrong });
		expect(diffIn(`${wrong}\nThat is all.\n`)).toEqual({ reason: "unclear_diff" });
	});

	test("a removed line like a header stays in its hunk", () => {
		const odd = "--- a/x.sql\n+++ b/x.sql\n@@ -1,2 +1,2 @@\n--- a comment\n+++ b\n keep\n";
		expect(diffIn(odd)).toEqual({ diff: odd });
	});

	test.each([
		["", "no_diff"],
		["There is nothing to do.", "no_diff"],
		["```ts\nconst a = 1;\n```", "no_diff"],
		["--- a/x\n+++ b/x\n", "no_diff"],
		["---\ntitle: x\n---\n+++\n", "no_diff"],
		[fenced(`${ONE}\nforgot the mark\n`), "unclear_diff"],
		[fenced(ONE.replace(" three\n", "three\n")), "unclear_diff"],
		[fenced(`${ONE}...\n${TWO}`), "unclear_diff"],
	])("%j: none, and why", (text, reason) => {
		expect(diffIn(text)).toEqual({ reason });
	});
});
