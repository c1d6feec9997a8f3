// Whatever becomes of the files and of the index, a list says the same with the index as without it, byte for byte.
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { takeClaim } from "../../../src/engine/run/claim.ts";
import { type Repo, repo } from "../../support/repo.ts";

const IDS = ["tsk_0000000001", "tsk_0000000002", "tsk_000000000z", "tsk_zzzzzzzzzz"];
const LISTS = [
	["task", "list", "--json"],
	["task", "list", "--json", "--all", "--removed"],
	["task", "list", "--json", "--label", "a", "--limit", "2"],
	["task", "list", "--json", "--status", "blocked", "--status", "running"],
	["task", "list", "--all"],
	["task", "list", "--plain", "--removed"],
	["task", "ready", "--json"],
];

async function expectEqualLists(made: Repo): Promise<void> {
	for (const list of LISTS) {
		const first = await made.msgcode(...list);
		const without = await made.msgcode("--no-index", ...list);
		const again = await made.msgcode(...list);
		for (const answer of [first, again]) {
			expect(answer.stdout, list.join(" ")).toBe(without.stdout);
			expect([answer.exitCode, answer.stderr]).toEqual([without.exitCode, without.stderr]);
		}
		if (list.includes("--json")) {
			const parsed = JSON.parse(first.stdout);
			expect(first.stdout).toBe(`${JSON.stringify(parsed, null, 2).replaceAll("\u202e", "\\u202e")}\n`);
		}
	}
}

type Step = (made: Repo) => unknown;

const id = fc.constantFrom(...IDS);

const definition = fc.constantFrom(
	"---\ntitle: Plain\n---\nText\n",
	"---\ntitle: Prüfe 漢字 😀\n\npriority: 9\n\nlabels:\n  - a\n---\n",
	'---\ntitle: First\n\nrunner:\n  kind: shell\n  args:\n    - "true"\n\nlabels: [a, b]\npriority: 1\n---\n',
	`---\ntitle: "turned \\u202e, \\u001b[31m"\n---\n`,
	"---\ntitle: [broken\n---\n",
	"---\npriority: 77\nlabels: 5\n---\n",
	"---\nstatus: done\nmore: {deep: [1, .nan, ~]}\nconstructor: x\n---\n# A heading\n",
	`---\ndependsOn:\n  - ${IDS[0]}\n---\n`,
	"<<<<<<< ours\n=======\n>>>>>>> theirs\n",
	"No front matter at all",
	"",
);

const status = fc.constantFrom("open", "blocked", "done", "canceled", "unknown");

function record(task: string, stored: string, more: object): string {
	const workspace = { uid: "u", path: "." };
	const all = {
		schemaVersion: 1,
		id: task,
		createdAtMs: 5,
		workspace,
		route: null,
		status: stored,
		closed: null,
		removed: null,
	};
	return JSON.stringify({ ...all, ...more }, null, 2);
}

const step: fc.Arbitrary<Step> = fc.oneof(
	fc.tuple(id, definition).map(
		([task, text]): Step =>
			(made) =>
				made.write(`tasks/${task}.md`, text),
	),
	fc
		.tuple(
			id,
			status,
			fc.constantFrom({}, { removed: { atMs: 1, reason: null } }, { extra: 1, createdAtMs: 7 }, { id: 9 }),
		)
		.map(
			([task, stored, more]): Step =>
				(made) =>
					made.write(`tasks/${task}.json`, record(task, stored, more)),
		),
	fc.tuple(id, fc.constantFrom(".md", ".json")).map(
		([task, end]): Step =>
			(made) =>
				rmSync(join(made.path, "tasks", `${task}${end}`), { force: true }),
	),
	fc.tuple(id, fc.constantFrom("summary.md", "run_receipt.json", "landing.json", "patch.diff")).map(
		([task, file]): Step =>
			(made) => {
				const content = file === "run_receipt.json" ? '{"runId":"r","endedAt":"2026-01-02T03:04:06Z"}' : '{"atMs":1}';
				made.write(`tasks/runs/${task}/run_20260102T030405Z_0badcafe/${file}`, content);
			},
	),
	fc.constantFrom("tsk_short.md", "tsk_iiiiiiiiii.json", "notes.md", "tsk_0000000001.txt").map(
		(name): Step =>
			(made) =>
				made.write(`tasks/${name}`, "stray\n"),
	),
	fc.constant<Step>((made) => made.commitAll("a step")),
	fc.constant<Step>(() => sleep(60)),
	fc.constant<Step>((made) => made.msgcode("task", "add", "Added", "--label", "a", "--prompt", "x")),
	id.map(
		(task): Step =>
			(made) =>
				made.msgcode("task", "block", task, "--reason", "why"),
	),
	id.map(
		(task): Step =>
			(made) =>
				made.msgcode("task", "edit", task, "--priority", "8"),
	),
);

/** What may become of a file of which nobody takes care: any damage, but no well-formed lie. */
const spoiled: fc.Arbitrary<Step> = fc.oneof(
	fc.constant<Step>((made) => rmSync(indexOf(made), { recursive: true, force: true })),
	fc.double({ min: 0, max: 1, noNaN: true }).map(
		(part): Step =>
			(made) => {
				const bytes = readFileSync(indexOf(made));
				writeFileSync(indexOf(made), bytes.subarray(0, Math.floor(bytes.length * part)));
			},
	),
	fc.double({ min: 0, max: 1, noNaN: true }).map(
		(part): Step =>
			(made) => {
				const bytes = readFileSync(indexOf(made));
				writeFileSync(indexOf(made), bytes.fill(0, Math.floor(bytes.length * part)));
			},
	),
	fc
		.constantFrom(
			"",
			"null",
			"[]",
			'{"schemaVersion":1,"kind":"task.index","tasks":[]}',
			'{"schemaVersion":1,"kind":"task.index",\n"ids":"",\n"tasks":[\n\n]}\n',
			'{"schemaVersion":2,"kind":"task.index",\n"ids":"",\n"freshness":"",\n"tasks":[\n\n]}\n',
		)
		.map(
			(text): Step =>
				(made) =>
					writeFileSync(indexOf(made), text),
		),
	fc
		.tuple(
			fc.constantFrom("ids", "freshness", "basis", "titles", "runners", "labels", "fields", "createdAtMs"),
			fc.constantFrom<unknown>(null, {}, "", "../../etc", [IDS[0], IDS[0]], [-1], [1e9], ["running"], {
				length: 3,
			}),
		)
		.map(
			([field, value]): Step =>
				(made) => {
					const lines = readFileSync(indexOf(made), "utf8").split("\n");
					const changed = lines.map((line) =>
						line.startsWith(`"${field}":`) ? `"${field}":${JSON.stringify(value)},` : line,
					);
					writeFileSync(indexOf(made), changed.join("\n"));
				},
		),
	fc.constant<Step>((made) => {
		const text = readFileSync(indexOf(made), "utf8");
		writeFileSync(indexOf(made), text.replace(/\n {4}\},\n {4}\{/, "\n    }, \n   {"));
	}),
);

function indexOf(made: Repo): string {
	return join(made.path, "tasks", "index.json");
}

test("after any change of the files, with and without an index from before", { timeout: 60_000 }, async () => {
	const steps = fc.array(step, { minLength: 4, maxLength: 8 });
	for (const [seed, some] of fc.sample(steps, { numRuns: 12, seed: 7 }).entries()) {
		const made = await repo({ ledger: true });
		for (const [position, one] of some.entries()) {
			await one(made);
			if (position % 3 === seed % 3) await expectEqualLists(made);
		}
		await sleep(60);
		await expectEqualLists(made);
	}
});

test("whatever becomes of the index itself", { timeout: 60_000 }, async () => {
	const made = await repo({ ledger: true });
	for (const [position, one] of fc.sample(definition, { numRuns: 6, seed: 3 }).entries()) {
		const task = `tsk_00000000${position}0`;
		made.write(`tasks/${task}.md`, one);
		made.write(`tasks/${task}.json`, record(task, "open", {}));
	}
	await sleep(60);
	await made.msgcode("task", "list");
	for (const spoil of fc.sample(spoiled, { numRuns: 60, seed: 11 })) {
		await spoil(made);
		const indexed = await made.msgcode("task", "list", "--json", "--all");
		const plain = await made.msgcode("--no-index", "task", "list", "--json", "--all");
		expect(indexed.stdout).toBe(plain.stdout);
		expect([indexed.exitCode, indexed.stderr]).toEqual([plain.exitCode, plain.stderr]);
		expect(JSON.parse(readFileSync(indexOf(made), "utf8")).tasks).toHaveLength(6);
	}
});

test("while a run is live its task, and only it, is rendered anew", async () => {
	const made = await repo({ ledger: true });
	for (const task of IDS) {
		made.write(`tasks/${task}.md`, "---\ntitle: T\n---\n");
		made.write(`tasks/${task}.json`, record(task, "open", {}));
	}
	await sleep(60);
	await made.msgcode("task", "list");
	const before = statSync(indexOf(made)).ino;
	const stateDir = join(made.path, ".git", "msgcode");
	const taken = { taskId: IDS[1], runId: "run_20260102T030405Z_0badcafe", phase: "running" } as unknown;
	takeClaim(stateDir, taken as Parameters<typeof takeClaim>[1], Date.now());
	await expectEqualLists(made);
	const { data } = JSON.parse((await made.msgcode("task", "list", "--json")).stdout);
	expect(data.map((task: { status: string }) => task.status)).toEqual(["open", "running", "open", "open"]);
	expect(statSync(indexOf(made)).ino).toBe(before);
});
