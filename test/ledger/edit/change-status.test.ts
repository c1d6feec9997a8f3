// A task's way through its statuses: each step one commit of its record, and no step that the table does not know.
import { describe, expect, test } from "vitest";
import { changeStatus, type StatusChange } from "../../../src/ledger/edit/change-status.ts";
import { readTask } from "../../../src/ledger/task/store.ts";
import { ledgerOf } from "../../support/ledger.ts";
import { type Repo, repo } from "../../support/repo.ts";

const ID = "tsk_0000000001";
const FILE = `tasks/${ID}.md`;
const RECORD = `tasks/${ID}.json`;

async function withTask(): Promise<Repo> {
	const made = await repo({ ledger: true });
	made.write(FILE, "---\ntitle: A task\n---\nDo it.\n");
	made.commitAll("a task");
	return made;
}

const change = (made: Repo, step: StatusChange) => changeStatus(ledgerOf(made, { now: () => 5000 }), ID, step);
const record = (made: Repo) => readTask(made.path, ID).record;

const block: StatusChange = { op: "block", reason: "no key" };
const unblock: StatusChange = { op: "unblock" };
const done: StatusChange = { op: "close", status: "done", reason: "it works", evidence: { runId: "r" } };
const canceled: StatusChange = { op: "close", status: "canceled", reason: null };
const reopen: StatusChange = { op: "reopen" };
const remove: StatusChange = { op: "remove", reason: "a mistake" };

describe("a task", () => {
	test("is blocked, unblocked, closed, opened again and removed", async () => {
		const made = await withTask();
		await change(made, block);
		expect(record(made)).toMatchObject({ status: "blocked", blocked: { atMs: 5000, reason: "no key" } });
		await change(made, unblock);
		expect(record(made)).toMatchObject({ status: "open" });
		expect(record(made)?.blocked ?? null).toBeNull();
		await change(made, done);
		expect(record(made)).toMatchObject({
			status: "done",
			closed: { atMs: 5000, reason: "it works", evidence: { runId: "r" } },
		});
		await change(made, reopen);
		expect(record(made)).toMatchObject({ status: "open", closed: null });
		await change(made, remove);
		expect(record(made)).toMatchObject({ status: "open", removed: { atMs: 5000, reason: "a mistake" } });
		expect(made.exists(FILE)).toBe(true);
		await change(made, reopen);
		expect(record(made)).toMatchObject({ removed: null });
		expect(made.git("log", "-6", "--format=%s").split("\n")).toEqual(
			["bring back", "remove: a mistake", "reopen", "close as done: it works", "unblock", "block: no key"].map(
				(what) => `task(${ID}): ${what}`,
			),
		);
		expect(made.git("log", "-6", "--format=", "--name-only").split("\n").filter(Boolean)).toEqual(
			Array.from({ length: 6 }, () => RECORD),
		);
	});

	test("that is blocked can be closed at once", async () => {
		const made = await withTask();
		await change(made, block);
		await change(made, canceled);
		expect(record(made)).toMatchObject({ status: "canceled", closed: { reason: null, evidence: null } });
		expect(record(made)?.blocked ?? null).toBeNull();
	});

	test.each([
		["closing twice", [done], done],
		["canceling what is done", [done], canceled],
		["blocking what is done", [done], block],
		["blocking twice", [block], block],
		["opening what is open", [], reopen],
		["unblocking what is open", [], unblock],
		["unblocking what is done", [done], unblock],
		["closing what is removed", [remove], done],
		["removing twice", [remove], remove],
	])("refuses %s, with nothing written", async (_, before, step) => {
		const made = await withTask();
		for (const earlier of before) await change(made, earlier);
		const head = made.git("rev-parse", "HEAD");
		await expect(change(made, step)).rejects.toMatchObject({ code: "task_transition", exitCode: 4 });
		expect(made.git("rev-parse", "HEAD")).toBe(head);
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("keeps keys of its record that nobody knows, and numbers that JavaScript cannot hold", async () => {
		const made = await withTask();
		await change(made, block);
		const text = made.read(RECORD).replace(/\n\}\n$/, ',\n\n  "x-mine": {\n    "n": 12345678901234567890\n  }\n}\n');
		made.write(RECORD, text);
		await change(made, unblock);
		expect(made.read(RECORD)).toContain("12345678901234567890");
		expect(made.git("log", "-2", "--format=%s").split("\n")).toEqual([
			`task(${ID}): unblock`,
			`task(${ID}): edited by hand`,
		]);
	});

	test("whose definition was edited by hand has that edit committed on its own first", async () => {
		const made = await withTask();
		await change(made, block);
		made.write(FILE, "---\ntitle: By hand\n---\n");
		await change(made, done);
		expect(made.git("log", "-2", "--format=%s", "--name-only").split("\n").filter(Boolean)).toEqual([
			`task(${ID}): close as done: it works`,
			RECORD,
			`task(${ID}): edited by hand`,
			FILE,
		]);
	});

	test("whose definition is not UTF-8 keeps its bytes", async () => {
		const made = await withTask();
		const bytes = Buffer.from("---\ntitle: caf\u00e9\n---\n", "latin1");
		made.write(FILE, bytes);
		await change(made, done);
		expect(made.gitBytes("cat-file", "blob", `HEAD:${FILE}`).equals(bytes)).toBe(true);
	});

	test("whose record is damaged is refused with the line, and the record stays", async () => {
		const made = await withTask();
		await change(made, block);
		const torn = made.read(RECORD).slice(0, 60);
		made.write(RECORD, torn);
		await expect(change(made, done)).rejects.toMatchObject({
			code: "ledger_damaged",
			exitCode: 7,
			message: expect.stringMatching(new RegExp(`${RECORD}, line \\d+`)),
		});
		expect(made.read(RECORD)).toBe(torn);
		expect(made.git("log", "-1", "--format=%s")).toBe(`task(${ID}): block: no key`);
	});
});
