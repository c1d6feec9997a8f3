import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { lineDifference } from "../../src/ledger/line-difference.ts";

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
