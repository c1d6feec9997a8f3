// What a killed command left in the middle of a change: finished, undone, or kept for later, never half of it.
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listPending } from "../../../src/ledger/change/pending.ts";
import { needsRecovery } from "../../../src/ledger/change/recovery.ts";
import { killedAt } from "../../support/killed.ts";
import { ledgerOf } from "../../support/ledger.ts";
import { type Repo, type RepoOptions, repo, repoAt } from "../../support/repo.ts";

const withLedger = (options: RepoOptions = {}) =>
	repo({ ledger: true, ...options, files: { "code.txt": "code\n", ...options.files } });

const ADD = ["task", "add", "Interrupted"];
const titles = async (made: Repo) =>
	(await made.msgcode("task", "list", "--json")).json().data.map((task: { title: string }) => task.title);
const stateDir = (made: Repo) => join(made.path, ".git", "msgcode");
const traces = (made: Repo) => readdirSync(stateDir(made)).filter((name) => /journal|lock$|tmp/.test(name));
const subjects = (made: Repo) =>
	made
		.git("log", "--format=%s")
		.replaceAll(/tsk_\w+/g, "ID")
		.split("\n");

describe("a command killed in the middle of a change", () => {
	test.each([
		"ledger.journal-written",
		"ledger.file-written",
		"ledger.files-written",
		"index.locked",
		"index.lock-written",
		"ledger.index-written",
		"ledger.ref-moved",
	])("at %s is finished by the next one", async (point) => {
		const made = await withLedger({ staged: { "staged.txt": "staged\n" } });
		killedAt(made, point, ADD);
		expect(needsRecovery(ledgerOf(made))).toBe(true);
		expect(await titles(made)).toEqual(["Interrupted"]);
		expect(made.git("status", "--porcelain")).toBe("A  staged.txt");
		expect(subjects(made)[0]).toBe('task(ID): add "Interrupted"');
		expect(traces(made)).toEqual([]);
		expect(needsRecovery(ledgerOf(made))).toBe(false);
	});

	test("before it noted what it would do left nothing to finish", async () => {
		const made = await withLedger();
		const head = made.git("rev-parse", "HEAD");
		killedAt(made, "ledger.objects-written", ADD);
		expect(await titles(made)).toEqual([]);
		expect(made.git("rev-parse", "HEAD")).toBe(head);
		expect(traces(made)).toEqual([]);
	});

	test("is finished on top of what was committed since", async () => {
		const made = await withLedger();
		killedAt(made, "ledger.files-written", ADD);
		made.write("code.txt", "more code\n");
		made.git("commit", "--quiet", "-m", "theirs", "--", "code.txt");
		expect(await titles(made)).toEqual(["Interrupted"]);
		expect(subjects(made).slice(0, 2)).toEqual(['task(ID): add "Interrupted"', "theirs"]);
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("is nothing any more where the user committed its files themselves", async () => {
		const made = await withLedger();
		killedAt(made, "ledger.index-written", ADD);
		made.git("commit", "--quiet", "-m", "theirs, with the task");
		expect(await titles(made)).toEqual(["Interrupted"]);
		expect(subjects(made)[0]).toBe("theirs, with the task");
		expect(made.git("status", "--porcelain")).toBe("");
		expect(traces(made)).toEqual([]);
	});

	test("leaves a file alone that somebody edited since, and says what was meant in the commit", async () => {
		const made = await withLedger();
		killedAt(made, "ledger.files-written", ADD);
		const file = readdirSync(join(made.path, "tasks")).find((name) => name.endsWith(".md")) as string;
		made.write(`tasks/${file}`, "edited since\n");
		await made.msgcode("task", "list");
		expect(made.read(`tasks/${file}`)).toBe("edited since\n");
		expect(made.git("show", `HEAD:tasks/${file}`)).toContain("Interrupted");
		expect(made.git("status", "--porcelain")).toBe(` M tasks/${file}`);
	});

	test("is kept for later where the user is on another branch by now", async () => {
		const made = await withLedger();
		made.git("branch", "other");
		killedAt(made, "ledger.journal-written", ADD);
		made.git("switch", "--quiet", "other");
		await made.msgcode("task", "list");
		expect(listPending(stateDir(made))).toHaveLength(1);
		expect(made.git("status", "--porcelain")).toBe("");
		expect(traces(made)).toEqual([]);
		made.git("switch", "--quiet", "main");
		await made.msgcode("task", "add", "Next");
		expect((await titles(made)).sort()).toEqual(["Interrupted", "Next"]);
		expect(listPending(stateDir(made))).toEqual([]);
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("waits while git is in the middle of something", async () => {
		const made = await withLedger();
		killedAt(made, "ledger.index-written", ADD);
		const head = made.git("rev-parse", "HEAD");
		const marker = join(made.path, ".git", "MERGE_HEAD");
		writeFileSync(marker, `${head}\n`);
		expect((await made.msgcode("task", "list")).exitCode).toBe(0);
		expect((await made.msgcode("task", "add", "Next")).exitCode).toBe(5);
		expect(made.git("rev-parse", "HEAD")).toBe(head);
		rmSync(marker);
		await made.msgcode("task", "add", "Next");
		expect((await titles(made)).sort()).toEqual(["Interrupted", "Next"]);
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("in one worktree of a bare repository is finished there, and left alone by the others", async () => {
		const origin = await withLedger();
		const bare = join(origin.home, "bare.git");
		origin.git("clone", "--quiet", "--bare", origin.path, bare);
		const worktrees = ["one", "two"].map((name) => {
			origin.git("-C", bare, "worktree", "add", "--quiet", "-b", name, join(origin.home, name), "main");
			return repoAt(join(origin.home, name), origin.home, origin.env);
		});
		const [one, two] = worktrees as [Repo, Repo];
		killedAt(one, "ledger.index-written", ADD);
		await two.msgcode("task", "add", "Other");
		expect(await titles(two)).toEqual(["Other"]);
		expect(two.git("status", "--porcelain")).toBe("");
		expect(await titles(one)).toEqual(["Interrupted"]);
		expect(one.git("status", "--porcelain")).toBe("");
		expect(one.git("log", "-1", "--format=%s", "one")).toContain("Interrupted");
		expect(existsSync(join(bare, "msgcode", "ledger.lock"))).toBe(false);
	});
});

describe("a change that was reported as failed and could not be undone at once", () => {
	test("is undone by the next command, not finished", async () => {
		const made = await withLedger();
		killedAt(made, "ledger.index-written", ADD);
		renameSync(join(stateDir(made), "journal.json"), join(stateDir(made), "journal.undo.json"));
		const head = made.git("rev-parse", "HEAD");
		expect(await titles(made)).toEqual([]);
		expect(made.git("rev-parse", "HEAD")).toBe(head);
		expect(made.git("status", "--porcelain")).toBe("");
		expect(traces(made)).toEqual([]);
	});
});

describe("a journal that nobody can read", () => {
	test("stops no command", async () => {
		const made = await withLedger();
		writeFileSync(join(stateDir(made), "journal.json"), "{ torn");
		expect((await made.msgcode("task", "add", "Fine")).exitCode).toBe(0);
		expect(await titles(made)).toEqual(["Fine"]);
	});
});
