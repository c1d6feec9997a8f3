// A change on top of content that moved on: both sides, or none.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { mergeContent, withLine } from "../../../src/ledger/merge/merge-content.ts";
import { ledgerOf } from "../../support/ledger.ts";
import { repo } from "../../support/repo.ts";

const bytes = (text: string | null) => (text === null ? null : Buffer.from(text));

async function merged(base: string | null, current: string | null, ours: string, more: object = {}) {
	const made = await repo({ ledger: true });
	const sides = {
		path: "tasks/notes.txt",
		base: bytes(base),
		current: bytes(current),
		ours: Buffer.from(ours),
		...more,
	};
	const { content: result } = await mergeContent(ledgerOf(made), sides);
	expect(readdirSync(join(made.path, ".git", "msgcode")).filter((name) => /merge|tmp/.test(name))).toEqual([]);
	return result?.toString() ?? null;
}

describe("a change is brought onto", () => {
	test.each([
		["nothing, where the file is gone or was never there", null, null, "ours\n", "ours\n"],
		["nothing, where the file was deleted meanwhile", "base\n", null, "ours\n", "ours\n"],
		["what it was made for", "base\n", "base\n", "ours\n", "ours\n"],
		["itself", "base\n", "ours\n", "ours\n", "ours\n"],
		["a change elsewhere in the file", "a\n\nb\n\nc\n", "A\n\nb\n\nc\n", "a\n\nb\n\nC\n", "A\n\nb\n\nC\n"],
		["a change of the same line: none", "a\n", "A\n", "B\n", null],
		["another file born under its name: none", null, "theirs\n", "ours\n", null],
		["a file without a final newline", "a\n\nb", "A\n\nb", "a\n\nb\n\nc", "A\n\nb\n\nc"],
	])("%s", async (_, base, current, ours, wanted) => {
		expect(await merged(base, current, ours)).toBe(wanted);
	});

	test("a log, as one more line", async () => {
		expect(await merged("a\n", "a\nb\n", "a\nc\n", { line: "c" })).toBe("a\nb\nc\n");
		expect(await merged("a\n", "a\nc\nb\n", "a\nc\n", { line: "c" })).toBe("a\nc\nb\n");
		expect(await merged(null, "torn", "c\n", { line: "c" })).toBe("torn\nc\n");
	});

	test("a log without a line of its own, as the union of both", async () => {
		const path = "sub/tasks/runs.jsonl";
		expect(await merged("a\n", "a\nc\n", "a\nb\n", { path })).toBe("a\nb\nc\n");
		expect(await merged(null, "b\n", "c\n", { path })).toBe("b\nc\n");
	});

	test("a task file or a record, key by key", async () => {
		const definition = (title: string, priority: number) => `---\ntitle: ${title}\npriority: ${priority}\n---\n`;
		const path = "tasks/tsk_0123456789.md";
		const [base, current, ours] = [definition("a", 1), definition("b", 1), definition("a", 2)];
		expect(await merged(base, current, ours, { path })).toBe(definition("b", 2));
		expect(await merged(base, current, ours)).toBeNull();
		expect(await merged(base, current, definition("c", 1), { path })).toBeNull();
		const record = (status: string) => `{\n  "status": "${status}",\n\n  "closed": null\n}\n`;
		const sides = [record("canceled"), record("blocked"), record("done")] as const;
		expect(await merged(...sides, { path: "tasks/tsk_0123456789.json" })).toBe(record("done"));
	});

	test("text that is not UTF-8, byte for byte", async () => {
		const made = await repo({ ledger: true });
		const text = (first: string, last: string) =>
			Buffer.from(`---\ntitle: ${first}\n---\n\n\xe9\n\n${last}\n`, "latin1");
		const sides = {
			path: "tasks/tsk_0123456789.md",
			base: text("a", "a"),
			current: text("b\xff", "a"),
			ours: text("a", "c"),
		};
		expect(await mergeContent(ledgerOf(made), sides)).toEqual({ content: text("b\xff", "c"), conflicts: null });
	});

	test("binary content of one side only", async () => {
		const ours = "\0\u0001binary";
		expect(await merged("base\n", "base\n", ours)).toBe(ours);
	});
});

describe("a line", () => {
	test.each([
		["", "x", "x\n"],
		["a\n", "x", "a\nx\n"],
		["torn", "x", "torn\nx\n"],
		["a\nx\nb\n", "x", "a\nx\nb\n"],
		["ax\n", "x", "ax\nx\n"],
	])("is put at the end of %j once, on its own", (content, line, wanted) => {
		expect(withLine(Buffer.from(content), line).toString()).toBe(wanted);
	});
});
