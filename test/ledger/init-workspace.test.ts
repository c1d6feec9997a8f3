// A workspace is made once, beside whatever the user has in the same places, and making it again changes nothing.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Repo, repo } from "../support/repo.ts";

const uid = (made: Repo) => JSON.parse(made.read("tasks/ledger.json")).uid;
const exclude = (made: Repo) => readFileSync(join(made.path, ".git", "info", "exclude"), "utf8");

describe("init", () => {
	test("makes one commit of three files, and lets git leave out what is local", async () => {
		const made = await repo({ files: { "code.txt": "code\n" } });
		const result = (await made.msgcode("init", "--json")).json();
		expect(result).toMatchObject({ kind: "init", data: { path: made.path, created: true, uid: uid(made) } });
		expect(made.git("show", "--format=%s", "--name-status").split("\n").filter(Boolean)).toEqual([
			"tasks: make this folder a msgcode workspace",
			"A\ttasks/.gitattributes",
			"A\ttasks/.gitignore",
			"A\ttasks/ledger.json",
		]);
		expect(result.data.commit).toBe(made.git("rev-parse", "HEAD"));
		made.write("worktrees/tsk_0000000001/x", "x\n");
		made.write("tasks/runs/tsk_0000000001/run_20260102T030405Z_0badcafe/events.jsonl", "{}\n");
		expect(made.exists("tasks/index.json")).toBe(true);
		expect(made.git("status", "--porcelain")).toBe("");
		expect(made.git("check-attr", "merge", "--", "tasks/runs.jsonl")).toContain("union");
	});

	test("a second time changes nothing", async () => {
		const made = await repo({ ledger: true });
		const before = { head: made.git("rev-parse", "HEAD"), uid: uid(made), exclude: exclude(made) };
		const result = (await made.msgcode("init", "--json")).json();
		expect(result.data).toMatchObject({ created: false, commit: null, uid: before.uid });
		expect({ head: made.git("rev-parse", "HEAD"), uid: uid(made), exclude: exclude(made) }).toEqual(before);
	});

	test("keeps what the user has in the same files, and adds only what is missing", async () => {
		const files = {
			"tasks/.gitignore": "*.log\n/index.json",
			"tasks/.gitattributes": "*.png binary\r\n",
			"tasks/main.c": "int main() {}\n",
		};
		const made = await repo({ ledger: true, files });
		expect(made.read("tasks/.gitignore")).toBe("*.log\n/index.json\nruns/**/events.jsonl\n.msgcode-tmp-*\n");
		expect(made.read("tasks/.gitattributes").startsWith("*.png binary\r\n")).toBe(true);
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("keeps a last line of info/exclude that has no newline", async () => {
		const made = await repo({ files: { x: "x\n" } });
		made.write(".git/info/exclude", "mine");
		await made.msgcode("init");
		expect(exclude(made)).toBe(
			"mine\n/worktrees/tsk_*/\n/tasks/index.json\n/tasks/runs/**/events.jsonl\n/tasks/archive/*/runs/**/events.jsonl\n",
		);
	});

	test("leaves nothing that is local to be seen on a branch without the ledger", async () => {
		const made = await repo({ files: { "app/x": "x\n" } });
		made.git("branch", "before");
		await made.msgcode("init", "-C", "app");
		const id = (await made.msgcode("task", "add", "x", "-C", "app", "--json")).json().data.id;
		expect((await made.msgcode("task", "run", id, "-C", "app", "--", "true")).exitCode).toBe(0);
		made.git("switch", "--quiet", "before");
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("mends a workspace whose neighbours of the marker are gone", async () => {
		const made = await repo({ ledger: true });
		made.git("rm", "--quiet", "tasks/.gitignore");
		made.git("commit", "--quiet", "-m", "gone");
		const before = uid(made);
		expect((await made.msgcode("init", "--json")).json().data).toMatchObject({ created: false, uid: before });
		expect(made.read("tasks/.gitignore")).toContain("/index.json");
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("twice at once makes one workspace, and both say which", async () => {
		const made = await repo({ files: { x: "x\n" } });
		const results = await Promise.all([made.msgcode("init", "--json"), made.msgcode("init", "--json")]);
		expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
		expect(results.map((result) => result.json().data.uid)).toEqual([uid(made), uid(made)]);
		expect(made.git("log", "--format=%s", "--", "tasks").split("\n")).toHaveLength(1);
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("outside a repository, or in a bare one, says so", async () => {
		const made = await repo({ files: { x: "x\n" } });
		expect((await made.msgcodeWith({ cwd: made.home }, "init", "--json")).json().error.code).toBe(
			"repository_not_found",
		);
		made.git("clone", "--quiet", "--bare", made.path, "../bare.git");
		const bare = await made.msgcodeWith({ cwd: join(made.home, "bare.git") }, "init", "--json");
		expect(bare.json().error.code).toBe("repository_not_found");
		expect(bare.exitCode).toBe(3);
	});

	test("without somebody to commit says so and writes nothing", async () => {
		const made = await repo({ files: { x: "x\n" } });
		made.write("../.gitconfig", "[user]\n\tuseConfigOnly = true\n");
		const result = await made.msgcode("init", "--json");
		expect(result.json().error).toMatchObject({ code: "git_identity", hint: expect.stringContaining("user.name") });
		expect(result.exitCode).toBe(1);
		expect(made.exists("tasks")).toBe(false);
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("--dry-run writes nothing", async () => {
		const made = await repo({ files: { x: "x\n" } });
		expect((await made.msgcode("init", "--dry-run", "--json")).json().data).toMatchObject({ dryRun: true });
		expect(made.exists("tasks")).toBe(false);
		expect(made.exists(".git/msgcode")).toBe(false);
	});
});
