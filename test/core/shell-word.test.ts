import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { shellWord } from "../../src/core/shell-word.ts";

test.each(["", "plain/path.txt", "two words", "it's", "$(touch x)`y`", "a\nb", "-n", "~", "*", "\\", '"', "ä"])(
	"%j is read back by a shell",
	(text) => {
		const script = `printf '%s.' ${shellWord(text)}`;
		expect(execFileSync("/bin/sh", ["-c", script]).toString("utf8")).toBe(`${text}.`);
	},
);
