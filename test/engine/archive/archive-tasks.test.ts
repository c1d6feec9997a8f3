// Closed tasks leave the live folder with all their files and are found as before: shown, logged, listed, depended on,
// reopened, landed. What is open, at work or only in the checkout stays.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { refuseTaken } from "../../../src/ledger/edit/add-task.ts";
import { killedAt } from "../../support/killed.ts";
import { namesIn } from "../../support/names.ts";
import { type Repo, type RepoOptions, repo } from "../../support/repo.ts";

const YEAR = String(new Date().getUTCFullYear());
const HOME = `tasks/archive/${YEAR}`;

const withLedger = (options: RepoOptions = {}) =>
	repo({ ledger: true, ...options, files: { "code.txt": "code\n", ...options.files } });

async function ok(made: Repo, ...argv: string[]) {
	const result = await made.msgcode("--json", ...argv);
	if (result.exitCode !== 0) throw new Error(`${argv.join(" ")}: ${result.stdout}${result.stderr}`);
	return result.json().data;
}

const add = async (made: Repo, title: string, ...more: string[]): Promise<string> =>
	(await ok(made, "task", "add", title, ...more)).id;
const RUNS = ["--runner", "shell", "--", "sh", "-c", "echo made >made.txt"];

async function closed(made: Repo, title = "Over", ...more: string[]): Promise<string> {
	const id = await add(made, title, ...more);
	await ok(made, "task", "close", id);
	return id;
}

/** Closed, with one run that changed something. */
async function closedWithRun(made: Repo): Promise<{ id: string; runId: string }> {
	const id = await add(made, "Ran", ...RUNS);
	const { runId } = await ok(made, "task", "run", id, "--close");
	await ok(made, "task", "worktree", "rm", id);
	return { id, runId };
}

const code = async (made: Repo, ...argv: string[]) => (await made.msgcode("--json", ...argv)).json().error?.code;
const names = (made: Repo, folder: string) => namesIn(join(made.path, folder));
const changedIn = (made: Repo, ...how: string[]) =>
	made
		.git("show", "--format=", "--name-status", ...how, "HEAD")
		.split("\n")
		.sort();
const dirt = (made: Repo) => made.git("status", "--porcelain", "--untracked-files=all");

describe("task archive", () => {
	test("moves a closed task with its runs in one commit, byte for byte", async () => {
		const made = await withLedger();
		const { id, runId } = await closedWithRun(made);
		const patch = made.read(`tasks/runs/${id}/${runId}/patch.diff`);
		const { archived, commits } = await ok(made, "task", "archive", id);
		expect(archived).toEqual([{ id, title: "Ran", home: HOME }]);
		expect(commits).toEqual([made.git("rev-parse", "HEAD")]);
		const files = [
			`${id}.json`,
			`${id}.md`,
			...["patch.diff", "run_receipt.json", "summary.md"].map((file) => `runs/${id}/${runId}/${file}`),
		];
		const kept = [`A\t${HOME}/.gitkeep`, `A\t${HOME}/runs/.gitkeep`];
		const moved = files.map((file) => `R100\ttasks/${file}\t${HOME}/${file}`);
		expect(changedIn(made, "-M100%")).toEqual([...kept, ...moved].sort());
		expect(names(made, "tasks/runs")).toEqual([]);
		expect(made.read(`${HOME}/runs/${id}/${runId}/patch.diff`)).toBe(patch);
		expect(dirt(made)).toBe("");
		expect(made.git("log", "-1", "--format=%s%n%(trailers:key=Msgcode-Op,valueonly)").trim()).toBe(
			`task(${id}): archive\narchive`,
		);
	});

	test("leaves the year where it was when undo brings the task back: for git it was never a folder that moved", async () => {
		const made = await withLedger();
		const id = await closed(made);
		await ok(made, "task", "archive", id);
		await ok(made, "undo");
		expect(names(made, HOME)).toEqual([]);
		expect(made.git("ls-files", HOME).split("\n")).toEqual([`${HOME}/.gitkeep`, `${HOME}/runs/.gitkeep`]);
		expect((await ok(made, "task", "show", id)).status).toBe("done");
		await ok(made, "undo");
		expect(names(made, HOME)).toEqual([`${id}.json`, `${id}.md`]);
	});

	test("without ids takes what is older than told, and nothing that is open", async () => {
		const made = await withLedger();
		const open = await add(made, "Open");
		const over = await closed(made);
		const removed = await add(made, "Removed");
		await ok(made, "task", "rm", removed);
		expect((await ok(made, "task", "archive")).archived).toEqual([]);
		const { archived, kept } = await ok(made, "task", "archive", "--older-than", "0s");
		expect(archived.map(({ id }: { id: string }) => id).sort()).toEqual([over, removed].sort());
		expect(kept).toEqual([]);
		expect(names(made, "tasks").filter((name) => name.startsWith("tsk_"))).toEqual([`${open}.json`, `${open}.md`]);
		expect(
			(await ok(made, "task", "list", "--archived", "--removed")).map(({ id }: { id: string }) => id).sort(),
		).toEqual([over, removed].sort());
		expect((await ok(made, "task", "list", "--all", "--removed")).map(({ id }: { id: string }) => id)).toEqual([open]);
	});

	test("asks the setting for the age, and off means that only named tasks go", async () => {
		const made = await withLedger({ files: { "msgcode.toml": '[ledger]\narchive_after = "0s"\n' } });
		const id = await closed(made);
		expect((await ok(made, "task", "archive", "--dry-run")).archived).toHaveLength(1);
		expect(names(made, HOME)).toEqual([]);
		made.write("msgcode.toml", '[ledger]\narchive_after = "off"\n');
		expect(await code(made, "task", "archive")).toBe("usage");
		expect(await code(made, "task", "archive", id, "--older-than", "1d")).toBe("usage");
		expect((await ok(made, "task", "archive", id)).archived).toHaveLength(1);
		expect((await ok(made, "task", "archive", id)).archived).toEqual([]);
	});

	test("refuses an open task, a live run and a worktree, and then moves none of the others", async () => {
		const made = await withLedger();
		const over = await closed(made);
		const open = await add(made, "Open");
		expect(await code(made, "task", "archive", over, open)).toBe("task_transition");
		const ran = await add(made, "Ran", ...RUNS);
		await ok(made, "task", "run", ran, "--close");
		expect(await code(made, "task", "archive", over, ran)).toBe("worktree_kept");
		const { kept } = await ok(made, "task", "archive", "--older-than", "0s", "--dry-run");
		expect(kept).toEqual([{ id: ran, reason: expect.stringContaining("worktree") }]);
		expect(names(made, HOME)).toEqual([]);
	});

	test("commits a named task's hand edit first; without a name the edit keeps the task where it is", async () => {
		const made = await withLedger();
		const id = await closed(made);
		made.write(`tasks/${id}.md`, `${made.read(`tasks/${id}.md`)}by hand\n`);
		const { archived, kept } = await ok(made, "task", "archive", "--older-than", "0s");
		expect({ archived, kept: kept.length }).toEqual({ archived: [], kept: 1 });
		await ok(made, "task", "archive", id);
		expect(made.git("log", "-2", "--format=%s")).toBe(`task(${id}): archive\ntask(${id}): edited by hand`);
		expect(made.read(`${HOME}/${id}.md`)).toContain("by hand");
	});

	test("takes no file along that is not the ledger's, and leaves what another copy is in the way of", async () => {
		const made = await withLedger();
		const { id, runId } = await closedWithRun(made);
		made.write(`tasks/runs/${id}/${runId}/notes.txt`, "mine\n");
		await ok(made, "task", "archive", id);
		expect(dirt(made)).toBe(`?? tasks/runs/${id}/${runId}/notes.txt`);
		const other = await closed(made);
		made.write(`${HOME}/${other}.md`, "another\n");
		const { kept } = await ok(made, "task", "archive", other);
		expect(kept).toEqual([{ id: other, reason: expect.stringContaining("another copy") }]);
		expect(existsSync(join(made.path, `tasks/${other}.md`))).toBe(true);
	});

	test("takes the year of the closing, and local events along", async () => {
		const made = await withLedger();
		const { id, runId } = await closedWithRun(made);
		made.write(`tasks/${id}.json`, made.read(`tasks/${id}.json`).replace(/"atMs": \d+/, '"atMs": 1577750400000'));
		made.git("commit", "--quiet", "-am", "closed in 2019");
		await ok(made, "task", "archive", id);
		expect(names(made, "tasks/archive/2019")).toEqual(["runs", `${id}.json`, `${id}.md`]);
		expect(names(made, `tasks/archive/2019/runs/${id}/${runId}`)).toContain("events.jsonl");
		expect(dirt(made)).toBe("");
		await ok(made, "task", "reopen", id);
		expect(names(made, "tasks/archive")).toEqual([]);
		expect(names(made, `tasks/runs/${id}/${runId}`)).toContain("events.jsonl");
	});
});

describe("an archived task", () => {
	test("is shown, logged and diffed, and its runs are listed as before", async () => {
		const made = await withLedger();
		const { id, runId } = await closedWithRun(made);
		const other = await closed(made);
		const asked: string[][] = [
			["task", "show", id],
			["task", "runs", id],
			["task", "diff", id],
			["run", "show", runId],
			["run", "list"],
		];
		const ask = async () => {
			const answers = [];
			for (const argv of asked)
				answers.push(
					JSON.stringify(await ok(made, ...argv))
						.replaceAll(`${HOME}/runs`, "tasks/runs")
						.replaceAll(/"updatedAtMs":[\d.]+/g, ""),
				);
			return answers;
		};
		const before = await ask();
		await ok(made, "task", "archive", id, other);
		expect(await ask()).toEqual(before);
		expect((await made.msgcode("run", "logs", runId)).exitCode).toBe(0);
		expect((await made.msgcode("run", "show", runId)).stdout).toContain(`${HOME}/runs/${id}/${runId}/patch.diff`);
		expect((await ok(made, "task", "show", id)).outputs.patches).toEqual([`${HOME}/runs/${id}/${runId}/patch.diff`]);
	});

	test("is found by the beginning of its id, which may be ambiguous with a live one's", async () => {
		const made = await withLedger();
		const id = await closed(made);
		await ok(made, "task", "archive", id);
		expect((await ok(made, "task", "show", id.slice(4, 12))).id).toBe(id);
		const twin = `${id.slice(0, 12)}${id.endsWith("zz") ? "aa" : "zz"}`;
		made.write(`tasks/${twin}.md`, "---\ntitle: Twin\n---\n");
		expect(await code(made, "task", "show", id.slice(0, 12))).toBe("task_ambiguous");
		expect((await ok(made, "task", "show", twin)).title).toBe("Twin");
	});

	test("still counts as what others depend on", async () => {
		const made = await withLedger();
		const parent = await closed(made);
		await ok(made, "task", "archive", parent);
		const child = await add(made, "Child", "--depends-on", parent);
		const ready = async () => (await ok(made, "task", "ready")).map(({ id }: { id: string }) => id);
		expect(await ready()).toEqual([child]);
		expect((await ok(made, "prime")).ready.map(({ id }: { id: string }) => id)).toEqual([child]);
		expect((await made.msgcode("doctor")).stdout).not.toContain(parent);
		await ok(made, "task", "reopen", parent);
		expect(await ready()).toEqual([parent]);
		expect(await code(made, "task", "edit", parent, "--depends-on", child)).toBe("dependency_cycle");
	});

	test.each([
		["reopen", []],
		["edit", ["--title", "Another"]],
	])("comes home with task %s, in the same commit", async (verb, more) => {
		const made = await withLedger();
		const { id } = await closedWithRun(made);
		await ok(made, "task", "archive", id);
		const before = Number(made.git("rev-list", "--count", "HEAD"));
		await ok(made, "task", verb, id, ...more);
		expect(Number(made.git("rev-list", "--count", "HEAD"))).toBe(before + 1);
		expect(names(made, "tasks/archive")).toEqual([]);
		expect(names(made, "tasks/runs")).toEqual([id]);
		expect(changedIn(made, "--no-renames").filter((line) => line.startsWith("A"))).toHaveLength(5);
		expect(dirt(made)).toBe("");
		expect((await ok(made, "task", "list", "--all")).map((task: { id: string }) => task.id)).toEqual([id]);
	});

	test("is not changed by what its status does not allow, and stays in the archive then", async () => {
		const made = await withLedger();
		const id = await closed(made);
		await ok(made, "task", "archive", id);
		const head = made.git("rev-parse", "HEAD");
		expect(await code(made, "task", "close", id)).toBe("task_transition");
		expect(await code(made, "task", "block", id, "--reason", "x")).toBe("task_transition");
		expect(await code(made, "task", "run", id, "--", "true")).toBe("task_transition");
		expect(made.git("rev-parse", "HEAD")).toBe(head);
		expect(names(made, HOME)).toHaveLength(2);
	});

	test.each(["apply", "reject"])("has its run decided by task %s, which brings it home", async (verb) => {
		const made = await withLedger();
		const { id, runId } = await closedWithRun(made);
		await ok(made, "task", "archive", id);
		if (verb === "apply") made.git("update-ref", "-d", `refs/msgcode/runs/${runId}`); // from the tracked patch then
		await ok(made, "task", verb, id, ...(verb === "apply" ? ["--yes"] : ["--reason", "wrong"]));
		expect(made.exists("made.txt")).toBe(verb === "apply");
		expect(names(made, `tasks/runs/${id}/${runId}`)).toContain(verb === "apply" ? "landing.json" : "rejection.json");
		expect(names(made, "tasks/archive")).toEqual([]);
		expect(dirt(made)).toBe("");
	});

	test("has hand edits committed where it stands", async () => {
		const made = await withLedger();
		const id = await closed(made);
		await ok(made, "task", "archive", id);
		made.write(`${HOME}/${id}.md`, `${made.read(`${HOME}/${id}.md`)}by hand\n`);
		const { committed } = await ok(made, "commit");
		expect(committed).toMatchObject([{ taskId: id, files: [`${HOME}/${id}.md`] }]);
		expect(dirt(made)).toBe("");
	});

	test("keeps its id for ever", async () => {
		const made = await withLedger();
		const id = await closed(made);
		await ok(made, "task", "archive", id);
		expect(() => refuseTaken(made.path, id)).toThrow(expect.objectContaining({ code: "task_exists" }));
		expect(() => refuseTaken(made.path, "tsk_0000000000")).not.toThrow();
	});
});

describe("a move that is killed", () => {
	const points = [
		"ledger.journal-written",
		"ledger.file-written",
		"ledger.file-written:4",
		"ledger.file-written:7",
		"ledger.files-written",
		"index.renamed",
		"ledger.index-written",
		"ledger.ref-moved",
		"ledger.done",
	];
	test.each(points.flatMap((point) => [["archive", point] as const, ["reopen", point] as const]))(
		"in task %s at %s is whole after the next command: in one home, with its run, and nothing else to commit",
		async (verb, point) => {
			const made = await withLedger();
			const { id, runId } = await closedWithRun(made);
			if (verb === "reopen") await ok(made, "task", "archive", id);
			killedAt(made, point, ["task", verb, id]);
			await ok(made, "task", "list");
			const wanted = verb === "archive" ? HOME : "tasks";
			const other = verb === "archive" ? "tasks" : HOME;
			expect(names(made, wanted)).toEqual(expect.arrayContaining([`${id}.json`, `${id}.md`]));
			expect(names(made, other).filter((name) => name.startsWith(id))).toEqual([]);
			expect(await ok(made, "task", "show", id)).toMatchObject({
				runs: 1,
				diagnostics: [],
				status: verb === "archive" ? "done" : "open",
			});
			expect((await ok(made, "task", "runs", id)).map((run: { runId: string }) => run.runId)).toEqual([runId]);
			expect(dirt(made)).toBe("");
		},
	);
});
