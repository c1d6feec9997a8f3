// dependsOn as a graph: circles are refused when they would close, and only what waits for nothing is ready.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { notReadyBecause, refuseCycle } from "../../../src/ledger/task/dependencies.ts";
import type { TaskSummary } from "../../../src/ledger/task/task-view.ts";
import { type Repo, repo } from "../../support/repo.ts";

const id = (name: string) => `tsk_000000000${name}`;
const document = (parents: readonly string[]) =>
	`---\ntitle: x\ndependsOn: [${parents.map(id).join(", ")}]\n---\nDo it.\n`;

async function graph(edges: Readonly<Record<string, readonly string[]>>): Promise<Repo> {
	const files = Object.entries(edges).map(([name, parents]) => [`tasks/${id(name)}.md`, document(parents)]);
	return repo({ files: Object.fromEntries(files) });
}

const refuse = (made: Repo, name: string, parents: readonly string[]) =>
	refuseCycle({ root: made.path }, id(name), parents.map(id));

describe("a circle", () => {
	test("is refused with its path, however long", async () => {
		const made = await graph({ "1": [], "2": ["1"], "3": ["2"], "4": ["3"] });
		expect(() => refuse(made, "1", ["4"])).toThrow(
			expect.objectContaining({
				code: "dependency_cycle",
				message: expect.stringContaining(["1", "4", "3", "2", "1"].map(id).join(" → ")),
				details: { circle: ["1", "4", "3", "2", "1"].map(id) },
			}),
		);
	});

	test("is found at the end of a chain longer than calls can be deep", async () => {
		const made = await repo();
		const name = (at: number) => `tsk_${String(at).padStart(10, "0")}`;
		const length = 7_000;
		mkdirSync(join(made.path, "tasks"));
		for (let at = 0; at < length; at += 1) {
			writeFileSync(join(made.path, `tasks/${name(at)}.md`), `---\ndependsOn: [${name(at + 1)}]\n---\n`);
		}
		const refused = () => refuseCycle({ root: made.path }, name(length), [name(0)]);
		expect(refused).toThrow(expect.objectContaining({ code: "dependency_cycle" }));
	});

	test("of one task with itself is refused", async () => {
		const made = await graph({ "1": [] });
		expect(() => refuse(made, "1", ["1"])).toThrow(expect.objectContaining({ code: "dependency_cycle" }));
	});

	test("is not seen where two ways only meet again", async () => {
		const made = await graph({ "1": [], "2": ["1"], "3": ["1"], "4": ["2", "3"] });
		refuse(made, "5", ["4", "1"]);
	});

	test("that somebody else's files hold already does not make the check run for ever", async () => {
		const made = await graph({ "1": ["2"], "2": ["1"], "3": [] });
		refuse(made, "3", ["1"]);
	});

	test("through a parent that is gone or broken is none", async () => {
		const made = await graph({ "1": ["8"], "2": [] });
		made.write(`tasks/${id("3")}.md`, "---\ndependsOn: [\n---\n");
		refuse(made, "2", ["1", "3"]);
	});
});

test("a parent that is no task is refused by name", async () => {
	const made = await graph({ "1": [] });
	expect(() => refuse(made, "1", ["7"])).toThrow(
		expect.objectContaining({ code: "task_not_found", message: expect.stringContaining(id("7")) }),
	);
});

test("a chain of a thousand tasks is walked", async () => {
	const made = await repo();
	const name = (position: number) => `tsk_${String(position).padStart(10, "0")}`;
	for (let position = 1; position <= 1000; position += 1) {
		made.write(`tasks/${name(position)}.md`, `---\ndependsOn: [${position > 1 ? name(position - 1) : ""}]\n---\n`);
	}
	refuseCycle({ root: made.path }, name(2000), [name(1000)]);
	expect(() => refuseCycle({ root: made.path }, name(1), [name(1000)])).toThrow(/circle/);
});

describe("a task", () => {
	const task = (more: Partial<TaskSummary> = {}): TaskSummary =>
		({
			id: id("1"),
			status: "open",
			broken: false,
			removed: null,
			deferUntil: null,
			dependsOn: [],
			runIf: "success",
			...more,
		}) as TaskSummary;
	const reason = (more: Partial<TaskSummary>, others: readonly TaskSummary[] = []) =>
		notReadyBecause(task(more), new Map(others.map((other) => [other.id, other])), Date.parse("2026-01-02T00:00:00Z"));
	const parent = (status: TaskSummary["status"]) => task({ id: id("2"), status });

	test.each<[string, Partial<TaskSummary>, readonly TaskSummary[], RegExp | null]>([
		["is ready when nothing holds it", {}, [], null],
		["is not while its files are broken", { broken: true }, [], /broken/],
		["is not when removed", { removed: { atMs: 1, reason: null } }, [], /removed/],
		["is not when blocked", { status: "blocked" }, [], /blocked/],
		["is not while it runs", { status: "running" }, [], /running/],
		["is not before its time", { deferUntil: "2026-01-03T00:00:00Z" }, [], /deferred/],
		["is from its time on", { deferUntil: "2026-01-01T00:00:00Z" }, [], null],
		["waits for an open parent", { dependsOn: [id("2")] }, [parent("open")], /waits for/],
		["waits for a running parent", { dependsOn: [id("2")] }, [parent("running")], /waits for/],
		["goes after a done parent", { dependsOn: [id("2")] }, [parent("done")], null],
		["does not go after a canceled parent", { dependsOn: [id("2")] }, [parent("canceled")], /canceled/],
		["goes after a failure it asked for", { dependsOn: [id("2")], runIf: "failure" }, [parent("canceled")], null],
		["does not after a success then", { dependsOn: [id("2")], runIf: "failure" }, [parent("done")], /did not fail/],
		["goes after any end it asked for", { dependsOn: [id("2")], runIf: "always" }, [parent("canceled")], null],
		["waits for a parent that is not here", { dependsOn: [id("3")] }, [], /not here/],
	])("%s", (_, more, others, wanted) => {
		const said = reason(more, others);
		if (wanted === null) expect(said).toBeNull();
		else expect(said).toMatch(wanted);
	});
});
