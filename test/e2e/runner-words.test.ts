// What a runner says of its end, and where each part of it stands: receipt, runs.jsonl, task show, events, and nowhere else.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type AskerRepo, askerRepo, receiptOf } from "../support/asker.ts";

async function events(at: AskerRepo, runId: string) {
	const said = (await at.msgcode("run", "logs", runId, "--json")).stdout.trimEnd().split("\n");
	return said.map((line) => JSON.parse(line) as { type: string; data: Record<string, unknown> });
}

function lastLine(at: AskerRepo) {
	return JSON.parse(readFileSync(`${at.path}/tasks/runs.jsonl`, "utf8").trimEnd().split("\n").at(-1) ?? "{}");
}

describe("a run's own words", () => {
	test("of a usage limit: the time for machines everywhere, the prose only in its local events", async () => {
		const at = await askerRepo();
		const id = await at.task("[limit]");
		const receipt = receiptOf(await at.msgcode("task", "run", id, "--json"));
		const details = { attempt: 1, resetAtMs: 1_800_000_000_000, estimated: false };
		expect(receipt).toMatchObject({ status: "error", errorCode: "COOLDOWN", details });
		expect(receipt.details).toEqual(details);
		expect(lastLine(at)).toMatchObject({ errorCode: "COOLDOWN", details });
		expect((await at.msgcode("task", "show", id)).stdout).toContain("COOLDOWN");
		expect((await at.msgcode("task", "show", id)).stdout).toContain("2027-01-15T08:00:00.000Z");
		expect(at.git("log", "-p", "--all", "--", "tasks/runs", "tasks/runs.jsonl")).not.toContain("Alice");
	});

	test("of a sensitive task are in no tracked file, whatever it says and wherever", async () => {
		const at = await askerRepo();
		for (const prompt of ["[todos][prose]", "[prose][fail]", "[limit]"]) {
			const id = await at.task(prompt, "sensitive: true\n");
			const receipt = receiptOf(await at.msgcode("task", "run", id, "--json"));
			expect(receipt.runner.model === "asker-1" || prompt === "[limit]").toBe(true);
			expect(Object.values(receipt.details).filter((value) => typeof value === "string")).toEqual([]);
		}
		const tracked = at.git("log", "-p", "--all", "--", "tasks/runs", "tasks/runs.jsonl");
		expect(tracked).not.toMatch(/swordfish|Alice|step \d/);
	});

	test("of its plan become progress, its usage stands once in the receipt and at the end of its events", async () => {
		const at = await askerRepo();
		const id = await at.task("[todos][prose]");
		const receipt = receiptOf(await at.msgcode("task", "run", id, "--json"));
		const usage = { inputTokens: 3, outputTokens: 5, costUsd: 0.5 };
		expect(receipt).toMatchObject({ status: "ok", usage, details: { note: "word", exitCode: 7 } });
		const said = await events(at, receipt.runId);
		expect(said.filter(({ type }) => type === "run.progress").map(({ data }) => data)).toEqual([
			{ done: 0, total: 3 },
			{ done: 1, total: 2 },
		]);
		const types = said.map(({ type }) => type);
		for (const type of ["todo.update", "message.delta", "message.stop", "run.finished"]) expect(types).toContain(type);
		expect(types.filter((type) => type === "run.finished")).toHaveLength(1);
		expect(said.at(-1)).toMatchObject({ type: "run.finished", data: { status: "ok", errorCode: null, usage } });
	});

	test("while it is at work show how far it is", async () => {
		const at = await askerRepo();
		const id = await at.task("[todos][ask]");
		const running = at.msgcode("task", "run", id, "--json");
		const [question] = await at.questions(1);
		const { runId = "", questionId = "" } = question ?? {};
		// The question is there an instant before its run is seen to wait.
		await expect
			.poll(async () => (await at.msgcode("run", "show", runId, "--json")).json().data, { timeout: 10_000 })
			.toMatchObject({ progress: { done: 1, total: 2 }, session: `session-${runId.slice(-8)}` });
		expect((await at.msgcode("run", "list")).stdout).toContain("1/2");
		expect((await at.msgcode("task", "show", id, "--json")).json().data.live).toMatchObject({
			status: "waiting_human",
			progress: { done: 1, total: 2 },
		});
		await at.msgcode("human", "reply", questionId, "--answer", "8080");
		await running;
	});
});
