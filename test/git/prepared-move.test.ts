// A branch moved by a git that was started early: the same answers as by one that is started when it is needed.
import { describe, expect, test } from "vitest";
import { moveHead, prepareMove, readHead } from "../../src/git/head.ts";
import { openObjectReader } from "../../src/git/object-reader.ts";
import { createGit } from "../../src/git/plumbing.ts";
import { type Repo, repo } from "../support/repo.ts";

const gitOf = (made: Repo) => createGit(made.env, { cwd: made.path });

async function headOf(made: Repo) {
	const reader = openObjectReader(made.env, made.path);
	try {
		return await readHead(`${made.path}/.git`, reader, gitOf(made));
	} finally {
		reader.close();
	}
}

function commitOn(made: Repo): string {
	return made.git(
		"commit-tree",
		"-m",
		"next",
		...(made.git("rev-parse", "-q", "--verify", "HEAD") ? ["-p", "HEAD"] : []),
		"HEAD^{tree}",
	);
}

function move(made: Repo, head: Awaited<ReturnType<typeof headOf>>, commit: string, patienceMs = 1000) {
	return moveHead(
		gitOf(made),
		head,
		commit,
		"msgcode: because",
		patienceMs,
		prepareMove(gitOf(made), "msgcode: because"),
	);
}

describe("a waiting git", () => {
	test("moves the branch and notes why", async () => {
		const made = await repo({ files: { a: "a" } });
		const commit = commitOn(made);
		expect(await move(made, await headOf(made), commit)).toBe(true);
		expect(made.git("rev-parse", "main")).toBe(commit);
		expect(made.git("log", "-g", "-1", "--format=%gs")).toBe("msgcode: because");
	});

	test("moves a detached HEAD and no branch", async () => {
		const made = await repo({ files: { a: "a" } });
		const before = made.git("rev-parse", "main");
		made.git("switch", "--quiet", "--detach");
		const commit = commitOn(made);
		expect(await move(made, await headOf(made), commit)).toBe(true);
		expect([made.git("rev-parse", "HEAD"), made.git("rev-parse", "main")]).toEqual([commit, before]);
	});

	test("leaves a branch alone that is elsewhere by now", async () => {
		const made = await repo({ files: { a: "a" } });
		const head = await headOf(made);
		const commit = commitOn(made);
		made.git("commit", "--quiet", "--allow-empty", "-m", "somebody's");
		const theirs = made.git("rev-parse", "main");
		expect(await move(made, head, commit)).toBe(false);
		expect(made.git("rev-parse", "main")).toBe(theirs);
	});

	test("is asked once; a lock file that stays is waited for with others, then refused", async () => {
		const made = await repo({ files: { a: "a" } });
		const head = await headOf(made);
		const commit = commitOn(made);
		made.write(".git/refs/heads/main.lock", "");
		await expect(move(made, head, commit, 100)).rejects.toMatchObject({ code: "ref_locked" });
		expect(made.git("rev-parse", "main")).toBe(head.commit);
	});

	test("that is dropped changes nothing and ends", async () => {
		const made = await repo({ files: { a: "a" } });
		const before = made.git("for-each-ref");
		const waiting = prepareMove(gitOf(made), "msgcode: because");
		waiting.drop();
		const { code, stderr } = await waiting.tell(`update refs/heads/main ${"1".repeat(40)}\n`);
		expect([code, stderr]).toEqual([0, ""]);
		expect(made.git("for-each-ref")).toBe(before);
	});
});
