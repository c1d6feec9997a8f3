// What an agent is told beside the task's own words.
import { describe, expect, test } from "vitest";
import { composePrompt, type PromptFacts } from "../../../src/engine/run/prompt.ts";

const FACTS: PromptFacts = {
	prompt: "Mend it.\n\n",
	taskId: "tsk_0000000001",
	title: "Mend the parser",
	files: [],
	checks: [],
	mode: "worktree",
	permission: "edit",
	goesOn: false,
	canAsk: false,
};

describe("the prompt", () => {
	test("begins with the task's own words, and says where the task, its files and its checks are", () => {
		const text = composePrompt({ ...FACTS, files: ["src/a.ts", "docs/b c.md"], checks: ["npm test", ["make", "it"]] });
		expect(text.startsWith("Mend it.\n\n---\n\n- This is the task tsk_0000000001")).toBe(true);
		for (const part of [
			"tasks/tsk_0000000001.md",
			"MSGCODE_TASK_FILE",
			"src/a.ts, docs/b c.md",
			"\n  - npm test\n  - make it\n",
			"a git worktree made for this run",
			"becomes the summary",
		]) {
			expect(text).toContain(part);
		}
		expect(text).not.toContain("human ask");
	});

	test("is the title where the task has no body", () => {
		expect(composePrompt({ ...FACTS, prompt: " \n" }).startsWith("Mend the parser\n")).toBe(true);
	});

	test.each([
		[{ mode: "in-place" as const }, "the user's own checkout"],
		[{ permission: "read-only" as const }, "change no file"],
		[{ goesOn: true }, "go on from it"],
		[{ canAsk: true }, "msgcode human ask"],
	])("says what is special: %j", (facts, words) => {
		expect(composePrompt(FACTS)).not.toContain(words);
		expect(composePrompt({ ...FACTS, ...facts })).toContain(words);
	});
});
