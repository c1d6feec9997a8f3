// One task read from its two files, and found by the beginning of its id.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readTask, resolveTaskId, taskIds } from "../../../src/ledger/task/store.ts";
import { type Repo, repo } from "../../support/repo.ts";

const A = "tsk_0000000001";
const B = "tsk_0000000002";
const C = "tsk_00abcdefgh";
const tasksDir = (made: Repo) => join(made.path, "tasks");

describe("a task's id", () => {
	const some = () =>
		repo({
			files: { [`tasks/${A}.md`]: "a\n", [`tasks/${B}.json`]: "{}\n", [`tasks/${C}.md`]: "c\n", "tasks/x.md": "" },
		});

	test("is found by any beginning that only it has, with or without tsk_", async () => {
		const made = await some();
		for (const text of [A, "0000000001"]) expect(resolveTaskId(tasksDir(made), text)).toBe(A);
		for (const text of ["tsk_00a", "00a", C]) expect(resolveTaskId(tasksDir(made), text)).toBe(C);
		expect(resolveTaskId(tasksDir(made), B)).toBe(B);
	});

	test("that several tasks begin with lists them", async () => {
		const made = await some();
		expect(() => resolveTaskId(tasksDir(made), "tsk_000")).toThrow(
			expect.objectContaining({
				code: "task_ambiguous",
				details: { matches: [A, B] },
				hint: expect.stringContaining(B),
			}),
		);
		expect(() => resolveTaskId(tasksDir(made), "tsk_0")).toThrow(expect.objectContaining({ code: "task_ambiguous" }));
	});

	test("lists at most twenty", async () => {
		const made = await repo();
		for (let number = 10; number < 40; number += 1) made.write(`tasks/tsk_00000000${number}.md`, "x\n");
		expect(() => resolveTaskId(tasksDir(made), "0000")).toThrow(
			expect.objectContaining({ message: expect.stringContaining("30 tasks"), hint: expect.stringMatching(/…$/) }),
		);
	});

	test.each(["tsk_9", "tsk_9999999999", "", "tsk_", "../../etc", "tsk_0000000001.md", "TSK_0000000001", "*", "."])(
		"%j is none",
		async (text) => {
			const made = await some();
			expect(() => resolveTaskId(tasksDir(made), text)).toThrow(expect.objectContaining({ code: "task_not_found" }));
		},
	);

	test("comes from the names of task files only", async () => {
		const made = await some();
		made.writeAll({ "tasks/tsk_short.md": "", "tasks/tsk_00000000ilo.md": "", "tasks/.tsk_0000000003.md": "" });
		expect(taskIds(tasksDir(made))).toEqual([A, B, C]);
	});
});

describe("a task is read", () => {
	test("from a Markdown file alone, without a record", async () => {
		const made = await repo({ files: { [`tasks/${A}.md`]: "# A title\n\nDo it.\n" } });
		expect(readTask(made.path, A)).toMatchObject({
			definition: { title: "A title", prompt: "# A title\n\nDo it.\n" },
			record: null,
			recordText: null,
			diagnostics: [],
		});
	});

	test("with a diagnostic where the Markdown file is gone", async () => {
		const made = await repo({ files: { [`tasks/${A}.json`]: "{}\n" } });
		const codes = readTask(made.path, A).diagnostics.map(({ code }) => code);
		expect(codes).toContain("definition_missing");
	});

	test("not at all where it has no file", async () => {
		const made = await repo();
		expect(() => readTask(made.path, A)).toThrow(expect.objectContaining({ code: "task_not_found" }));
	});

	test.each([
		["a link out of the workspace", (made: Repo) => made.write(`tasks/${A}.md`, { link: "/etc/passwd" })],
		["a link to nowhere", (made: Repo) => made.write(`tasks/${A}.md`, { link: "nowhere" })],
		["a link to another file", (made: Repo) => made.write(`tasks/${A}.md`, { link: "../other.md" })],
		["a folder", (made: Repo) => mkdirSync(join(made.path, "tasks", `${A}.md`), { recursive: true })],
		["far too large", (made: Repo) => made.write(`tasks/${A}.md`, "x".repeat(2_200_000))],
	])("with a diagnostic and none of its content where it is %s", async (_, put) => {
		const made = await repo({ files: { "tasks/keep": "", "other.md": "# Other\n" } });
		put(made);
		const task = readTask(made.path, A);
		expect(task.definitionText).toBeNull();
		expect(task.diagnostics).toMatchObject([{ code: "file_unreadable", file: `tasks/${A}.md`, line: 1 }]);
		expect(task.definition.prompt).toBe("");
	});
});
