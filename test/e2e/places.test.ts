// Every command works wherever git lets a checkout be, and from wherever in it a user stands.
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isLedgerPath } from "../../src/ledger/paths.ts";
import { type Repo, repo, repoAt } from "../support/repo.ts";
import { LANDED, takeTour } from "../support/tour.ts";

interface Place {
	/** The checkout whose branch gets the commits. */
	readonly checkout: Repo;
	/** The workspace's folder, relative to the checkout's top. */
	readonly workspace?: string;
	/** Where the user stands. */
	readonly cwd: string;
	/** False where the ledger is still to be made. */
	readonly ready?: boolean;
	/** One of the rarer places: the way of one task, without the commands that only look. */
	readonly short?: boolean;
}

const FILES = { "code.txt": "code\n", "src/deep/er/code.txt": "code\n" };

const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
	"the main checkout": async () => {
		const checkout = await repo({ files: FILES });
		return { checkout, cwd: checkout.path, short: true };
	},
	"a sub-folder of it": async () => {
		const checkout = await repo({ files: FILES, ledger: true });
		return { checkout, cwd: join(checkout.path, "src", "deep"), ready: true };
	},
	"a linked worktree of it": async () => {
		const checkout = await repo({ files: FILES, ledger: true });
		checkout.git("worktree", "add", "--quiet", "-b", "linked", "../linked");
		return { checkout, cwd: join(checkout.home, "linked", "src"), ready: true };
	},
	"a repository whose git folder lies elsewhere": async () => {
		const checkout = await repo({ files: FILES, init: ["--separate-git-dir=../elsewhere.git"] });
		return { checkout, cwd: checkout.path };
	},
	"a linked worktree of such a repository": async () => {
		const checkout = await repo({ files: FILES, ledger: true, init: ["--separate-git-dir=../elsewhere.git"] });
		checkout.git("worktree", "add", "--quiet", "-b", "linked", "../linked");
		return { checkout, cwd: join(checkout.home, "linked"), ready: true, short: true };
	},
	"a submodule": async () => {
		const inner = await repo({ files: FILES });
		const outer = await repo({ files: { "outer.txt": "outer\n" }, ledger: true });
		outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.path, "sub module");
		const checkout = repoAt(join(outer.path, "sub module"), outer.home, outer.env);
		checkout.git("switch", "--quiet", "-C", "main");
		checkout.git("branch", "--unset-upstream");
		return { checkout, cwd: checkout.path, short: true };
	},
	"a workspace in a sub-folder of the repository": async () => {
		const checkout = await repo({ files: { ...FILES, "apps/one/code.txt": "one\n" } });
		return { checkout, workspace: "apps/one", cwd: join(checkout.path, "apps", "one") };
	},
	"the same from a linked worktree": async () => {
		const checkout = await repo({
			files: { ...FILES, "apps/one/code.txt": "one\n" },
			ledger: true,
			workspace: "apps/one",
		});
		checkout.git("worktree", "add", "--quiet", "-b", "linked", "../linked");
		const cwd = join(checkout.home, "linked", "apps", "one");
		return { checkout, workspace: "apps/one", cwd, ready: true, short: true };
	},
	"a shallow clone": async () => {
		const origin = await repo({ files: FILES, ledger: true });
		for (const number of [1, 2, 3]) {
			origin.write("code.txt", `code ${number}\n`);
			origin.commitAll(`commit ${number}`);
		}
		const folder = join(origin.home, "shallow");
		origin.git("clone", "--quiet", "--depth=1", `file://${origin.path}`, folder);
		const checkout = repoAt(folder, origin.home, origin.env);
		checkout.git("remote", "set-head", "origin", "--delete");
		checkout.git("remote", "remove", "origin");
		expect(checkout.git("rev-parse", "--is-shallow-repository")).toBe("true");
		return { checkout, cwd: checkout.path, ready: true };
	},
	"a linked worktree of a bare repository": async () => {
		const origin = await repo({ files: FILES });
		const bare = join(origin.home, "bare.git");
		origin.git("clone", "--quiet", "--bare", origin.path, bare);
		origin.git("-C", bare, "remote", "remove", "origin");
		for (const name of ["one", "two"]) {
			origin.git("-C", bare, "worktree", "add", "--quiet", "-b", name, join(origin.home, name), "main");
		}
		const checkout = repoAt(join(origin.home, "one"), origin.home, origin.env);
		return { checkout, cwd: checkout.path };
	},
	"a repository that has code in tasks/": async () => {
		const code = {
			"tasks/README.md": "# Not a task\n",
			"tasks/build.ts": "export {};\n",
			"tasks/index.ts": "export {};\n",
			"tasks/lib/tsk_0000000001.md": "not a task either\n",
			"tasks/runs/marathon.txt": "26 miles\n",
			"tasks/archive/box.txt": "old\n",
			"tasks/templates/page.html": "<html>\n",
			"tasks/.gitignore": "*.o\n",
		};
		const checkout = await repo({ files: { ...FILES, ...code } });
		return { checkout, cwd: join(checkout.path, "tasks", "lib") };
	},
	"a path with spaces, quotes and characters beyond ASCII": async () => {
		const checkout = await repo({ files: FILES, folder: 'a path/it\'s "my" 漢字 $HOME; repo' });
		return { checkout, cwd: checkout.path };
	},
	"a path through a symbolic link": async () => {
		const checkout = await repo({ files: FILES });
		symlinkSync(checkout.path, join(checkout.home, "way in"));
		return { checkout, cwd: join(checkout.home, "way in"), short: true };
	},
	"a repository with sha-256 ids": async () => {
		const checkout = await repo({ files: FILES, init: ["--object-format=sha256"] });
		return { checkout, cwd: checkout.path, short: true };
	},
	"a repository with packed refs and objects": async () => {
		const checkout = await repo({ files: FILES, ledger: true });
		checkout.git("gc", "--quiet");
		return { checkout, cwd: checkout.path, ready: true, short: true };
	},
};

describe("every command works in", () => {
	test.each(Object.entries(PLACES))("%s", async (_, make) => {
		const { checkout, workspace = ".", cwd, ready = false, short = false } = await make();
		const base = checkout.git("rev-parse", "HEAD");
		const before = checkout.git("ls-tree", "-r", "--name-only", "HEAD").split("\n");
		if (!ready) await checkout.msgcodeWith({ cwd: join(checkout.path, workspace) }, "init");
		const others = otherCheckouts(checkout).map((path) => statusOf(checkout, path));
		await takeTour(join(checkout.path, workspace), (...argv) => checkout.msgcodeWith({ cwd }, ...argv), { short });

		expect(checkout.git("status", "--porcelain", "--untracked-files=all")).toBe("");
		const inWorkspace = (path: string) => (workspace === "." ? path : `${workspace}/${path}`);
		for (const path of LANDED) expect(checkout.exists(inWorkspace(path))).toBe(true);
		expect(checkout.exists(inWorkspace("unwanted.txt"))).toBe(false);
		// Nothing but the ledger's own paths and what landed was ever committed, and nothing of the user's went away.
		const touched = checkout.git("log", "--format=", "--name-only", "--no-renames", "-z", `${base}..HEAD`);
		const strangers = touched.split("\0").filter((path) => path.trim() !== "" && !isOwn(path.trim(), workspace));
		expect([...new Set(strangers)].sort()).toEqual(LANDED.map(inWorkspace).sort());
		const after = new Set(checkout.git("ls-tree", "-r", "--name-only", "HEAD").split("\n"));
		expect(before.filter((path) => !after.has(path))).toEqual([]);
		// Other checkouts of the same repository are as they were, and no worktree, branch or lock is left.
		expect(otherCheckouts(checkout).map((path) => statusOf(checkout, path))).toEqual(others);
		expect(checkout.git("for-each-ref", "--format=%(refname)", "refs/heads/msgcode")).toBe("");
		checkout.git("fsck", "--no-dangling", "--no-progress");
	});
});

function isOwn(path: string, workspace: string): boolean {
	if (workspace === ".") return isLedgerPath(path);
	return path.startsWith(`${workspace}/`) && isLedgerPath(path.slice(workspace.length + 1));
}

/** The paths of the linked worktrees beside the checkout, those of tasks left out. */
function otherCheckouts(checkout: Repo): string[] {
	return checkout
		.git("worktree", "list", "--porcelain")
		.split("\n")
		.filter((line) => line.startsWith("worktree "))
		.map((line) => line.slice("worktree ".length))
		.filter((path) => path !== checkout.path && !path.includes("/worktrees/tsk_") && !/\.git(\/|$)/.test(path));
}

function statusOf(checkout: Repo, path: string): string {
	const head = checkout.git("-C", path, "rev-parse", "HEAD");
	return `${path} ${head} ${checkout.git("-C", path, "status", "--porcelain")}`;
}

describe("a place without a ledger", () => {
	test("says what to do, in a repository and outside of one", async () => {
		const made = await repo({ files: FILES });
		for (const cwd of [made.path, join(made.path, "src"), made.home]) {
			const result = await made.msgcodeWith({ cwd }, "task", "list", "--json");
			expect(result.exitCode).toBe(3);
			expect(result.json().error).toMatchObject({ code: "workspace_not_found", hint: expect.stringContaining("init") });
			expect(await made.msgcodeWith({ cwd }, "prime")).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
		}
	});

	test("is a bare repository itself", async () => {
		const made = await repo({ files: FILES, ledger: true });
		made.git("clone", "--quiet", "--bare", made.path, "../bare.git");
		const result = await made.msgcodeWith({ cwd: join(made.home, "bare.git") }, "task", "list", "--json");
		expect(result.exitCode).toBe(3);
	});

	test("is named with -C from anywhere, relative or not", async () => {
		const made = await repo({ files: FILES, ledger: true });
		mkdirSync(join(made.home, "elsewhere"));
		const cwd = join(made.home, "elsewhere");
		for (const place of [made.path, "../repo", "../repo/src/deep"]) {
			expect((await made.msgcodeWith({ cwd }, "task", "add", "From elsewhere", "-C", place)).exitCode).toBe(0);
		}
		expect(readdirSync(cwd)).toEqual([]);
		expect((await made.msgcode("task", "list", "--json")).json().data).toHaveLength(3);
	});
});
