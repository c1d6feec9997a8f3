import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Repo, repo } from "../../support/repo.ts";
import { addTask, succeed } from "../../support/two-clones.ts";

function edit(place: Repo, id: string, from: string | RegExp, to: string): void {
	const file = `tasks/${id}.md`;
	const before = place.read(file);
	const after = before.replace(from, to);
	expect(after).not.toBe(before);
	place.write(file, after);
}

/** The files of the last `count` commits, the newest first. */
function commits(place: Repo, count: number): { subject: string; op: string; files: string[] }[] {
	return place
		.git(
			"log",
			`-${count}`,
			"--format=%x01%s%x02%(trailers:key=Msgcode-Op,valueonly,separator=%x2C)%x02",
			"--name-only",
		)
		.split("\x01")
		.slice(1)
		.map((text) => {
			const [subject = "", op = "", files = ""] = text.split("\x02");
			return { subject, op, files: files.trim().split("\n") };
		});
}

describe("commit", () => {
	test("one commit for each task that was edited, and nothing else of the checkout", async () => {
		const place = await repo({ files: { "a.txt": "a\n", "b.txt": "b\n" }, ledger: true });
		const first = await addTask(place, "First", "--priority", "3");
		const second = await addTask(place, "Second");
		const untouched = await addTask(place, "Untouched");
		edit(place, first, "priority: 3", "priority: 7 # urgent");
		edit(place, second, "Second", "Zweite");
		place.writeAll({ "a.txt": "staged\n", "b.txt": "dirty\n", "c.txt": "new\n", "tasks/notes.txt": "mine\n" });
		place.git("add", "a.txt");
		const index = place.git("ls-files", "-s", "--debug", "a.txt", "b.txt", `tasks/${untouched}.md`);
		const { data, warnings } = await succeed(place, "commit");
		expect(warnings).toEqual([]);
		expect(data.committed.map(({ taskId }: { taskId: string }) => taskId).sort()).toEqual([first, second].sort());
		const made = commits(place, 2);
		expect(made.map(({ files }) => files).sort()).toEqual([[`tasks/${first}.md`], [`tasks/${second}.md`]].sort());
		expect(made[0]).toMatchObject({
			op: "edit-by-hand",
			subject: expect.stringMatching(/^task\(tsk_\w+\): edited by hand$/),
		});
		expect(place.git("status", "--porcelain")).toBe("M  a.txt\n M b.txt\n?? c.txt\n?? tasks/notes.txt");
		expect(place.git("ls-files", "-s", "--debug", "a.txt", "b.txt", `tasks/${untouched}.md`)).toBe(index);
		expect((await succeed(place, "task", "show", first)).data.priority).toBe(7);
		expect(place.read("tasks/index.json")).toContain("Zweite");
	});

	test("says so when there is nothing, with exit 0 and no commit", async () => {
		const place = await repo({ files: { "a.txt": "a\n" }, ledger: true, dirty: { "a.txt": "dirty\n" } });
		const head = place.git("rev-parse", "HEAD");
		const result = await place.msgcode("commit");
		expect([result.exitCode, result.stdout]).toEqual([0, "Nothing to commit: no task file was edited by hand.\n"]);
		expect((await succeed(place, "commit")).data).toEqual({ committed: [], skipped: [], missing: [] });
		expect(place.git("rev-parse", "HEAD")).toBe(head);
	});

	test("a new Markdown file alone becomes a task; ignored and staged ones as well; bytes stay", async () => {
		const place = await repo({ ledger: true });
		place.write(".git/info/exclude", "tasks/tsk_0000000002.md\n");
		const crlf = "---\r\ntitle: Über\r\n---\r\n\r\nDo it.\r\n";
		place.writeAll({
			"tasks/tsk_0000000001.md": crlf,
			"tasks/tsk_0000000002.md": "# Ignored\n",
			"tasks/tsk_0000000003.md": "# Staged\n",
			"tasks/templates/fix.md": "# A template\n",
		});
		place.git("add", "tasks/tsk_0000000003.md");
		const { data } = await succeed(place, "commit");
		expect(data.committed.map(({ taskId }: { taskId: string | null }) => taskId)).toEqual(
			expect.arrayContaining(["tsk_0000000001", "tsk_0000000002", "tsk_0000000003", null]),
		);
		expect(place.git("status", "--porcelain")).toBe("");
		expect(`${place.git("show", "HEAD:tasks/tsk_0000000001.md")}\n`).toBe(crlf);
		expect(place.git("show", "HEAD:tasks/templates/fix.md")).toBe("# A template");
	});

	test("broken files are named and left; valid ones are committed; exit 2", async () => {
		const place = await repo({ ledger: true });
		const good = await addTask(place, "Good", "--priority", "3");
		const bad = await addTask(place, "Bad");
		const badRecord = await addTask(place, "Bad record");
		const circle = await addTask(place, "Circle", "--depends-on", good);
		edit(place, good, "dependsOn: []", `dependsOn: [${circle}]`);
		edit(place, bad, "title: Bad", "title: [");
		place.write(`tasks/${badRecord}.json`, "{");
		place.write("tasks/tsk_0000000009.json", place.read(`tasks/${circle}.json`).replace(circle, "tsk_0000000009"));
		place.write("tasks/tsk_0000000008.md", "# Fine\n");
		const status = place.git("status", "--porcelain");
		const result = await place.msgcode("--json", "commit");
		expect(result.exitCode).toBe(2);
		const { data, warnings } = result.json();
		expect(data.committed.map(({ taskId }: { taskId: string }) => taskId)).toEqual(["tsk_0000000008"]);
		expect(data.skipped.map(({ taskId, code }: { taskId: string; code: string }) => [taskId, code]).sort()).toEqual(
			[
				[bad, "task_invalid_spec"],
				[badRecord, "task_invalid_spec"],
				[good, "dependency_cycle"],
				["tsk_0000000009", "task_invalid_spec"],
			].sort(),
		);
		expect(warnings.map(({ message }: { message: string }) => message).join("\n")).toContain(`tasks/${bad}.md, line `);
		const rest = status.split("\n").filter((line) => !line.includes("tsk_0000000008"));
		expect(place.git("status", "--porcelain").split("\n")).toEqual(rest);
	});

	test("a file staged with other content than the folder has is refused by itself, exit 4", async () => {
		const place = await repo({ ledger: true });
		const staged = await addTask(place, "Staged");
		const other = await addTask(place, "Other");
		edit(place, staged, "Staged", "Staged once");
		place.git("add", "--all");
		edit(place, staged, "Staged once", "Staged twice");
		edit(place, other, "Other", "Another");
		const result = await place.msgcode("--json", "commit");
		expect(result.exitCode).toBe(4);
		expect(result.json().data.committed).toMatchObject([{ taskId: other }]);
		expect(place.git("status", "--porcelain")).toBe(`MM tasks/${staged}.md`);
	});

	test("a deleted file is no removal: warned of, with both ways out, and never committed", async () => {
		const place = await repo({ ledger: true });
		const id = await addTask(place, "Precious");
		const staged = await addTask(place, "Also precious");
		rmSync(join(place.path, `tasks/${id}.md`));
		place.git("rm", "--quiet", `tasks/${staged}.md`);
		const head = place.git("rev-parse", "HEAD");
		const { data, warnings } = await succeed(place, "commit");
		expect(data.missing.sort()).toEqual([`tasks/${id}.md`, `tasks/${staged}.md`].sort());
		expect(warnings[0].hint).toMatch(/git restore .*msgcode task rm/);
		expect(place.git("rev-parse", "HEAD")).toBe(head);
		place.git("restore", "--staged", "--worktree", "--", `tasks/${id}.md`, `tasks/${staged}.md`);
		expect(place.git("status", "--porcelain")).toBe("");
	});

	test("a merge's markers in runs.jsonl are refused, taken out by hand they are committed; receipts are not ours to change", async () => {
		const place = await repo({ ledger: true });
		const id = await addTask(place, "Run me");
		await succeed(place, "task", "run", id, "--in-place", "--", "true");
		const line = place.read("tasks/runs.jsonl");
		place.write("tasks/runs.jsonl", `<<<<<<< ours\n${line}=======\n>>>>>>> theirs\n`);
		expect((await place.msgcode("commit")).exitCode).toBe(2);
		place.write("tasks/runs.jsonl", `${line}${line}`);
		const [receipt = ""] = place.git("ls-files", "tasks/runs/*/run_receipt.json").split("\n");
		place.write(receipt, "{}\n");
		const { data, warnings } = await succeed(place, "commit");
		expect(data.committed).toMatchObject([{ taskId: null, files: ["tasks/runs.jsonl"] }]);
		expect(warnings).toMatchObject([{ code: "machine_written", file: receipt }]);
		expect(place.git("status", "--porcelain")).toBe(` M ${receipt}`);
	});

	test("--dry-run tells what would be committed and commits nothing", async () => {
		const place = await repo({ ledger: true });
		const id = await addTask(place, "A task");
		edit(place, id, "A task", "Another");
		const head = place.git("rev-parse", "HEAD");
		expect((await succeed(place, "commit", "--dry-run")).data).toMatchObject({
			dryRun: true,
			committed: [{ taskId: id, commit: null }],
		});
		expect(place.git("rev-parse", "HEAD")).toBe(head);
	});

	test("commits what `ledger.commit = stage` had staged, in a sub-folder workspace too", async () => {
		const place = await repo({ files: { "a.txt": "a\n" }, ledger: true, workspace: "sub" });
		place.write("sub/msgcode.toml", '[ledger]\ncommit = "stage"\n');
		const id = await addTask(place, "Staged");
		expect(place.git("diff", "--cached", "--name-only").split("\n")).toHaveLength(2);
		expect((await succeed(place, "commit")).data.committed).toMatchObject([{ taskId: id }]);
		expect(place.git("status", "--porcelain")).toBe("?? sub/msgcode.toml");
	});
});

describe("approval of a hand-edited command", () => {
	const argv = ["--runner", "shell", "--", "echo", "one"];

	test("a prose edit asks nothing; a changed command stays held where nobody can answer, --yes or not", async () => {
		const place = await repo({ ledger: true });
		const id = await addTask(place, "A task", ...argv);
		edit(place, id, "A task", "Other words");
		expect((await succeed(place, "commit")).warnings).toEqual([]);
		edit(place, id, "one", "two");
		const { data, warnings } = await succeed(place, "commit", "--yes");
		expect(data.committed).toMatchObject([{ taskId: id, held: true }]);
		expect(warnings).toMatchObject([{ code: "held", hint: `msgcode task approve ${id}` }]);
		expect((await place.msgcode("task", "run", id)).exitCode).toBe(6);
	});

	test("at a terminal the difference is shown; yes approves, anything else leaves it held; committed either way", async () => {
		const place = await repo({ ledger: true });
		const id = await addTask(place, "A task", ...argv);
		edit(place, id, "one", "two");
		const no = await place.msgcodeWith({ terminal: 100, answers: ["n"] }, "commit");
		expect(no.exitCode).toBe(0);
		expect(no.stderr).toContain("two");
		expect(no.stderr).toContain("is held");
		edit(place, id, "two", "three");
		const yes = await place.msgcodeWith({ terminal: 100, answers: ["y"] }, "commit");
		expect(yes.stderr).toContain("three");
		expect(yes.stderr).not.toContain("is held");
		expect(place.git("status", "--porcelain")).toBe("");
		expect((await place.msgcode("task", "run", id, "--in-place")).exitCode).toBe(0);
	});
});
