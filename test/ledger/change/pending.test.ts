// Results that had to wait: they come in with the next command that may commit them, and never by force.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
	keepPending,
	keepWritesPending,
	listPending,
	type Pending,
	pendingRef,
} from "../../../src/ledger/change/pending.ts";
import type { FileWrite } from "../../../src/ledger/change/planned-writes.ts";
import { changeLedger, withLock } from "../../../src/ledger/change/transaction.ts";
import { ledgerOf } from "../../support/ledger.ts";
import { type Repo, type RepoOptions, repo } from "../../support/repo.ts";

const ID = "tsk_0000000001";
const RUN = `tasks/runs/${ID}/run_20260102T030405Z_0badcafe/run_receipt.json`;
const LOG = "tasks/runs.jsonl";
const line = (name: string) => JSON.stringify({ runId: name });
const entry = (name: string): FileWrite => ({ path: LOG, content: `${line(name)}\n`, line: line(name) });

const withTask = (options: RepoOptions = {}) =>
	repo({ ledger: true, ...options, files: { [`tasks/${ID}.md`]: "the task\n", ...options.files } });

const stateDir = (made: Repo) => join(made.path, ".git", "msgcode");

async function keep(made: Repo, writes: readonly FileWrite[], taskId: string | null = ID): Promise<void> {
	const ledger = ledgerOf(made);
	const message = { op: "run", summary: "run ok", ...(taskId === null ? {} : { taskId }) };
	await withLock(ledger, (reader) => keepWritesPending(ledger, reader, writes, message, "git was busy"));
}

/** Any change of the ledger: it settles what waits first. */
async function change(made: Repo, path = "tasks/templates/x.md"): Promise<void> {
	const content = `${Math.random()}\n`;
	await changeLedger(ledgerOf(made), () => ({
		writes: [{ path, content }],
		message: { op: "other", summary: "other" },
		value: null,
	}));
}

const subjects = (made: Repo, count: number) => made.git("log", `-${count}`, "--format=%s").split("\n");

describe("a kept result", () => {
	test("touches no file, index entry or branch, and hangs on a ref", async () => {
		const made = await withTask();
		const head = made.git("rev-parse", "HEAD");
		await keep(made, [{ path: RUN, content: "{}\n" }, entry("a")]);
		expect(made.git("status", "--porcelain")).toBe("");
		expect(made.git("rev-parse", "HEAD")).toBe(head);
		const [pending] = listPending(stateDir(made));
		expect(pending).toMatchObject({ reason: "git was busy", ref: "refs/heads/main" });
		expect(made.git("show", `${pendingRef(pending?.id as string)}:${RUN}`)).toBe("{}");
	});

	test("is kept once, also when the process that kept it died before it could say so", async () => {
		const made = await withTask();
		await keep(made, [{ path: RUN, content: "{}\n" }]);
		const [pending] = listPending(stateDir(made));
		await withLock(ledgerOf(made), async () => {
			await keepPending(ledgerOf(made), pending as Pending, "git was busy");
		});
		expect(listPending(stateDir(made))).toEqual([pending]);
		expect(made.git("for-each-ref", "refs/msgcode/pending").split("\n")).toHaveLength(1);
	});

	test("is committed before the next change, and its ref and file go", async () => {
		const made = await withTask();
		await keep(made, [{ path: RUN, content: "{}\n" }, entry("a")]);
		await change(made);
		expect(subjects(made, 2)).toEqual(["tasks: other", `task(${ID}): run ok`]);
		expect(made.read(RUN)).toBe("{}\n");
		expect(made.git("status", "--porcelain")).toBe("");
		expect(listPending(stateDir(made))).toEqual([]);
		expect(made.git("for-each-ref", "refs/msgcode/pending")).toBe("");
	});

	test("appends its line to what the log holds by then", async () => {
		const made = await withTask({ files: { [LOG]: `${line("old")}\n` } });
		await keep(made, [{ path: LOG, content: `${line("old")}\n${line("a")}\n`, line: line("a") }]);
		made.write(LOG, `${line("old")}\n${line("other")}\n`);
		made.commitAll("meanwhile");
		await change(made);
		expect(made.read(LOG)).toBe(`${line("old")}\n${line("other")}\n${line("a")}\n`);
	});

	test("is merged into a file that changed elsewhere in it", async () => {
		const path = `tasks/${ID}.md`;
		const made = await withTask({ files: { [path]: "one\n\ntwo\n\nthree\n" } });
		await keep(made, [{ path, content: "one\n\ntwo\n\nthree, ours\n" }]);
		made.write(path, "one, theirs\n\ntwo\n\nthree\n");
		made.commitAll("meanwhile");
		await change(made);
		expect(made.read(path)).toBe("one, theirs\n\ntwo\n\nthree, ours\n");
	});

	test("that conflicts stays, with all of its files, and stops nobody", async () => {
		const path = `tasks/${ID}.md`;
		const made = await withTask();
		await keep(made, [entry("a"), { path, content: "ours\n" }]);
		made.write(path, "theirs\n");
		made.commitAll("meanwhile");
		await change(made);
		expect(made.read(path)).toBe("theirs\n");
		expect(existsSync(join(made.path, LOG))).toBe(false);
		expect(listPending(stateDir(made))).toHaveLength(1);
	});

	test("waits while one of its files is staged otherwise, and stops nobody", async () => {
		const made = await withTask({ files: { [LOG]: `${line("old")}\n` } });
		await keep(made, [{ path: LOG, content: `${line("old")}\n${line("a")}\n`, line: line("a") }]);
		made.write(LOG, "staged\n");
		made.git("add", LOG);
		made.write(LOG, "edited\n");
		await change(made);
		expect(listPending(stateDir(made))).toHaveLength(1);
		expect(made.git("show", `:${LOG}`)).toBe("staged");
		made.git("restore", "--staged", LOG);
		made.write(LOG, `${line("old")}\n`);
		await change(made);
		expect(listPending(stateDir(made))).toEqual([]);
		expect(made.read(LOG)).toBe(`${line("old")}\n${line("a")}\n`);
	});

	test("of a task waits for a branch that holds the task", async () => {
		const made = await withTask();
		const init = made.git("log", "--format=%H", "--diff-filter=A", "--", "tasks/ledger.json");
		await keep(made, [entry("a")]);
		made.git("switch", "--quiet", "-c", "without");
		made.git("rm", "--quiet", `tasks/${ID}.md`);
		made.git("commit", "--quiet", "-m", "no task here");
		expect(init).not.toBe("");
		await change(made);
		expect(listPending(stateDir(made))).toHaveLength(1);
		made.git("switch", "--quiet", "main");
		await change(made, "tasks/templates/y.md");
		expect(listPending(stateDir(made))).toEqual([]);
		expect(made.read(LOG)).toBe(`${line("a")}\n`);
	});

	test("of no task waits for its own branch", async () => {
		const made = await withTask();
		await keep(made, [entry("a")], null);
		made.git("switch", "--quiet", "-c", "other");
		await change(made);
		expect(listPending(stateDir(made))).toHaveLength(1);
		made.git("switch", "--quiet", "main");
		await change(made);
		expect(listPending(stateDir(made))).toEqual([]);
	});

	test("that HEAD holds already is only forgotten", async () => {
		const made = await withTask();
		await keep(made, [entry("a")]);
		made.write(LOG, `${line("a")}\n`);
		made.commitAll("by hand");
		await change(made);
		expect(made.read(LOG)).toBe(`${line("a")}\n`);
		expect(subjects(made, 2)).toEqual(["tasks: other", "by hand"]);
		expect(listPending(stateDir(made))).toEqual([]);
	});
});

describe("the list of kept results", () => {
	test("is in the order of their coming, and steps over what it cannot read", async () => {
		const made = await withTask();
		expect(listPending(stateDir(made))).toEqual([]);
		for (const name of ["a", "b", "c"]) await keep(made, [entry(name)]);
		made.write(".git/msgcode/pending/0-broken.json", "{ torn");
		const lines = listPending(stateDir(made)).map((pending) => pending.ledger[0]?.line);
		expect(lines).toHaveLength(3);
		await change(made);
		expect(made.read(LOG).trim().split("\n").sort()).toEqual(["a", "b", "c"].map(line));
	});

	test("is settled in a workspace below the repository's top as well", async () => {
		const made = await repo({ ledger: true, workspace: "sub", files: { [`sub/tasks/${ID}.md`]: "x\n" } });
		const ledger = ledgerOf(made, { start: join(made.path, "sub") });
		const message = { op: "run", summary: "run ok", taskId: ID };
		await withLock(ledger, (reader) => keepWritesPending(ledger, reader, [entry("a")], message, "busy"));
		await made.msgcode("task", "add", "Next");
		expect(made.read(`sub/${LOG}`)).toBe(`${line("a")}\n`);
		expect(made.git("status", "--porcelain")).toBe("");
	});
});
