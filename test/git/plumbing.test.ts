// The spawned git: nothing of the caller's surroundings redirects it, no program of the user's takes part, and its
// failures come back under the code that says what to do.
import { describe, expect, test } from "vitest";
import { createGit, gitEnvironment, gitFailure } from "../../src/git/plumbing.ts";
import { repo, temporaryFolder } from "../support/repo.ts";

describe("the environment of git", () => {
	test("keeps who commits and how to connect, and drops what leads elsewhere", () => {
		const env = gitEnvironment({
			PATH: "/bin",
			HOME: "/home/x",
			GIT_DIR: "/elsewhere",
			GIT_WORK_TREE: "/elsewhere",
			GIT_INDEX_FILE: "/elsewhere/index",
			GIT_OBJECT_DIRECTORY: "/elsewhere/objects",
			GIT_NAMESPACE: "x",
			GIT_EXTERNAL_DIFF: "/bin/evil",
			GIT_AUTHOR_NAME: "A",
			GIT_COMMITTER_DATE: "@1 +0000",
			GIT_CONFIG_GLOBAL: "/home/x/.gitconfig",
			GIT_SSH_COMMAND: "ssh -i key",
			LANG: "de_DE.UTF-8",
			UNSET: undefined,
		});
		expect(
			Object.keys(env)
				.filter((name) => name.startsWith("GIT_"))
				.sort(),
		).toEqual([
			"GIT_AUTHOR_NAME",
			"GIT_COMMITTER_DATE",
			"GIT_CONFIG_GLOBAL",
			"GIT_EDITOR",
			"GIT_OPTIONAL_LOCKS",
			"GIT_PAGER",
			"GIT_SSH_COMMAND",
			"GIT_TERMINAL_PROMPT",
		]);
		expect(env).toMatchObject({ PATH: "/bin", HOME: "/home/x", LC_ALL: "C", GIT_TERMINAL_PROMPT: "0" });
		expect("UNSET" in env).toBe(false);
	});

	test("leads to the repository that was asked for, from inside another one's hook", async () => {
		const other = await repo({ files: { other: "o\n" } });
		const made = await repo({ files: { mine: "m\n" } });
		const env = { ...made.env, GIT_DIR: `${other.path}/.git`, GIT_INDEX_FILE: `${other.path}/.git/index` };
		const git = createGit(env, { cwd: made.path });
		expect((await git(["ls-files"])).stdout.toString()).toBe("mine\n");
	});
});

describe("a call", () => {
	test("runs no hook unless asked to, and no fsmonitor", async () => {
		const made = await repo({ files: { a: "a\n" } });
		made.write(".git/hooks/post-index-change", { executable: "#!/bin/sh\ntouch ../marked-hook\n" });
		made.write(".git/hooks/reference-transaction", { executable: "#!/bin/sh\ntouch ../marked-ref\n" });
		made.write("../fsmonitor", { executable: "#!/bin/sh\ntouch ../marked-fsmonitor\n" });
		made.git("config", "core.fsmonitor", "../fsmonitor");
		const git = createGit(made.env, { cwd: made.path });
		made.write("b", "b\n");
		await git(["add", "b"]);
		await git(["status", "--porcelain"]);
		await git(["update-ref", "refs/heads/x", "HEAD"]);
		const marks = ["../marked-hook", "../marked-ref", "../marked-fsmonitor"];
		expect(marks.filter((mark) => made.exists(mark))).toEqual([]);
		made.write("b", "c\n");
		await git(["add", "b"], { hooks: true });
		expect(marks.filter((mark) => made.exists(mark))).toEqual(["../marked-hook"]);
	});

	test("carries binary both ways and takes a long input without a deadlock", async () => {
		const made = await repo();
		const git = createGit(made.env, { cwd: made.path });
		const bytes = Buffer.alloc(2_000_000, Uint8Array.of(0, 255, 10, 13, 128));
		const oid = (await git(["hash-object", "-w", "--stdin"], { stdin: bytes })).stdout.toString().trim();
		expect((await git(["cat-file", "blob", oid])).stdout.equals(bytes)).toBe(true);
	});

	test("gives an accepted exit code as an answer and rejects every other", async () => {
		const made = await repo();
		const git = createGit(made.env, { cwd: made.path });
		expect((await git(["rev-parse", "--verify", "--quiet", "nothing"], { accept: [0, 1] })).code).toBe(1);
		await expect(git(["rev-parse", "--verify", "nothing"])).rejects.toMatchObject({
			code: "git_failed",
			details: { command: "git rev-parse", exitCode: 128 },
		});
	});

	test("does not fail when git stops reading its input", async () => {
		const made = await repo();
		const git = createGit(made.env, { cwd: made.path });
		const result = await git(["rev-parse", "--is-inside-work-tree"], { stdin: Buffer.alloc(5_000_000) });
		expect(result.stdout.toString()).toBe("true\n");
	});

	test("works on the git folder, work tree and index that it is given", async () => {
		const made = await repo({ files: { a: "a\n" } });
		const folder = temporaryFolder();
		const git = createGit(made.env, { cwd: folder });
		const call = { gitDir: `${made.path}/.git`, workTree: made.path, indexFile: `${folder}/index` };
		await git(["read-tree", "HEAD"], call);
		expect((await git(["ls-files"], { ...call, cwd: made.path })).stdout.toString()).toBe("a\n");
		expect((await git(["config", "x.y"], { ...call, config: { "x.y": "1" } })).stdout.toString()).toBe("1\n");
	});

	test("says when git cannot be started", async () => {
		const folder = temporaryFolder();
		const git = createGit({ PATH: folder }, { cwd: folder });
		await expect(git(["version"])).rejects.toMatchObject({ code: "git_missing" });
	});
});

describe("a failure", () => {
	test.each([
		["fatal: write error: No space left on device", "disk_full"],
		["error: unable to write file: Disk quota exceeded", "disk_full"],
		["*** Please tell me who you are.", "git_identity"],
		["fatal: empty ident name (for <x@y>) not allowed", "git_identity"],
		["error: gpg failed to sign the data", "signing_failed"],
		["fatal: could not open 'x' for writing: Read-only file system", "read_only"],
		["error: insufficient permission for adding an object to repository database", "read_only"],
		["fatal: Unable to create '/x/.git/index.lock': File exists.", "index_locked"],
		["fatal: something else", "git_failed"],
		["", "git_failed"],
	])("%j is %s", (stderr, code) => {
		expect(gitFailure(["-c", "x=y", "add"], 128, stderr).code).toBe(code);
	});
});

test("settings of the user's change nothing of what a log lists", async () => {
	const made = await repo({ files: { "old.txt": "one\ntwo\nthree\n" } });
	made.git("mv", "old.txt", "new.txt");
	made.commitAll("renamed");
	made.write("gpg", { executable: "#!/bin/sh\necho words of gpg >&2\n" });
	const object = made
		.git("cat-file", "commit", "HEAD")
		.replace("\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n\n");
	made.write("signed", object);
	made.git("update-ref", "HEAD", made.git("hash-object", "-t", "commit", "-w", "signed"));
	for (const [name, value] of [
		["gpg.program", `${made.path}/gpg`],
		["log.showSignature", "true"],
		["log.follow", "true"],
	] as const)
		made.git("config", name, value);
	const args = ["log", "--format=%s", "--", "new.txt"];
	expect(made.git(...args)).not.toBe("renamed");
	const git = createGit(made.env, { cwd: made.path });
	expect((await git(args)).stdout.toString("utf8")).toBe("renamed\n");
});
