// A task that an agent of the Agent Client Protocol carries out, from its creation to its patch.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Repo, repo } from "../support/repo.ts";

const AGENT = fileURLToPath(new URL("../../fixtures/agents/acp-agent.mjs", import.meta.url));

async function acpTask(at: Repo, prompt: string): Promise<string> {
	const argv = ["task", "add", "Sample", "--json", "--runner", "acp", "--prompt", prompt];
	const added = await at.msgcode(...argv, "--", process.execPath, AGENT, "--acp");
	expect(added.exitCode, added.stdout).toBe(0);
	return added.json().data.id;
}

test("its work is a patch, its words are the summary, its session is remembered", async () => {
	const at = await repo({ ledger: true });
	const id = await acpTask(at, "Make it. [todos]");
	const { exitCode, json, stdout } = await at.msgcode("task", "run", id, "--json");
	const receipt = json().data;
	expect(exitCode, stdout).toBe(0);
	expect(receipt).toMatchObject({
		status: "ok",
		mode: "worktree",
		patch: { files: 1 },
		session: expect.stringMatching(/^sess-/),
	});
	expect(receipt.runner.argv.slice(0, 4)).toEqual(["{NODE}", "{DRIVER}", "acp", "--"]);
	expect(receipt.usage).toEqual({ inputTokens: 360, outputTokens: 99, costUsd: 0.02 });
	expect(at.read(receipt.patch.path)).toContain("+made by the stand-in");
	expect(at.read(`tasks/runs/${id}/${receipt.runId}/summary.md`)).toContain("Done: wrote made.txt");
	const events = (await at.msgcode("run", "logs", receipt.runId, "--json")).stdout;
	for (const type of ["message.delta", "tool.started", "tool.finished", "todo.update"]) expect(events).toContain(type);
});

test("what the agent may not decide alone is asked of a person, whose answer it gets", async () => {
	const at = await repo({ ledger: true });
	const id = await acpTask(at, "[shell]");
	const running = at.msgcode("task", "run", id, "--json");
	const questions = async () => (await at.msgcode("human", "list", "--json")).json().data;
	await expect.poll(async () => (await questions()).length, { timeout: 20_000 }).toBe(1);
	const [question] = await questions();
	expect(question).toMatchObject({ taskId: id, about: "permission", choices: ["Allow", "Always allow", "Reject"] });
	expect(question.prompt).toContain("npm test");
	const replied = await at.msgcode("human", "reply", question.questionId, "--answer", "Reject", "--json");
	expect(replied.exitCode, replied.stdout).toBe(0);
	const { status, runId } = (await running).json().data;
	expect(status).toBe("ok");
	expect(at.read(`tasks/runs/${id}/${runId}/summary.md`)).toContain("chosen: no");
});

test("a canceled run is canceled, and the agent is gone with it", async () => {
	const at = await repo({ ledger: true });
	const id = await acpTask(at, "[stubborn]");
	const running = at.msgcode("task", "run", id, "--json");
	let runId = "";
	await expect
		.poll(
			async () => {
				runId = (await at.msgcode("task", "show", id, "--json")).json().data.running ?? "";
				return runId === "" ? "" : (await at.msgcode("run", "logs", runId, "--json")).stdout;
			},
			{ timeout: 20_000 },
		)
		.toContain("I do not listen.");
	await at.msgcode("run", "cancel", runId, "--json");
	expect((await running).json().data).toMatchObject({ status: "canceled", errorCode: "RUN_CANCELED" });
});
