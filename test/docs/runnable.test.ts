// What the documents show is what msgcode prints. `UPDATE_DOCS=1` writes the real output into them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { buildStage, removeStage } from "../demo/stage.ts";
import { documents, readDocument, root } from "./documents.ts";
import { runnableBlocks, Session } from "./session.ts";

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
