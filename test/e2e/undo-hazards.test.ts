// Undo where it is not plain: later changes on top, other people's commands, histories that tell less, places of all kinds; and
// what may be executed after it.
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { previewUndo, undo } from "../../src/engine/undo.ts";
import { ledgerOf } from "../support/ledger.ts";
import { type Repo, repo } from "../support/repo.ts";
import { addTask, succeed, twoClones } from "../support/two-clones.ts";

const head = (made: Repo) => made.git("rev-parse", "--revs-only", "HEAD");

async function refused(made: Repo, ...argv: string[]) {
	const before = [head(made), made.git("ls-files", "--stage"), made.git("status", "--porcelain")];
	const result = await made.msgcode(...argv, "--json");
	expect(result.exitCode, result.stdout).not.toBe(0);
	expect([head(made), made.git("ls-files", "--stage"), made.git("status", "--porcelain")]).toEqual(before);
	return result.json().error;
}

const show = async (made: Repo, id: string) => (await succeed(made, "task", "show", id)).data;

test("runs that a merge left in two homes stay on record when the task was brought home and is taken back", async () => {
	const made = await repo({ files: { "code.txt": "one\n" }, ledger: true });
	const id = await addTask(made, "Runs twice", "--runner", "shell", "--", "true");
	for (let run = 0; run < 2; run += 1) await succeed(made, "task", "run", id, "--in-place");
	await succeed(made, "task", "close", id);
	await succeed(made, "task", "archive", id);
	const archived = `tasks/archive/${new Date().getUTCFullYear()}`;
	const [first = "", second = ""] = readdirSync(join(made.path, `${archived}/runs/${id}`)).sort();
	mkdirSync(join(made.path, `tasks/runs/${id}`), { recursive: true });
	made.git("mv", `${archived}/runs/${id}/${second}`, `tasks/runs/${id}/${second}`);
	made.git("commit", "--quiet", "-m", "as a merge leaves it");
	const receipts = () =>
		made
			.git("ls-files")
			.match(/[^/\n]+\/run_receipt\.json/g)
			?.sort();
	const both = [first, second].map((run) => `${run}/run_receipt.json`).sort();
	expect(receipts()).toEqual(both);
	await succeed(made, "task", "reopen", id);
	expect(receipts()).toEqual(both);
	await succeed(made, "undo");
	expect(receipts()).toEqual(both);
	expect(await show(made, id)).toMatchObject({ status: "done", runs: 2 });
	await succeed(made, "undo");
	expect(receipts()).toEqual(both);
	expect(await show(made, id)).toMatchObject({ status: "open", runs: 2 });
	expect((await made.msgcode("fsck")).exitCode).toBe(0);
});

describe("under later changes", () => {
	test("an undo takes back its own fields and leaves the others", async () => {
		const made = await repo({ ledger: true });
		const id = await addTask(made, "A task", "--prompt", "one\ntwo\nthree\nfour\n");
		await succeed(made, "task", "edit", id, "--title", "Renamed", "--priority", "8");
		const edit = head(made);
		await succeed(made, "task", "edit", id, "--label", "late", "--prompt", "one\ntwo\nthree\nfour, longer\n");
		await succeed(made, "task", "close", id);
		made.write(`tasks/${id}.md`, made.read(`tasks/${id}.md`).replace("one\n", "one, by hand\n"));
		const { data } = await succeed(made, "undo", "--op", edit);
		expect(data.tasks[0].changes).toEqual([
			{ field: "title", from: "Renamed", to: "A task" },
			{ field: "priority", from: 8, to: 5 },
		]);
		expect(await show(made, id)).toMatchObject({
			title: "A task",
			priority: 5,
			labels: ["late"],
			status: "done",
			inputs: { prompt: "one, by hand\ntwo\nthree\nfour, longer\n" },
		});
		// The hand edit is a commit of its own, and not what was undone.
		expect(made.git("log", "-2", "--format=%(trailers:key=Msgcode-Op,valueonly,separator=%x2C)")).toBe(
			"undo\nedit-by-hand",
		);
		const back = await succeed(made, "undo");
		expect(back.data.undone.op).toBe("undo");
		expect(await show(made, id)).toMatchObject({ title: "Renamed", priority: 8, labels: ["late"] });
		expect((await made.msgcode("fsck")).exitCode).toBe(0);
	});

	test.each([
		["title", ["task", "edit", "ID", "--title", "B"], ["task", "edit", "ID", "--title", "C"]],
		["prompt", ["task", "edit", "ID", "--prompt", "B"], ["task", "edit", "ID", "--prompt", "C"]],
		[
			"closed",
			["task", "close", "ID", "--reason", "first"],
			["task", "reopen", "ID"],
			["task", "close", "ID", "--reason", "again"],
		],
		["status", ["task", "block", "ID", "--reason", "x"], ["task", "close", "ID"]],
	] as [string, string[], ...string[][]][])(
		"what changed its %s again refuses, naming it, and writes nothing",
		async (field, first, ...later) => {
			const made = await repo({ ledger: true });
			const id = await addTask(made, "A", "--prompt", "A");
			const withId = (argv: readonly string[]) => argv.map((word) => (word === "ID" ? id : word));
			await succeed(made, ...withId(first));
			const target = head(made);
			for (const argv of later) await succeed(made, ...withId(argv));
			const error = await refused(made, "undo", "--op", target);
			expect(error).toMatchObject({ code: "undo_conflict", details: { conflicts: [{ taskId: id }] } });
			expect(error.details.conflicts[0].fields).toContain(field);
			expect(error.message).toContain(field);
			expect(error.hint).toContain(`msgcode task log ${id}`);
		},
	);

	test("an uncommitted hand edit of the same field is a later change, and stays", async () => {
		const made = await repo({ ledger: true });
		const id = await addTask(made, "A");
		await succeed(made, "task", "edit", id, "--title", "B");
		made.write(`tasks/${id}.md`, made.read(`tasks/${id}.md`).replace("title: B", "title: By hand"));
		expect((await refused(made, "undo")).code).toBe("undo_conflict");
		expect(made.read(`tasks/${id}.md`)).toContain("title: By hand");
	});

	test("a staged task file that differs refuses", async () => {
		const made = await repo({ ledger: true });
		const id = await addTask(made, "A");
		await succeed(made, "task", "edit", id, "--title", "B");
		const file = `tasks/${id}.md`;
		const text = made.read(file);
		made.write(file, text.replace("title: B", "title: Staged"));
		made.git("add", file);
		made.write(file, text);
		expect((await refused(made, "undo")).code).toBe("staged_differently");
	});

	test("a file in the place that an archived task would go back to refuses, and moves no half", async () => {
		const made = await repo({ ledger: true });
		const id = await addTask(made, "A");
		await succeed(made, "task", "close", id);
		await succeed(made, "task", "archive", id);
		made.write(`tasks/${id}.json`, "mine\n");
		const { code, message } = await refused(made, "undo");
		expect({ code, message }).toMatchObject({
			code: "ledger_path_taken",
			message: expect.stringContaining(`tasks/${id}.json`),
		});
		expect(made.read(`tasks/${id}.json`)).toBe("mine\n");
		rmSync(join(made.path, `tasks/${id}.json`));
		await succeed(made, "undo");
		expect(made.exists(`tasks/${id}.md`)).toBe(true);
	});

	test("a run that a merge left in the live folder stays, when the archiving that took it along is undone", async () => {
		const made = await repo({ ledger: true });
		const id = await addTask(made, "A");
		made.git("checkout", "-qb", "other");
		await succeed(made, "task", "run", id, "--in-place", "--", "true");
		made.git("checkout", "-q", "main");
		await succeed(made, "task", "close", id);
		await succeed(made, "task", "archive", id);
		made.git("merge", "-q", "--no-edit", "other");
		expect(made.exists(`tasks/runs/${id}`)).toBe(true);
		await succeed(made, "task", "archive", id);
		const archive = head(made);
		expect((await refused(made, "undo")).code).toBe("nothing_to_undo");
		await succeed(made, "task", "reopen", id);
		expect((await refused(made, "undo", "--op", archive)).code).toBe("nothing_to_undo");
		await succeed(made, "undo");
		expect(await show(made, id)).toMatchObject({ status: "done", runs: 1 });
		expect((await made.msgcode("fsck")).exitCode).toBe(0);
	});

	test("a record that only the archive has beside a live file is what a command changed, and comes back", async () => {
		const made = await repo({ ledger: true });
		const id = await addTask(made, "A");
		await succeed(made, "task", "close", id);
		await succeed(made, "task", "archive", id);
		made.write(`tasks/${id}.md`, "---\ntitle: By hand\n---\n");
		made.commitAll("a copy");
		await succeed(made, "task", "reopen", id);
		await succeed(made, "undo");
		expect(await show(made, id)).toMatchObject({ status: "done", title: "By hand" });
	});

	test("the birth of a task that lived on only hides it; its files, runs and later changes stay", async () => {
		const made = await repo({ ledger: true });
		const id = await addTask(made, "A");
		const born = head(made);
		await succeed(made, "task", "edit", id, "--title", "B");
		await succeed(made, "task", "run", id, "--", "true");
		await succeed(made, "undo", "--op", born);
		expect(await show(made, id)).toMatchObject({ title: "B", runs: 1, removed: { reason: 'undone: add "A"' } });
		expect((await succeed(made, "task", "list", "--all")).data).toEqual([]);
		expect(await refused(made, "undo", "--op", born)).toMatchObject({ code: "nothing_to_undo" });
		await succeed(made, "undo");
		expect((await show(made, id)).removed).toBe(null);
	});

	test("an undone command has nothing left to undo, and twice undone is redone", async () => {
		const made = await repo({ ledger: true });
		const id = await addTask(made, "A");
		await succeed(made, "task", "close", id);
		const close = head(made);
		const subjects: string[] = [];
		for (const status of ["open", "done", "open"]) {
			await succeed(made, "undo");
			subjects.push(made.git("log", "-1", "--format=%s").replace(/^.*?: /, ""));
			expect((await show(made, id)).status).toBe(status);
		}
		expect(subjects).toEqual(["undo: close as done", "redo: close as done", "undo: close as done"]);
		expect(await refused(made, "undo", "--op", close)).toMatchObject({
			code: "nothing_to_undo",
			hint: expect.stringContaining("msgcode log"),
		});
	});

	test("a task with a live run is neither closed nor hidden by it", async () => {
		const made = await repo({ ledger: true });
		const id = await addTask(made, "A");
		const born = head(made);
		await succeed(made, "task", "close", id);
		await succeed(made, "task", "reopen", id);
		const reopened = head(made);
		const script = `while [ ! -e "${made.path}/go" ]; do sleep 0.05; done`;
		const ended = made.msgcode("task", "run", id, "--json", "--", "sh", "-c", script);
		const live = async () => (await succeed(made, "run", "list", "--status", "running")).data[0]?.baseCommit ?? null;
		await expect.poll(live, { interval: 20, timeout: 20_000 }).not.toBeNull();
		for (const commit of [born, reopened]) {
			expect((await refused(made, "undo", "--op", commit)).code).toBe("task_running");
		}
		expect((await refused(made, "task", "rollback", id, "--to", `${reopened}~1`)).code).toBe("task_running");
		made.write("go", "");
		expect((await ended).exitCode).toBe(0);
		await succeed(made, "undo", "--op", reopened);
		expect((await show(made, id)).status).toBe("done");
	});

	test("a circle of dependencies is not brought back", async () => {
		const made = await repo({ ledger: true });
		const first = await addTask(made, "First");
		const second = await addTask(made, "Second", "--depends-on", first);
		await succeed(made, "task", "edit", second, "--depends-on", "");
		const edit = head(made);
		await succeed(made, "task", "edit", first, "--depends-on", second);
		expect((await refused(made, "undo", "--op", edit)).code).toBe("dependency_cycle");
	});
});

describe("which command", () => {
	test("only the actor's own; somebody else's has to be named", async () => {
		const { ann, bob } = await twoClones();
		const id = await addTask(ann, "A");
		ann.git("push", "-q");
		bob.git("pull", "-q", "--ff-only");
		expect(await refused(bob, "undo")).toMatchObject({
			code: "nothing_to_undo",
			message: expect.stringContaining("Test Person's"),
			hint: expect.stringContaining("--op"),
		});
		await succeed(bob, "task", "close", id);
		await succeed(bob, "task", "add", "B", "--actor", "an agent");
		await succeed(bob, "task", "add", "C", "--actor", "Bobby");
		expect((await succeed(bob, "undo", "--dry-run")).data.undone).toMatchObject({ op: "close", actor: "Bob" });
		expect((await succeed(bob, "undo", "--dry-run", "--actor", "an agent")).data.undone).toMatchObject({ op: "add" });
		bob.git("config", "i18n.logOutputEncoding", "ISO-8859-1");
		await succeed(bob, "task", "add", "D", "--actor", "Zoë");
		expect((await succeed(bob, "undo", "--dry-run", "--actor", "Zoë")).data.undone).toMatchObject({ actor: "Zoë" });
		const named = ann.git("rev-parse", "HEAD");
		expect((await succeed(bob, "undo", "--op", named)).data.undone).toMatchObject({ commit: named, op: "add" });
		expect(bob.git("log", "-1", "--format=%(trailers:key=Msgcode-Actor,valueonly,separator=%x2C)")).toBe("Bob");
	});

	test("a commit that is none, is a merge, is unknown, unreachable, or holds more than its command, is refused with the way out", async () => {
		const made = await repo({ files: { "a.txt": "a\n" }, ledger: true });
		const id = await addTask(made, "A");
		made.write("a.txt", "b\n");
		const plain = made.commitAll("no command");
		made.git("checkout", "-q", "-b", "side");
		await succeed(made, "task", "edit", id, "--title", "On the side");
		const side = head(made);
		made.git("checkout", "-q", "main");
		expect(await refused(made, "undo", "--op", plain)).toMatchObject({
			code: "undo_refused",
			hint: expect.stringContaining("git revert"),
		});
		expect(await refused(made, "undo", "--op", side)).toMatchObject({
			code: "undo_refused",
			message: expect.stringContaining("not in the history"),
		});
		for (const name of ["nonsense", "", "HEAD:tasks", "a\nb"]) {
			expect((await refused(made, "undo", "--op", name)).code).toBe("revision_not_found");
		}
		await succeed(made, "task", "edit", id, "--priority", "9");
		made.git("merge", "-q", "--no-edit", "side");
		expect(await refused(made, "undo", "--op", "HEAD")).toMatchObject({
			code: "undo_refused",
			hint: expect.stringContaining("git revert"),
		});
		expect((await succeed(made, "undo", "--dry-run", "--op", side)).data.undone.commit).toBe(side);

		const trailers = `Msgcode-Op: close\nMsgcode-Task: ${id}\nMsgcode-Actor: Test Person`;
		made.write("a.txt", "c\n");
		made.commitAll(`task(${id}): close as done\n\n${trailers}`);
		expect((await refused(made, "undo", "--op", "HEAD")).message).toContain("not the ledger's");
		const other = await addTask(made, "Other");
		made.write(`tasks/${other}.md`, made.read(`tasks/${other}.md`).replace("Other", "Changed"));
		made.commitAll(`task(${id}): close as done\n\n${trailers}`);
		expect((await refused(made, "undo")).message).toContain(other);
		made.commitAll(`squashed\n\n* one\n\nMsgcode-Op: edit\n\n* two\n\n${trailers}`);
		expect((await refused(made, "undo", "--op", "HEAD")).message).toContain("several commands");
		made.commitAll(`task(${id}): teleport\n\nMsgcode-Op: teleport\nMsgcode-Task: ${id}\nMsgcode-Actor: Test Person`);
		expect((await refused(made, "undo", "--op", "HEAD")).message).toContain("does not know");
	});

	test("a run is refused with its landing as the way out only where it has one", async () => {
		const made = await repo({ files: { "a.txt": "a\n" }, ledger: true });
		const id = await addTask(made, "A");
		await succeed(made, "task", "run", id, "--", "sh", "-c", "echo b >a.txt");
		const ran = head(made);
		const { hint } = await refused(made, "undo");
		expect(hint).not.toContain("--landing");
		// What was done before the run is named.
		expect(hint).toContain(`msgcode undo --op ${made.git("rev-parse", "--short=12", "HEAD~1")}`);
		await succeed(made, "task", "apply", id, "--yes");
		expect((await refused(made, "undo", "--op", ran)).hint).toContain(`msgcode task rollback ${id} --landing`);
	});

	test.each(["stage", "off"])("with ledger.commit = %s there is no commit to undo, and that is said", async (mode) => {
		const made = await repo({ ledger: true, untracked: { "msgcode.toml": `[ledger]\ncommit = "${mode}"\n` } });
		await addTask(made, "A");
		expect(await refused(made, "undo")).toMatchObject({
			code: "nothing_to_undo",
			message: expect.stringContaining(mode),
		});
	});

	test("an unborn branch, a busy repository and a shallow clone are told apart", async () => {
		const unborn = await repo({});
		await succeed(unborn, "init");
		expect((await refused(unborn, "undo")).code).toBe("undo_refused");
		unborn.git("update-ref", "-d", "HEAD");
		expect((await refused(unborn, "undo")).code).toBe("nothing_to_undo");

		const made = await repo({ files: { "a.txt": "a\n" }, ledger: true });
		await addTask(made, "A");
		made.write(".git/MERGE_HEAD", `${head(made)}\n`);
		expect((await refused(made, "undo")).code).toBe("git_busy");
		expect((await refused(made, "undo", "--dry-run")).code).toBe("git_busy");
		made.git("update-ref", "-d", "MERGE_HEAD");

		const shallow = made.clone("--depth=1", "--no-local");
		const error = await refused(shallow, "undo");
		expect(error).toMatchObject({ code: "revision_not_found", hint: "git fetch --unshallow" });
	});
});

describe("places", () => {
	test("a workspace in a sub-folder, in a path with spaces, and from a linked worktree", async () => {
		const made = await repo({
			files: { "a.txt": "a\n" },
			folder: "my repo",
			workspace: "packages/the app",
			ledger: true,
		});
		const id = await addTask(made, "A");
		await succeed(made, "task", "run", id, "--", "sh", "-c", "echo b >b.txt");
		await succeed(made, "task", "apply", id, "--yes");
		expect((await succeed(made, "undo")).data.code).toMatchObject([{ path: "packages/the app/b.txt" }]);
		await succeed(made, "undo");
		await succeed(made, "task", "rollback", id, "--landing", "--yes");
		expect(made.exists("packages/the app/b.txt")).toBe(false);
		await succeed(made, "task", "edit", id, "--title", "B");
		await succeed(made, "task", "rollback", id, "--to", "HEAD~1");
		expect((await show(made, id)).title).toBe("A");
		made.git("worktree", "add", "-q", "-b", "elsewhere", "../elsewhere");
		const cwd = join(made.home, "elsewhere/packages/the app");
		expect((await made.msgcodeWith({ cwd }, "undo")).exitCode).toBe(0);
		expect((await show(made, id)).title).toBe("B");
		expect(made.git("-C", "../elsewhere", "status", "--porcelain")).toBe("");
		expect(made.git("status", "--porcelain")).toBe("");
		expect((await made.msgcode("fsck")).exitCode).toBe(0);
	});

	test("a repository with SHA-256 ids, whose first commit is the workspace's", async () => {
		const made = await repo({ init: ["--object-format=sha256"], ledger: true });
		const id = await addTask(made, "A");
		await succeed(made, "undo");
		expect((await show(made, id)).removed.reason).toBe('undone: add "A"');
		await succeed(made, "undo");
		expect(made.git("log", "-1", "--format=%(trailers:key=Msgcode-Undoes,valueonly,separator=%x2C)")).toHaveLength(64);
		expect(await refused(made, "undo", "--op", made.git("rev-list", "--max-parents=0", "HEAD"))).toMatchObject({
			code: "undo_refused",
			message: expect.stringContaining("workspace"),
		});
	});

	test("of two workspaces in one repository each undoes its own", async () => {
		const made = await repo({ workspace: "a", ledger: true, untracked: { "b/readme.txt": "b\n" } });
		const cwd = join(made.path, "b");
		expect((await made.msgcodeWith({ cwd }, "init")).exitCode).toBe(0);
		const id = await addTask(made, "A");
		expect((await made.msgcodeWith({ cwd }, "task", "add", "B")).exitCode).toBe(0);
		expect((await succeed(made, "undo", "--dry-run")).data.undone).toMatchObject({ summary: 'add "A"' });
		const inB = (await made.msgcodeWith({ cwd }, "undo", "--json")).json().data;
		expect(inB).toMatchObject({ undone: { summary: 'add "B"' } });
		expect((await show(made, id)).removed).toBe(null);
		expect((await refused(made, "undo", "--op", "HEAD")).message).toContain("not the ledger's");
	});

	test("a branch that is switched between the choice and the change refuses", async () => {
		const made = await repo({ ledger: true });
		const id = await addTask(made, "A");
		await succeed(made, "task", "close", id);
		const ledger = ledgerOf(made);
		const { target } = await previewUndo(ledger, undefined);
		made.git("checkout", "-q", "-b", "earlier", "HEAD~1");
		const before = head(made);
		await expect(undo(ledger, target, { verify: false })).rejects.toMatchObject({ code: "undo_refused" });
		expect([head(made), made.git("status", "--porcelain")]).toEqual([before, ""]);
		made.git("checkout", "-q", "main");
		expect((await undo(ledger, target, { verify: false })).commit).toBe(head(made));
	});

	test("two at once: one undoes, the other finds it done; nothing is half", async () => {
		const made = await repo({ ledger: true });
		const id = await addTask(made, "A");
		await succeed(made, "task", "close", id);
		const close = head(made);
		const results = await Promise.all([1, 2, 3].map(() => made.msgcodeProcess("undo", "--op", close, "--json")));
		expect(results.map(({ exitCode }) => exitCode).sort()).toEqual([0, 4, 4]);
		expect(head(made)).not.toBe(close);
		expect(made.git("rev-parse", "HEAD~1")).toBe(close);
		expect((await show(made, id)).status).toBe("open");
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("CRLF files keep their line endings, and a checkout that converts them is no later change", async () => {
		const made = await repo({ files: { "a.txt": "a\n" }, ledger: true, config: { "core.autocrlf": "true" } });
		const id = await addTask(made, "A", "--prompt", "one\ntwo\n");
		const { runId } = (await succeed(made, "task", "run", id, "--", "sh", "-c", "echo b >b.txt")).data;
		const states = [made.git("rev-parse", "HEAD:tasks")];
		await succeed(made, "task", "edit", id, "--title", "B");
		states.push(made.git("rev-parse", "HEAD:tasks"));
		await succeed(made, "task", "reject", id, "--reason", "no");
		for (const file of [`tasks/${id}.md`, `tasks/${id}.json`, `tasks/runs/${id}/${runId}/rejection.json`]) {
			made.git("rm", "-q", "--cached", file);
			made.git("checkout", "HEAD", "--", file);
			expect(made.read(file), file).toContain("\r\n");
		}
		await succeed(made, "undo");
		expect(made.git("rev-parse", "HEAD:tasks")).toBe(states[1]);
		await succeed(made, "undo", "--op", "HEAD~2");
		expect(made.git("rev-parse", "HEAD:tasks")).toBe(states[0]);
		expect(made.git("status", "--porcelain")).toBe("");
	});
});

describe("what may be executed afterwards", () => {
	/** Whether it is held; what is held does not run. */
	const isHeld = async (made: Repo, id: string): Promise<boolean> => {
		const { held } = await show(made, id);
		if (held) expect((await made.msgcode("task", "run", id)).exitCode).toBe(6);
		return held;
	};

	test("a command that this user wrote before is theirs again, whole or in part", async () => {
		const made = await repo({ ledger: true });
		const id = await addTask(made, "A", "--runner", "shell", "--", "true");
		await succeed(made, "task", "edit", id, "--runner", "shell", "--", "sh", "-c", "exit 0");
		const runner = head(made);
		expect((await succeed(made, "undo")).warnings).toEqual([]);
		expect(await isHeld(made, id)).toBe(false);
		await succeed(made, "undo", "--op", "HEAD");
		await succeed(made, "task", "edit", id, "--check", "true");
		// The runner's former value beside the later check: each part is this user's own.
		expect((await succeed(made, "undo", "--op", runner)).warnings).toEqual([]);
		expect(await isHeld(made, id)).toBe(false);
		await succeed(made, "task", "rollback", id, "--to", runner);
		expect(await isHeld(made, id)).toBe(false);
	});

	test("what another person wrote stays held, whoever undoes and whatever the commit says of its actor", async () => {
		const { ann, bob } = await twoClones();
		const id = await addTask(ann, "A", "--runner", "shell", "--", "true");
		ann.git("push", "-q");
		bob.git("pull", "-q", "--ff-only");
		await succeed(bob, "task", "edit", id, "--runner", "shell", "--", "sh", "-c", "echo evil");
		const evil = head(bob);
		// A commit in Ann's name that takes it away again: undoing her "own last command" would bring it back.
		await succeed(bob, "task", "edit", id, "--runner", "shell", "--actor", "Test Person", "--", "true");
		bob.git("push", "-q");
		ann.git("pull", "-q", "--ff-only");
		expect(await isHeld(ann, id)).toBe(false);
		const undone = await succeed(ann, "undo", "--dry-run");
		expect(undone.data.undone).toMatchObject({ op: "edit", actor: "Test Person" });
		const result = await succeed(ann, "undo");
		expect(result.warnings).toMatchObject([{ code: "held" }]);
		expect(await isHeld(ann, id)).toBe(true);
		await succeed(ann, "undo");
		const back = await succeed(ann, "task", "rollback", id, "--to", evil);
		expect(back.warnings).toMatchObject([{ code: "held" }]);
		expect(await isHeld(ann, id)).toBe(true);
		// Going back to what she wrote herself needs no new approval.
		await succeed(ann, "task", "rollback", id, "--to", `${evil}~1`);
		expect(await isHeld(ann, id)).toBe(false);
	});

	test("an edit of a held task, undone, leaves it held", async () => {
		const { ann, bob } = await twoClones();
		const id = await addTask(ann, "A", "--runner", "shell", "--", "true");
		ann.git("push", "-q");
		bob.git("pull", "-q", "--ff-only");
		await succeed(bob, "task", "edit", id, "--check", "true");
		await succeed(bob, "undo");
		expect(await isHeld(bob, id)).toBe(true);
		await succeed(bob, "undo");
		expect(await isHeld(bob, id)).toBe(true);
	});
});
