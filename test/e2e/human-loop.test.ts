// Runs that ask people: the whole way from a program's question to the answer that reaches it, and every other end of it.
import { describe, expect, test } from "vitest";
import { askerRepo, receiptOf, until } from "../support/asker.ts";

async function eventsOf(at: Awaited<ReturnType<typeof askerRepo>>, runId: string) {
	const said = (await at.msgcode("run", "logs", runId, "--json")).stdout.trimEnd().split("\n");
	return said.map((line) => JSON.parse(line) as { type: string; data: Record<string, unknown> });
}

describe("a run that asks", () => {
	test("waits, is answered with one of its choices, and goes on; who answered is on record", async () => {
		const at = await askerRepo();
		const id = await at.task("[ask]");
		const running = at.msgcode("task", "run", id, "--json");
		const [question] = await at.questions(1);
		expect(question).toMatchObject({ taskId: id, prompt: "Which port?", choices: ["8080", "9090"], status: "pending" });
		const { questionId = "", runId = "" } = question ?? {};

		expect((await at.msgcode("run", "list", "--json")).json().data[0]).toMatchObject({
			runId,
			status: "waiting_human",
		});
		expect((await at.msgcode("task", "show", id)).stdout).toContain("waiting_human");
		expect((await at.msgcode("run", "show", runId, "--json")).json().data).toMatchObject({ status: "waiting_human" });

		const wrong = await at.msgcode("human", "reply", questionId, "--answer", "80", "--json");
		expect(wrong.exitCode).toBe(2);
		expect(wrong.json().error).toMatchObject({ code: "input_invalid", details: { choices: ["8080", "9090"] } });
		const nobody = await at.msgcode("human", "reply", "q_ffffffffff", "--answer", "80", "--json");
		expect(nobody.json().error.code).toBe("question_not_found");

		const replied = await at.msgcode(
			"human",
			"reply",
			runId.slice(0, 20),
			"--answer",
			"9090",
			"--actor",
			"Ada",
			"--json",
		);
		expect(replied.exitCode, replied.stdout).toBe(0);
		const again = await at.msgcode("human", "reply", questionId, "--answer", "8080", "--json");
		expect(["question_answered", "question_not_found"]).toContain(again.json().error.code);
		const receipt = receiptOf(await running);
		expect(receipt).toMatchObject({ status: "ok", session: `session-${runId.slice(-8)}` });
		expect(at.read(`worktrees/${id}/answers.txt`)).toBe("9090\n");
		const events = await eventsOf(at, runId);
		expect(events.find(({ type }) => type === "human_loop.resolved")?.data).toMatchObject({
			questionId,
			asked: "1",
			status: "resolved",
			answer: "9090",
			by: "Ada",
		});
		const states = events.flatMap(({ type, data }) => (type === "run.status" ? [data.status] : []));
		expect(states).toEqual(["running", "waiting_human", "running", "collecting", "ok"]);
		expect((await at.msgcode("human", "list", "--json")).json().data).toEqual([]);
	});

	test("two things at once waits for both; of two answers to one question the first counts", async () => {
		const at = await askerRepo();
		const id = await at.task("[two]");
		const running = at.msgcode("task", "run", id, "--json");
		const [first, second] = await at.questions(2);
		const { runId = "", questionId = "" } = first ?? {};
		const meant = await at.msgcode("human", "reply", runId, "--answer", "x", "--json");
		expect(meant.json().error.code).toBe("question_ambiguous");

		const secret = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";
		const replies = await Promise.all(
			["one", "two"].map((answer) => at.msgcode("human", "reply", questionId, "--answer", answer, "--json")),
		);
		expect(replies.map(({ exitCode }) => exitCode).sort()).toEqual([0, 4]);
		const loser = replies.find(({ exitCode }) => exitCode !== 0);
		expect(loser?.json().error.code).toBe("question_answered");
		await at.msgcode("human", "reply", second?.questionId ?? "", "--answer", secret);
		const receipt = receiptOf(await running);
		expect(receipt.status, JSON.stringify(receipt)).toBe("ok");
		const winner = replies[0]?.exitCode === 0 ? "one" : "two";
		const said = at.read(`worktrees/${id}/answers.txt`);
		expect(said).toBe(first?.prompt === "First?" ? `${winner}\n${secret}\n` : `${secret}\n${winner}\n`);
		expect(JSON.stringify(await eventsOf(at, runId))).not.toContain(secret);
		for (const file of [first, second]) {
			expect(at.read(`.git/msgcode/runs/${runId}/questions/${file?.questionId}.answer.json`)).not.toContain(secret);
		}
	});

	test("is not timed out while it waits, and its question expires only where it says when", async () => {
		const at = await askerRepo();
		const id = await at.task("[ask]", "timeout: 2s\n");
		const running = at.msgcode("task", "run", id, "--json");
		const [question] = await at.questions(1);
		const asked = Date.now();
		await until(() => (Date.now() - asked > 2_300 ? true : null));
		await at.msgcode("human", "reply", question?.questionId ?? "", "--answer", "8080");
		expect(receiptOf(await running).status).toBe("ok");

		const ran = receiptOf(await at.msgcode("task", "run", await at.task("[expire]"), "--json"));
		expect(ran.status).toBe("ok");
		const events = await eventsOf(at, ran.runId);
		expect(events.find(({ type }) => type === "human_loop.resolved")?.data).toMatchObject({
			status: "expired",
			by: null,
		});
	});

	test("and is canceled takes its question along", async () => {
		const at = await askerRepo();
		const id = await at.task("[ask]");
		const running = at.msgcode("task", "run", id, "--json");
		const [question] = await at.questions(1);
		const { runId = "", questionId = "" } = question ?? {};
		await at.msgcode("run", "cancel", runId);
		expect(receiptOf(await running)).toMatchObject({ status: "canceled", errorCode: "RUN_CANCELED" });
		const types = (await eventsOf(at, runId)).filter(({ type }) => type !== "run.log");
		const resolved = types.findIndex(({ type }) => type === "human_loop.resolved");
		expect(types[resolved]?.data).toMatchObject({ questionId, status: "canceled" });
		expect(resolved).toBeLessThan(types.findIndex(({ type }) => type === "run.finished"));
		const late = await at.msgcode("human", "reply", questionId, "--answer", "8080", "--json");
		expect(late.json().error.code).toBe("question_not_found");
	});
});
