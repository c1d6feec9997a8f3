// Making and removing worktrees while others are made and removed, and after a git was killed in the middle of it.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createGit } from "../../src/git/plumbing.ts";
import { addWorktree, listWorktrees, removeWorktree } from "../../src/git/worktree.ts";
import { type Repo, repo } from "../support/repo.ts";

const gitOf = (made: Repo) => createGit(made.env, { cwd: made.path });
const records = (made: Repo) => join(made.path, ".git/worktrees");

function add(made: Repo, name: string) {
	return addWorktree(gitOf(made), {
		path: join(made.path, "worktrees", name),
		branch: `msgcode/${name}/run`,
		base: made.git("rev-parse", "HEAD"),
		reason: "a run",
		objectIdLength: 40,
		leaveOut: () => false,
	});
}

/** The record of a worktree as git leaves it when it is killed, or looked at, half-way. */
function halfMade(made: Repo, name: string): string {
	const record = join(records(made), name);
	const path = join(made.path, "worktrees", name);
	mkdirSync(record, { recursive: true });
	mkdirSync(path, { recursive: true });
	writeFileSync(join(record, "locked"), "initializing\n");
	writeFileSync(join(record, "gitdir"), `${join(path, ".git")}\n`);
	writeFileSync(join(path, ".git"), `gitdir: ${record}\n`);
	writeFileSync(join(record, "HEAD"), `${"0".repeat(40)}\n`);
	writeFileSync(join(record, "commondir"), "");
	return record;
}

describe("a worktree", () => {
	test("is made while git is half-way through making another one", async () => {
		const made = await repo({ files: { a: "a\n" } });
		const other = halfMade(made, "other");
		expect(() => made.git("worktree", "list")).toThrow("commondir");
		setTimeout(() => writeFileSync(join(other, "commondir"), "../..\n"), 80);
		const { path } = await add(made, "own");
		expect(made.git("-C", path, "branch", "--show-current")).toBe("msgcode/own/run");
		expect((await listWorktrees(gitOf(made))).map((one) => one.branch)).toContain("refs/heads/msgcode/own/run");
	});

	test("is made on its branch also when an earlier try left that behind", async () => {
		const made = await repo({ files: { a: "a\n" } });
		made.git("branch", "msgcode/own/run");
		const { path } = await add(made, "own");
		expect(made.git("-C", path, "branch", "--show-current")).toBe("msgcode/own/run");
	});

	test("that git never finished is removed, and git can list worktrees again", async () => {
		const made = await repo({ files: { a: "a\n" } });
		halfMade(made, "own");
		await removeWorktree(gitOf(made), join(made.path, ".git"), join(made.path, "worktrees/own"));
		expect(await listWorktrees(gitOf(made))).toHaveLength(1);
		expect(readdirSync(records(made))).toEqual([]);
		expect(existsSync(join(made.path, "worktrees/own"))).toBe(false);
	});

	test("is removed with its record, though it is locked and its folder is gone", async () => {
		const made = await repo({ files: { a: "a\n" } });
		const { path } = await add(made, "own");
		await removeWorktree(gitOf(made), join(made.path, ".git"), path);
		await removeWorktree(gitOf(made), join(made.path, ".git"), path);
		expect(await listWorktrees(gitOf(made))).toHaveLength(1);
		expect(readdirSync(join(made.path, "worktrees"))).toEqual([]);
	});
});
