// Sessions of a runner from run to run: --continue, the one main session of a folder, refusals, and a crash in between.
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type AskerRepo, askerRepo, receiptOf, until } from "../support/asker.ts";
import { processesOf } from "../support/crash.ts";
import { localModel } from "../support/local-model.ts";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

async function run(at: AskerRepo, id: string, ...flags: string[]) {
	const ran = await at.msgcode("task", "run", id, "--json", ...flags);
	return { ...receiptOf(ran), exitCode: ran.exitCode, error: ran.json().error };
}

function request(at: AskerRepo, folder: string) {
	return JSON.parse(at.read(`${folder}/request.json`));
}

const codesOf = ({ warnings }: { warnings: { code: string }[] }) => warnings.map(({ code }) => code);

describe("--continue", () => {
	test("goes on in the session of the task's last run, in its worktree", async () => {
		const at = await askerRepo();
		const id = await at.task("work", "");
		const first = await run(at, id);
		expect(first.session).toMatch(/^session-/);
		expect(first.runner).toMatchObject({ kind: "asker", model: "asker-1" });
		const second = await run(at, id, "--continue");
		expect(second).toMatchObject({ status: "ok", session: first.session });
		expect(request(at, `worktrees/${id}`).context.resume).toBe(first.session);
		const third = await run(at, id);
		expect(third.session).not.toBe(first.session);
	});

	test("goes on in the session of an agent as well", async () => {
		const at = await askerRepo();
		const agents = fileURLToPath(new URL("../../fixtures/agents", import.meta.url));
		const env = {
			...at.env,
			PATH: [agents, dirname(process.execPath), at.env.PATH].join(delimiter),
			CLAUDE_CONFIG_DIR: join(at.home, "claude"),
			ANTHROPIC_API_KEY: "none",
		};
		const msgcode = (...argv: string[]) => at.msgcodeWith({ cwd: at.path, env }, ...argv, "--json");
		const id = (await msgcode("task", "add", "Sample", "--runner", "claude", "--prompt", "[ok]")).json().data.id;
		const first = receiptOf(await msgcode("task", "run", id));
		expect(first).toMatchObject({ status: "ok", session: expect.stringMatching(/^[0-9a-f-]{36}$/) });
		const second = receiptOf(await msgcode("task", "run", id, "--continue"));
		expect(second).toMatchObject({ status: "ok", session: first.session });
		expect(at.read(`worktrees/${id}/made.txt`)).toContain(`resumed ${first.session}`);
	});

	test("says where there is no session to go on in, and works on in the worktree", async () => {
		const at = await askerRepo();
		const id = await at.task("work");
		expect((await run(at, id, "--", "touch", "left.txt")).status).toBe("ok");
		const receipt = await run(at, id, "--continue");
		expect(receipt.status).toBe("ok");
		expect(codesOf(receipt)).toContain("session_not_resumable");
		expect(at.exists(`worktrees/${id}/left.txt`)).toBe(true);
	});

	test("of a session that the runner refuses is a failure, and the next one begins anew", async () => {
		const at = await askerRepo();
		const id = await at.task("work");
		const { session } = await run(at, id);
		rmSync(join(at.home, "config/runners/asker/sessions", session));
		const refused = await run(at, id, "--continue");
		expect(refused).toMatchObject({ status: "error", errorCode: "RUNNER_FAILED", session: null });
		expect(refused.details).toEqual({ resume: "refused" });
		expect(await run(at, id, "--continue")).toMatchObject({ status: "ok" });
	});
});

describe("the main session", () => {
	const MAIN_SESSION = "  session: main\nworktree: false\n";

	test("of a folder is one over all tasks, for as long as it may rest", async () => {
		const at = await askerRepo();
		const [one, two] = [await at.task("one", MAIN_SESSION), await at.task("two", MAIN_SESSION)];
		const first = await run(at, one);
		expect(await run(at, two)).toMatchObject({ status: "ok", session: first.session });
		const apart = await run(at, two, "--session", "isolated");
		expect(apart.session).not.toBe(first.session);
		expect((await run(at, one)).session).toBe(first.session);
		at.write("msgcode.toml", '[runner]\nsession_timeout = "1s"\n');
		const later = await at.msgcodeWith(
			{ cwd: at.path, env: at.env, now: () => Date.now() + 5_000 },
			"task",
			"run",
			one,
			"--json",
		);
		expect(receiptOf(later).session).not.toBe(first.session);
	});

	test("is taken by one of two runs that begin in the same instant", async () => {
		const at = await askerRepo();
		const ids = [await at.task("[ask]", MAIN_SESSION), await at.task("[ask]", MAIN_SESSION)];
		const running = ids.map((id) => at.msgcode("task", "run", id, "--json"));
		const lost = await Promise.race(running);
		expect(lost.json().error?.code).toBe("session_busy");
		const [question] = await at.questions(1);
		await at.msgcode("human", "reply", question?.questionId ?? "", "--answer", "8080");
		expect((await Promise.all(running)).map(({ exitCode }) => exitCode).sort()).toEqual([0, 4]);
	});

	test("takes one run at a time, and one that the runner refused is forgotten", async () => {
		const at = await askerRepo();
		const [one, two] = [await at.task("[ask]", MAIN_SESSION), await at.task("two", MAIN_SESSION)];
		const running = at.msgcode("task", "run", one, "--json");
		const [question] = await at.questions(1);
		const busy = await run(at, two);
		expect(busy).toMatchObject({ exitCode: 4, error: { code: "session_busy", details: { taskId: one } } });
		expect((await at.msgcode("task", "runs", two, "--json")).json().data).toEqual([]);
		await at.msgcode("human", "reply", question?.questionId ?? "", "--answer", "8080");
		const { session } = receiptOf(await running);
		expect(await run(at, two)).toMatchObject({ status: "ok", session });

		const forgetful = await at.task("[forget]", MAIN_SESSION);
		expect(await run(at, forgetful)).toMatchObject({ status: "error", session: null });
		const anew = await run(at, two);
		expect(anew.status).toBe("ok");
		expect(anew.session).not.toBe(session);
	});
});

describe("a run whose msgcode was killed", () => {
	function start(at: AskerRepo, id: string): ChildProcess {
		return spawn(process.execPath, [MAIN, "task", "run", id], { cwd: at.path, env: at.env, stdio: "ignore" });
	}

	test("while it waited for a person frees its session, has it in its receipt, and goes on in it", async () => {
		const at = await askerRepo();
		const id = await at.task("[ask]", "  session: main\n");
		const child = start(at, id);
		const [question] = await at.questions(1);
		child.kill("SIGKILL");
		await until(() => (child.signalCode === null ? null : true));
		const listed = (await at.msgcode("run", "list", "--json")).json().data[0];
		expect(listed).toMatchObject({ status: "error", errorCode: "RUN_ABORTED_BY_RESTART" });
		expect(processesOf(at)).toEqual([]);
		const shown = (await at.msgcode("run", "show", listed.runId, "--json")).json().data;
		expect(shown).toMatchObject({ session: `session-${listed.runId.slice(-8)}`, runner: { model: "asker-1" } });
		const events = (await at.msgcode("run", "logs", listed.runId, "--json")).stdout;
		expect(events).toContain(`"questionId":"${question?.questionId}","asked":"1","status":"canceled"`);
		expect((await at.msgcode("human", "list", "--json")).json().data).toEqual([]);

		const again = at.msgcode("task", "run", id, "--continue", "--json");
		const [asked] = await at.questions(1);
		await at.msgcode("human", "reply", asked?.questionId ?? "", "--answer", "9090");
		expect(receiptOf(await again)).toMatchObject({ status: "ok", session: shown.session });
	});

	test("leaves no driver behind, before any other command looks after it", async () => {
		const at = await askerRepo();
		const model = await localModel();
		const env = { ...at.env, LMSTUDIO_BASE_URL: model.url };
		const added = await at.msgcode("task", "add", "Sample", "--json", "--runner", "lmstudio", "--prompt", "[hang]");
		const child = start({ ...at, env }, added.json().data.id);
		await model.hanging;
		expect(processesOf(at).join()).toContain("lmstudio");
		child.kill("SIGKILL");
		await until(() => (processesOf(at).length === 0 ? true : null));
	});
});
