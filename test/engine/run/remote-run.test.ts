// Whole runs at a remote executor: the work comes back as a patch, once, whatever goes wrong on the way.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type Executor, type ExecutorOptions, executor } from "../../support/executor.ts";
import { type Repo, repo } from "../../support/repo.ts";

const APP = "one\ntwo\nthree\n";
const TOKEN = "secret-token-1";

interface Place {
	readonly at: Repo;
	readonly service: Executor;
	readonly id: string;
}

async function place(prompt: string, options: ExecutorOptions = {}, env: Record<string, string> = {}): Promise<Place> {
	const service = await executor({ token: TOKEN, ...options });
	const settings = { EXECUTOR_BASE_URL: service.url, EXECUTOR_AUTH_TOKEN: TOKEN, EXECUTOR_RETRY_DELAY_MS: "1" };
	const at = await repo({ files: { "app.txt": APP }, ledger: true, env: { ...settings, ...env } });
	at.write("../task.md", `---\ntitle: Sample\nrunner: http\nfiles: [app.txt]\n---\n${prompt}\n`);
	const id: string = (await at.msgcode("task", "add", "--from", "../task.md", "--json")).json().data.id;
	return { at, service, id };
}

const started = ({ at, id }: Place) => at.msgcode("task", "run", id, "--json", "--yes");

describe("a run at a remote executor", () => {
	test("gives a patch; a failure that passes is tried again and the work begins once", async () => {
		const retries = { EXECUTOR_MAX_RETRIES: "2" };
		const where = await place("Do it.", { faults: [{ status: 503 }, "lost_answer"], refusesDuplicates: true }, retries);
		const { at, service, id } = where;
		const ran = await at.msgcodeProcess("task", "run", id, "--json", "--yes");
		const receipt = ran.json().data;
		expect(receipt, ran.stdout).toMatchObject({
			status: "ok",
			noChanges: false,
			runner: { kind: "http", model: "far-1" },
			session: "remote-1",
			usage: { inputTokens: 10, outputTokens: 5, costUsd: 0.01 },
		});
		expect(at.read(`tasks/runs/${id}/${receipt.runId}/patch.diff`)).toContain("+made far away");
		expect(service.begun).toEqual([`${receipt.runId}.1`]);
		expect(service.requests.find(({ call }) => call === "POST /runs")?.body).toMatchObject({
			taskId: id,
			baseCommit: receipt.baseCommit,
			files: [{ path: "app.txt", content: APP, encoding: "utf8" }],
		});
		// The token is in no file of the run, nor in the ledger.
		expect(at.git("log", "-p", "--all")).not.toContain(TOKEN);
		const local = join(at.path, ".git/msgcode/runs", receipt.runId);
		for (const name of readdirSync(local).filter((file) => /\.(jsonl|log|json|md)$/.test(file))) {
			expect(readFileSync(join(local, name), "utf8"), name).not.toContain(TOKEN);
		}
	});

	test("that is canceled is ended there as well", async () => {
		const where = await place("[hang]");
		const running = where.at.msgcodeProcess("task", "run", where.id, "--json", "--yes");
		await where.service.waiting;
		const [key = ""] = where.service.begun;
		const canceled = await where.at.msgcode("run", "cancel", key.replace(/\.1$/, ""), "--json");
		expect(canceled.exitCode, canceled.stdout).toBe(0);
		expect((await running).json().data).toMatchObject({ status: "canceled", errorCode: "RUN_CANCELED" });
		await where.service.ended;
		expect(where.service.canceled).toEqual(where.service.begun);
	});

	test("may ask a person, whose answer goes back to it", async () => {
		const where = await place("[ask]");
		const running = started(where);
		await where.service.waiting;
		const ended = running.then(({ stdout }) => Promise.reject(new Error(`The run has ended: ${stdout}`)));
		const question = await Promise.race([asked(where.at), ended]);
		ended.catch(() => {});
		const reply = await where.at.msgcode("human", "reply", question, "--answer", "yes", "--json");
		expect(reply.exitCode, reply.stdout).toBe(0);
		expect((await running).json().data).toMatchObject({ status: "ok", noChanges: false });
		const sent = where.service.requests.find(({ call }) => call.endsWith("/replies"));
		expect(sent?.body).toEqual({ questionId: "q1", answer: "yes" });
	});
});

/** The id of the one question that is open, as soon as it is. */
async function asked(at: Repo): Promise<string> {
	for (;;) {
		const [first] = (await at.msgcode("human", "list", "--json")).json().data;
		if (first !== undefined) return first.questionId;
		await turn(); // the run goes on in this very process
	}
}
