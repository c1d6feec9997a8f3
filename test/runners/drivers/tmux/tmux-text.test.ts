import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { groupNameOf, messageOf, replyIn } from "../../../../src/runners/drivers/tmux/tmux-text.ts";

test("a session is named after the target of the route", () => {
	const hex = createHash("sha256").update("iMessage;-;+49 ü").digest("hex");
	expect(groupNameOf("iMessage;-;+49 ü")).toBe(`chat-${hex.slice(0, 8)}`);
});

describe("the text that is typed", () => {
	test.each([
		["one line", "hi\n", "hi"],
		["no final line feed", "hi", "hi"],
		["empty lines at the end", "hi\n\n\n", "hi\n\n"],
		["line ends of another system", "a\r\nb\r\n", "a\nb"],
		["what a shell would read", "-n '\"\\ $(id) `id` !! %s #{pane_id} ~\n", "-n '\"\\ $(id) `id` !! %s #{pane_id} ~"],
		["tabs and characters of any plane", "\t你好 🦜 é\u0301\n", "\t你好 🦜 é\u0301"],
	])("%s", (_, body, text) => {
		expect(messageOf(body)).toEqual({ text });
	});

	test.each(["", "\n", " \t\n\n"])("%j is nothing to send", (body) => {
		expect(messageOf(body)).toEqual({ refused: "empty" });
	});

	test.each([
		["the end of a bracketed paste", "a\nb\u001b[201~rm -rf ~\n", "U+001B", 2],
		["a key", "\u0003", "U+0003", 1],
		["a carriage return, which is Enter", "a\rb", "U+000D", 1],
		["the 8-bit form of ESC [", "a\n\n\u009b201~", "U+009B", 3],
		["NUL", "\0", "U+0000", 1],
		["delete", "ab\u007f", "U+007F", 1],
	])("%s is refused", (_, body, character, line) => {
		expect(messageOf(`x${body}`)).toEqual({ refused: "control character", character, line });
	});
});

describe("the answer in a pane", () => {
	const shell = "$ date\nFri\n$";
	test.each([
		["output of a command", shell, "$ date\nFri\n$ echo hi\nhi\n$", "echo hi", "hi"],
		["nothing but the echo", shell, "$ date\nFri\n$ echo hi", "echo hi", ""],
		[
			"several lines, which a program shows with a frame",
			"> \n",
			"│ one\n│ two\n\nDone: 2\n\n> \n",
			"one\ntwo",
			"Done: 2",
		],
		[
			"a status line below",
			"> ask\n-- ready --",
			"> ask\n> hello\n\nhello yourself\n-- ready --",
			"hello",
			"hello yourself",
		],
		["an empty pane before", "\n\n", "hello\n42\n", "hello", "42"],
		["tabs shown as blanks", "", "a       b\nok", "a\tb", "ok"],
		["an answer that repeats the text", "$", "$ hi\nyou said hi\n$", "hi", "you said hi"],
	])("%s", (_, before, after, text, reply) => {
		expect(replyIn(before, after, text)).toBe(reply);
	});

	test("a full history that lost its first lines meanwhile", () => {
		const lines = Array.from({ length: 30 }, (_, position) => `line ${position}`);
		const after = [...lines.slice(10), "hi", "answer"];
		expect(replyIn(lines.join("\n"), after.join("\n"), "hi")).toBe("answer");
	});
});
