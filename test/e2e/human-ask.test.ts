// `msgcode human ask`: a program inside a run puts a question and gets the answer on its standard output.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { askerRepo, receiptOf } from "../support/asker.ts";
import { repo } from "../support/repo.ts";

const tried = spawnSync("bwrap", ["--ro-bind", "/", "/", "--proc", "/proc", "--unshare-pid", "true"]);
const bubblewrap = tried.status === 0;
if (!bubblewrap) console.log(`skipped: bubblewrap does not work here (${tried.error?.message ?? tried.stderr})`);

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

describe("human ask", () => {
	test("prints what was answered, whatever runner the program is part of", async () => {
		const at = await askerRepo();
		const script = `"${process.execPath}" "${MAIN}" human ask 'Which port?' --choices 8080,9090 > port.txt; echo $? > code.txt`;
		const added = await at.msgcode("task", "add", "Sample", "--json", "--runner", "shell", "--script", script);
		const id = added.json().data.id;
		const running = at.msgcode("task", "run", id, "--json");
		const [question] = await at.questions(1);
		expect(question).toMatchObject({ taskId: id, prompt: "Which port?", choices: ["8080", "9090"] });
		expect((await at.msgcode("run", "list", "--json")).json().data[0].status).toBe("waiting_human");
		await at.msgcode("human", "reply", question?.questionId ?? "", "--answer", "9090");
		expect(receiptOf(await running).status).toBe("ok");
		expect(at.read(`worktrees/${id}/port.txt`)).toBe("9090\n");
		expect(at.read(`worktrees/${id}/code.txt`)).toBe("0\n");
	});

	test.runIf(bubblewrap)("is answered in a sandbox too, where no other process can be seen", async () => {
		const at = await askerRepo();
		const script = `"${process.execPath}" "${MAIN}" human ask 'Well?' > said.txt`;
		const added = await at.msgcode("task", "add", "Sample", "--json", "--runner", "shell", "--script", script);
		const id = added.json().data.id;
		// The built program, for what stands beside it is what a sandbox lets its programs see.
		const env = { ...at.env, MSGCODE_RUNNER_SANDBOX: "bubblewrap" };
		const running = at.msgcodeProcessWith({ env }, "task", "run", id, "--json");
		const [question] = await at.questions(1);
		await at.msgcode("human", "reply", question?.questionId ?? "", "--answer", "well");
		expect(receiptOf(await running).status).toBe("ok");
		expect(at.read(`worktrees/${id}/said.txt`)).toBe("well\n");
	});

	test("ends with 124 when its question expires", async () => {
		const at = await askerRepo();
		const script = `"${process.execPath}" "${MAIN}" human ask 'Now?' --expires 1s; echo $? > code.txt`;
		const added = await at.msgcode("task", "add", "Sample", "--json", "--runner", "shell", "--script", script);
		const id = added.json().data.id;
		expect(receiptOf(await at.msgcode("task", "run", id, "--json")).status).toBe("ok");
		expect(at.read(`worktrees/${id}/code.txt`)).toBe("124\n");
	});

	test("ends with 130 when its run is canceled", async () => {
		const at = await askerRepo();
		const script = `trap '' INT; "${process.execPath}" "${MAIN}" human ask 'Well?'; echo $? > code.txt`;
		const added = await at.msgcode("task", "add", "Sample", "--json", "--runner", "shell", "--script", script);
		const id = added.json().data.id;
		const running = at.msgcode("task", "run", id, "--json");
		const [question] = await at.questions(1);
		await at.msgcode("run", "cancel", question?.runId ?? "");
		expect(receiptOf(await running).status).toBe("canceled");
		expect(at.read(`worktrees/${id}/code.txt`)).toBe("130\n");
	});

	test("is refused outside of a run, and in one that has ended", async () => {
		const at = await repo({ files: { "app.txt": "one\n" }, ledger: true });
		expect((await at.msgcode("human", "ask", "Hm?", "--json")).json().error.code).toBe("usage");
		const env = {
			...at.env,
			MSGCODE_WORKSPACE: at.path,
			MSGCODE_RUN_ID: "run_20260102T030405Z_0badcafe",
			MSGCODE_TASK_ID: "tsk_0000000001",
		};
		const ended = await at.msgcodeWith({ cwd: at.path, env }, "human", "ask", "Hm?", "--json");
		expect(ended.exitCode).toBe(2);
	});
});
