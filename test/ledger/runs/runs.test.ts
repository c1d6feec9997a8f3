// Reading finished runs: what is torn, doubled or hand-merged is told or folded, and never rewritten.
import { describe, expect, test } from "vitest";
import { tasksWithRuns } from "../../../src/ledger/archive/archive-places.ts";
import { readRunFacts, runFactsSignature } from "../../../src/ledger/runs/run-facts.ts";
import {
	parseRunLog,
	readLanding,
	readReceipt,
	readRejection,
	readRunLog,
	runIdsOf,
} from "../../../src/ledger/runs/runs.ts";
import { NO_RUNS } from "../../../src/ledger/task/task-view.ts";
import { repo } from "../../support/repo.ts";

const ID = "tsk_0000000001";
const RUNS = ["run_20260102T030405Z_0badcafe", "run_20260203T030405Z_0badcafe"] as const;
const line = (runId: string, more: object = {}) =>
	JSON.stringify({ ts: "2026-01-02T03:04:06Z", runId, taskId: ID, status: "ok", durationMs: 1, ...more });

describe("runs.jsonl", () => {
	test("folds a line that a merge doubled, and keeps the order", () => {
		const { lines, diagnostics } = parseRunLog(`${line(RUNS[0])}\n${line(RUNS[1])}\n${line(RUNS[0])}\n\n`);
		expect(lines.map(({ runId }) => runId)).toEqual(RUNS);
		expect(diagnostics).toEqual([]);
	});

	test.each([
		["a torn last line", `${line(RUNS[0])}\n{"runId":"run_2026`, "torn_line", 2],
		["a line in the middle that is none", `${line(RUNS[0])}\nhello\n${line(RUNS[1])}\n`, "run_line_invalid", 2],
		["a null", `null\n${line(RUNS[0])}\n`, "run_line_invalid", 1],
		["a run id that is none", `${line("../../etc/passwd")}\n${line(RUNS[0])}\n`, "run_line_invalid", 1],
		["a line without a time", `${line(RUNS[1], { ts: null })}\n${line(RUNS[0])}\n`, "run_line_invalid", 1],
		["a line without a duration", `${line(RUNS[1], { durationMs: "1" })}\n${line(RUNS[0])}\n`, "run_line_invalid", 1],
		["a conflict marker", `<<<<<<< HEAD\n${line(RUNS[0])}\n`, "conflict_markers", 1],
		["the middle of a conflict", `${line(RUNS[0])}\n=======\n`, "conflict_markers", 2],
	])("with %s says so with its line, and the others count", (_, text, code, at) => {
		const { lines, diagnostics } = parseRunLog(text);
		expect(diagnostics).toMatchObject([{ code, file: "tasks/runs.jsonl", line: at }]);
		expect(lines[0]?.runId).toBe(RUNS[0]);
	});

	test("that is not there is empty", async () => {
		const made = await repo();
		expect(readRunLog(made.path)).toEqual({ lines: [], diagnostics: [] });
		made.write("tasks/runs.jsonl", `${line(RUNS[0])}\n`);
		expect(readRunLog(made.path).lines).toHaveLength(1);
	});
});

describe("the run folders of a task", () => {
	const receipt = (endedAt: string, runId: string = RUNS[0], more: object = {}) => {
		const lists = { checks: [], attempts: [], warnings: [], secrets: [], artifacts: [] };
		const times = { startedAt: "2026-01-02T03:04:05Z", endedAt, durationMs: 1 };
		return JSON.stringify({
			runId,
			taskId: ID,
			status: "ok",
			...times,
			runner: { kind: "shell", argv: [] },
			...lists,
			...more,
		});
	};

	test("give its counts, patches, landings and last words", async () => {
		const [first, second] = RUNS.map((runId) => `tasks/runs/${ID}/${runId}`) as [string, string];
		const made = await repo();
		expect(readRunFacts(made.path, ID)).toEqual(NO_RUNS);
		expect(runFactsSignature(made.path, ID)).toBe("");
		made.writeAll({
			[`${first}/run_receipt.json`]: receipt("2026-01-02T03:04:06Z"),
			[`${first}/patch.diff`]: "a patch\n",
			[`${first}/summary.md`]: "first\n",
			[`${first}/landing.json`]: '{"runId":"r","parent":"p","patchSha256":"s","atMs":5}',
			[`${second}/run_receipt.json`]: receipt("2026-02-03T03:04:06Z", RUNS[1]),
			[`${second}/summary.md`]: "second\n",
			[`tasks/runs/${ID}/not-a-run/x`]: "x\n",
			"tasks/runs/not-a-task/x": "x\n",
		});
		expect(runIdsOf(made.path, ID)).toEqual(RUNS);
		expect(tasksWithRuns(made.path)).toEqual([ID]);
		expect(readRunFacts(made.path, ID)).toEqual({
			count: 2,
			artifacts: [
				`${first}/patch.diff`,
				`${first}/summary.md`,
				`${first}/run_receipt.json`,
				`${second}/summary.md`,
				`${second}/run_receipt.json`,
			],
			patches: [`${first}/patch.diff`],
			lastSummary: "second\n",
			landings: [{ runId: "r", parent: "p", patchSha256: "s", atMs: 5 }],
			lastRun: {
				runId: RUNS[1],
				status: "ok",
				errorCode: null,
				errorMessage: null,
				details: {},
				durationMs: expect.any(Number),
				endedAt: "2026-02-03T03:04:06Z",
			},
		});
	});

	test("change their signature with every file that counts", async () => {
		const folder = `tasks/runs/${ID}/${RUNS[0]}`;
		const made = await repo();
		const seen = new Set([runFactsSignature(made.path, ID)]);
		const steps: [string, string][] = [
			["summary.md", "1"],
			["run_receipt.json", "{}"],
			["landing.json", "{}"],
			["patch.diff", "x"],
			["summary.md", "22"],
			["landing.json", '{"a":1}'],
		];
		for (const [name, content] of steps) {
			made.write(`${folder}/${name}`, content);
			seen.add(runFactsSignature(made.path, ID));
		}
		expect(seen.size).toBe(steps.length + 1);
	});

	test("with files that cannot be read count as without them", async () => {
		const folder = `tasks/runs/${ID}/${RUNS[0]}`;
		const made = await repo();
		for (const content of ["{ torn", "null", "[]", '"text"', '{"runId":7}']) {
			made.write(`${folder}/run_receipt.json`, content);
			made.write(`${folder}/landing.json`, "{ torn");
			made.write(`${folder}/rejection.json`, "{ torn");
			expect(readReceipt(made.path, ID, RUNS[0])).toBeNull();
			expect(readLanding(made.path, ID, RUNS[0])).toBeNull();
			expect(readRejection(made.path, ID, RUNS[0])).toBeNull();
			expect(readRunFacts(made.path, ID)).toMatchObject({ count: 1, landings: [], lastRun: null });
		}
		made.write(`${folder}/rejection.json`, '{"runId":"r","reason":"no","atMs":1}');
		expect(readRejection(made.path, ID, RUNS[0])).toMatchObject({ reason: "no" });
	});

	test.each([
		["of another run", receipt("2026-01-02T03:04:06Z", RUNS[1])],
		["of another task", receipt("2026-01-02T03:04:06Z", RUNS[0], { taskId: "tsk_0000000002" })],
		["of a path", receipt("2026-01-02T03:04:06Z", RUNS[0], { taskId: "../../.." })],
		["without a runner", receipt("2026-01-02T03:04:06Z", RUNS[0], { runner: null })],
		["without checks", receipt("2026-01-02T03:04:06Z", RUNS[0], { checks: "none" })],
	])("do not take a receipt %s for their own", async (_, text) => {
		const made = await repo();
		made.write(`tasks/runs/${ID}/${RUNS[0]}/run_receipt.json`, receipt("2026-01-02T03:04:06Z"));
		expect(readReceipt(made.path, ID, RUNS[0])).toMatchObject({ runId: RUNS[0] });
		made.write(`tasks/runs/${ID}/${RUNS[0]}/run_receipt.json`, text);
		expect(readReceipt(made.path, ID, RUNS[0])).toBeNull();
	});

	test("of an older receipt without an end give no time instead of a wrong one", async () => {
		const made = await repo();
		for (const endedAt of ["", "not a time"]) {
			made.write(`tasks/runs/${ID}/${RUNS[0]}/run_receipt.json`, receipt(endedAt));
			expect(readRunFacts(made.path, ID).lastRun).toBeNull();
		}
	});
});
