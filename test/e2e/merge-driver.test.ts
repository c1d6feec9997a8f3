// The registered merge driver under real git: merge, rebase, cherry-pick, odd places and names, and a msgcode that is
// missing or broken, which must never make a side's change vanish.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { DRIVER_LINE } from "../../src/ledger/merge/merge-driver.ts";
import { type Repo, type RepoOptions, repo, repoAt, temporaryFolder } from "../support/repo.ts";
import { addTask, succeed } from "../support/two-clones.ts";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const GOOD = `exec "${process.execPath}" "${MAIN}" "$@"`;

/** A PATH with a program `msgcode` of this shell script in front; null for none. */
function pathWith(script: string | null): string {
	const folder = temporaryFolder();
	if (script !== null) {
		writeFileSync(join(folder, "msgcode"), `#!/bin/sh\n${script}\n`);
		chmodSync(join(folder, "msgcode"), 0o755);
	}
	return `${folder}:${process.env.PATH}`;
}

/** A workspace with one task, whose keys stand on adjacent lines so that plain git cannot merge them. */
async function workspace(
	script: string | null,
	options: RepoOptions = {},
): Promise<{ made: Repo; id: string; file: string }> {
	const made = await repo({ ledger: true, files: { code: "code\n" }, ...options, env: { PATH: pathWith(script) } });
	const prefix = options.workspace === undefined ? "" : `${options.workspace}/`;
	const id = await addTask(made, "Old", "--label", "old", "--runner", "shell", "--", "true");
	const file = `${prefix}tasks/${id}.md`;
	made.write(file, "---\ntitle: Old\npriority: 4\nlabels: [old]\ntimeout: 1m\nrunner: shell\n---\n\nDo it.\n");
	made.commitAll("tight");
	return { made, id, file };
}

const edit = (made: Repo, file: string, ...pairs: [string, string][]) => {
	let text = made.read(file);
	for (const [from, to] of pairs) text = text.replace(from, to);
	made.write(file, text);
	made.commitAll(`edit: ${pairs.map(([, to]) => to).join(", ")}`);
};

/** `topic` changes title and labels and closes the task; the branch that is checked out afterwards, other keys, and blocks it. */
async function diverge(made: Repo, id: string, file: string, topic = "topic"): Promise<void> {
	const main = made.git("symbolic-ref", "--short", "HEAD");
	made.git("switch", "--quiet", "-c", topic);
	edit(made, file, ["title: Old", "title: New"], ["[old]", "[old, red]"]);
	await succeed(made, "task", "close", id, "--reason", "finished");
	made.git("switch", "--quiet", main);
	edit(made, file, ["priority: 4", "priority: 9"], ["[old]", "[old, blue]"]);
	await succeed(made, "task", "block", id, "--reason", "waits");
}

const MERGED = "---\ntitle: New\npriority: 9\nlabels: [old, blue, red]\ntimeout: 1m\nrunner: shell\n---\n\nDo it.\n";

async function checkMerged(made: Repo, id: string, file: string): Promise<void> {
	expect(made.read(file)).toBe(MERGED);
	const { data } = await succeed(made, "task", "show", id);
	expect(data).toMatchObject({ status: "done", closed: { reason: "finished" }, blocked: null, diagnostics: [] });
	expect(made.git("status", "--porcelain")).toBe("");
}

describe("with msgcode on PATH", () => {
	test.each([
		["git merge", (made: Repo) => made.git("merge", "--quiet", "--no-edit", "topic")],
		[
			"git merge from the other side",
			(made: Repo) => [made.git("switch", "--quiet", "topic"), made.git("merge", "--quiet", "--no-edit", "main")],
		],
		["git rebase", (made: Repo) => made.git("rebase", "--quiet", "topic")],
		["git cherry-pick", (made: Repo) => made.git("cherry-pick", "main..topic")],
		[
			"git stash pop",
			(made: Repo) => {
				made.git("checkout", "--quiet", "topic", "--", "tasks");
				made.git("reset", "--quiet", "--soft", "main~2");
				made.git("stash", "--quiet");
				made.git("merge", "--quiet", "--ff-only", "main@{1}");
				made.git("stash", "pop", "--quiet");
				made.commitAll("popped");
			},
		],
	])("%s brings both sides together, key by key", async (_, bring) => {
		const { made, id, file } = await workspace(GOOD);
		await diverge(made, id, file);
		bring(made);
		await checkMerged(made, id, file);
	});

	test("a conflict is named by git, with markers around that key alone", async () => {
		const { made, id, file } = await workspace(GOOD);
		await diverge(made, id, file);
		edit(made, file, ["timeout: 1m", "timeout: 2m"]);
		made.git("switch", "--quiet", "topic");
		edit(made, file, ["timeout: 1m", "timeout: 3m"]);
		expect(() => made.git("merge", "--no-edit", "main")).toThrow();
		expect(made.git("diff", "--name-only", "--diff-filter=U")).toBe(file);
		const timeout = /<<<<<<< (?:ours|HEAD)\ntimeout: 3m\n=======\ntimeout: 2m\n>>>>>>> (?:theirs|main)\n/;
		expect(made.read(file)).toMatch(timeout);
		expect(made.read(file).replace(timeout, "timeout: 1m\n")).toBe(MERGED);
		// In the middle of a merge, with two closings in the way: nothing is opened, locked or recovered.
		made.git("checkout", "--quiet", "--ours", file);
		made.git("commit", "--quiet", "--all", "--no-edit");
		expect((await succeed(made, "task", "show", id)).data).toMatchObject({ timeout: "3m", status: "done" });
	});

	test("two closings are a person's to decide, and one side of the markers is a record", async () => {
		const { made, id } = await workspace(GOOD);
		made.git("switch", "--quiet", "-c", "topic");
		await succeed(made, "task", "close", id, "--reason", "finished");
		made.git("switch", "--quiet", "main");
		await succeed(made, "task", "close", id, "--status", "canceled");
		expect(() => made.git("merge", "--no-edit", "topic")).toThrow();
		const file = `tasks/${id}.json`;
		expect(made.read(file)).toContain('"status": "canceled",\n');
		made.write(file, made.read(file).replaceAll(/^<{7} .*\n[\s\S]*?^={7}\n([\s\S]*?)^>{7} .*\n/gm, "$1"));
		made.commitAll("decided");
		expect((await succeed(made, "task", "show", id)).data).toMatchObject({ status: "done", diagnostics: [] });
	});

	test.each(["top'ic", "a$(id>x)", 'q"uote', "semi;colon", "per%Ocent"])("branch %s", async (topic) => {
		const { made, id, file } = await workspace(GOOD);
		await diverge(made, id, file, topic);
		made.git("merge", "--quiet", "--no-edit", topic);
		await checkMerged(made, id, file);
		expect(made.exists("x")).toBe(false);
	});

	test.each(["sub", "my 'own' $x", "per%O cent/ü"])(
		"a workspace in %s, merged in a linked worktree",
		async (folder) => {
			const { made, id, file } = await workspace(GOOD, { workspace: folder });
			await diverge(made, id, file);
			const linked = join(temporaryFolder(), "linked");
			made.git("worktree", "add", "--quiet", "-b", "elsewhere", linked, "main");
			const there = repoAt(linked, made.home, made.env);
			mkdirSync(join(linked, "deep"));
			there.git("-C", "deep", "merge", "--quiet", "--no-edit", "topic");
			expect(there.read(file)).toBe(MERGED);
			made.git("merge", "--quiet", "--no-edit", "elsewhere");
			await checkMerged(made, id, file);
		},
	);

	test("two merges that cross meet again without a change", async () => {
		const { made, id, file } = await workspace(GOOD);
		await diverge(made, id, file);
		made.git("branch", "here", "main");
		made.git("merge", "--quiet", "--no-edit", "topic");
		made.git("switch", "--quiet", "topic");
		made.git("merge", "--quiet", "--no-edit", "here");
		const tree = made.git("rev-parse", "HEAD^{tree}");
		expect(made.git("rev-parse", "main^{tree}")).toBe(tree);
		edit(made, file, ["Do it.", "Do it now."]);
		made.git("switch", "--quiet", "main");
		edit(made, file, ["priority: 9", "priority: 8"]);
		made.git("merge", "--quiet", "--no-edit", "topic");
		expect(made.read(file)).toBe(MERGED.replace("priority: 9", "priority: 8").replace("Do it.", "Do it now."));
	});

	test("a file born on both sides", async () => {
		const { made, file } = await workspace(GOOD);
		const born = file.replace(/tsk_\w+/, "tsk_0000000001");
		made.git("switch", "--quiet", "-c", "topic");
		made.write(born, "---\ntitle: T\nassignee: ann\n---\n\nDo it.\n");
		made.commitAll("born");
		made.git("switch", "--quiet", "main");
		made.write(born, "---\ntitle: T\npriority: 2\n---\n\nDo it.\n");
		made.commitAll("born here");
		made.git("merge", "--quiet", "--no-edit", "topic");
		expect(made.read(born)).toBe("---\ntitle: T\nassignee: ann\npriority: 2\n---\n\nDo it.\n");
	});
});

describe("a msgcode that is", () => {
	test.each([
		["not on PATH", null],
		["broken: exit 1 and silence, as a Node program that cannot be loaded", "exit 1"],
		["broken: exit 1 and an answer of its own", "echo oops; exit 1"],
		["broken: exit 0 and silence", "exit 0"],
		["killed", "kill -KILL $$"],
		["killed when it has answered", "echo 'merged x'; kill -KILL $$"],
		["too old for it", "echo 'error: merge-driver is not a command' >&2; exit 2"],
	])("%s: git merges as text, and what it cannot merge has markers", async (_, script) => {
		const { made, id, file } = await workspace(script);
		await diverge(made, id, file);
		made.git("switch", "--quiet", "-c", "spaced", "main~2");
		made.write(file, made.read(file).replace("Do it.", "Do it well."));
		made.commitAll("a body that text can merge");
		made.git("merge", "--quiet", "--no-edit", "topic");
		expect(made.read(file)).toContain("title: New\n");
		expect(made.read(file)).toContain("Do it well.\n");
		expect(() => made.git("merge", "--no-edit", "main")).toThrow();
		const text = made.read(file);
		expect(text).toMatch(/^<{7} ours\n[\s\S]*^={7}\n[\s\S]*^>{7} theirs$/m);
		for (const value of ["title: New", "priority: 9", "[old, red]", "[old, blue]"]) expect(text).toContain(value);
		expect(made.git("diff", "--name-only", "--diff-filter=U").split("\n")).toContain(file);
	});
});

describe("init", () => {
	test("registers the driver in this clone, a second time as well, and doctor says where it is missing", async () => {
		const { made } = await workspace(null);
		expect(made.git("config", "--local", "merge.msgcode.driver")).toBe(DRIVER_LINE);
		const fresh = made.clone();
		const check = async () => {
			const { data } = await succeed(fresh, "doctor");
			return data.find(({ name }: { name: string }) => name === "workspace");
		};
		expect(await check()).toMatchObject({
			status: "warning",
			hint: expect.stringContaining("msgcode doctor --fix"),
			details: { mergeDriver: "missing" },
		});
		for (let time = 0; time < 2; time += 1) {
			const result = await succeed(fresh, "init");
			expect(result).toMatchObject({ data: { created: false, commit: null, mergeDriver: "registered" }, warnings: [] });
			expect(fresh.git("config", "--local", "--get-all", "merge.msgcode.driver")).toBe(DRIVER_LINE);
		}
		expect(await check()).toMatchObject({ status: "ok", details: { mergeDriver: "registered" } });
	});

	test.each(["--local", "--global"])("leaves a line of the user's own alone (%s), and says so", async (scope) => {
		const { made } = await workspace(null);
		const fresh = made.clone();
		fresh.git("config", scope, "merge.msgcode.driver", "mine %O %A %B");
		const result = await succeed(fresh, "init");
		expect(result.data.mergeDriver).toBe("own");
		expect(result.warnings[0].code).toBe("merge_driver_own");
		expect(fresh.git("config", "--get-all", "merge.msgcode.driver")).toBe("mine %O %A %B");
	});

	test("makes the workspace where git's configuration cannot be written, and says so", async () => {
		const made = await repo({ files: { x: "x\n" } });
		made.write(".git/config.lock", "");
		const result = await succeed(made, "init");
		expect(result).toMatchObject({
			data: { created: true, mergeDriver: "missing" },
			warnings: [{ code: "merge_driver_missing" }],
		});
	});
});

describe("by hand", () => {
	const files = {
		base: "---\ntitle: a\nx: 1\n---\n",
		ours: "---\ntitle: b\nx: 1\n---\n",
		theirs: "---\ntitle: a\nx: 2\n---\n",
	};

	test("three files outside every repository: the result is in ours", async () => {
		const folder = temporaryFolder();
		const made = repoAt(folder, folder, { PATH: process.env.PATH ?? "", HOME: folder });
		made.writeAll(files);
		const merged = await made.msgcodeProcess("merge-driver", "base", "ours", "theirs", "--path", "tsk_0123456789.md");
		expect([merged.exitCode, merged.stdout]).toEqual([0, "merged: tsk_0123456789.md\n"]);
		expect(made.read("ours")).toBe("---\ntitle: b\nx: 2\n---\n");
		made.write("theirs", "---\ntitle: c\nx: 2\n---\n");
		const args = [
			"base",
			"ours",
			"theirs",
			"--path",
			"tsk_0123456789.md",
			"--marker-size",
			"9",
			"--ours-label",
			"mine",
		];
		const clash = await made.msgcode("--json", "merge-driver", ...args);
		expect([clash.exitCode, clash.json().data]).toEqual([
			1,
			{ path: "tsk_0123456789.md", clean: false, conflicts: ["title"] },
		]);
		expect(made.read("ours")).toBe("---\n<<<<<<<<< mine\ntitle: b\n=========\ntitle: c\n>>>>>>>>> theirs\nx: 2\n---\n");
		expect(made.read("base")).toBe(files.base);
	});

	test("with any other exit code nothing was written", async () => {
		const made = await repo({ files });
		const dry = await made.msgcode("--dry-run", "merge-driver", "base", "ours", "theirs", "--path", "x.md");
		expect(dry.exitCode).toBe(0);
		for (const args of [
			["gone", "ours", "theirs"],
			["base", "ours", "gone"],
			["base", "ours"],
			["base", "ours", "theirs", "--marker-size", "0"],
			[".", "ours", "theirs"],
		]) {
			expect((await made.msgcode("merge-driver", ...args)).exitCode).toBeGreaterThan(1);
		}
		expect(made.read("ours")).toBe(files.ours);
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("in a workspace whose marker is damaged and whose lock is held", async () => {
		const made = await repo({ ledger: true, files });
		made.write("tasks/ledger.json", "garbage");
		made.write(".git/msgcode/ledger.lock", "held");
		const merged = await made.msgcode("merge-driver", "base", "ours", "theirs", "--path", "x.md", "--plain");
		expect([merged.exitCode, merged.stdout]).toEqual([0, "merged\tx.md\n"]);
		expect(made.read("ours")).toBe("---\ntitle: b\nx: 2\n---\n");
	});

	test("content that git does not take for text: ours stays, and it is a conflict", async () => {
		const made = await repo({ files: { ...files, ours: "---\ntitle: \0\n---\n" } });
		const merged = await made.msgcode("merge-driver", "base", "ours", "theirs", "--path", "x.md");
		expect([merged.exitCode, made.read("ours")]).toEqual([1, "---\ntitle: \0\n---\n"]);
	});
});
