// `msgcode export` from real runs: which run it takes, what it prints, what it leaves out.
import { describe, expect, test } from "vitest";
import { type Repo, repo } from "../support/repo.ts";
import { addTask, succeed } from "../support/two-clones.ts";

const made = (workspace?: string) =>
	repo({ files: { "src/a.txt": "one\n" }, ledger: true, ...(workspace === undefined ? {} : { workspace }) });

async function ranTask(
	place: Repo,
	title: string,
	script: string,
	...flags: string[]
): Promise<{ id: string; runId: string }> {
	const id = await addTask(place, title, ...flags, "--runner", "shell", "--", "sh", "-c", script);
	return { id, runId: (await succeed(place, "task", "run", id)).data.runId };
}

describe("export", () => {
	test("prints title and text of the run, task or newest run; the task's last run with changes counts", async () => {
		const place = await made();
		const script = "echo It is done.; printf 'two\\n' >>src/a.txt; ln -s a.txt link";
		const { id, runId } = await ranTask(place, "Mend it, fixes #1", script, "--prompt", "Please.", "--check", "true");
		await succeed(place, "task", "run", id, "--", "true");
		const other = await ranTask(place, "Nothing", "true");
		const byRun = await place.msgcode("export", runId);
		expect(byRun.exitCode).toBe(0);
		for (const argv of [[id], [id.slice(4, 9)], [runId.slice(0, -1)], [], [id, "--format", "github"]]) {
			expect((await place.msgcode("export", ...argv)).stdout, argv.join(" ")).toBe(byRun.stdout);
		}
		const { title, body } = (await succeed(place, "export", id)).data;
		expect(byRun.stdout).toBe(`${title}\n\n${body}`);
		expect(title).toBe("Mend it, fixes # 1");
		for (const part of [
			"```text\nPlease.\n```",
			"```text\nIt is done.\n```",
			"- Symbolic link: `link`",
			"- passed: `true` (exit 0",
			"- `link` added +1 −0",
			"- `src/a.txt` +1 −0",
			`\`git apply tasks/runs/${id}/${runId}/patch.diff\``,
		]) {
			expect(body).toContain(part);
		}
		const none = await place.msgcode("export", other.id, "--json");
		expect([none.exitCode, none.json().error.code]).toEqual([4, "nothing_to_land"]);
		expect((await place.msgcode("export", other.runId)).stdout).toContain("nothing changed");
	});

	test("what it says to apply applies, in a clone that has never seen the run's refs", async () => {
		const place = await made("pack age");
		const { id } = await ranTask(place, "Mend it", "printf 'two\\n' >>../src/a.txt");
		const clone = place.clone();
		const { body } = (await succeed(clone, "export", id)).data;
		const [, path = ""] = /`git apply '([^`]+)'`/.exec(body) ?? [];
		clone.git("apply", path);
		expect(clone.read("src/a.txt")).toBe("one\ntwo\n");
		expect(body).toContain("- `src/a.txt` +1 −0");
	});

	test("tells of a landing, an edited prompt and hidden characters", async () => {
		const place = await made();
		const { id } = await ranTask(place, "Mend it", "printf 'a\\342\\200\\256b\\n' >hidden.txt", "--prompt", "Please.");
		expect((await succeed(place, "export", id)).data.body).toContain("control or reordering characters");
		expect((await succeed(place, "export", id)).data.body).not.toContain("was edited after");
		await succeed(place, "task", "apply", id, "--yes");
		await succeed(place, "task", "edit", id, "--prompt", "Otherwise.");
		const { body } = (await succeed(place, "export", id)).data;
		const landed = place.git("log", "-1", "--format=%H", "--grep=Msgcode-Op: apply").slice(0, 12);
		expect(body).toContain(`Landed as \`${landed}\``);
		expect(body).toContain("The task was edited after the run");
		expect(body).not.toContain("## Apply");
	});

	test("of an archived task names the patch where it stands now", async () => {
		const place = await made();
		const { id, runId } = await ranTask(place, "Mend it", "echo x >x.txt");
		await succeed(place, "task", "close", id);
		await succeed(place, "task", "worktree", "rm", id, "--yes");
		await succeed(place, "task", "archive", id);
		const [, path = ""] =
			/`git apply (tasks\/archive\/[^`]+)`/.exec((await succeed(place, "export", id)).data.body) ?? [];
		expect((await succeed(place, "export", runId)).data.body).toContain(path);
		place.git("apply", path);
		expect(place.read("x.txt")).toBe("x\n");
	});

	test("of a sensitive task holds neither title, prompt nor words", async () => {
		const place = await made();
		const { id } = await ranTask(
			place,
			"Hush-title",
			"echo hush-words; echo x >x.txt",
			"--sensitive",
			"--prompt",
			"hush-prompt",
		);
		const { stdout } = await place.msgcode("export", id);
		expect(stdout).toMatch(new RegExp(`^${id}\\n\\nRun of task`));
		expect(stdout).not.toMatch(/hush/i);
	});

	test("--output writes the text alone and prints the title; an existing file is asked about", async () => {
		const place = await made();
		const { id } = await ranTask(place, "Mend it", "echo x >x.txt");
		const { data } = await succeed(place, "export", id);
		expect((await place.msgcode("export", id, "--output", "body.md", "--dry-run")).exitCode).toBe(0);
		expect(place.exists("body.md")).toBe(false);
		expect((await place.msgcode("export", id, "--output", "body.md")).stdout).toBe("Mend it\n");
		expect(place.read("body.md")).toBe(data.body);
		place.write("body.md", "mine");
		const refused = await place.msgcode("export", id, "--output", "body.md", "--json");
		expect(refused.json().error.code).toBe("confirmation_required");
		expect(place.read("body.md")).toBe("mine");
		await succeed(place, "export", id, "--output", "body.md", "--yes");
		expect(place.read("body.md")).toBe(data.body);
	});

	test("refuses what is not there by its name", async () => {
		const place = await made();
		for (const [argv, code] of [
			[[], "run_not_found"],
			[["run_2020"], "run_not_found"],
			[["tsk_0000000000"], "task_not_found"],
			[["zzz"], "run_not_found"],
			[["--format", "gitlab"], "usage"],
		] as const) {
			expect((await place.msgcode("export", ...argv, "--json")).json().error.code, argv.join(" ")).toBe(code);
		}
	});
});
