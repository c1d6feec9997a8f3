import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { lineDifference, textPatch, wordDifference } from "../../../src/ledger/history/line-difference.ts";

test("a moved line counts as taken out and put in", () => {
	expect(lineDifference(["a", "b", "c"], ["b", "c", "a"])).toEqual({ insertions: 1, deletions: 1 });
});

test("agrees with git's minimal diff", () => {
	const folder = mkdtempSync(join(tmpdir(), "msgcode-lines-"));
	try {
		const lines = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 12 });
		fc.assert(
			fc.property(lines, lines, (before, after) => {
				const text = (some: string[]) => some.map((line) => `${line}\n`).join("");
				writeFileSync(join(folder, "before"), text(before));
				writeFileSync(join(folder, "after"), text(after));
				const args = ["diff", "--no-index", "--numstat", "--minimal", "before", "after"];
				const told = spawnSync("git", args, { cwd: folder, encoding: "utf8" }).stdout;
				const [insertions = 0, deletions = 0] = told.split("\t").map(Number);
				expect(lineDifference(before, after)).toEqual({ insertions, deletions });
			}),
			{ numRuns: 60 },
		);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
});

test("texts that have nothing in common are counted, not compared", () => {
	const many = (word: string) => Array.from({ length: 20_000 }, (_, position) => `${word} ${position}`);
	expect(lineDifference(many("one"), many("other"))).toEqual({ insertions: 20_000, deletions: 20_000 });
});

test("changed words: both texts can be put together again from the pieces", () => {
	const word = fc.constantFrom("one", "two", "three", " ", "  ", "\n", ".", "\u00e9t\u00e9", "\u001b[2J");
	const text = fc.array(word, { maxLength: 30 }).map((words) => words.join(""));
	fc.assert(
		fc.property(text, text, (before, after) => {
			const pieces = wordDifference(before, after);
			if (pieces === null) return;
			const side = (other: string) => pieces.filter((piece) => piece.side !== other).map((piece) => piece.text);
			expect(side("after").join("")).toBe(before);
			expect(side("before").join("")).toBe(after);
		}),
	);
	expect(wordDifference("The brown fox", "The red fox")).toEqual([
		{ text: "The ", side: "both" },
		{ text: "brown", side: "before" },
		{ text: "red", side: "after" },
		{ text: " fox", side: "both" },
	]);
	expect(wordDifference("nothing alike", "quite another text")).toBeNull();
});

test("hostile texts are told apart in bounded time, or not at all", () => {
	const random = (seed: number) => Array.from({ length: 20_000 }, (_, at) => (at * seed) % 9973).join("\n");
	const startedAt = performance.now();
	expect(wordDifference(random(7), random(11))).toBeNull();
	expect(wordDifference(random(7).slice(0, 40_000), random(11).slice(0, 40_000))).toBeNull();
	expect(textPatch(["a", "b"], random(7), random(11))).toBeNull();
	expect(performance.now() - startedAt).toBeLessThan(15_000);
});

test("a patch of two texts is one that git applies", () => {
	const folder = mkdtempSync(join(tmpdir(), "msgcode-lines-"));
	try {
		writeFileSync(join(folder, "f"), "one\ntwo\nthree\n");
		const patch = textPatch(["a/f", "b/f"], "one\ntwo\nthree\n", "one\n2\nthree\nfour\n") ?? "";
		const applied = spawnSync("git", ["apply", "-"], { cwd: folder, input: patch });
		expect(applied.status, applied.stderr.toString()).toBe(0);
		expect(readFileSync(join(folder, "f"), "utf8")).toBe("one\n2\nthree\nfour\n");
	} finally {
		rmSync(folder, { recursive: true });
	}
});
