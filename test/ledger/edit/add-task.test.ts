// New tasks: both files in one commit, an adopted file byte for byte, and nothing at all for what is not valid.
import { describe, expect, test } from "vitest";
import { addTask, adoptText } from "../../../src/ledger/edit/add-task.ts";
import { definitionDefaults } from "../../../src/ledger/task/definition.ts";
import { readTask } from "../../../src/ledger/task/store.ts";
import { ledgerOf } from "../../support/ledger.ts";
import { repo } from "../../support/repo.ts";

const ledger = () => repo({ ledger: true });
const definition = (more: object = {}) => ({ ...definitionDefaults, extra: {}, title: "A task", ...more }) as never;

describe("a new task", () => {
	test("has both files in one commit, and a record of its own facts only", async () => {
		const made = await ledger();
		const { id, commit } = await addTask(ledgerOf(made, { now: () => 1234 }), definition({ priority: 8 }), "Do it.\n");
		expect(made.git("show", "--format=%s", "--name-status", "HEAD").split("\n").filter(Boolean)).toEqual([
			`task(${id}): add "A task"`,
			`A\ttasks/${id}.json`,
			`A\ttasks/${id}.md`,
		]);
		expect(commit).toBe(made.git("rev-parse", "HEAD"));
		const task = readTask(made.path, id);
		expect(task.definition).toMatchObject({ title: "A task", priority: 8, prompt: "Do it.\n" });
		const uid = JSON.parse(made.read("tasks/ledger.json")).uid;
		expect(task.record).toEqual({
			schemaVersion: 1,
			id,
			createdAtMs: 1234,
			workspace: { uid, path: "." },
			salt: expect.any(Array),
			route: null,
			status: "open",
			closed: null,
			removed: null,
		});
		expect(made.read(`tasks/${id}.json`)).not.toContain("priority");
	});

	test("keeps its route in the record", async () => {
		const made = await ledger();
		const route = { channel: "tmux", target: "main" };
		const { id } = await addTask(ledgerOf(made), definition(), "x\n", route);
		expect(readTask(made.path, id).record?.route).toEqual(route);
	});

	test("that depends on what is no task is refused, with nothing written", async () => {
		const made = await ledger();
		const head = made.git("rev-parse", "HEAD");
		const adding = addTask(ledgerOf(made), definition({ dependsOn: ["tsk_0000000007"] }), "x\n");
		await expect(adding).rejects.toMatchObject({ code: "task_not_found" });
		expect(made.git("rev-parse", "HEAD")).toBe(head);
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test.each([
		["a prompt of more than a mebibyte", definition(), "x".repeat(1024 * 1024 + 1), "limit_exceeded"],
		["a title of two lines", definition({ title: "a\nb" }), "x\n", "task_invalid_spec"],
		["a prompt with a NUL byte", definition(), "a\0b", "input_invalid"],
	])("with %s is refused, with nothing written", async (_, spec, prompt, code) => {
		const made = await ledger();
		await expect(
			(async () => {
				await addTask(ledgerOf(made), spec, prompt);
			})(),
		).rejects.toMatchObject({ code });
		expect(made.git("status", "--porcelain", "--ignored=no")).toBe("");
		expect(made.git("rev-list", "--count", "HEAD")).toBe("1");
	});

	test("takes a prompt of a mebibyte", async () => {
		const made = await ledger();
		const { id } = await addTask(ledgerOf(made), definition(), "x".repeat(1024 * 1024 - 1));
		expect(readTask(made.path, id).diagnostics).toEqual([]);
	});
});

describe("an adopted file", () => {
	test("is kept byte for byte, with keys and comments that nobody knows", async () => {
		const made = await ledger();
		const text =
			"\uFEFF---\r\n# a comment\r\nx-mine:   {a: 1}\r\ntitle: 'Quoted'   # why\r\n---\r\n\r\nBody  \r\nno newline";
		const { id } = await adoptText(ledgerOf(made), text, "proposal.md");
		expect(made.read(`tasks/${id}.md`)).toBe(text);
		expect(readTask(made.path, id).definition).toMatchObject({ title: "Quoted", extra: { "x-mine": { a: 1 } } });
	});

	test.each([
		["---js\nmodule.exports = {}\n---\n", 1],
		["---\ntitle: {\n---\n", 3],
		["---\ntitle: x\npriority: 99\n---\n", 3],
	])("%j is refused with its line", async (text, line) => {
		const made = await ledger();
		await expect(adoptText(ledgerOf(made), text, "proposal.md")).rejects.toMatchObject({
			code: "task_invalid_spec",
			message: expect.stringContaining(`proposal.md, line ${line}`),
		});
		expect(made.git("rev-list", "--count", "HEAD")).toBe("1");
	});
});
