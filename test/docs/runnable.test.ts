// What the documents show is what msgcode prints. `UPDATE_DOCS=1` writes the real output into them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { buildStage, removeStage } from "../demo/stage.ts";
import { documents, readDocument, root } from "./documents.ts";
import { runnableBlocks, Session, writeShownFiles } from "./session.ts";

const shown = documents.flatMap((path) =>
	[...runnableBlocks(readDocument(path)).keys()].map((name) => [path, name] as const),
);

test("the README's tour is among what is run", () => {
	expect(shown).toContainEqual(["README.md", "tour"]);
});

describe.each(shown)("%s, %s", (path, name) => {
	test("shows what its commands print", { timeout: 60_000 }, () => {
		const stage = buildStage();
		onTestFinished(() => removeStage(stage));
		const session = new Session(stage);
		let text = readDocument(path);
		writeShownFiles(stage, text, name);
		const problems: string[] = [];
		for (const fence of runnableBlocks(text).get(name) ?? []) {
			const result = session.run(fence);
			problems.push(...result.problems);
			text = text.replace(fence.text, () => result.text);
		}
		if (process.env.UPDATE_DOCS === "1") writeFileSync(join(root, path), text);
		else expect(problems).toEqual([]);
	});
});

describe("a block", () => {
	const problemsOf = (block: string, note = "run: x") => {
		const stage = buildStage();
		onTestFinished(() => removeStage(stage));
		return new Session(stage).run({ language: "console", text: block, line: 1, note }).problems;
	};

	test("may show other ids, hashes, times and durations", () => {
		const block =
			"$ echo tsk_0000000001 run_20260102T030405Z_0a1b2c3d 0a1b2c3 2026-01-02 03:04 1.5s; echo b; echo tsk_0000000001\n" +
			"tsk_zzzzzzzzzz run_20261231T235959Z_ffffffff fffff99 2026-12-31 23:59 20 ms\n…\ntsk_zzzzzzzzzz";
		expect(problemsOf(block)).toEqual([]);
	});

	test("may not show other words, fewer lines, or one name for two things", () => {
		expect(problemsOf("$ echo hello\nhallo")).toHaveLength(1);
		expect(problemsOf("$ echo hello; echo you\nhello")).toHaveLength(1);
		expect(problemsOf("$ echo tsk_0000000001 tsk_0000000002\ntsk_0000000003 tsk_0000000003")).toHaveLength(1);
		expect(problemsOf("$ echo hello\n")).toHaveLength(1);
	});

	test("may not fail, unless it says so", () => {
		expect(problemsOf("$ echo hello; false\nhello")).toHaveLength(1);
		expect(problemsOf("$ echo hello; false\nhello", "run: x (fails)")).toEqual([]);
	});
});
