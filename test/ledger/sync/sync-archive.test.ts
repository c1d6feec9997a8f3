// `msgcode sync` where tasks change their home on one side: every file ends in one place, with what both sides did to it.
import { describe, expect, test } from "vitest";
import type { Repo } from "../../support/repo.ts";
import { addTask, succeed, twoClones } from "../../support/two-clones.ts";

const YEAR = "tasks/archive/2026";

/** Moves a task's files as they are, and commits that. */
function archive(place: Repo, id: string, home = YEAR, from = "tasks"): void {
	for (const file of place.git("ls-files", "--", `${from}/${id}.*`, `${from}/runs/${id}`).split("\n")) {
		const target = `${home}/${file.slice(from.length + 1)}`;
		place.write(target, place.read(file));
		place.git("rm", "--quiet", "--", file);
		place.git("add", "--", target);
	}
	place.git("commit", "--quiet", "-m", `task(${id}): archive\n\nMsgcode-Op: archive\nMsgcode-Task: ${id}`);
}

async function shared(workspace?: string): Promise<{ ann: Repo; bob: Repo; id: string; other: string }> {
	const { ann, bob } = await twoClones(workspace === undefined ? {} : { workspace });
	const id = await addTask(ann, "Shared", "--priority", "3", "--runner", "shell", "--", "true");
	const other = await addTask(ann, "Other", "--runner", "shell", "--", "true");
	await succeed(ann, "task", "run", id, "--in-place", "--", "true");
	await succeed(ann, "task", "close", id);
	await succeed(ann, "sync");
	await succeed(bob, "sync");
	return { ann, bob, id, other };
}

const filesOf = (place: Repo, id: string) =>
	place
		.git("ls-files", "--", "tasks")
		.split("\n")
		.filter((file) => file.includes(id));

async function bothSynced(first: Repo, second: Repo): Promise<void> {
	await succeed(first, "sync");
	const { data } = await succeed(second, "sync");
	expect(data.action).toBe("replay");
	await succeed(first, "sync");
	expect(first.git("rev-parse", "HEAD")).toBe(second.git("rev-parse", "HEAD"));
	for (const place of [first, second]) expect(place.git("status", "--porcelain")).toBe("");
}

describe("a task archived on one side", () => {
	test.each([
		["archived first, edited second", (ann: Repo, bob: Repo) => [ann, bob] as const],
		["edited first, archived second", (ann: Repo, bob: Repo) => [bob, ann] as const],
	])("and edited on the other: %s", async (_, order) => {
		const { ann, bob, id } = await shared();
		archive(ann, id);
		await succeed(bob, "task", "edit", id, "--priority", "9");
		const [first, second] = order(ann, bob);
		await bothSynced(first, second);
		const files = filesOf(first, id);
		expect(files.every((file) => file.startsWith(YEAR))).toBe(true);
		expect(files).toContain(`${YEAR}/${id}.json`);
		expect(first.read(`${YEAR}/${id}.md`)).toContain("priority: 9");
		expect((await succeed(first, "task", "show", id)).data).toMatchObject({ priority: 9, status: "done" });
	});

	test("and on the other as well: one copy; and again when that is synced twice", async () => {
		const { ann, bob, id } = await shared();
		archive(ann, id);
		archive(bob, id);
		await succeed(ann, "sync");
		expect((await succeed(bob, "sync")).data).toMatchObject({ action: "replay", dropped: 1, pushed: 0 });
		expect(filesOf(bob, id).every((file) => file.startsWith(YEAR))).toBe(true);
		expect((await succeed(bob, "sync")).data.action).toBe("up-to-date");
	});

	test("while the other brings it home changed: it ends at home, once", async () => {
		const { ann, bob, id } = await shared();
		archive(ann, id);
		await succeed(ann, "sync");
		await succeed(bob, "sync");
		archive(bob, id, "tasks", YEAR);
		ann.write(`${YEAR}/${id}.md`, ann.read(`${YEAR}/${id}.md`).replace("priority: 3", "priority: 4"));
		ann.git("commit", "--quiet", "-am", "edited in the archive");
		await bothSynced(ann, bob);
		expect(filesOf(ann, id).some((file) => file.startsWith(YEAR))).toBe(false);
		expect(ann.read(`tasks/${id}.md`)).toContain("priority: 4");
	});

	test("in a workspace in a sub-folder", async () => {
		const { ann, bob, id } = await shared("packages/api");
		const inside = (place: Repo, from: string, to: string) => {
			place.write(to, place.read(from));
			place.git("rm", "--quiet", "--", from);
			place.git("add", "--", to);
		};
		for (const name of [`${id}.md`, `${id}.json`])
			inside(ann, `packages/api/tasks/${name}`, `packages/api/${YEAR}/${name}`);
		ann.git("commit", "--quiet", "-m", "archive");
		await succeed(bob, "task", "edit", id, "--priority", "9");
		await bothSynced(ann, bob);
		expect(ann.read(`packages/api/${YEAR}/${id}.md`)).toContain("priority: 9");
		expect(ann.exists(`packages/api/tasks/${id}.md`)).toBe(false);
	});

	test("by `msgcode task archive`, with work on other tasks on both sides", async () => {
		const { ann, bob, id, other } = await shared();
		await succeed(ann, "task", "archive", id);
		await succeed(ann, "task", "edit", other, "--priority", "7");
		await succeed(bob, "task", "edit", id, "--label", "late");
		await succeed(bob, "task", "edit", other, "--label", "x");
		await bothSynced(ann, bob);
		for (const place of [ann, bob]) {
			expect((await succeed(place, "task", "show", id)).data).toMatchObject({
				labels: ["late"],
				status: "done",
				runs: 1,
			});
			expect((await succeed(place, "task", "show", other)).data).toMatchObject({ priority: 7, labels: ["x"] });
		}
		expect((await ann.msgcode("fsck", "--json")).json().data.counts.damaged).toBe(0);
	});

	test("both changed one scalar differently: refused, nothing changed", async () => {
		const { ann, bob, id } = await shared();
		await succeed(ann, "task", "edit", id, "--priority", "8");
		archive(ann, id);
		await succeed(ann, "sync");
		await succeed(bob, "task", "edit", id, "--priority", "9");
		const before = bob.git("rev-parse", "HEAD");
		const refused = await bob.msgcode("sync", "--json");
		expect([refused.exitCode, refused.json().error.details]).toMatchObject([4, { taskId: id }]);
		expect(bob.git("rev-parse", "HEAD")).toBe(before);
	});
});

describe("runs.jsonl rotated on one side", () => {
	test.each(["rotated first", "rotated second"])(
		"and appended to on the other, %s: every run is there once",
		async (which) => {
			const { ann, bob, id, other } = await shared();
			const rotated = `${YEAR}/runs-0123456789abcdef.jsonl`;
			ann.write(rotated, ann.read("tasks/runs.jsonl"));
			ann.write("tasks/runs.jsonl", "");
			ann.git("add", "--", rotated);
			ann.git("commit", "--quiet", "-am", "tasks: rotate\n\nMsgcode-Op: archive");
			await succeed(bob, "task", "run", other, "--in-place", "--", "true");
			await bothSynced(...((which === "rotated first" ? [ann, bob] : [bob, ann]) as [Repo, Repo]));
			const { data } = await succeed(ann, "run", "list");
			expect(data.map(({ taskId }: { taskId: string }) => taskId).sort()).toEqual([id, other].sort());
			expect(ann.read(rotated)).toContain(id);
		},
	);
});
