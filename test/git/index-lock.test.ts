// The real index under git's own lock: the user's entries stay, a lock that is not ours is waited for and never removed.
import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readStaged, removeStaleIndexLock, updateIndex } from "../../src/git/index-lock.ts";
import { createGit } from "../../src/git/plumbing.ts";
import { type Repo, repo } from "../support/repo.ts";

function placeOf(made: Repo) {
	const gitDir = join(made.path, ".git");
	return { gitDir, topLevel: made.path, objectIdLength: 40 as const };
}

const gitOf = (made: Repo) => createGit(made.env, { cwd: made.path });

function change(made: Repo, path: string, content = "ledger\n") {
	made.write(path, content);
	const oid = made.git("hash-object", "-w", "--", path);
	return { path, entry: { mode: 0o100644, oid, stat: lstatSync(join(made.path, path), { bigint: true }) } };
}

const update = (made: Repo, path: string, timeoutMs = 1000) =>
	updateIndex(placeOf(made), [change(made, path)], gitOf(made), timeoutMs);

const leftovers = (made: Repo) =>
	readdirSync(join(made.path, ".git")).filter((name) => name.startsWith("msgcode") || name === "index.lock");

describe("an update of the index", () => {
	test("leaves every other entry as it was and no lock behind", async () => {
		const made = await repo({ files: { "a.txt": "a\n", "b.txt": "b\n" }, staged: { "b.txt": "staged\n" } });
		made.git("update-index", "--assume-unchanged", "a.txt");
		const before = made.git("ls-files", "--stage", "--debug");
		await update(made, "tasks/x");
		expect(made.git("ls-files", "--stage", "--debug", "--", ":!tasks")).toBe(before);
		expect(made.git("status", "--porcelain")).toBe("M  b.txt\nA  tasks/x");
		expect(leftovers(made)).toEqual([]);
	});

	test("keeps git's doubt about a file of the same size that was edited in the second of its staging", async () => {
		const made = await repo({ files: { "racy.txt": "aaaa\n" } });
		const index = join(made.path, ".git", "index");
		const racy = join(made.path, "racy.txt");
		// The entry, the index and the file all carry one time, and the edit keeps the size: only the index's own time
		// tells git that it has to compare the content.
		made.git("config", "core.trustctime", "false");
		made.git("config", "core.checkStat", "minimal");
		const second = new Date(Math.floor(Date.now() / 1000) * 1000 - 5000);
		utimesSync(racy, second, second);
		made.git("update-index", "--refresh");
		made.write("racy.txt", "bbbb\n");
		utimesSync(racy, second, second);
		utimesSync(index, second, second);
		expect(made.git("-c", "core.fsmonitor=false", "diff-files", "--name-only")).toBe("racy.txt");
		await update(made, "tasks/x");
		expect(made.git("diff-files", "--name-only")).toBe("racy.txt");
		expect(made.git("status", "--porcelain", "racy.txt")).toBe(" M racy.txt");
	});

	test("keeps the index's permissions", async () => {
		const made = await repo({ files: { "a.txt": "a\n" } });
		execFileSync("chmod", ["660", join(made.path, ".git", "index")]);
		await update(made, "tasks/x");
		expect(statSync(join(made.path, ".git", "index")).mode & 0o777).toBe(0o660);
	});

	test("makes the first index of a repository", async () => {
		const made = await repo();
		await update(made, "tasks/x");
		expect(made.git("status", "--porcelain")).toBe("A  tasks/x");
	});

	test.each([
		["split", (made: Repo) => made.git("update-index", "--split-index")],
		["sparse", (made: Repo) => made.git("sparse-checkout", "set", "--cone", "--sparse-index", "tasks", "keep")],
	])("is left to git itself where the index is %s", async (_, prepare) => {
		const made = await repo({ files: { "keep/a.txt": "a\n", "other/b.txt": "b\n" } });
		prepare(made);
		await update(made, "tasks/x");
		expect(made.git("status", "--porcelain")).toBe("A  tasks/x");
		expect(made.git("ls-files")).toBe("keep/a.txt\nother/b.txt\ntasks/x");
		expect(leftovers(made)).toEqual([]);
	});

	test("does nothing, and takes no lock, for no changes", async () => {
		const made = await repo();
		writeFileSync(join(made.path, ".git", "index.lock"), "");
		await updateIndex(placeOf(made), [], gitOf(made), 0);
		expect(existsSync(join(made.path, ".git", "index"))).toBe(false);
	});
});

describe("another git's index.lock", () => {
	test("is waited for", async () => {
		const made = await repo({ files: { "a.txt": "a\n" } });
		const lock = join(made.path, ".git", "index.lock");
		writeFileSync(lock, "");
		const updating = update(made, "tasks/x", 5000);
		await expect.poll(() => leftovers(made).length).toBe(2);
		rmSync(lock);
		await updating;
		expect(made.git("ls-files")).toBe("a.txt\ntasks/x");
	});

	test("is named after the wait, and stays", async () => {
		const made = await repo({ files: { "a.txt": "a\n" } });
		const lock = join(made.path, ".git", "index.lock");
		writeFileSync(lock, "somebody's");
		await expect(update(made, "tasks/x", 30)).rejects.toMatchObject({ code: "index_locked", exitCode: 5 });
		expect(leftovers(made)).toEqual(["index.lock"]);
		removeStaleIndexLock(placeOf(made).gitDir);
		expect(leftovers(made)).toEqual(["index.lock"]);
		expect(made.git("ls-files")).toBe("a.txt");
	});
});

describe("what a killed update left", () => {
	test("is removed, its index.lock included", async () => {
		const made = await repo({ files: { "a.txt": "a\n" } });
		const { gitDir } = placeOf(made);
		writeFileSync(join(gitDir, "msgcode-index-1-abc"), "half");
		execFileSync("ln", [join(gitDir, "msgcode-index-1-abc"), join(gitDir, "index.lock")]);
		removeStaleIndexLock(gitDir);
		expect(leftovers(made)).toEqual([]);
	});

	test("is removed without touching the lock that somebody else took since", async () => {
		const made = await repo({ files: { "a.txt": "a\n" } });
		const { gitDir } = placeOf(made);
		writeFileSync(join(gitDir, "msgcode-index-1-abc"), "half");
		writeFileSync(join(gitDir, "index.lock"), "another's");
		removeStaleIndexLock(gitDir);
		expect(leftovers(made)).toEqual(["index.lock"]);
	});
});

describe("a failing update", () => {
	test("of a damaged index leaves the index and no lock", async () => {
		const made = await repo({ files: { "a.txt": "a\n" } });
		const { gitDir } = placeOf(made);
		writeFileSync(join(gitDir, "index"), "garbage that is long enough to be an index");
		await expect(update(made, "tasks/x")).rejects.toMatchObject({ code: "git_failed" });
		expect(leftovers(made)).toEqual([]);
	});

	test("names a git folder that is not there", async () => {
		const made = await repo({ files: { "a.txt": "a\n" } });
		const place = { ...placeOf(made), gitDir: join(made.path, "nowhere") };
		await expect(updateIndex(place, [change(made, "x")], gitOf(made), 10)).rejects.toMatchObject({
			code: "file_failed",
			message: expect.stringContaining("nowhere"),
		});
	});
});

describe("what is staged", () => {
	const PATHS = ["announced", "conflict", "folder/file", "missing", "staged"];

	async function variedRepo(): Promise<Repo> {
		const made = await repo({ files: { conflict: "base\n", staged: "old\n", folder: "a file\n" } });
		made.git("switch", "--quiet", "-c", "side");
		made.write("conflict", "side\n");
		made.commitAll("side");
		made.git("switch", "--quiet", "main");
		made.write("conflict", "main\n");
		made.commitAll("main");
		expect(() => made.git("merge", "side")).toThrow();
		made.write("staged", "new\n");
		made.git("add", "staged");
		return made;
	}

	test("is told with stages, announcements and files where folders are asked for", async () => {
		const made = await variedRepo();
		made.write("announced", "later\n");
		made.git("add", "--intent-to-add", "announced");
		const staged = await readStaged(placeOf(made), gitOf(made), PATHS);
		expect(staged.get("conflict")?.map(({ stage }) => stage)).toEqual([1, 2, 3]);
		expect(staged.get("announced")).toMatchObject([{ announced: true, stage: 0 }]);
		expect(staged.get("staged")).toEqual([{ oid: made.git("rev-parse", ":staged"), stage: 0, announced: false }]);
		expect(staged.get("folder")).toHaveLength(1);
		expect(staged.get("missing")).toEqual([]);
	});

	test("is told the same by git where the index is split", async () => {
		const made = await variedRepo();
		const whole = await readStaged(placeOf(made), gitOf(made), PATHS);
		made.git("update-index", "--split-index");
		const split = await readStaged(placeOf(made), gitOf(made), PATHS);
		const nonEmpty = [...whole].filter(([, entries]) => entries.length > 0);
		expect([...split].sort()).toEqual(nonEmpty.sort());
	});
});

test("a folder where the index should be is a plain error", async () => {
	const made = await repo();
	mkdirSync(join(made.path, ".git", "index"));
	await expect(update(made, "x")).rejects.toMatchObject({ code: "file_failed" });
	expect(leftovers(made)).toEqual([]);
});
