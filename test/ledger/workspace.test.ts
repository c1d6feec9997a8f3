// Every checkout of a repository leads to one workspace, and a folder that has none is told so.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
	belowRoot,
	findWorkspace,
	fromTop,
	globPathspec,
	isLedgerPathOf,
	openWorkspace,
	pathspec,
	rememberWorkspace,
	workspaceAt,
} from "../../src/ledger/workspace.ts";
import { repo, repoAt, temporaryFolder } from "../support/repo.ts";

describe("a workspace is found", () => {
	test("from its own folder and from any below", async () => {
		const made = await repo({ ledger: true, files: { "a/b/c": "c\n" } });
		for (const start of [made.path, join(made.path, "a", "b"), join(made.path, "tasks")]) {
			expect(openWorkspace(start)).toMatchObject({ root: made.path, prefix: "", topLevel: made.path });
		}
		expect(openWorkspace(made.path)).toMatchObject({
			tasksDir: join(made.path, "tasks"),
			stateDir: join(made.path, ".git", "msgcode"),
			uid: expect.stringMatching(/^wsp_[0-9a-f]{16}$/),
		});
	});

	test("in a sub-folder of the repository, and not from beside it", async () => {
		const made = await repo({ ledger: true, workspace: "apps/one", files: { "apps/two/x": "x\n" } });
		const workspace = openWorkspace(join(made.path, "apps", "one"));
		expect(workspace).toMatchObject({ root: join(made.path, "apps", "one"), prefix: "apps/one", topLevel: made.path });
		expect(fromTop(workspace, "tasks/x")).toBe("apps/one/tasks/x");
		expect(findWorkspace(join(made.path, "apps", "two"))).toBeNull();
	});

	test("as the main checkout's from a linked worktree, whether that holds the ledger or not", async () => {
		const made = await repo({ files: { "a/b": "b\n" } });
		made.git("worktree", "add", "--quiet", "-b", "before", "../before");
		expect((await made.msgcode("init")).exitCode).toBe(0);
		made.git("worktree", "add", "--quiet", "-b", "after", "../after");
		for (const name of ["before", "after"]) {
			const start = join(made.home, name, "a");
			expect(openWorkspace(start)).toMatchObject({ root: made.path, linked: false, topLevel: made.path });
		}
	});

	test("as the main checkout's sub-folder from the same place in a linked worktree", async () => {
		const made = await repo({ files: { "one/x": "x\n", "two/x": "x\n" } });
		for (const name of ["one", "two"]) {
			expect((await made.msgcode("init", "-C", name)).exitCode).toBe(0);
		}
		made.git("worktree", "add", "--quiet", "-b", "linked", "../linked");
		for (const name of ["one", "two"]) {
			expect(openWorkspace(join(made.home, "linked", name)).root).toBe(join(made.path, name));
		}
	});

	test("as the main checkout's from a linked worktree of a separate git folder, through what init noted", async () => {
		const made = await repo({ ledger: true, init: ["--separate-git-dir=../elsewhere"], files: { x: "x\n" } });
		made.git("worktree", "add", "--quiet", "-b", "linked", "../linked");
		const linked = join(made.home, "linked");
		expect(openWorkspace(linked)).toMatchObject({ root: made.path, stateDir: join(made.home, "elsewhere", "msgcode") });
		// Without the note git knows no way back: then the worktree itself is the workspace.
		rmSync(join(made.home, "elsewhere", "msgcode", "workspaces.json"));
		expect(openWorkspace(linked)).toMatchObject({ root: linked, linked: true });
		writeFileSync(join(made.home, "elsewhere", "msgcode", "workspaces.json"), '{"roots": 7}');
		expect(openWorkspace(linked).root).toBe(linked);
	});

	test("as each worktree's own in a bare repository", async () => {
		const made = await repo({ ledger: true });
		const bare = join(made.home, "bare.git");
		made.git("clone", "--quiet", "--bare", made.path, bare);
		made.git("-C", bare, "worktree", "add", "--quiet", join(made.home, "linked"), "main");
		const linked = join(made.home, "linked");
		expect(openWorkspace(linked)).toMatchObject({ root: linked, linked: true, stateDir: join(bare, "msgcode") });
		expect(findWorkspace(bare)).toBeNull();
	});

	test("in a submodule as the submodule's, never its parent's", async () => {
		const inner = await repo({ files: { i: "i\n" } });
		const made = await repo({ ledger: true });
		made.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.path, "sub");
		const sub = join(made.path, "sub");
		expect(findWorkspace(sub)).toBeNull();
		const submodule = repoAt(sub, made.home, made.env);
		expect((await submodule.msgcode("init")).exitCode).toBe(0);
		expect(openWorkspace(sub)).toMatchObject({ root: sub, topLevel: sub });
		expect(openWorkspace(made.path).root).toBe(made.path);
	});

	test("never above a clone that lies inside", async () => {
		const made = await repo({ ledger: true });
		made.git("init", "--quiet", "nested");
		mkdirSync(join(made.path, "nested", "below"));
		expect(findWorkspace(join(made.path, "nested", "below"))).toBeNull();
	});
});

describe("no workspace", () => {
	test("is told apart from a folder that is not there", async () => {
		const made = await repo({ files: { x: "x\n" } });
		const thrown = (start: string) => {
			try {
				openWorkspace(start);
			} catch (error) {
				return error;
			}
			return null;
		};
		expect(thrown(made.path)).toMatchObject({ code: "workspace_not_found", hint: expect.stringContaining("init") });
		expect(thrown(join(made.path, "missing"))).toMatchObject({ message: expect.stringContaining("does not exist") });
		expect(findWorkspace(temporaryFolder())).toBeNull();
	});

	test("is in a folder whose tasks is a file", async () => {
		const made = await repo({ files: { tasks: "a file\n" } });
		expect(findWorkspace(made.path)).toBeNull();
	});

	test("is where the marker is only a link", async () => {
		const made = await repo({ files: { real: "{}\n", "tasks/ledger.json": { link: "../real" } } });
		expect(findWorkspace(made.path)).toBeNull();
	});
});

describe("a damaged marker", () => {
	test.each([
		["not JSON", "{ torn"],
		["another version", '{"schemaVersion":2,"uid":"wsp_x"}'],
		["no uid", '{"schemaVersion":1}'],
		["null", "null"],
	])("(%s) is named, and stops every command with exit code 7", async (_, content) => {
		const made = await repo({ ledger: true });
		made.write("tasks/ledger.json", content);
		const result = await made.msgcode("task", "list", "--json");
		expect(result.exitCode).toBe(7);
		expect(result.json().error).toMatchObject({
			code: "ledger_damaged",
			message: expect.stringContaining("ledger.json"),
		});
		expect(made.read("tasks/ledger.json")).toBe(content);
	});
});

describe("paths of a workspace whose folder has signs of a pattern in its name", () => {
	const prefix = "pack[a]ge*?/x\\y";
	const files = {
		[`${prefix}/tasks/tsk_0000000001.md`]: "",
		[`${prefix}/tasks/archive/2026/tsk_0000000002.md`]: "",
		[`${prefix}/code.txt`]: "",
		"packageX/x/tasks/tsk_0000000001.md": "",
		"packagea/x/tasks/archive/2026/tsk_0000000002.md": "",
	};

	test("are the ledger's of this workspace, or another's", () => {
		const own = Object.keys(files).filter((path) => isLedgerPathOf({ prefix }, path));
		expect(own.map((path) => belowRoot({ prefix }, path))).toEqual([
			"tasks/tsk_0000000001.md",
			"tasks/archive/2026/tsk_0000000002.md",
		]);
		expect(own.map((path) => fromTop({ prefix }, belowRoot({ prefix }, path)))).toEqual(own);
	});

	test("are found by git, and no others", async () => {
		const made = await repo({ files });
		const listed = (spec: string) =>
			made.git("-c", "core.quotePath=false", "ls-files", "-z", "--", spec).split("\0").filter(Boolean);
		const [live, archived] = Object.keys(files);
		expect(listed(pathspec({ prefix }, "tasks"))).toEqual([archived, live]);
		expect(listed(globPathspec({ prefix }, "tasks/archive/*/tsk_0000000002.md"))).toEqual([archived]);
		expect(listed(globPathspec({ prefix }, "tasks/**/*.md"))).toEqual([archived, live]);
	});
});

describe("what a repository remembers of its workspaces", () => {
	test("keeps several, the last one first, each once", async () => {
		const made = await repo({ files: { "one/x": "x\n", "two/x": "x\n" } });
		for (const name of ["one", "two", "one"]) await made.msgcode("init", "-C", name);
		const file = join(made.path, ".git", "msgcode", "workspaces.json");
		expect(JSON.parse(readFileSync(file, "utf8")).roots).toEqual([join(made.path, "one"), join(made.path, "two")]);
		rememberWorkspace(workspaceAt(join(made.path, "two")));
		expect(JSON.parse(readFileSync(file, "utf8")).roots[0]).toBe(join(made.path, "two"));
		expect(existsSync(join(made.path, "one", "tasks", "ledger.json"))).toBe(true);
	});

	test("is refused for a folder outside a checkout", () => {
		expect(() => workspaceAt(temporaryFolder())).toThrow(expect.objectContaining({ code: "repository_not_found" }));
	});
});
