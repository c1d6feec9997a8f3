// An archive on one side of a plain `git merge`, something else on the other: what git makes of it, and that nothing of a
// task is out of sight afterwards.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { namesIn } from "../support/names.ts";
import type { Repo } from "../support/repo.ts";
import { addTask, succeed, twoClones } from "../support/two-clones.ts";

const HOME = `tasks/archive/${new Date().getUTCFullYear()}`;
const COMMAND = ["--", "sh", "-c", "date +%N >made.txt"];

const data = async (place: Repo, ...argv: string[]) => (await succeed(place, ...argv)).data;
const listed = async (place: Repo, ...argv: string[]) =>
	(await data(place, "task", "list", ...argv)).map(({ id }: { id: string }) => id);
const names = (place: Repo, folder: string) => namesIn(join(place.path, folder));

const added = (place: Repo) => addTask(place, "One", "--runner", "shell", ...COMMAND);
async function run(place: Repo, id: string, ...flags: string[]): Promise<string> {
	const { runId } = await data(place, "task", "run", id, ...flags, ...COMMAND);
	return runId;
}
async function closeAndArchive(place: Repo, id: string, ...flags: string[]): Promise<void> {
	if (place.exists(`worktrees/${id}`)) await succeed(place, "task", "worktree", "rm", id);
	await succeed(place, "task", "close", id, ...flags);
	await succeed(place, "task", "archive", id);
}

interface Sides {
	readonly before?: (place: Repo) => Promise<string>;
	readonly here: (place: Repo, id: string) => Promise<unknown>;
	readonly there: (place: Repo, id: string) => Promise<unknown>;
}

/** Ann does `here`, Bob does `there` and merges Ann's branch by git alone. */
async function merged({ before = added, here, there }: Sides): Promise<{ bob: Repo; id: string; conflicts: string[] }> {
	const { ann, bob } = await twoClones();
	for (const place of [ann, bob]) withoutDriver(place);
	const id = await before(ann);
	ann.git("push", "--quiet");
	bob.git("pull", "--quiet");
	await here(ann, id);
	ann.git("push", "--quiet");
	await there(bob, id);
	bob.git("fetch", "--quiet");
	try {
		bob.git("merge", "--quiet", "--no-edit", "origin/main");
	} catch {
		// The conflicts say so.
	}
	const conflicts = bob
		.git("diff", "--name-only", "--diff-filter=U")
		.split("\n")
		.filter((path) => path !== "");
	return { bob, id, conflicts };
}

function withoutDriver(place: Repo): void {
	try {
		place.git("config", "--remove-section", "merge.msgcode");
	} catch {
		// A clone has none.
	}
}

const over = async (place: Repo) => {
	const id = await added(place);
	await run(place, id);
	await succeed(place, "task", "worktree", "rm", id);
	await succeed(place, "task", "close", id);
	return id;
};
const archive = (place: Repo, id: string) => succeed(place, "task", "archive", id);

describe("archived here", () => {
	test("edited there: git follows the file into the archive", async () => {
		const { bob, id, conflicts } = await merged({
			before: over,
			here: archive,
			there: (place, task) => succeed(place, "task", "edit", task, "--title", "Two"),
		});
		expect(conflicts).toEqual([]);
		expect(names(bob, "tasks").filter((name) => name.startsWith("tsk_"))).toEqual([]);
		expect(await data(bob, "task", "show", id)).toMatchObject({
			title: "Two",
			status: "done",
			runs: 1,
			diagnostics: [],
		});
	});

	test("reopened there: it is open in the archive, listed as live, and the next change brings it home", async () => {
		const { bob, id, conflicts } = await merged({
			before: over,
			here: archive,
			there: (place, task) => succeed(place, "task", "reopen", task),
		});
		expect(conflicts).toEqual([]);
		expect(names(bob, HOME)).toContain(`${id}.json`);
		expect(await listed(bob)).toEqual([id]);
		expect(await listed(bob, "--no-index")).toEqual([id]);
		expect((await data(bob, "task", "ready")).map((task: { id: string }) => task.id)).toEqual([id]);
		await succeed(bob, "task", "block", id, "--reason", "later");
		expect(names(bob, "tasks/archive")).toEqual([]);
		expect(await data(bob, "task", "show", id)).toMatchObject({ status: "blocked", runs: 1 });
		expect(bob.git("status", "--porcelain")).toBe("");
		// And again out of sight, once it is over.
		await succeed(bob, "task", "close", id);
		await archive(bob, id);
		expect(await listed(bob, "--all")).toEqual([]);
	});

	test("archived there as well: the same place, nothing to merge", async () => {
		const { bob, id, conflicts } = await merged({ before: over, here: archive, there: archive });
		expect(conflicts).toEqual([]);
		expect(names(bob, HOME)).toEqual(["runs", `${id}.json`, `${id}.md`]);
	});

	test("closed otherwise and archived there: an ordinary conflict, and the task is listed as broken", async () => {
		const { bob, id, conflicts } = await merged({
			here: closeAndArchive,
			there: (place, task) => closeAndArchive(place, task, "--reason", "no longer needed"),
		});
		expect(conflicts).toEqual([`${HOME}/${id}.json`]);
		const list = await bob.msgcode("--json", "task", "list");
		expect(list.exitCode).toBe(7);
		expect(list.json().data).toMatchObject([{ id, broken: true }]);
	});

	test.each([
		["its first run", added],
		[
			"another run",
			async (place: Repo) => {
				const id = await added(place);
				await run(place, id);
				return id;
			},
		],
	])("%s there: the run stays in the live folder and counts; archiving again takes it along", async (_, before) => {
		const { bob, id, conflicts } = await merged({ before, here: closeAndArchive, there: run });
		expect(conflicts).toEqual([]);
		const [runId = ""] = names(bob, `tasks/runs/${id}`);
		expect(runId).toMatch(/^run_/);
		const runs = (await data(bob, "task", "runs", id)).map((one: { runId: string }) => one.runId);
		expect(runs).toContain(runId);
		expect(await data(bob, "run", "show", runId)).toMatchObject({ taskId: id, runId });
		expect((await data(bob, "task", "show", id)).runs).toBe(runs.length);
		expect((await bob.msgcode("doctor")).stdout).not.toContain(`belongs to no task`);
		await succeed(bob, "task", "worktree", "rm", id);
		await archive(bob, id);
		expect(names(bob, "tasks/runs")).toEqual([]);
		expect(names(bob, `${HOME}/runs/${id}`)).toHaveLength(runs.length);
		expect((await data(bob, "task", "runs", id)).map((one: { runId: string }) => one.runId)).toEqual(runs);
	});

	test("landed there: git asks where landing.json belongs, with the file in the archive", async () => {
		const { bob, id, conflicts } = await merged({
			before: async (place) => {
				const task = await added(place);
				await run(place, task);
				return task;
			},
			here: closeAndArchive,
			there: (place, task) => succeed(place, "task", "apply", task, "--yes"),
		});
		const [runId] = names(bob, `${HOME}/runs/${id}`);
		expect(conflicts).toEqual([`${HOME}/runs/${id}/${runId}/landing.json`]);
		bob.git("add", "tasks");
		bob.git("commit", "--quiet", "--no-edit");
		expect((await data(bob, "task", "show", id)).landings).toMatchObject([{ runId }]);
	});

	test("and the live copy brought back by somebody's merge: the live one counts and says so, until one of them goes", async () => {
		const { bob, id } = await merged({ before: over, here: archive, there: async () => {} });
		bob.git("checkout", "--quiet", "HEAD~1", "--", `tasks/${id}.md`);
		bob.write(`tasks/${id}.md`, bob.read(`tasks/${id}.md`).replace("title: One", "title: Two"));
		bob.commitAll("keep both");
		const shown = async () => data(bob, "task", "show", id);
		expect(await shown()).toMatchObject({
			title: "Two",
			status: "done",
			runs: 1,
			diagnostics: [{ code: "two_homes" }],
		});
		for (const flags of [[], ["--no-index"]]) {
			const [task] = await data(bob, "task", "list", "--all", ...flags);
			expect(task).toMatchObject({ id, title: "Two", diagnostics: [{ code: "two_homes" }] });
		}
		expect(await listed(bob, "--archived")).toEqual([]);
		await succeed(bob, "task", "reopen", id);
		expect(names(bob, HOME)).toEqual([`${id}.md`]);
		expect(await shown()).toMatchObject({ title: "Two", status: "open", runs: 1 });
		bob.git("rm", "--quiet", `${HOME}/${id}.md`);
		bob.git("commit", "--quiet", "-m", "one copy");
		expect((await shown()).diagnostics).toEqual([]);
		expect((await data(bob, "task", "list"))[0].diagnostics).toEqual([]);
	});
});

describe("runs.jsonl cut here, appended to there", () => {
	const lineOf = (number: number) => {
		const runId = `run_20250101T000000Z_${number.toString(16).padStart(8, "0")}`;
		const ts = new Date(Date.UTC(2025, 0, 1) + number * 1000).toISOString();
		return JSON.stringify({
			ts,
			runId,
			taskId: "tsk_0000000001",
			status: "ok",
			durationMs: 1,
			padding: "x".repeat(400),
		});
	};
	const LINES = Array.from({ length: 2_200 }, (_, number) => lineOf(number));

	test("comes together by union: lines may come back, each run counts once, and none is archived again", async () => {
		const { bob, conflicts } = await merged({
			before: async (place) => {
				place.write("tasks/runs.jsonl", `${LINES.join("\n")}\n`);
				place.commitAll("many runs");
				return added(place);
			},
			here: run,
			there: async (place) => {
				// As a clone does that has not cut yet: one more line.
				place.write("tasks/runs.jsonl", `${LINES.join("\n")}\n${lineOf(5_000)}\n`);
				place.commitAll("one more run");
			},
		});
		expect(conflicts).toEqual([]);
		const all = async () => (await data(bob, "run", "list")).map(({ runId }: { runId: string }) => runId);
		const runs = await all();
		expect(runs).toHaveLength(LINES.length + 2);
		expect(new Set(runs).size).toBe(runs.length);
		expect(bob.read("tasks/runs.jsonl")).toContain(lineOf(7));
		const id = await added(bob);
		await run(bob, id);
		expect((await all()).length).toBe(runs.length + 1);
		const archived = names(bob, "tasks/archive")
			.flatMap((year) => names(bob, `tasks/archive/${year}`).map((file) => bob.read(`tasks/archive/${year}/${file}`)))
			.join("")
			.trimEnd()
			.split("\n");
		expect(new Set(archived).size).toBe(archived.length);
		expect(archived).toEqual(expect.arrayContaining([...LINES, lineOf(5_000)]));
		expect(bob.read("tasks/runs.jsonl").trimEnd().split("\n")).toHaveLength(1);
	});
});

describe("git's search for renamed files", () => {
	test("a new task's record is never taken for an archived one: what the other side does to that stays with it", async () => {
		let other = "";
		const { bob, id, conflicts } = await merged({
			here: async (ann, id) => {
				other = await addTask(ann, "Two", "--runner", "shell", ...COMMAND);
				await closeAndArchive(ann, id, "--reason", "settled at some length, for a reason of ordinary size");
			},
			there: (place, id) => succeed(place, "task", "block", id, "--reason", "waits for the vendor"),
		});
		// Two states of one task are for a person to settle, and nothing of it stands in the new task.
		expect(conflicts.filter((path) => path.includes(id))).not.toEqual([]);
		expect(bob.read(`tasks/${other}.json`)).not.toContain("vendor");
		expect(bob.git("diff", "origin/main", "--", `tasks/${other}.json`)).toBe("");
	});

	test("a home that all its tasks have left is no folder that was renamed: what is archived there meanwhile stays there", async () => {
		let other = "";
		const { bob, id, conflicts } = await merged({
			before: async (place) => {
				const task = await added(place);
				other = await added(place);
				for (const one of [task, other]) await run(place, one);
				await closeAndArchive(place, task);
				return task;
			},
			here: (ann) => succeed(ann, "task", "reopen", ann.git("ls-files", HOME).match(/tsk_\w{10}/)?.[0] ?? ""),
			there: async (place) => {
				await succeed(place, "task", "close", other);
				await succeed(place, "task", "archive", other);
			},
		});
		expect(conflicts).toEqual([]);
		expect(names(bob, HOME)).toEqual(["runs", `${other}.json`, `${other}.md`]);
		expect(names(bob, `${HOME}/runs`)).toEqual([other]);
		expect(names(bob, "tasks/runs")).toEqual([id]);
	});
});
