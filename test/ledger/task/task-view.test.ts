import { describe, expect, it } from "vitest";
import { newRecord } from "../../../src/ledger/task/task.ts";
import { parseTaskFile } from "../../../src/ledger/task/task-file.ts";
import { NO_RUNS, type TaskFacts, taskView, withoutPrompt } from "../../../src/ledger/task/task-view.ts";

const id = "tsk_0000000001";
const workspace = { uid: "wsp_1", path: "." };

function facts(front: string, more: Partial<TaskFacts> = {}): TaskFacts {
	const { definition, diagnostics } = parseTaskFile(`---\ntitle: x\n${front}\n---\nDo it.\n`, `tasks/${id}.md`);
	const record = newRecord({ id, createdAtMs: 1000, workspace });
	const mtimes = { definitionMs: 3000.7, recordMs: 2000 };
	return {
		id,
		definition,
		record,
		createdAtMs: 500,
		workspace,
		runs: NO_RUNS,
		mtimes,
		liveRunId: null,
		diagnostics,
		...more,
	};
}

const LAST_RUN = {
	runId: "run_20260102T030405Z_0badcafe",
	status: "error",
	errorCode: "TMUX_SESSION_DEAD",
	errorMessage: "There is none.",
	details: { groupName: "chat-0" },
	durationMs: 3,
} as const;

describe("the task object", () => {
	it("has exactly the keys that the format promises, the roadmap's first", () => {
		expect(Object.keys(taskView(facts("", { held: true })))).toEqual([
			"id",
			"title",
			"status",
			"createdAtMs",
			"updatedAtMs",
			"workspace",
			"route",
			"runner",
			"inputs",
			"outputs",
			"notes",
			"priority",
			"labels",
			"assignee",
			"convoy",
			"dependsOn",
			"runIf",
			"deferUntil",
			"worktree",
			"checks",
			"timeout",
			"retry",
			"limits",
			"schedule",
			"notify",
			"delivery",
			"sensitive",
			"closeOn",
			"template",
			"with",
			"closed",
			"blocked",
			"removed",
			"running",
			"runs",
			"lastRun",
			"landings",
			"held",
			"broken",
			"diagnostics",
			"extra",
		]);
	});

	it("puts the two files and the runs together", () => {
		const runs = {
			count: 2,
			artifacts: ["tasks/runs/a"],
			patches: ["tasks/runs/a/patch.diff"],
			lastSummary: "Fixed.",
			landings: [],
			lastRun: { ...LAST_RUN, endedAt: "1970-01-01T00:00:09.000Z" },
		};
		const view = taskView(
			facts("runner: shell\nfiles: a.ts\ntimeout: 90\nretry: {initial: 60}\nchatGuid: g", { runs }),
		);
		expect(view).toMatchObject({
			id,
			title: "x",
			status: "open",
			createdAtMs: 1000,
			updatedAtMs: 9000,
			workspace,
			route: { channel: "tmux", target: "g", chatGuid: "g" },
			runner: { kind: "shell" },
			inputs: { prompt: "Do it.\n", files: ["a.ts"] },
			outputs: { artifacts: ["tasks/runs/a"], patches: ["tasks/runs/a/patch.diff"] },
			notes: { lastSummary: "Fixed." },
			timeout: "1m30s",
			retry: { initial: "1m" },
			runs: 2,
			lastRun: { errorCode: "TMUX_SESSION_DEAD", details: { groupName: "chat-0" } },
			broken: false,
		});
		expect(view).not.toHaveProperty("held");
		expect(taskView(facts("")).updatedAtMs).toBe(3000);
	});

	it("takes the definition's route, by which a run goes, before the record's", () => {
		const record = newRecord({ id, createdAtMs: 1, workspace, route: { channel: "mail", target: "a@b.c" } });
		expect(taskView(facts("chatGuid: g", { record })).route).toEqual({ channel: "tmux", target: "g", chatGuid: "g" });
		expect(taskView(facts("", { record })).route).toEqual({ channel: "mail", target: "a@b.c" });
	});

	it("a Markdown file alone is open and as old as git says", () => {
		const mtimes = { definitionMs: null, recordMs: null };
		expect(taskView(facts("", { record: null, mtimes }))).toMatchObject({
			status: "open",
			createdAtMs: 500,
			updatedAtMs: 500,
			workspace,
			route: null,
			closed: null,
			removed: null,
			blocked: null,
		});
	});

	it("is running while a claim lives, whatever is stored", () => {
		expect(taskView(facts("", { liveRunId: "run_1" }))).toMatchObject({ status: "running", running: "run_1" });
		const record = { ...newRecord({ id, createdAtMs: 1, workspace }), status: "done" as const };
		expect(taskView(facts("", { record }))).toMatchObject({ status: "done", running: null });
	});

	it("is broken by an error and not by a warning", () => {
		expect(taskView(facts("status: done"))).toMatchObject({ broken: false, diagnostics: [{ severity: "warning" }] });
		expect(taskView(facts("priority: 11"))).toMatchObject({ broken: true, priority: 5 });
	});

	it("leaves only the prompt out for the index", () => {
		const view = taskView(facts("files: a.ts"));
		expect(withoutPrompt(view)).toEqual({ ...view, inputs: { files: ["a.ts"] } });
		expect(JSON.stringify(withoutPrompt(view))).not.toContain("Do it.");
	});
});
