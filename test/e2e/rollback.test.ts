// Going back: a task to an earlier commit, a landing's code by three-way, and undo over what changed since. Conflicts and the
// user's own work leave everything as it was.
import { describe, expect, test } from "vitest";
import { type Repo, repo } from "../support/repo.ts";
import { expectCheckoutIsHead, type Scene, sceneIn } from "../support/run-patch.ts";
import { addTask, succeed, twoClones } from "../support/two-clones.ts";

const project = { "a.txt": "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "b.txt": "b\n", "gone.txt": "gone\n" };
const scene = async (): Promise<Scene> => sceneIn(await repo({ files: project, ledger: true }));
const CHANGE =
	"sed -i.bak 's/^2$/two/' a.txt; rm a.txt.bak gone.txt; echo new >new.txt; ln -s b.txt link; chmod +x b.txt";

const head = (made: Repo) => made.git("rev-parse", "HEAD");
const codeOf = (made: Repo, commit = "HEAD") =>
	made
		.git("ls-tree", "-r", commit)
		.split("\n")
		.filter((line) => !line.includes("\ttasks/"))
		.join("\n");

async function refused(made: Repo, ...argv: string[]) {
	const before = [head(made), made.git("ls-files", "--stage"), made.git("status", "--porcelain")];
	const result = await made.msgcode(...argv, "--json");
	expect(result.exitCode, result.stdout).not.toBe(0);
	expect([head(made), made.git("ls-files", "--stage"), made.git("status", "--porcelain")]).toEqual(before);
	return result.json().error;
}

describe("task rollback --landing", () => {
	test("takes the code and the record back in one commit, over later work elsewhere; then the run lands again", async () => {
		const { repo: made, taskId, run } = await scene();
		const { receipt } = await run(CHANGE);
		const before = codeOf(made);
		const { commit: landed } = (await succeed(made, "task", "apply", taskId, "--yes")).data;
		const withIt = codeOf(made);
		made.write("a.txt", made.read("a.txt").replace("8\n", "eight\n"));
		made.commitAll("later work");
		await succeed(made, "task", "edit", taskId, "--title", "Renamed since");

		const dry = await succeed(made, "task", "rollback", taskId, "--landing", "--dry-run");
		expect(dry.data).toMatchObject({ dryRun: true, landed });
		const done = await succeed(made, "task", "rollback", taskId, "--landing", "--yes");
		expect(done.warnings).toEqual([]);
		expect(done.data).toMatchObject({ id: taskId, runId: receipt.runId, landed, commit: head(made) });
		expect(done.data.files).toEqual(dry.data.files);
		expect(made.git("log", "-1", "--format=%B")).toContain(
			`Msgcode-Op: rollback\nMsgcode-Task: ${taskId}\nMsgcode-Run: ${receipt.runId}\nMsgcode-Undoes: ${landed}\n`,
		);
		expect(made.read("a.txt")).toBe(project["a.txt"].replace("8\n", "eight\n"));
		expect(codeOf(made).replace(/[0-9a-f]{40}\ta\.txt/, "")).toBe(before.replace(/[0-9a-f]{40}\ta\.txt/, ""));
		const changed = made.git("diff", "--no-renames", "--name-only", "HEAD~1").split("\n").sort();
		const landing = `tasks/runs/${taskId}/${receipt.runId}/landing.json`;
		expect(changed).toEqual(["a.txt", "b.txt", "gone.txt", landing, "link", "new.txt"].sort());
		expectCheckoutIsHead(made);
		expect((await succeed(made, "task", "show", taskId)).data).toMatchObject({ title: "Renamed since", landings: [] });
		expect((await refused(made, "task", "rollback", taskId, "--landing", "--yes")).code).toBe("nothing_to_undo");

		await succeed(made, "task", "apply", taskId, "--yes");
		expect(codeOf(made).replace(/[0-9a-f]{40}\ta\.txt/, "")).toBe(withIt.replace(/[0-9a-f]{40}\ta\.txt/, ""));
		expectCheckoutIsHead(made);
		await succeed(made, "undo");
		await succeed(made, "undo");
		await succeed(made, "task", "rollback", taskId, "--landing", "--yes");
		expect(made.exists("new.txt")).toBe(false);
		expect((await made.msgcode("fsck")).exitCode).toBe(0);
	});

	test("a conflict names the files and changes nothing", async () => {
		const { repo: made, taskId, run } = await scene();
		await run(CHANGE);
		await succeed(made, "task", "apply", taskId, "--yes");
		made.write("a.txt", made.read("a.txt").replace("two\n", "zwei\n"));
		made.commitAll("on the same line");
		made.write("untracked.txt", "mine\n");
		for (const argv of [
			["task", "rollback", taskId, "--landing", "--yes"],
			["undo", "--op", "HEAD~1"],
		]) {
			const error = await refused(made, ...argv);
			expect(error).toMatchObject({ code: "patch_conflict", details: { files: ["a.txt"] } });
			expect(error.hint).toContain("git revert");
		}
	});

	test.each([
		["edited", (made: Repo) => made.write("a.txt", "mine\n"), ["a.txt"]],
		[
			"staged",
			(made: Repo) => {
				made.write("b.txt", "mine\n");
				made.git("add", "b.txt");
			},
			["b.txt"],
		],
		["untracked, where a file comes back", (made: Repo) => made.write("gone.txt", "mine\n"), ["gone.txt"]],
		[
			"ignored, where a file comes back",
			(made: Repo) => made.writeAll({ ".git/info/exclude": "gone.txt\n", "gone.txt": "mine\n" }),
			["gone.txt"],
		],
	])("work that is %s in its places refuses it", async (_, make, paths) => {
		const { repo: made, taskId, run } = await scene();
		await run(CHANGE);
		await succeed(made, "task", "apply", taskId, "--yes");
		make(made);
		for (const argv of [["task", "rollback", taskId, "--landing", "--yes"], ["undo"]]) {
			expect(await refused(made, ...argv)).toMatchObject({ code: "worktree_dirty", details: { paths } });
		}
	});

	test("after a squash the run's own change is taken back, and that is said; undo of the squash is refused", async () => {
		const { repo: made, taskId, run } = await scene();
		made.git("checkout", "-q", "-b", "work");
		await run(CHANGE);
		made.write("extra.txt", "somebody's\n");
		made.commitAll("extra");
		await succeed(made, "task", "apply", taskId, "--yes");
		const message = made.git("log", "-1", "--format=%B");
		made.git("checkout", "-q", "main");
		made.git("merge", "-q", "--squash", "work");
		// The message of the last commit, trailers and all, as some forges take it.
		made.git("commit", "-q", "-m", message);
		expect(await refused(made, "undo")).toMatchObject({
			code: "undo_refused",
			hint: expect.stringContaining("--landing"),
		});
		const done = await succeed(made, "task", "rollback", taskId, "--landing", "--yes");
		expect(done.data.landed).toBe(null);
		expect(done.warnings).toMatchObject([{ code: "landing_commit_unknown" }]);
		expect(made.read("extra.txt")).toBe("somebody's\n");
		expect(made.read("a.txt")).toBe(project["a.txt"]);
		expect(made.exists("gone.txt")).toBe(true);
		expectCheckoutIsHead(made);
		await succeed(made, "undo");
		expect(made.exists("new.txt")).toBe(true);
		expectCheckoutIsHead(made);
	});

	test("after a rebase its commit is known by what it did, in a clone that has no result of the run", async () => {
		const { ann, bob } = await twoClones({ files: project });
		const { taskId, run } = await sceneIn(ann);
		await run(CHANGE);
		ann.git("checkout", "-q", "-b", "work");
		await succeed(ann, "task", "apply", taskId, "--yes");
		ann.git("checkout", "-q", "main");
		ann.write("c.txt", "c\n");
		ann.commitAll("meanwhile");
		ann.git("checkout", "-q", "work");
		ann.git("rebase", "-q", "main");
		const landed = head(ann);
		ann.git("push", "-q", "origin", "HEAD:main");
		bob.git("pull", "-q", "--ff-only");
		const done = await succeed(bob, "task", "rollback", taskId, "--landing", "--yes");
		expect(done.data.landed).toBe(landed);
		expect(bob.read("a.txt")).toBe(project["a.txt"]);
		expectCheckoutIsHead(bob);
	});

	test("sync publishes it as it does the landing; what an undo names is found again where commits were made anew", async () => {
		const { ann, bob } = await twoClones({ files: project });
		const { taskId, run } = await sceneIn(ann);
		await run(CHANGE);
		await succeed(ann, "task", "apply", taskId, "--yes");
		await succeed(ann, "task", "rollback", taskId, "--landing", "--yes");
		await succeed(ann, "sync");
		bob.git("pull", "-q", "--ff-only");
		expect(head(bob)).toBe(head(ann));
		await addTask(bob, "Bob's");
		bob.git("push", "-q");
		await succeed(ann, "task", "close", taskId);
		const close = head(ann);
		await succeed(ann, "undo");
		await succeed(ann, "sync");
		const undone = ann.git("log", "-1", "--format=%(trailers:key=Msgcode-Undoes,valueonly,separator=%x2C)");
		expect(undone).not.toBe(close);
		expect(undone).toBe(ann.git("rev-parse", "HEAD~1"));
		await succeed(ann, "undo");
		expect((await succeed(ann, "task", "show", taskId)).data.status).toBe("done");
	});

	test("of an archived task brings the task home with it", async () => {
		const { repo: made, taskId, run } = await scene();
		const { receipt } = await run(CHANGE);
		const { commit: landed } = (await succeed(made, "task", "apply", taskId, "--yes")).data;
		await succeed(made, "task", "close", taskId);
		await succeed(made, "task", "archive", taskId);
		const archived = made.git("rev-parse", "HEAD:tasks");
		for (const argv of [
			["task", "rollback", taskId, "--landing", "--yes"],
			["undo", "--op", landed],
		]) {
			await succeed(made, ...argv);
			expect(made.exists(`tasks/${taskId}.md`)).toBe(true);
			expect(made.exists(`tasks/runs/${taskId}/${receipt.runId}/landing.json`)).toBe(false);
			expect(made.git("ls-files", "tasks/archive", ":!*.gitkeep")).toBe("");
			expect(made.exists("new.txt")).toBe(false);
			expectCheckoutIsHead(made);
			expect((await made.msgcode("fsck")).exitCode).toBe(0);
			await succeed(made, "undo");
			expect(made.git("rev-parse", "HEAD:tasks")).toBe(archived);
			expect(made.exists("new.txt")).toBe(true);
			expectCheckoutIsHead(made);
		}
	});

	test("of the run that is named, in any order", async () => {
		const { repo: made, taskId, run } = await scene();
		const first = await run("echo 1 >one.txt");
		await succeed(made, "task", "apply", taskId, "--yes");
		const second = await run("echo 2 >two.txt");
		await succeed(made, "task", "apply", taskId, "--yes");
		await succeed(made, "task", "rollback", taskId, "--landing", "--run", first.receipt.runId, "--yes");
		expect([made.exists("one.txt"), made.exists("two.txt")]).toEqual([false, true]);
		await succeed(made, "task", "rollback", taskId, "--landing", "--yes");
		expect([made.exists("one.txt"), made.exists("two.txt")]).toEqual([false, false]);
		expect(
			(await refused(made, "task", "rollback", taskId, "--landing", "--run", second.receipt.runId, "--yes")).code,
		).toBe("nothing_to_undo");
		expect((await succeed(made, "doctor")).data).toBeTruthy();
	});

	test("asks at a terminal and refuses where nobody can answer; a no changes nothing", async () => {
		const { repo: made, taskId, run } = await scene();
		await run(CHANGE);
		await succeed(made, "task", "apply", taskId, "--yes");
		expect((await refused(made, "task", "rollback", taskId, "--landing")).code).toBe("confirmation_required");
		const before = head(made);
		const no = await made.msgcodeWith({ terminal: 100, answers: ["n"] }, "task", "rollback", taskId, "--landing");
		expect([no.exitCode, head(made)]).toEqual([130, before]);
		expect(no.stderr).toContain("gone.txt");
		const yes = await made.msgcodeWith({ terminal: 100, answers: ["y"] }, "task", "rollback", taskId, "--landing");
		expect([yes.exitCode, head(made) === before]).toEqual([0, false]);
	});

	test("the repository's pre-commit hook decides where it is asked to, and only there", async () => {
		const { repo: made, taskId, run } = await scene();
		await run(CHANGE);
		await succeed(made, "task", "apply", taskId, "--yes");
		made.write(".git/hooks/pre-commit", { executable: "#!/bin/sh\necho no; exit 1\n" });
		expect((await refused(made, "task", "rollback", taskId, "--landing", "--yes", "--verify")).code).toBe(
			"hook_failed",
		);
		await succeed(made, "task", "rollback", taskId, "--landing", "--yes");
	});

	test("with ledger.commit = stage it stands in the checkout, staged, for its owner to commit", async () => {
		const { repo: made, taskId, run } = await scene();
		await run(CHANGE);
		await succeed(made, "task", "apply", taskId, "--yes");
		made.write("msgcode.toml", '[ledger]\ncommit = "stage"\n');
		const { data } = await succeed(made, "task", "rollback", taskId, "--landing", "--yes");
		expect(data.commit).toBe(null);
		expect(made.git("diff", "--cached", "--name-only").split("\n")).toContain("new.txt");
		expect(made.exists("new.txt")).toBe(false);
		expect(await refused(made, "undo")).toMatchObject({
			code: "nothing_to_undo",
			message: expect.stringContaining("stage"),
		});
	});
});

describe("task rollback --to", () => {
	test("brings both files back to the byte, and nothing else", async () => {
		const { repo: made, taskId, run } = await scene();
		const then = head(made);
		const bytes = (commit: string) => ["md", "json"].map((end) => made.git("show", `${commit}:tasks/${taskId}.${end}`));
		await succeed(made, "task", "edit", taskId, "--title", "Other", "--prompt", "Other words");
		await run("echo 1 >one.txt");
		await succeed(made, "task", "close", taskId, "--reason", "done with");
		const dry = await succeed(made, "task", "rollback", taskId, "--to", then, "--dry-run");
		const fields = dry.data.changes.map(({ field }: { field: string }) => field);
		expect(fields).toEqual(expect.arrayContaining(["title", "prompt", "status", "closed"]));
		const { data } = await succeed(made, "task", "rollback", taskId, "--to", then.slice(0, 10));
		expect(data).toMatchObject({ id: taskId, to: then, commit: head(made), changes: dry.data.changes });
		expect(bytes("HEAD")).toEqual(bytes(then));
		expect(made.git("diff", "--name-only", "HEAD~1").split("\n")).toEqual([
			`tasks/${taskId}.json`,
			`tasks/${taskId}.md`,
		]);
		expect((await succeed(made, "task", "show", taskId)).data).toMatchObject({ status: "open", runs: 1 });
		const again = await succeed(made, "task", "rollback", taskId, "--to", then);
		expect(again.data).toMatchObject({ commit: null, changes: [] });
		expect((await made.msgcode("task", "rollback", taskId, "--to", then)).stdout).toContain("Nothing to do");
		expect((await succeed(made, "task", "rollback", taskId, "--to", "now")).data.to).toBe(head(made));
		expect((await refused(made, "task", "rollback", taskId, "--to", "10 years ago")).code).toBe("revision_not_found");
		expect((await made.msgcode("fsck")).exitCode).toBe(0);
	});

	test("brings a task back of which both files are gone, as fsck says; an undo of that removes it and deletes nothing", async () => {
		const made = await repo({ files: project, ledger: true });
		const id = await addTask(made, "Gone", "--runner", "shell", "--", "true");
		await succeed(made, "task", "close", id);
		const files = ["md", "json"].map((end) => `tasks/${id}.${end}`);
		const bytes = files.map((file) => made.read(file));
		made.git("rm", "-q", ...files);
		made.git("commit", "-qm", "tidied up");
		const found = await made.msgcode("fsck", "--json");
		expect(found.exitCode).toBe(7);
		const hint = `msgcode task rollback ${id} --to ${head(made).slice(0, 12)}~1`;
		expect(found.stdout).toContain(`Bring it back: ${hint}`);
		const { data } = await succeed(made, ...hint.split(" ").slice(1));
		expect(data).toMatchObject({ id, title: "Gone", commit: head(made) });
		expect(files.map((file) => made.read(file))).toEqual(bytes);
		expectCheckoutIsHead(made);
		expect((await made.msgcode("fsck")).exitCode).toBe(0);
		await succeed(made, "undo");
		expect((await succeed(made, "task", "show", id)).data.removed).not.toBe(null);
		expect((await refused(made, "task", "rollback", "tsk_n0where000", "--to", "HEAD")).code).toBe("task_not_found");
	});

	test("is refused where the task was not there, was broken, or would close a circle; the command line is checked", async () => {
		const made = await repo({ files: project, ledger: true });
		const start = head(made);
		const first = await addTask(made, "First");
		const second = await addTask(made, "Second", "--depends-on", first);
		const open = head(made);
		expect(await refused(made, "task", "rollback", first, "--to", start)).toMatchObject({ code: "task_not_found" });
		expect((await refused(made, "task", "rollback", first, "--to", "no-such-revision")).code).toBe(
			"revision_not_found",
		);
		await succeed(made, "task", "edit", second, "--depends-on", "");
		await succeed(made, "task", "edit", first, "--depends-on", second);
		expect((await refused(made, "task", "rollback", second, "--to", open)).code).toBe("dependency_cycle");
		made.write(`tasks/${first}.md`, "---\ntitle: [\n---\n");
		made.commitAll("broken by hand");
		const broken = head(made);
		await succeed(made, "task", "rollback", first, "--to", "HEAD~1");
		expect((await refused(made, "task", "rollback", first, "--to", broken)).code).toBe("task_invalid_spec");
		for (const flags of [[], ["--to", "HEAD", "--landing"], ["--to", "HEAD", "--run", "x"]]) {
			expect((await refused(made, "task", "rollback", first, ...flags)).code).toBe("usage");
		}
	});
});
