// Archiving after another command: only where it pays, a little at a time, and never at that command's cost.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { armFailPoints } from "../../../src/core/failpoint.ts";
import { acquireLock } from "../../../src/core/lock.ts";
import { archiveInPassing } from "../../../src/engine/archive/archive-in-passing.ts";
import { formatRecord } from "../../../src/ledger/task/record.ts";
import { newRecord } from "../../../src/ledger/task/task.ts";
import { ledgerOf } from "../../support/ledger.ts";
import { namesIn } from "../../support/names.ts";
import { type Repo, repo } from "../../support/repo.ts";

const DAY = 86_400_000;
const CLOSED_AT = Date.UTC(2025, 5, 1);
const idOf = (number: number) => `tsk_${number.toString().padStart(10, "0")}`;

afterEach(() => armFailPoints({}));

/** A workspace with that many tasks, the first `over` of them closed one after the other. */
async function ledgerWith({ tasks, over }: { tasks: number; over: number }): Promise<Repo> {
	const made = await repo({ ledger: true, files: { "code.txt": "code\n" } });
	for (let number = 0; number < tasks; number += 1) {
		const id = idOf(number);
		const record = newRecord({ id, createdAtMs: CLOSED_AT, workspace: { uid: "wsp_0000000000000000", path: "." } });
		const closed = { status: "done", closed: { atMs: CLOSED_AT + number, reason: null, evidence: null } };
		made.write(`tasks/${id}.md`, `---\ntitle: Task ${number}\n---\nDo it.\n`);
		made.write(`tasks/${id}.json`, formatRecord({ ...record, ...(number < over ? closed : {}) }));
	}
	made.commitAll("tasks");
	return made;
}

const live = (made: Repo) => readdirSync(join(made.path, "tasks")).filter((name) => name.startsWith("tsk_")).length / 2;
const archived = (made: Repo) => {
	const folder = join(made.path, "tasks", "archive", "2025");
	return namesIn(folder).length / 2;
};
const notes = (made: Repo) =>
	readdirSync(join(made.path, ".git", "msgcode")).filter((name) => name.startsWith("archive-look"));

describe("a command that closes a task", () => {
	test("takes fifty long closed tasks along, the oldest first, in a commit of its own", async () => {
		const made = await ledgerWith({ tasks: 560, over: 130 });
		const before = Number(made.git("rev-list", "--count", "HEAD"));
		const closed = await made.msgcode("task", "close", idOf(500));
		expect(closed.exitCode).toBe(0);
		expect(closed.stderr).toContain("archived 50 tasks");
		expect([live(made), archived(made)]).toEqual([510, 50]);
		expect(existsSync(join(made.path, "tasks/archive/2025", `${idOf(49)}.md`))).toBe(true);
		expect(made.git("log", "-2", "--format=%s")).toBe(`tasks: archive 50 tasks\ntask(${idOf(500)}): close as done`);
		expect(Number(made.git("rev-list", "--count", "HEAD"))).toBe(before + 2);
		expect(made.git("status", "--porcelain")).toBe("");
		// What is left of them does not pay any more.
		await made.msgcode("task", "rm", idOf(501));
		expect(archived(made)).toBe(100);
		const next = await made.msgcode("task", "rm", idOf(502));
		expect([next.exitCode, next.stderr]).toEqual([0, ""]);
		expect(archived(made)).toBe(100);
	});

	test("is what undo takes back, not the archiving", async () => {
		const made = await ledgerWith({ tasks: 560, over: 60 });
		await made.msgcode("task", "close", idOf(500));
		expect(archived(made)).toBe(50);
		const undone = await made.msgcode("undo");
		expect([undone.exitCode, archived(made)]).toEqual([0, 50]);
		expect((await made.msgcode("--json", "task", "show", idOf(500))).json().data.status).toBe("open");
	});

	test("is also a run that closes its task", async () => {
		const made = await ledgerWith({ tasks: 560, over: 60 });
		const ran = await made.msgcode("task", "run", idOf(500), "--close", "--", "true");
		expect([ran.exitCode, archived(made)]).toEqual([0, 50]);
		expect(made.git("log", "-1", "--format=%s")).toBe("tasks: archive 50 tasks");
	});

	test("takes none where the setting is off, and none before their time", async () => {
		const made = await ledgerWith({ tasks: 560, over: 130 });
		const ledger = (now: number) => ledgerOf(made, { now: () => now });
		expect(await archiveInPassing(ledger(CLOSED_AT + 365 * DAY), "off")).toBeNull();
		expect(await archiveInPassing(ledger(CLOSED_AT + 29 * DAY), 30 * DAY)).toBeNull();
		expect(archived(made)).toBe(0);
		// The look is not repeated before the fiftieth is due, a day later at most.
		expect(notes(made)).toHaveLength(1);
		expect(await archiveInPassing(ledger(CLOSED_AT + 29 * DAY + DAY / 2), 20 * DAY)).not.toBeNull();
		expect(await archiveInPassing(ledger(CLOSED_AT + 31 * DAY), 30 * DAY)).not.toBeNull();
		expect(await archiveInPassing(ledger(CLOSED_AT + 31 * DAY), 30 * DAY)).toBeNull();
		expect(archived(made)).toBe(100);
	});

	test("takes none in a small ledger, and does not even note that", async () => {
		const made = await ledgerWith({ tasks: 80, over: 80 });
		expect(await archiveInPassing(ledgerOf(made), 0)).toBeNull();
		expect([archived(made), notes(made).length]).toEqual([0, 0]);
	});

	test("leaves out what has a worktree or was edited by hand", async () => {
		const made = await ledgerWith({ tasks: 560, over: 60 });
		made.write(`worktrees/${idOf(0)}/file`, "work\n");
		made.write(`tasks/${idOf(1)}.md`, `${made.read(`tasks/${idOf(1)}.md`)}by hand\n`);
		const done = await archiveInPassing(ledgerOf(made), 30 * DAY);
		expect(done?.archived).toHaveLength(48);
		expect(made.git("status", "--porcelain", "--", "tasks")).toBe(` M tasks/${idOf(1)}.md`);
	});

	test("does not wait for the ledger's lock, nor for git's", async () => {
		const made = await ledgerWith({ tasks: 560, over: 130 });
		const patient = ledgerOf(made, { settings: { lockTimeoutMs: 600_000 } });
		const path = join(made.path, ".git", "msgcode", "ledger.lock");
		const lock = await acquireLock(path, { command: "another", timeoutMs: 0 });
		expect(await archiveInPassing(patient, 30 * DAY)).toBeNull();
		lock.release();
		made.write(".git/index.lock", "");
		expect(await archiveInPassing(patient, 30 * DAY)).toBeNull();
		expect([live(made), archived(made)]).toEqual([560, 0]);
	});

	test.each(["ledger.journal-written", "ledger.file-written:30", "ledger.index-written"])(
		"succeeds where the archiving fails at %s, and leaves all as it was",
		async (point) => {
			const made = await ledgerWith({ tasks: 560, over: 130 });
			armFailPoints({ MSGCODE_FAILPOINT: `${point}:enospc` });
			expect(await archiveInPassing(ledgerOf(made), 30 * DAY)).toBeNull();
			armFailPoints({});
			expect([live(made), archived(made)]).toEqual([560, 0]);
			expect(made.git("status", "--porcelain", "--untracked-files=all")).toBe("");
		},
	);
});
