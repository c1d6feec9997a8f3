// The branch moves only from the commit that was read, and commits say who made them as git would.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { moveHead, readHead, readIdentity, treeOfCommit, writeCommit } from "../../src/git/head.ts";
import { type ObjectReader, openObjectReader } from "../../src/git/object-reader.ts";
import { createGit } from "../../src/git/plumbing.ts";
import { type Repo, repo } from "../support/repo.ts";

const readers: ObjectReader[] = [];
afterEach(() => {
	for (const reader of readers.splice(0)) reader.close();
});

const gitDirOf = (made: Repo) => join(made.path, ".git");
const gitOf = (made: Repo) => createGit(made.env, { cwd: made.path });
const storeOf = (made: Repo) => ({ commonDir: gitDirOf(made), objectIdLength: 40 as const });

function headOf(made: Repo) {
	const reader = openObjectReader(made.env, made.path);
	readers.push(reader);
	return readHead(gitDirOf(made), reader, gitOf(made));
}

async function commitOn(made: Repo, sign = false): Promise<string> {
	const head = await headOf(made);
	return writeCommit(storeOf(made), gitOf(made), {
		tree: head.tree as string,
		parents: [head.commit as string],
		message: "test: a commit\n",
		sign,
		identity: await readIdentity(gitOf(made), made.env),
	});
}

describe("HEAD", () => {
	test("is a branch with its commit and tree", async () => {
		const made = await repo({ files: { a: "a\n" } });
		expect(await headOf(made)).toEqual({
			ref: "refs/heads/main",
			commit: made.git("rev-parse", "HEAD"),
			tree: made.git("rev-parse", "HEAD^{tree}"),
		});
	});

	test("is read from packed refs as well", async () => {
		const made = await repo({ files: { a: "a\n" } });
		made.git("pack-refs", "--all");
		expect((await headOf(made)).commit).toBe(made.git("rev-parse", "HEAD"));
	});

	test("has no commit on an unborn branch and no branch when detached", async () => {
		const made = await repo();
		expect(await headOf(made)).toEqual({ ref: "refs/heads/main", commit: null, tree: null });
		made.write("a", "a\n");
		made.commitAll("first");
		made.git("switch", "--quiet", "--detach");
		expect(await headOf(made)).toMatchObject({ ref: null, commit: made.git("rev-parse", "HEAD") });
	});
});

describe("moving a branch", () => {
	test("works from the commit that was read, and says why in the reflog", async () => {
		const made = await repo({ files: { a: "a\n" } });
		const commit = await commitOn(made);
		expect(await moveHead(gitOf(made), await headOf(made), commit, "msgcode: because")).toBe(true);
		expect(made.git("rev-parse", "main")).toBe(commit);
		expect(made.git("reflog", "-1", "--format=%gs")).toBe("msgcode: because");
	});

	test("gives in to whoever moved it meanwhile", async () => {
		const made = await repo({ files: { a: "a\n" } });
		const head = await headOf(made);
		const commit = await commitOn(made);
		const theirs = made.commitAll("theirs");
		expect(await moveHead(gitOf(made), head, commit, "x")).toBe(false);
		expect(made.git("rev-parse", "HEAD")).toBe(theirs);
	});

	test("gives in to a first commit that somebody else made on an unborn branch", async () => {
		const made = await repo({ files: { a: "a\n" } });
		const commit = await commitOn(made);
		made.git("switch", "--quiet", "--orphan", "fresh");
		const head = await headOf(made);
		made.git("commit", "--quiet", "--allow-empty", "-m", "theirs");
		expect(await moveHead(gitOf(made), head, commit, "x")).toBe(false);
	});

	test("gives in when the branch is gone", async () => {
		const made = await repo({ files: { a: "a\n" } });
		const head = await headOf(made);
		const commit = await commitOn(made);
		made.git("update-ref", "-d", "refs/heads/main");
		expect(await moveHead(gitOf(made), head, commit, "x")).toBe(false);
	});

	test("moves a detached HEAD itself and no branch", async () => {
		const made = await repo({ files: { a: "a\n" } });
		made.git("switch", "--quiet", "--detach");
		const commit = await commitOn(made);
		expect(await moveHead(gitOf(made), await headOf(made), commit, "x")).toBe(true);
		expect(made.git("rev-parse", "HEAD")).toBe(commit);
		expect(made.git("rev-parse", "main")).not.toBe(commit);
	});

	test("waits for another git's lock file on the ref, then names it", async () => {
		const made = await repo({ files: { a: "a\n" } });
		const head = await headOf(made);
		const commit = await commitOn(made);
		const lock = join(gitDirOf(made), "refs", "heads", "main.lock");
		writeFileSync(lock, "");
		await expect(moveHead(gitOf(made), head, commit, "x", 100)).rejects.toMatchObject({
			code: "ref_locked",
			exitCode: 5,
		});
		expect(made.git("rev-parse", "main")).toBe(head.commit);
		const moving = moveHead(gitOf(made), head, commit, "x", 10_000);
		rmSync(lock);
		expect(await moving).toBe(true);
	});

	test("reports a branch name in its way instead of trying for ever", async () => {
		const made = await repo({ files: { a: "a\n" } });
		const head = await headOf(made);
		const commit = await commitOn(made);
		const blocked = { ...head, ref: "refs/heads/main/below", commit: null };
		await expect(moveHead(gitOf(made), blocked, commit, "x")).rejects.toMatchObject({ code: "git_failed" });
	});
});

describe("a commit", () => {
	test("is by whom git says, at the time of the commit", async () => {
		const made = await repo({ files: { a: "a\n" }, config: { "user.name": "Ünï <code>", "user.email": "a@b" } });
		const before = Math.floor(Date.now() / 1000);
		const commit = await commitOn(made);
		const seconds = Number(made.git("show", "-s", "--format=%ct", commit));
		expect(seconds).toBeGreaterThanOrEqual(before);
		expect(made.git("show", "-s", "--format=%an %ae %s", commit)).toBe("Ünï code a@b test: a commit");
		made.git("fsck", "--strict", "--no-dangling");
	});

	test("takes names and dates from the environment, as git does", async () => {
		const env = {
			GIT_AUTHOR_NAME: "Env Author",
			GIT_AUTHOR_EMAIL: "env@author",
			GIT_AUTHOR_DATE: "2020-02-02T02:02:02+0200",
			GIT_COMMITTER_DATE: "@1600000000 +0000",
		};
		const made = await repo({ files: { a: "a\n" }, env });
		const commit = await commitOn(made);
		expect(made.git("show", "-s", "--format=%an %ae %aI %ct %cn", commit)).toBe(
			"Env Author env@author 2020-02-02T02:02:02+02:00 1600000000 Test Person",
		);
	});

	test("is refused while git does not know who makes it", async () => {
		const made = await repo({ files: { a: "a\n" } });
		writeFileSync(join(made.home, ".gitconfig"), "[user]\n\tuseConfigOnly = true\n");
		await expect(commitOn(made)).rejects.toMatchObject({ code: "git_identity" });
	});

	test("that cannot be signed says so", async () => {
		const made = await repo({ files: { a: "a\n" } });
		made.write("gpg", { executable: "#!/bin/sh\necho 'no secret key' >&2\nexit 2\n" });
		made.git("config", "gpg.program", join(made.path, "gpg"));
		await expect(commitOn(made, true)).rejects.toMatchObject({ code: "signing_failed" });
	});

	test("is signed by git's own program", async () => {
		const made = await repo({ files: { a: "a\n" } });
		const script = `#!/bin/sh\ncat >/dev/null\nprintf '\\n[GNUPG:] SIG_CREATED \\n' >&2\necho '-----BEGIN PGP SIGNATURE-----'\necho test\necho '-----END PGP SIGNATURE-----'\n`;
		made.write("gpg", { executable: script });
		made.git("config", "gpg.program", join(made.path, "gpg"));
		const commit = await commitOn(made, true);
		expect(made.git("cat-file", "commit", commit)).toContain("gpgsig -----BEGIN PGP SIGNATURE-----");
	});

	test("that is none is refused where its tree is asked for", () => {
		expect(() => treeOfCommit(Buffer.from("object 123\ntype tag\n"))).toThrow(/cannot be read/);
	});
});

test("nothing here writes to HEAD's own file of a branch", async () => {
	const made = await repo({ files: { a: "a\n" } });
	const before = readFileSync(join(gitDirOf(made), "HEAD"), "utf8");
	await moveHead(gitOf(made), await headOf(made), await commitOn(made), "x");
	expect(readFileSync(join(gitDirOf(made), "HEAD"), "utf8")).toBe(before);
});
