// `task log` against plain facts and against a second reader of the same repository, isomorphic-git.
import fs from "node:fs";
import git from "isomorphic-git";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { changesOfTask, type FieldChange, NO_STATE, opOf } from "../../../src/ledger/history/task-changes.ts";
import { type Repo, repo } from "../../support/repo.ts";
import { addTask, succeed, twoClones } from "../../support/two-clones.ts";

interface Entry {
	commit: string;
	atMs: number;
	actor: string;
	op: string;
	summary: string;
	runId: string | null;
	changes: FieldChange[];
	patch?: string;
}

async function log(place: Repo, id: string, ...flags: string[]): Promise<Entry[]> {
	return (await succeed(place, "task", "log", id, ...flags)).data;
}

function fields(entry: Entry | undefined): Record<string, unknown> {
	return Object.fromEntries((entry?.changes ?? []).map(({ field, from, to }) => [field, [from, to]]));
}

async function blobAt(dir: string, oid: string, filepath: string): Promise<string | null> {
	return git.readBlob({ fs, dir, oid, filepath }).then(
		({ blob }) => Buffer.from(blob).toString("utf8"),
		() => null,
	);
}

/** The same history as isomorphic-git and a YAML parser tell it: for each commit the scalars that changed. */
async function secondReading(dir: string, id: string, prefix = ""): Promise<Record<string, Record<string, unknown>>> {
	const told: Record<string, Record<string, unknown>> = {};
	const stateAt = async (oid: string | undefined) => {
		if (oid === undefined) return { keys: {}, body: "", runs: new Set<string>() };
		const text = (await blobAt(dir, oid, `${prefix}tasks/${id}.md`)) ?? "";
		const [, matter = "", body = ""] = /^---\n([\s\S]*?)^---\n([\s\S]*)$/m.exec(text) ?? [];
		const record = JSON.parse((await blobAt(dir, oid, `${prefix}tasks/${id}.json`)) ?? "{}");
		const tree = await git.readTree({ fs, dir, oid, filepath: `${prefix}tasks/runs/${id}` }).catch(() => null);
		const keys: Record<string, unknown> = { ...parse(matter), ...record };
		return { keys, body, runs: new Set(tree?.tree.map(({ path }) => path)) };
	};
	for (const { oid, commit } of await git.log({ fs, dir, ref: "HEAD" })) {
		if (commit.parent.length > 1) continue;
		const [before, after] = [await stateAt(commit.parent[0]), await stateAt(oid)];
		const changes: Record<string, unknown> = {};
		for (const key of new Set([...Object.keys(before.keys), ...Object.keys(after.keys)])) {
			const [from, to] = [before.keys[key] ?? null, after.keys[key] ?? null];
			if (["schemaVersion", "id", "createdAtMs", "workspace", "salt"].includes(key)) continue;
			// What a new file has without anybody having decided it is not told.
			const born = !Object.hasOwn(before.keys, "title");
			if (born && (JSON.stringify(to) === "[]" || (key === "priority" && to === 5))) continue;
			if (JSON.stringify(from) !== JSON.stringify(to)) changes[key] = [from, to];
		}
		if (before.body !== after.body) changes.prompt = "changed";
		for (const run of after.runs) if (!before.runs.has(run)) changes.run = [null, run];
		if (Object.keys(changes).length > 0) told[oid] = changes;
	}
	return told;
}

function comparable(entries: readonly Entry[]): Record<string, Record<string, unknown>> {
	return Object.fromEntries(
		entries.map((entry) => {
			const changes = entry.changes.map(({ field, from, to }): [string, unknown] => [
				field,
				field === "prompt" ? "changed" : [from, to],
			]);
			return [entry.commit, Object.fromEntries(changes)];
		}),
	);
}

describe("task log", () => {
	test("tells who, when, why and what, and agrees with a second reading of the objects", async () => {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true });
		const id = await addTask(place, "First title", "--priority", "3", "--prompt", "one\ntwo");
		await addTask(place, "Another task");
		await succeed(place, "task", "edit", id, "--priority", "8", "--label", "docs", "--actor", "Ann");
		place.write("code.txt", "2\n");
		place.commitAll("code only");
		await succeed(place, "task", "edit", id, "--prompt", "one\nthree\nfour");
		await succeed(place, "task", "block", id, "--reason", "waits");
		await succeed(place, "task", "reopen", id);
		await succeed(place, "task", "run", id, "--in-place", "--", "true");
		await succeed(place, "task", "close", id, "--reason", "fine");
		place.write(`tasks/${id}.md`, place.read(`tasks/${id}.md`).replace("First title", "Last title"));
		place.git("commit", "--quiet", "-am", "Renamed with plain git", "--author", "Eve <eve@example.com>");
		const entries = await log(place, id);
		expect(entries.map(({ op }) => op)).toEqual(["edit", "close", "run", "unblock", "block", "edit", "edit", "add"]);
		expect(entries[0]).toMatchObject({ actor: "Eve", summary: "Renamed with plain git", runId: null });
		expect(fields(entries[0])).toEqual({ title: ["First title", "Last title"] });
		expect(fields(entries[1])).toMatchObject({ status: ["open", "done"], closed: [null, { reason: "fine" }] });
		expect(entries[2]?.runId).toMatch(/^run_/);
		expect(fields(entries[2])).toEqual({ run: [null, entries[2]?.runId] });
		expect(entries[5]?.changes).toEqual([{ field: "prompt", from: 3, to: 4, insertions: 2, deletions: 1 }]);
		expect(entries[6]).toMatchObject({ actor: "Ann", summary: expect.stringContaining("priority") });
		expect(fields(entries[6])).toEqual({ priority: [3, 8], labels: [[], ["docs"]] });
		expect(fields(entries[7])).toMatchObject({ title: [null, "First title"], status: [null, "open"] });
		expect(comparable(entries)).toEqual(await secondReading(place.path, id));
		const times = place
			.git("log", "--format=%H %at")
			.split("\n")
			.map((line) => line.split(" "));
		for (const { commit, atMs } of entries) {
			expect([commit, String(atMs / 1000)]).toEqual(times.find(([oid]) => oid === commit));
		}
	});

	test("--limit shows the newest and says that more is there", async () => {
		const place = await repo({ ledger: true });
		const id = await addTask(place, "A task");
		for (const priority of ["1", "2", "3"]) await succeed(place, "task", "edit", id, "--priority", priority);
		const { data, warnings } = await succeed(place, "task", "log", id, "--limit", "2");
		expect(data.map((entry: Entry) => fields(entry).priority)).toEqual([
			[2, 3],
			[1, 2],
		]);
		expect(warnings.map(({ code }: { code: string }) => code)).toEqual(["list_cut"]);
		expect((await succeed(place, "task", "log", id, "--limit", "4")).warnings).toEqual([]);
	});

	test("-p adds each change as a diff of the task's files and no others", async () => {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true, config: { "diff.noprefix": "true" } });
		const id = await addTask(place, "A task", "--priority", "3");
		await succeed(place, "task", "edit", id, "--priority", "4");
		place.write("code.txt", "2\n");
		place.write(`tasks/${id}.md`, `${place.read(`tasks/${id}.md`)}0123456789012345678901234567890123456789\n`);
		place.commitAll("both");
		const [both, edit, add] = await log(place, id, "-p");
		expect(edit?.patch).toContain(`--- a/tasks/${id}.md`);
		expect(edit?.patch).toMatch(/^-priority: 3$/m);
		expect(add?.patch).toContain("new file mode");
		expect(both?.patch).toContain("+0123456789012345678901234567890123456789");
		expect(both?.patch).not.toContain("code.txt");
		const text = await place.msgcode("task", "log", id, "-p");
		expect(text.stdout).toContain("+priority: 4");
	});

	test("merged branches: every side's commits are told once, a clean merge not at all", async () => {
		const { ann, bob } = await twoClones();
		const id = await addTask(ann, "Shared", "--priority", "3", "--label", "x");
		ann.git("push", "--quiet");
		bob.git("pull", "--quiet");
		await succeed(ann, "task", "edit", id, "--priority", "9");
		ann.git("push", "--quiet");
		await succeed(bob, "task", "edit", id, "--label", "y");
		bob.git("pull", "--quiet", "--no-rebase");
		const entries = await log(bob, id);
		expect(entries.map(({ op }) => op).sort()).toEqual(["add", "edit", "edit"]);
		expect(comparable(entries)).toEqual(await secondReading(bob.path, id));
		expect(entries.map(({ actor }) => actor).sort()).toEqual(["Bob", "Test Person", "Test Person"]);
	});

	test("a branch whose edits ended where they began is part of the history", async () => {
		const place = await repo({ files: { "a.txt": "a\n" }, ledger: true });
		const id = await addTask(place, "There and back", "--priority", "3");
		place.git("switch", "--quiet", "-c", "side");
		await succeed(place, "task", "edit", id, "--priority", "9");
		await succeed(place, "task", "edit", id, "--priority", "3");
		place.git("switch", "--quiet", "main");
		await addTask(place, "Meanwhile");
		place.git("merge", "--quiet", "--no-edit", "side");
		const entries = await log(place, id);
		expect(entries.map((entry) => fields(entry).priority)).toEqual([
			[9, 3],
			[3, 9],
			[null, 3],
		]);
		expect(comparable(entries)).toEqual(await secondReading(place.path, id));
	});

	test("what only the merge itself changed is told as the merge's", async () => {
		const { ann, bob } = await twoClones();
		const id = await addTask(ann, "Shared", "--priority", "3");
		ann.git("push", "--quiet");
		bob.git("pull", "--quiet");
		await succeed(ann, "task", "edit", id, "--priority", "9");
		ann.git("push", "--quiet");
		await succeed(bob, "task", "edit", id, "--priority", "1");
		expect(() => bob.git("pull", "--quiet", "--no-rebase")).toThrow();
		bob.write(`tasks/${id}.md`, bob.read(`tasks/${id}.md`).replace(/<{7}[\s\S]*>{7}.*\n/, "priority: 5\n"));
		bob.commitAll("settled in the middle");
		const [first] = await log(bob, id);
		expect(first).toMatchObject({ op: "merge", summary: "settled in the middle" });
		expect(fields(first)).toEqual({ priority: [1, 5] });
	});

	test("a shallow clone says where its history is cut, and does not take the cut for the task's birth", async () => {
		const { ann, origin } = await twoClones();
		const id = await addTask(ann, "Old", "--priority", "1");
		const young = await addTask(ann, "Young");
		await succeed(ann, "task", "edit", id, "--priority", "2");
		await succeed(ann, "task", "edit", id, "--priority", "3");
		ann.git("push", "--quiet");
		const shallow = ann.clone("--depth=2", `--origin=up`, "--no-local");
		expect(shallow.git("rev-parse", "--is-shallow-repository")).toBe("true");
		const { data, warnings } = await succeed(shallow, "task", "log", id);
		expect(data.map((entry: Entry) => [entry.op, fields(entry).priority ?? null])).toEqual([
			["edit", [2, 3]],
			["edit", null],
		]);
		expect(warnings[0]).toMatchObject({ code: "history_cut", hint: "git fetch --unshallow" });
		expect((await succeed(shallow, "task", "log", young)).data).toEqual([]);
		expect((await shallow.msgcode("task", "log", young)).stdout).toContain("history is cut here (shallow clone)");
		const whole = await succeed(ann, "task", "log", id);
		expect(whole.warnings).toEqual([]);
		expect(origin).toContain("origin.git");
	});

	test("a workspace in a sub-folder, and a task that was never committed", async () => {
		const place = await repo({ files: { "a.txt": "a\n" }, ledger: true, workspace: "packages/api" });
		const id = await addTask(place, "Below");
		await succeed(place, "task", "edit", id, "--priority", "9");
		const entries = await log(place, id);
		expect(comparable(entries)).toEqual(await secondReading(place.path, id, "packages/api/"));
		place.write("packages/api/tasks/tsk_0000000001.md", "# Alone\n");
		expect(await log(place, "tsk_0000000001")).toEqual([]);
		place.commitAll("a lone file");
		const [alone] = await log(place, "tsk_0000000001");
		expect(alone).toMatchObject({ op: "add", summary: "a lone file", actor: "Test Person" });
	});

	test("a broken revision is told by its lines; names and titles cannot write to the terminal", async () => {
		const place = await repo({ ledger: true });
		const id = await addTask(place, "A task");
		place.write(`tasks/${id}.md`, "---\ntitle: [\n---\nbody\n");
		place.git("commit", "--quiet", "-am", "broken \u001b[31mred", "--author", "E\u001b[2Jve <e@example.com>");
		const [broken] = await log(place, id);
		expect(broken?.changes).toEqual([
			expect.objectContaining({ field: "definition", to: 4, insertions: expect.any(Number) }),
		]);
		expect((await place.msgcode("task", "log", id)).stdout).not.toContain("\u001b");
	});
});

describe("changes of a task", () => {
	const md = (matter: string, body = "") => `---\n${matter}---\n${body}`;
	const state = (definition: string | null, record: string | null = null) => ({ ...NO_STATE, definition, record });

	test.each<[string, string, string, FieldChange[]]>([
		["a key added", md("title: a\n"), md("title: a\npriority: 2\n"), [{ field: "priority", from: null, to: 2 }]],
		["a key removed", md("title: a\npriority: 2\n"), md("title: a\n"), [{ field: "priority", from: 2, to: null }]],
		[
			"a comment alone",
			md("title: a\n"),
			md("title: a # why\n"),
			[{ field: "definition", from: 3, to: 3, insertions: 1, deletions: 1 }],
		],
		[
			"a record's key in the front matter",
			md("title: a\n"),
			md("title: a\nstatus: done\n"),
			[{ field: "definition.status", from: null, to: "done" }],
		],
	])("%s", (_, before, after, changes) => {
		expect(changesOfTask(state(before), state(after))).toEqual(changes);
		expect(changesOfTask(state(after), state(after))).toEqual([]);
	});

	test("a deleted file, a broken record, files of a run", () => {
		expect(changesOfTask(state(md("title: a\n", "x\n")), NO_STATE)).toEqual([
			{ field: "title", from: "a", to: null },
			{ field: "prompt", from: 1, to: null, insertions: 0, deletions: 1 },
		]);
		expect(changesOfTask(state(null, "{}"), state(null, "{"))).toMatchObject([{ field: "record", insertions: 1 }]);
		const run = (files: Record<string, string>) => ({
			...NO_STATE,
			runs: new Map([["r", new Map(Object.entries(files))]]),
		});
		const born = { "run_receipt.json": "1", "summary.md": "2" };
		expect(changesOfTask(NO_STATE, run(born))).toEqual([{ field: "run", from: null, to: "r" }]);
		expect(changesOfTask(run(born), run({ ...born, "landing.json": "3" }))).toEqual([
			{ field: "landing", from: null, to: "r" },
		]);
		expect(changesOfTask(run({ ...born, "landing.json": "3" }), run(born))).toEqual([
			{ field: "landing", from: "r", to: null },
		]);
		expect(changesOfTask(run(born), run({ "run_receipt.json": "9" }))).toEqual([
			{ field: "r/run_receipt.json", from: "1", to: "9" },
			{ field: "r/summary.md", from: "2", to: null },
		]);
	});

	test.each([
		["add", [{ field: "title", from: null, to: "a" }]],
		["edit", [{ field: "priority", from: null, to: 2 }]],
		["close", [{ field: "status", from: "open", to: "done" }]],
		["block", [{ field: "status", from: "open", to: "blocked" }]],
		["reopen", [{ field: "status", from: "done", to: "open" }]],
		["remove", [{ field: "removed", from: null, to: { atMs: 1 } }]],
		["run", [{ field: "run", from: null, to: "r" }]],
		["apply", [{ field: "landing", from: null, to: "r" }]],
		["rollback", [{ field: "landing", from: "r", to: null }]],
	])("a commit without trailers amounts to %s", (op, changes) => {
		expect(opOf(changes)).toBe(op);
	});
});
