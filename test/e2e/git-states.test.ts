// Whatever state git is in: a detached HEAD and an unborn branch are worked on, an operation in progress is left alone, and
// a run that ends in the middle of one loses nothing.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listPending } from "../../src/ledger/change/pending.ts";
import { BUSY, beginOperation, busyCase, divergedRepo } from "../support/busy.ts";
import { type Repo, repo } from "../support/repo.ts";
import { snapshotOf } from "../support/snapshot.ts";

const subjects = (made: Repo, count: number) =>
	made
		.git("log", `-${count}`, "--format=%s")
		.replaceAll(/tsk_\w+/g, "ID")
		.split("\n");
const pendingOf = (made: Repo) => listPending(join(made.path, ".git", "msgcode"));
const addTask = async (made: Repo, ...flags: string[]): Promise<string> =>
	(await made.msgcode("task", "add", "A task", ...flags, "--json")).json().data.id;

/** Resolves the conflict that the operation stopped at, in the user's way. */
function goOn(made: Repo, name: string): void {
	const { goOn: words, end } = busyCase(name);
	if (words === null) {
		made.git(...end);
		return;
	}
	for (let round = 0; round < 5; round += 1) {
		made.write("code.txt", `resolved ${round}\n`);
		made.git("add", "code.txt");
		try {
			made.git(...words);
			return;
		} catch (error) {
			// The next commit of the same rebase conflicts as well.
			if (!/conflict|failed to merge/i.test(String(error))) throw error;
		}
	}
}

describe("a detached HEAD", () => {
	test("gets the commit, and the user is told", async () => {
		const made = await repo({ ledger: true });
		made.git("switch", "--quiet", "--detach");
		const main = made.git("rev-parse", "main");
		const result = await made.msgcode("task", "add", "On no branch");
		expect(result).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("HEAD is detached") });
		expect(subjects(made, 1)).toEqual(['task(ID): add "On no branch"']);
		expect(made.git("rev-parse", "main")).toBe(main);
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("takes a run and its landing", async () => {
		const made = await repo({ ledger: true, files: { "code.txt": "code\n" } });
		made.git("switch", "--quiet", "--detach");
		const id = await addTask(made);
		expect((await made.msgcode("task", "run", id, "--", "sh", "-c", "echo x >made.txt")).exitCode).toBe(0);
		expect((await made.msgcode("task", "apply", id, "--yes")).exitCode).toBe(0);
		expect(made.git("show", "HEAD:made.txt")).toBe("x");
		expect(made.git("status", "--porcelain")).toBe("");
	});
});

describe("an unborn branch", () => {
	test("is born with the ledger's first commit, and what the user staged stays staged", async () => {
		const made = await repo({ staged: { "code.txt": "code\n" }, untracked: { "note.txt": "note\n" } });
		expect((await made.msgcode("init")).exitCode).toBe(0);
		expect((await made.msgcode("task", "add", "First")).exitCode).toBe(0);
		expect(made.git("rev-list", "--count", "HEAD")).toBe("2");
		expect(made.git("status", "--porcelain")).toBe("A  code.txt\n?? note.txt");
		expect(made.git("ls-tree", "-r", "--name-only", "HEAD")).not.toContain("code.txt");
	});

	test("beside other branches is worked on too", async () => {
		const made = await repo({ ledger: true, files: { "code.txt": "code\n" } });
		made.git("switch", "--quiet", "--orphan", "fresh");
		expect((await made.msgcode("task", "list")).exitCode).toBe(3);
		expect((await made.msgcode("init")).exitCode).toBe(0);
		await addTask(made);
		expect(made.git("rev-list", "--count", "fresh")).toBe("2");
		expect(made.git("status", "--porcelain")).toBe("");
	});
});

describe("in the middle of a git operation", () => {
	/** Every command that changes the ledger. */
	const commands = (id: string): readonly (readonly string[])[] => [
		["init"],
		["task", "add", "Another"],
		["task", "add", "Adopted", "--prompt", "x", "--label", "a"],
		["task", "edit", id, "--title", "New"],
		["task", "block", id, "--reason", "x"],
		["task", "close", id],
		["task", "reopen", id],
		["task", "rm", id, "--yes"],
		["task", "run", id, "--", "true"],
		["task", "run", id, "--in-place", "--", "touch", "made-in-place.txt"],
		["task", "apply", id, "--yes"],
		["task", "reject", id, "--reason", "x", "--yes"],
		["commit", "--yes"],
		["sync"],
	];

	test.each(BUSY.map(({ name }) => name))(
		"(%s) every change is refused, nothing is written, and it goes on afterwards",
		async (name) => {
			const made = await divergedRepo({ ledger: true });
			const id = await addTask(made);
			expect((await made.msgcode("task", "run", id, "--", "sh", "-c", "echo x >made.txt")).exitCode).toBe(0);
			made.git("clone", "--quiet", "--bare", made.path, "../origin.git");
			made.git("remote", "add", "origin", "../origin.git");
			made.git("push", "--quiet", "--set-upstream", "origin", "main");
			beginOperation(made, name);
			// The commit that git stands at for the moment may not hold the ledger, the task or its run at all.
			const file = `tasks/${id}.md`;
			const text = made.exists(file) ? made.read(file) : null;
			const honest = text === null ? ["workspace_not_found", "task_not_found"] : [];
			if (made.git("ls-files", "tasks/runs") === "") honest.push("nothing_to_land");
			if (text !== null) made.write(file, `${text}\nEdited by hand in the middle of it.\n`);
			const before = snapshotOf(made.path);
			const codes = new Set<string>();
			for (const argv of commands(id)) {
				const result = await made.msgcode("--json", ...argv);
				if (text === null && argv[0] === "commit") continue;
				const { code } = result.json().error ?? {};
				expect(["git_busy", ...honest], argv.join(" ")).toContain(code);
				if (code === "git_busy") expect(result.exitCode).toBe(5);
				codes.add(code);
				expect(snapshotOf(made.path), argv.join(" ")).toEqual(before);
			}
			expect([...codes]).toContain("git_busy");
			if (text !== null) made.write(file, text);
			goOn(made, name);
			expect(made.git("status", "--porcelain")).toBe("");
			expect((await made.msgcode("task", "edit", id, "--title", "Afterwards")).exitCode).toBe(0);
			expect(subjects(made, 1)).toEqual(["task(ID): change title"]);
			expect(made.git("status", "--porcelain")).toBe("");
		},
	);

	test("reading goes on, and writes nothing into git", async () => {
		const made = await divergedRepo({ ledger: true });
		const id = await addTask(made);
		const ran = await made.msgcode("task", "run", id, "--json", "--", "sh", "-c", "echo x >made.txt");
		const run = ran.json().data.runId;
		beginOperation(made, "merge");
		// Telling whether a worktree's work is kept means asking git for its tree, which touches objects that are there.
		// The two indexes are derived, local and disposable.
		const skip = (path: string) => ["tasks/index.json", ".git/objects", ".git/msgcode/history"].includes(path);
		const before = snapshotOf(made.path, skip);
		for (const argv of [
			["task", "list"],
			["task", "list", "--no-index"],
			["task", "ready"],
			["task", "show", id],
			["task", "log", id],
			["log"],
			["task", "show", id, "--at", "HEAD"],
			["task", "list", "--at", "HEAD~1"],
			["fsck"],
			["doctor", "--fix"],
			["export", id],
			["task", "runs", id],
			["task", "diff", id],
			["task", "worktree", "list"],
			["task", "worktree", "path", id],
			["run", "list"],
			["run", "show", run],
			["run", "logs", run],
			["prime"],
		]) {
			const result = await made.msgcode(...argv);
			expect(result.exitCode, `${argv.join(" ")}\n${result.stderr}`).toBe(0);
			expect(snapshotOf(made.path, skip), argv.join(" ")).toEqual(before);
		}
	});

	test("another worktree is as free as before", async () => {
		const made = await divergedRepo({ ledger: true });
		made.git("worktree", "add", "--quiet", "-b", "linked", "../linked");
		made.git("-C", "../linked", "merge", "--quiet", "--no-commit", "--no-ff", "apart");
		expect((await made.msgcode("task", "add", "In main")).exitCode).toBe(0);
		// From the worktree in the middle of its merge, the main checkout's ledger is meant.
		const cwd = join(made.home, "linked");
		expect((await made.msgcodeWith({ cwd }, "task", "add", "From there")).exitCode).toBe(0);
		expect(made.git("-C", "../linked", "status", "--porcelain")).toBe("A  apart.txt");
	});
});

describe("a run that ends in the middle of", () => {
	/** Where a run keeps what is its own; all else is the user's, git's operation included. */
	const OWN = /^(worktrees|\.git\/(msgcode|objects|worktrees|refs\/msgcode)|tasks\/index\.json)(\/|$)/;
	const isOwnPlace = (path: string) => OWN.test(path);

	/** Starts a run that waits; `disturb` happens while it does; gives what the run printed at its end. */
	async function runWhile(made: Repo, id: string, disturb: () => void, ...flags: string[]) {
		const gate = join(made.home, "gate");
		const script = `touch "$1.reached"; while ! [ -e "$1" ]; do sleep 0.02; done; echo made >made.txt`;
		const running = made.msgcodeProcess("--json", "task", "run", id, ...flags, "--", "sh", "-c", script, "sh", gate);
		await expect.poll(() => made.exists("../gate.reached"), { timeout: 20_000 }).toBe(true);
		disturb();
		const before = snapshotOf(made.path, isOwnPlace);
		made.write("../gate", "");
		const result = await running;
		expect(snapshotOf(made.path, isOwnPlace)).toEqual(before);
		return result;
	}

	/** The run's result is in HEAD now, whole, and can be landed. */
	async function expectSettled(made: Repo, id: string, runId: string): Promise<void> {
		const folder = `tasks/runs/${id}/${runId}`;
		expect(JSON.parse(made.git("show", `HEAD:${folder}/run_receipt.json`))).toMatchObject({ status: "ok", runId });
		expect(made.git("show", `HEAD:${folder}/patch.diff`)).toContain("made.txt");
		expect(made.git("show", "HEAD:tasks/runs.jsonl")).toContain(runId);
		expect(pendingOf(made)).toEqual([]);
		expect(made.git("for-each-ref", "refs/msgcode/pending")).toBe("");
		expect(made.git("status", "--porcelain")).toBe("");
		expect((await made.msgcode("task", "apply", id, "--yes")).exitCode).toBe(0);
		expect(made.read("made.txt")).toBe("made\n");
	}

	test.each(["merge", "rebase", "cherry-pick", "bisect"])(
		"a %s keeps its result for the next command after it",
		async (name) => {
			const made = await divergedRepo({ ledger: true });
			const id = await addTask(made);
			const result = await runWhile(made, id, () => beginOperation(made, name));
			expect(result.exitCode).toBe(0);
			const { data, warnings } = result.json();
			expect(data).toMatchObject({ status: "ok", commit: null, pending: expect.any(String) });
			expect(warnings.map(({ code }: { code: string }) => code)).toContain("result_pending");
			expect(pendingOf(made)).toHaveLength(1);
			goOn(made, name);
			expect(made.git("status", "--porcelain")).toBe("");
			expect((await made.msgcode("task", "add", "The next command")).exitCode).toBe(0);
			expect(subjects(made, 2)).toEqual(['task(ID): add "The next command"', "task(ID): run ok, 1 file changed"]);
			await expectSettled(made, id, data.runId);
		},
	);

	test("a rebase that is given up keeps it as well, with the closing that was asked for", async () => {
		const made = await divergedRepo({ ledger: true });
		const id = await addTask(made);
		const result = await runWhile(made, id, () => beginOperation(made, "rebase"), "--close");
		expect(result.json().data.pending).not.toBeNull();
		made.git("rebase", "--abort");
		expect((await made.msgcode("task", "add", "The next command")).exitCode).toBe(0);
		const record = JSON.parse(made.git("show", `HEAD:tasks/${id}.json`));
		expect(record.status).toBe("done");
		expect(pendingOf(made)).toEqual([]);
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("a stay on a branch without the task waits for the way back", async () => {
		const made = await divergedRepo({ ledger: true });
		made.git("branch", "without");
		const id = await addTask(made);
		const result = await runWhile(made, id, () => made.git("switch", "--quiet", "without"));
		expect(result.exitCode).toBe(0);
		const { data } = result.json();
		expect(data).toMatchObject({ status: "ok", commit: null, pending: expect.any(String) });
		expect((await made.msgcode("task", "add", "On the other branch")).exitCode).toBe(0);
		expect(pendingOf(made)).toHaveLength(1);
		expect(made.git("ls-tree", "-r", "--name-only", "HEAD")).not.toContain(id);
		made.git("switch", "--quiet", "main");
		expect((await made.msgcode("task", "add", "Back again")).exitCode).toBe(0);
		await expectSettled(made, id, data.runId);
	});

	test("a stay on a branch without any ledger waits for the way back", async () => {
		const made = await divergedRepo();
		made.git("branch", "bare-code");
		expect((await made.msgcode("init")).exitCode).toBe(0);
		const id = await addTask(made);
		const result = await runWhile(made, id, () => made.git("switch", "--quiet", "bare-code"));
		expect(result.exitCode).toBe(0);
		expect(made.git("status", "--porcelain")).toBe("");
		made.git("switch", "--quiet", "main");
		expect((await made.msgcode("task", "add", "Back again")).exitCode).toBe(0);
		await expectSettled(made, id, result.json().data.runId);
	});
});
