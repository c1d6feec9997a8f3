// Where a repository lives, against what git itself says, for every layout that git knows.
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findRepository, gitDirOf, mainCheckoutOf } from "../../src/git/location.ts";
import { type Repo, repo, repoAt, temporaryFolder } from "../support/repo.ts";
import { shell } from "../support/shell.ts";

/** What git says of the same folder. */
function byGit(made: Repo, folder: string) {
	const [topLevel, gitDir, commonDir] = shell(
		made,
		'cd "$FOLDER"; git rev-parse --path-format=absolute --show-toplevel --absolute-git-dir --git-common-dir',
		{ FOLDER: folder },
	).split("\n") as [string, string, string];
	return { topLevel, gitDir: realpathSync(gitDir), commonDir: realpathSync(commonDir) };
}

function expectAsGit(made: Repo, folder: string): void {
	expect(findRepository(folder)).toMatchObject(byGit(made, folder));
}

describe("a repository is found", () => {
	test("from its top, from below and through a symbolic link", async () => {
		const made = await repo({ files: { "a/b/c": "c\n" } });
		expectAsGit(made, made.path);
		expectAsGit(made, join(made.path, "a", "b"));
		symlinkSync(join(made.path, "a"), join(made.home, "way"));
		expect(findRepository(join(made.home, "way", "b"))).toMatchObject({ topLevel: made.path, linked: false });
	});

	test("from a file", async () => {
		const made = await repo({ files: { "a/b": "b\n" } });
		expect(findRepository(join(made.path, "a", "b"))?.topLevel).toBe(made.path);
	});

	test("from a folder that does not exist yet", async () => {
		const made = await repo({ files: { a: "a\n" } });
		expect(findRepository(join(made.path, "not", "yet"))?.topLevel).toBe(made.path);
	});

	test("from a linked worktree, also one of a separate git folder", async () => {
		const made = await repo({ files: { "a/b": "b\n" }, init: ["--separate-git-dir=../elsewhere.git"] });
		expectAsGit(made, made.path);
		expect(findRepository(made.path)?.linked).toBe(false);
		const linked = join(made.home, "linked");
		made.git("worktree", "add", "--quiet", linked);
		expectAsGit(made, join(linked, "a"));
		expect(findRepository(linked)).toMatchObject({ linked: true, commonDir: join(made.home, "elsewhere.git") });
		expect(mainCheckoutOf(join(made.home, "elsewhere.git"))).toBeNull();
	});

	test("from a submodule, which is a repository of its own", async () => {
		const inner = await repo({ files: { i: "i\n" } });
		const made = await repo({ files: { o: "o\n" } });
		made.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.path, "sub");
		expectAsGit(made, join(made.path, "sub"));
		expect(findRepository(join(made.path, "sub"))?.linked).toBe(false);
	});

	test("as bare from inside its folder, and with a checkout from its linked worktrees", async () => {
		const made = await repo({ files: { a: "a\n" } });
		const bare = join(made.home, "bare.git");
		made.git("clone", "--quiet", "--bare", made.path, bare);
		expect(findRepository(bare)).toMatchObject({ topLevel: null, gitDir: bare });
		const linked = join(made.home, "linked");
		shell(made, 'git -C "$BARE" worktree add --quiet "$LINKED"', { BARE: bare, LINKED: linked });
		expectAsGit(repoAt(linked, made.home, made.env), linked);
		expect(mainCheckoutOf(bare)).toBeNull();
	});

	test("as bare where a folder .git says so", async () => {
		const made = await repo({ files: { a: "a\n" } });
		made.git("config", "core.bare", "true");
		expect(mainCheckoutOf(join(made.path, ".git"))).toBeNull();
		made.git("config", "core.bare", "false");
		expect(mainCheckoutOf(join(made.path, ".git"))).toBe(made.path);
	});

	test("with the length of its ids", async () => {
		const sha256 = await repo({ init: ["--object-format=sha256"] });
		expect(findRepository(sha256.path)?.objectIdLength).toBe(64);
		expect(findRepository((await repo()).path)?.objectIdLength).toBe(40);
	});
});

describe("no repository is found", () => {
	test("outside of one", () => {
		expect(findRepository(temporaryFolder())).toBeNull();
	});

	test("behind a .git that leads nowhere or says something else", async () => {
		const made = await repo({ files: { a: "a\n" } });
		const folder = join(made.path, "broken");
		mkdirSync(folder);
		expect(gitDirOf(folder)).toBeNull();
		for (const content of ["gitdir: /nowhere/at/all\n", "something else\n", ""]) {
			writeFileSync(join(folder, ".git"), content);
			expect(gitDirOf(folder)).toBeNull();
		}
		mkdirSync(join(made.path, "empty", ".git"), { recursive: true });
		expect(findRepository(join(made.path, "empty"))?.topLevel).toBe(made.path);
	});
});
