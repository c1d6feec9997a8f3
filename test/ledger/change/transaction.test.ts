// A change of the ledger as one commit of exactly its own paths: what it may not sweep in, when it refuses, and that a
// failure at any step leaves all as it was.
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { armFailPoints } from "../../../src/core/failpoint.ts";
import { acquireLock } from "../../../src/core/lock.ts";
import type { Plan } from "../../../src/ledger/change/apply.ts";
import type { FileWrite } from "../../../src/ledger/change/planned-writes.ts";
import { changeLedger } from "../../../src/ledger/change/transaction.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { ledgerOf } from "../../support/ledger.ts";
import { type Repo, type RepoOptions, repo } from "../../support/repo.ts";

const ID = "tsk_0000000001";
const FILE = `tasks/${ID}.md`;

afterEach(() => armFailPoints({}));

const withLedger = (options: RepoOptions = {}) =>
	repo({ ledger: true, ...options, files: { "code.txt": "code\n", ...options.files } });

function planOf(writes: readonly FileWrite[], summary = "test"): Plan<string> {
	return () => ({ writes, message: { op: "test", taskId: ID, summary }, value: "done" });
}

const write = (ledger: Ledger, content: string, path = FILE) => changeLedger(ledger, planOf([{ path, content }]));

const commits = (made: Repo) => Number(made.git("rev-list", "--count", "HEAD"));
const changedIn = (made: Repo, commit = "HEAD") =>
	made.git("show", "--format=", "--name-status", "--no-renames", commit);
const traces = (made: Repo) =>
	[...readdirSync(join(made.path, ".git")), ...readdirSync(join(made.path, ".git", "msgcode"))].filter((name) =>
		/journal|lock|msgcode-index|tmp/.test(name),
	);

describe("a change", () => {
	test("is one commit of its own paths, with what it was and who made it", async () => {
		const made = await withLedger();
		const before = commits(made);
		const result = await write(ledgerOf(made), "hello\n");
		expect(result).toEqual({ value: "done", commit: made.git("rev-parse", "HEAD") });
		expect(commits(made)).toBe(before + 1);
		expect(changedIn(made)).toBe(`A\t${FILE}`);
		expect(made.git("log", "-1", "--format=%B").trimEnd()).toBe(
			`task(${ID}): test\n\nMsgcode-Op: test\nMsgcode-Task: ${ID}\nMsgcode-Actor: Test Person`,
		);
		expect(made.git("status", "--porcelain")).toBe("");
		expect(traces(made)).toEqual([]);
	});

	test("that changes nothing makes no commit", async () => {
		const made = await withLedger();
		await write(ledgerOf(made), "same\n");
		const head = made.git("rev-parse", "HEAD");
		expect(await write(ledgerOf(made), "same\n")).toEqual({ value: "done", commit: null });
		expect(made.git("rev-parse", "HEAD")).toBe(head);
	});

	test("sweeps in nothing that the user staged, edited or left untracked", async () => {
		const made = await withLedger({
			files: { "code.txt": "code\n", "tasks/mine.txt": "mine\n" },
			staged: { "staged.txt": "staged\n", "tasks/mine.txt": "mine, staged\n" },
			dirty: { "code.txt": "edited\n" },
			untracked: { "tasks/note.txt": "untracked\n" },
		});
		const status = made.git("status", "--porcelain");
		await write(ledgerOf(made), "hello\n");
		expect(changedIn(made)).toBe(`A\t${FILE}`);
		expect(made.git("status", "--porcelain")).toBe(status);
	});

	test("keeps the executable bit that a ledger file has in HEAD", async () => {
		const made = await withLedger({ files: { [FILE]: { executable: "old\n" } } });
		await write(ledgerOf(made), "new\n");
		expect(made.git("ls-tree", "HEAD", FILE)).toMatch(/^100755/);
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("of a file with CRLF is stored as git would store it", async () => {
		const made = await withLedger({ config: { "core.autocrlf": "input" } });
		await write(ledgerOf(made), "one\r\ntwo\r\n");
		expect(made.gitBytes("cat-file", "blob", `HEAD:${FILE}`).toString()).toBe("one\ntwo\n");
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("works on an unborn branch, and on a detached HEAD with a warning", async () => {
		const made = await repo({ ledger: true });
		expect(commits(made)).toBe(1);
		made.git("switch", "--quiet", "--detach");
		const ledger = ledgerOf(made);
		const { commit } = await write(ledger, "hello\n");
		expect(made.git("rev-parse", "HEAD")).toBe(commit);
		expect(ledger.said.join()).toMatch(/HEAD is detached/);
	});

	test("is only staged, or only written, where the settings say so", async () => {
		const made = await withLedger();
		const head = made.git("rev-parse", "HEAD");
		expect((await write(ledgerOf(made, { settings: { commit: "stage" } }), "staged\n")).commit).toBeNull();
		expect(made.git("status", "--porcelain")).toBe(`A  ${FILE}`);
		await write(ledgerOf(made, { settings: { commit: "stage" } }), "staged again\n");
		await write(ledgerOf(made, { settings: { commit: "off" } }), "written\n", "tasks/tsk_0000000002.md");
		expect(made.git("status", "--porcelain")).toBe(`A  ${FILE}\n?? tasks/tsk_0000000002.md`);
		expect(made.git("rev-parse", "HEAD")).toBe(head);
	});

	test("runs the user's pre-commit hook only when asked to, and is taken back when it says no", async () => {
		const made = await withLedger();
		made.write(".git/hooks/pre-commit", { executable: "#!/bin/sh\ntouch ../hook-ran\nexit 1\n" });
		await write(ledgerOf(made), "no hook\n");
		expect(made.exists("../hook-ran")).toBe(false);
		const head = made.git("rev-parse", "HEAD");
		const plan: Plan<null> = () => ({
			writes: [{ path: FILE, content: "with hook\n" }],
			message: { op: "test", summary: "x" },
			verify: true,
			value: null,
		});
		await expect(changeLedger(ledgerOf(made), plan)).rejects.toMatchObject({ code: "git_failed" });
		expect(made.exists("../hook-ran")).toBe(true);
		expect(made.git("rev-parse", "HEAD")).toBe(head);
		expect(made.git("status", "--porcelain")).toBe("");
		expect(made.read(FILE)).toBe("no hook\n");
	});
});

describe("a branch that moves while a change is made", () => {
	test("takes the same change where its files are untouched", async () => {
		const made = await withLedger();
		let planned = 0;
		await changeLedger(ledgerOf(made), () => {
			planned += 1;
			if (planned === 1) made.git("commit", "--quiet", "--allow-empty", "-m", "theirs");
			return planOf([{ path: FILE, content: "hello\n" }])({} as never);
		});
		expect(planned).toBe(1);
		expect(made.git("log", "-2", "--format=%s")).toBe(`task(${ID}): test\ntheirs`);
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("makes the plan run again where its files changed too", async () => {
		const made = await withLedger();
		await write(ledgerOf(made), "one\n");
		let planned = 0;
		await changeLedger(ledgerOf(made), (view) => {
			planned += 1;
			const text = view.working(FILE)?.toString() ?? "";
			if (planned === 1) {
				made.write(FILE, "one\ntheirs\n");
				made.git("commit", "--quiet", "-m", "theirs", "--", FILE);
			}
			return { writes: [{ path: FILE, content: `${text}ours\n` }], message: { op: "x", summary: "x" }, value: null };
		});
		expect(planned).toBe(2);
		expect(made.read(FILE)).toBe("one\ntheirs\nours\n");
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("again and again ends in an error and nothing written", async () => {
		const made = await withLedger();
		const ledger = ledgerOf(made);
		let count = 0;
		const plan: Plan<null> = () => {
			count += 1;
			made.write(FILE, `theirs ${count}\n`);
			made.git("add", FILE);
			made.git("commit", "--quiet", "-m", "theirs");
			return { writes: [{ path: FILE, content: `ours ${count}\n` }], message: { op: "x", summary: "x" }, value: null };
		};
		await expect(changeLedger(ledger, plan)).rejects.toMatchObject({ code: "branch_moved" });
		expect(made.git("status", "--porcelain")).toBe("");
		expect(made.git("log", "-1", "--format=%s")).toBe("theirs");
	});
});

describe("somebody who commits or begins something in the last moment", () => {
	/** A ledger in which something happens just before the branch is moved, once. */
	function disturbed(made: Repo, disturb: () => void): Ledger {
		const ledger = ledgerOf(made);
		let done = false;
		const git: Ledger["git"] = (args, options) => {
			if (args[0] !== "update-ref" || !args.includes("--stdin")) return ledger.git(args, options);
			// git waits to be told where the branch moves: that is the last moment.
			const stdin = Promise.resolve(options?.stdin ?? "").then((given) => {
				const input = String(given);
				if (input.length > 0 && !done) {
					done = true;
					disturb();
				}
				return input;
			});
			return ledger.git(args, { ...options, stdin });
		};
		return { ...ledger, git };
	}

	test("and takes the staged change into their own commit has made it", async () => {
		const made = await withLedger({ staged: { "staged.txt": "staged\n" } });
		await write(ledgerOf(made), "one\n");
		const ledger = disturbed(made, () => made.git("commit", "--quiet", "-m", "theirs"));
		const { commit } = await write(ledger, "two\n");
		expect(commit).toBe(made.git("rev-parse", "HEAD"));
		expect(made.git("log", "-2", "--format=%s")).toBe(`theirs\ntask(${ID}): test`);
		expect(made.git("show", `HEAD:${FILE}`)).toBe("two");
		expect(made.git("status", "--porcelain")).toBe("");
		expect(traces(made)).toEqual([]);
	});

	test("and commits something else gets the change on top", async () => {
		const made = await withLedger();
		const ledger = disturbed(made, () => {
			made.write("code.txt", "theirs\n");
			made.git("commit", "--quiet", "-m", "theirs", "--only", "--", "code.txt");
		});
		await write(ledger, "one\n");
		expect(made.git("log", "-2", "--format=%s")).toBe(`task(${ID}): test\ntheirs`);
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("and commits another content of the same file gets the change planned again", async () => {
		const made = await withLedger();
		await write(ledgerOf(made), "one\n");
		const ledger = disturbed(made, () => {
			made.write(FILE, "theirs\n");
			made.git("commit", "--quiet", "-m", "theirs", "--only", "--", FILE);
		});
		await changeLedger(ledger, (view) => {
			const content = `${view.working(FILE)?.toString()}ours\n`;
			return { writes: [{ path: FILE, content }], message: { op: "x", summary: "x" }, value: null };
		});
		expect(made.read(FILE)).toBe("theirs\nours\n");
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("and switches to another branch keeps a clean checkout there", async () => {
		const made = await withLedger();
		made.git("branch", "other");
		const ledger = disturbed(made, () => {
			made.git("commit", "--quiet", "--allow-empty", "-m", "so that main has moved");
			made.git("stash", "--quiet", "--include-untracked");
			made.git("switch", "--quiet", "other");
		});
		await write(ledger, "one\n");
		expect(made.git("status", "--porcelain")).toBe("");
		expect(made.git("log", "-1", "--format=%s", "other")).toBe(`task(${ID}): test`);
		expect(traces(made)).toEqual([]);
	});

	test("and begins a merge is not disturbed in it", async () => {
		const made = await withLedger();
		const ledger = ledgerOf(made);
		const marker = join(made.path, ".git", "MERGE_HEAD");
		let planned = 0;
		const plan: Plan<null> = () => {
			planned += 1;
			writeFileSync(marker, `${made.git("rev-parse", "HEAD")}\n`);
			return { writes: [{ path: FILE, content: "x\n" }], message: { op: "x", summary: "x" }, value: null };
		};
		const head = made.git("rev-parse", "HEAD");
		await expect(changeLedger(ledger, plan)).rejects.toMatchObject({ code: "git_busy" });
		rmSync(marker);
		expect(planned).toBe(1);
		expect(made.git("rev-parse", "HEAD")).toBe(head);
		expect(made.git("status", "--porcelain")).toBe("");
		expect(traces(made)).toEqual([]);
	});
});

describe("an edit by hand", () => {
	test("is committed on its own before the change that comes on top", async () => {
		const made = await withLedger();
		await write(ledgerOf(made), "one\n");
		made.write(FILE, "one\nby hand\n");
		await write(ledgerOf(made), "one\nby hand\nby command\n");
		expect(made.git("log", "-2", "--format=%s|%(trailers:key=Msgcode-Op,valueonly,separator=)")).toBe(
			`task(${ID}): test|test\ntask(${ID}): edited by hand|edit-by-hand`,
		);
		expect(made.git("show", `HEAD~1:${FILE}`)).toBe("one\nby hand");
	});

	test("is committed on its own also where the change keeps the file as it is", async () => {
		const made = await withLedger();
		await write(ledgerOf(made), "one\n");
		made.write(FILE, "by hand\n");
		const writes = [
			{ path: FILE, content: "by hand\n" },
			{ path: `tasks/${ID}.json`, content: "{}\n" },
		];
		await changeLedger(ledgerOf(made), planOf(writes));
		expect(made.git("log", "-2", "--format=%s")).toBe(`task(${ID}): test\ntask(${ID}): edited by hand`);
		expect(changedIn(made)).toBe(`A\ttasks/${ID}.json`);
	});

	test("that is staged as it stands is no obstacle; one that is staged otherwise is", async () => {
		const made = await withLedger();
		await write(ledgerOf(made), "one\n");
		made.write(FILE, "staged\n");
		made.git("add", FILE);
		await write(ledgerOf(made), "two\n");
		expect(made.git("log", "-2", "--format=%s")).toBe(`task(${ID}): test\ntask(${ID}): edited by hand`);
		made.write(FILE, "staged\n");
		made.git("add", FILE);
		made.write(FILE, "and edited since\n");
		const before = made.git("ls-files", "--stage", "--debug");
		await expect(write(ledgerOf(made), "three\n")).rejects.toMatchObject({ code: "staged_differently", exitCode: 4 });
		expect(made.git("ls-files", "--stage", "--debug")).toBe(before);
		expect(made.read(FILE)).toBe("and edited since\n");
	});

	test("that is refused because it is staged otherwise is seen in a split index as well", async () => {
		const made = await withLedger();
		await write(ledgerOf(made), "one\n");
		made.write(FILE, "staged\n");
		made.git("add", FILE);
		made.write(FILE, "and edited since\n");
		made.git("update-index", "--split-index");
		await expect(write(ledgerOf(made), "two\n")).rejects.toMatchObject({ code: "staged_differently" });
	});

	test("that is staged for removal is refused, one that is only announced is not", async () => {
		const made = await withLedger();
		await write(ledgerOf(made), "one\n");
		made.git("rm", "--quiet", "--cached", FILE);
		await expect(write(ledgerOf(made), "two\n")).rejects.toMatchObject({ code: "staged_differently" });
		expect(made.git("status", "--porcelain", FILE)).toBe(`D  ${FILE}\n?? ${FILE}`);
		const other = "tasks/tsk_0000000002.md";
		made.write(other, "announced\n");
		made.git("add", "--intent-to-add", other);
		await write(ledgerOf(made), "changed\n", other);
		expect(made.git("show", `HEAD:${other}`)).toBe("changed");
	});
});

describe("something in the ledger's place", () => {
	test.each([
		["a link to elsewhere", (made: Repo) => made.write("tasks", { link: "/tmp" }), "path_outside"],
		["a link inside", (made: Repo) => made.write("tasks", { link: "real" }), "ledger_path_taken"],
		["a file", (made: Repo) => made.write("tasks", "a file\n"), "ledger_path_taken"],
	])("that is %s is refused and stays", async (_, put, code) => {
		const made = await repo({ files: { "real/code.txt": "code\n" } });
		put(made);
		made.commitAll("occupied");
		const result = await made.msgcode("init", "--json");
		expect(result.json().error.code).toBe(code);
		expect(made.git("status", "--porcelain")).toBe("");
		expect(made.git("log", "-1", "--format=%s")).toBe("occupied");
	});

	test("in HEAD or the index only is not taken out of them", async () => {
		const made = await repo({ files: { tasks: "a file\n" } });
		rmSync(join(made.path, "tasks"));
		expect((await made.msgcode("init", "--json")).json().error.code).toBe("ledger_path_taken");
		made.git("rm", "--quiet", "--cached", "tasks");
		made.git("commit", "--quiet", "-m", "gone");
		made.write("tasks", "again\n");
		made.git("add", "tasks");
		rmSync(join(made.path, "tasks"));
		expect((await made.msgcode("init", "--json")).json().error.code).toBe("ledger_path_taken");
		expect(made.git("ls-files")).toBe("tasks");
		expect(traces(made)).toEqual([]);
	});

	test("that is a folder of the file's name is refused", async () => {
		const made = await withLedger();
		made.write(`${FILE}/inside`, "x\n");
		await expect(write(ledgerOf(made), "x\n")).rejects.toMatchObject({ code: "ledger_path_taken" });
	});
});

describe("somebody else's lock", () => {
	test("on the ledger is waited for, then named with its holder", async () => {
		const made = await withLedger();
		const path = join(made.path, ".git", "msgcode", "ledger.lock");
		const lock = await acquireLock(path, { command: "task add", timeoutMs: 0 });
		const ledger = ledgerOf(made, { settings: { lockTimeoutMs: 40 } });
		await expect(write(ledger, "x\n")).rejects.toMatchObject({
			code: "ledger_locked",
			message: expect.stringMatching(new RegExp(`task add.*${process.pid}`)),
		});
		lock.release();
		await write(ledger, "x\n");
	});

	test.each([
		["the index", "index.lock", "index_locked"],
		["the branch", "refs/heads/main.lock", "ref_locked"],
		["HEAD", "HEAD.lock", "ref_locked"],
	])("on %s fails the change after the wait, with everything as it was", async (_, name, code) => {
		const made = await withLedger();
		await write(ledgerOf(made), "one\n");
		const before = made.git("ls-files", "--stage", "--debug");
		const lock = join(made.path, ".git", name);
		writeFileSync(lock, "");
		const ledger = ledgerOf(made, { settings: { lockTimeoutMs: 50 } });
		await expect(write(ledger, "two\n")).rejects.toMatchObject({ code, exitCode: 5 });
		rmSync(lock);
		expect(made.read(FILE)).toBe("one\n");
		expect(made.git("status", "--porcelain")).toBe("");
		expect(made.git("ls-files", "--stage", "--", ":!tasks")).toBe(made.git("ls-files", "--stage", "--", ":!tasks"));
		expect(before).toContain(FILE);
		expect(traces(made)).toEqual([]);
		await write(ledger, "two\n");
		expect(made.read(FILE)).toBe("two\n");
	});
});

describe("a disk that fills up", () => {
	const POINTS = [
		"ledger.locked",
		"ledger.objects-written",
		"ledger.journal-written",
		"files.temp-written",
		"ledger.file-written",
		"ledger.files-written",
		"index.locked",
		"index.lock-written",
		"index.renamed",
		"ledger.index-written",
	];

	test.each(POINTS)("at %s fails the change as a whole", async (point) => {
		const made = await withLedger({ staged: { "staged.txt": "staged\n" } });
		await write(ledgerOf(made), "one\n");
		const before = {
			head: made.git("rev-parse", "HEAD"),
			status: made.git("status", "--porcelain"),
			file: made.read(FILE),
		};
		const ledger = ledgerOf(made);
		armFailPoints({ MSGCODE_FAILPOINT: `${point}:enospc` });
		const writes = [
			{ path: FILE, content: "two\n" },
			{ path: `tasks/${ID}.json`, content: "{}\n" },
		];
		await expect(changeLedger(ledger, planOf(writes))).rejects.toMatchObject({ code: "disk_full", exitCode: 1 });
		armFailPoints({});
		const after = {
			head: made.git("rev-parse", "HEAD"),
			status: made.git("status", "--porcelain"),
			file: made.read(FILE),
		};
		expect(after).toEqual(before);
		expect(existsSync(join(made.path, `tasks/${ID}.json`))).toBe(false);
		expect(traces(made)).toEqual([]);
		await changeLedger(ledgerOf(made), planOf(writes));
		expect(made.git("status", "--porcelain")).toBe(before.status);
		expect(made.read(FILE)).toBe("two\n");
	});

	test("so that not even the undoing works leaves the change to be undone, not finished, by the next one", async () => {
		const made = await withLedger();
		await write(ledgerOf(made), "one\r\n");
		const head = made.git("rev-parse", "HEAD");
		const ledger = ledgerOf(made);
		const undo = join(made.path, ".git", "msgcode", "journal.undo.json");
		const git: Ledger["git"] = (args, options) =>
			existsSync(undo) ? Promise.reject(new Error("no space for git either")) : ledger.git(args, options);
		armFailPoints({ MSGCODE_FAILPOINT: "ledger.index-written:enospc" });
		await expect(write({ ...ledger, git }, "two\r\n")).rejects.toMatchObject({ code: "disk_full" });
		armFailPoints({});
		expect(existsSync(undo)).toBe(true);
		expect(made.read(FILE)).toBe("two\r\n");
		expect((await made.msgcode("task", "list")).exitCode).toBe(0);
		expect(made.read(FILE)).toBe("one\r\n");
		expect(made.git("rev-parse", "HEAD")).toBe(head);
		expect(made.git("status", "--porcelain")).toBe("");
		expect(traces(made)).toEqual([]);
	});

	test("after the branch moved takes nothing back, and the next change goes on", async () => {
		const made = await withLedger();
		armFailPoints({ MSGCODE_FAILPOINT: "ledger.ref-moved:enospc" });
		await expect(write(ledgerOf(made), "one\n")).rejects.toMatchObject({ code: "disk_full" });
		armFailPoints({});
		expect(made.git("status", "--porcelain")).toBe("");
		expect(made.git("show", `HEAD:${FILE}`)).toBe("one");
		await write(ledgerOf(made), "two\n");
		expect(traces(made)).toEqual([]);
		expect(made.read(FILE)).toBe("two\n");
	});
});

test("a change is refused in the middle of a git operation, before anything is touched", async () => {
	const made = await withLedger();
	writeFileSync(join(made.path, ".git", "MERGE_HEAD"), `${made.git("rev-parse", "HEAD")}\n`);
	await expect(write(ledgerOf(made), "x\n")).rejects.toMatchObject({ code: "git_busy", exitCode: 5 });
	expect(made.exists(FILE)).toBe(false);
	expect(traces(made)).toEqual([]);
});
