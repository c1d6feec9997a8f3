// The run that finds runs.jsonl large cuts it with its own commit; a kill in between leaves every run listed, once.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { killedAt } from "../../support/killed.ts";
import { namesIn } from "../../support/names.ts";
import { type Repo, repo } from "../../support/repo.ts";

const OTHER = "tsk_0000000001";
const COUNT = 2_300;
const LINES = Array.from({ length: COUNT }, (_, number) => {
	const runId = `run_20250101T000000Z_${number.toString(16).padStart(8, "0")}`;
	const ts = new Date(Date.UTC(2025, 0, 1) + number * 1000).toISOString();
	const more = {
		errorCode: null,
		errorMessage: null,
		attempts: 1,
		trigger: "manual",
		baseCommit: null,
		patchSha256: null,
	};
	return JSON.stringify({ ts, runId, taskId: OTHER, status: "ok", durationMs: 1, ...more, padding: "x".repeat(300) });
});

async function withLongLog(): Promise<{ made: Repo; id: string }> {
	const made = await repo({ ledger: true, files: { "code.txt": "code\n" } });
	made.write("tasks/runs.jsonl", `${LINES.join("\n")}\n`);
	made.commitAll("many runs");
	const added = await made.msgcode("--json", "task", "add", "One more", "--runner", "shell", "--", "true");
	return { made, id: added.json().data.id };
}

const archive = (made: Repo) => namesIn(join(made.path, "tasks", "archive", "2025"));
const listed = async (made: Repo) => (await made.msgcode("--json", "run", "list")).json().data as { runId: string }[];
const commits = (made: Repo) => Number(made.git("rev-list", "--count", "HEAD"));

describe("a run that finds runs.jsonl large", () => {
	test("moves its lines with its own commit, and all runs are listed as before", async () => {
		const { made, id } = await withLongLog();
		const before = commits(made);
		expect((await made.msgcode("task", "run", id)).exitCode).toBe(0);
		expect(commits(made)).toBe(before + 1);
		expect(made.read("tasks/runs.jsonl").trimEnd().split("\n")).toHaveLength(1);
		const [file] = archive(made);
		expect(file).toMatch(/^runs-[0-9a-f]{16}\.jsonl$/);
		expect(made.read(`tasks/archive/2025/${file}`)).toBe(`${LINES.join("\n")}\n`);
		expect(await listed(made)).toHaveLength(COUNT + 1);
		expect((await made.msgcode("--json", "task", "runs", id)).json().data).toHaveLength(1);
		expect(made.git("status", "--porcelain")).toBe("");
		const next = await made.msgcode("task", "run", id);
		expect(next.exitCode).toBe(0);
		expect(archive(made)).toEqual([file]);
	});

	test.each([
		"ledger.objects-written",
		"ledger.journal-written",
		"ledger.file-written:2",
		"ledger.file-written:4",
		"ledger.files-written",
		"index.renamed",
		"ledger.index-written",
		"ledger.ref-moved",
		"run.committed",
	])("and is killed at %s is recorded once by the next command", async (point) => {
		const { made, id } = await withLongLog();
		killedAt(made, point, ["task", "run", id]);
		await made.msgcode("task", "list");
		const runs = await listed(made);
		expect(runs).toHaveLength(COUNT + 1);
		expect(new Set(runs.map(({ runId }) => runId)).size).toBe(COUNT + 1);
		expect(archive(made)).toHaveLength(1);
		expect(made.git("status", "--porcelain")).toBe("");
	});
});
