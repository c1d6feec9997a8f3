// The commands that look at runs, follow them, end them and release what was withheld.
import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { run as runLine } from "../../src/cli/program.ts";
import { memoryIo } from "../support/cli.ts";
import { type Repo, repo } from "../support/repo.ts";
import { type Scene, sceneIn } from "../support/run-patch.ts";

const scene = async (): Promise<Scene> => sceneIn(await repo({ files: { "a.txt": "a\n" }, ledger: true }));

const SECRET = `printf 'key = "AKIA%s"\\n' QWERTYUIOPASDFGH > key.txt`;

async function liveRun(made: Repo, taskId: string, script: string) {
	const ended = made.msgcode("task", "run", taskId, "--json", "--", "sh", "-c", script);
	const live = async () => (await made.msgcode("run", "list", "--status", "running", "--json")).json().data[0];
	await expect.poll(async () => (await live())?.baseCommit ?? null, { interval: 10, timeout: 10_000 }).not.toBeNull();
	return { runId: (await live()).runId as string, ended };
}

test("lists: newest first, by task, by status, with what came of the patch; ids by any unique beginning", async () => {
	const { repo: made, taskId, run } = await scene();
	const other = await sceneIn(made);
	const first = await run("echo 1 > one.txt");
	await made.msgcode("task", "apply", taskId, "--yes");
	const second = await run("echo 2 > two.txt; exit 3", "error");
	await made.msgcode("task", "reject", taskId, "--run", second.receipt.runId, "--reason", "no");
	const third = await other.run("true");
	const list = async (...flags: string[]) => (await made.msgcode("run", "list", "--json", ...flags)).json();
	const ids = [third, second, first].map(({ receipt }) => receipt.runId);
	expect((await list()).data.map(({ runId }: { runId: string }) => runId)).toEqual(ids);
	expect((await list()).data).toMatchObject([
		{ taskId: other.taskId, status: "ok", decision: null },
		{ taskId, status: "error", errorCode: "RUNNER_FAILED", decision: "rejected" },
		{ taskId, status: "ok", decision: "landed", startedAt: expect.stringMatching(/^\d{4}-.*Z$/) },
	]);
	expect((await list("--task", taskId, "--status", "error")).data).toHaveLength(1);
	expect(await list("--limit", "1")).toMatchObject({ data: [{ runId: ids[0] }], warnings: [{ code: "list_cut" }] });
	expect((await made.msgcode("run", "list", "--status", "nonsense")).exitCode).toBe(2);
	const ofTask = await made.msgcode("task", "runs", taskId, "--json");
	expect(ofTask.json()).toMatchObject({ kind: "task.runs", data: [{ runId: ids[1] }, { runId: ids[2] }] });
	expect((await made.msgcode("task", "history", taskId)).stdout).toMatch(
		/RUN +TASK +STATUS[\s\S]*rejected[\s\S]*landed/,
	);
	expect((await made.msgcode("run", "list", "--plain")).stdout.split("\n")[0]?.split("\t").slice(0, 3)).toEqual([
		ids[0],
		other.taskId,
		"ok",
	]);

	const shown = await made.msgcode("run", "show", (ids[2] ?? "").slice(4), "--json");
	expect(shown.json().data).toMatchObject({ runId: ids[2], landing: { runId: ids[2] }, rejection: null });
	expect((await made.msgcode("run", "show", ids[1] ?? "")).stdout).toContain("rejected  no");
	const many = await made.msgcode("run", "show", "run_20", "--json");
	expect(many.json().error.details.matches).toEqual([...ids].sort());
	expect(many.exitCode).toBe(3);
	expect((await made.msgcode("run", "show", "run_1999")).exitCode).toBe(3);

	// A merge may lose a line of runs.jsonl: the run's folder still tells of it.
	made.write("tasks/runs.jsonl", "");
	expect((await list()).data.map(({ runId }: { runId: string }) => runId)).toEqual(ids);
});

test("an empty list is a list", async () => {
	const made = await repo({ ledger: true });
	expect((await made.msgcode("run", "list", "--json")).json()).toMatchObject({
		kind: "run.list",
		data: [],
		warnings: [],
	});
	expect((await made.msgcode("task", "worktree", "list", "--json")).json()).toMatchObject({
		kind: "task.worktree.list",
		data: [],
	});
});

describe("logs", () => {
	test("events of a run that ended, raw output byte for byte, and a clone that has neither", async () => {
		const { repo: made, run } = await scene();
		const { receipt } = await run(`echo said; printf 'bad \\377 byte\\n' >&2`);
		const events = await made.msgcode("run", "logs", receipt.runId, "--json");
		const lines = events.stdout
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line));
		expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, position) => position + 1));
		expect(lines[0]).toMatchObject({ type: "run.started", runId: receipt.runId });
		expect(lines.at(-1)).toMatchObject({ type: "run.finished", data: { status: "ok" } });
		expect((await made.msgcode("run", "logs", receipt.runId)).stdout).toMatch(/^\d\d:\d\d:\d\d {2}said$/m);
		const io = memoryIo({ cwd: made.path, env: made.env });
		await runLine(["run", "logs", receipt.runId, "--raw"], io);
		expect(io.stdoutBytes().toString()).toBe("said\n");
		expect(io.written.stderr).toContain("bad");
		const clone = made.clone();
		const elsewhere = await clone.msgcode("run", "logs", receipt.runId, "--json");
		expect(elsewhere.json().error).toMatchObject({ code: "run_not_found", hint: expect.stringContaining("run show") });
		rmSync(join(made.path, ".git/msgcode/runs"), { recursive: true });
		expect((await made.msgcode("run", "logs", receipt.runId)).stdout).toContain("said");
	});

	test("-f follows a live run to its end, with events and raw", async () => {
		const { repo: made, taskId } = await scene();
		const go = join(made.home, "go");
		const { runId, ended } = await liveRun(
			made,
			taskId,
			`echo first; until [ -e ${go} ]; do sleep 0.02; done; echo last`,
		);
		const shown = await made.msgcode("run", "show", runId, "--json");
		expect(shown.json().data).toMatchObject({ status: "running", taskId });
		const io = memoryIo({ cwd: made.path, env: made.env });
		const following = runLine(["run", "logs", "-f", runId], io);
		const raw = made.msgcode("run", "logs", "-f", "--raw", runId);
		await expect.poll(() => io.written.stdout, { interval: 10, timeout: 10_000 }).toContain("first");
		expect(io.written.stdout).not.toContain("last");
		writeFileSync(go, "");
		expect(await following).toBe(0);
		expect(io.written.stdout).toMatch(/first[\s\S]*last[\s\S]*finished {2}/);
		expect((await raw).stdout).toBe("first\nlast\n");
		expect((await ended).json().data.status).toBe("ok");
	});

	test("-f ends with Ctrl-C; the run goes on", async () => {
		const { repo: made, taskId } = await scene();
		const go = join(made.home, "go");
		const { runId, ended } = await liveRun(made, taskId, `echo first; until [ -e ${go} ]; do sleep 0.02; done`);
		const io = memoryIo({ cwd: made.path, env: made.env });
		const following = runLine(["run", "logs", "-f", runId], io);
		await expect.poll(() => io.written.stdout, { interval: 10, timeout: 10_000 }).toContain("first");
		io.interrupt();
		expect(await following).toBe(130);
		writeFileSync(go, "");
		expect((await ended).json().data.status).toBe("ok");
	});
});

test("cancel ends a live run, keeps its work and waits for its result; an ended run is not canceled again", async () => {
	const { repo: made, taskId } = await scene();
	const { runId, ended } = await liveRun(made, taskId, "echo half > half.txt; exec sleep 60");
	await expect.poll(() => made.exists(`worktrees/${taskId}/half.txt`), { interval: 10, timeout: 10_000 }).toBe(true);
	const canceled = await made.msgcode("run", "cancel", runId.slice(0, -2), "--json");
	expect(canceled.exitCode, canceled.stderr).toBe(0);
	expect(canceled.json().data).toMatchObject({ runId, status: "canceled", patch: { files: 1 } });
	expect((await ended).exitCode).toBe(130);
	const again = await made.msgcode("run", "cancel", runId, "--json");
	expect(again.exitCode).toBe(4);
	expect(again.json().error.code).toBe("run_ended");
});

describe("a withheld patch", () => {
	test("is shown at a terminal only, released after a yes, and then lands", async () => {
		const { repo: made, taskId, run } = await scene();
		const { receipt } = await run(SECRET, "error");
		const { runId } = receipt;
		expect(receipt).toMatchObject({ errorCode: "SECRET_FOUND", patch: { withheld: "secret" } });
		expect(made.exists(receipt.patch?.path ?? "")).toBe(false);
		expect((await made.msgcode("task", "diff", taskId, "--json")).json().error.code).toBe("patch_withheld");
		const seen = await made.msgcodeWith({ terminal: 100 }, "task", "diff", taskId);
		expect(seen.stdout).toContain("key.txt");
		expect(seen.stderr).toContain("withheld");
		expect((await made.msgcode("run", "allow-secret", runId)).exitCode).toBe(2);
		const no = await made.msgcodeWith({ terminal: 100, answers: ["no"] }, "run", "allow-secret", runId);
		expect(no.exitCode).toBe(130);
		expect(no.stderr).toContain("key.txt:1");
		const allowed = await made.msgcode("run", "allow-secret", runId, "--yes", "--json", "--actor", "reviewer");
		expect(allowed.exitCode, allowed.stdout).toBe(0);
		expect(allowed.json().data).toMatchObject({ status: "ok", errorCode: null, secretsAllowed: { actor: "reviewer" } });
		const patch = made.gitBytes("show", `HEAD:${receipt.patch?.path}`);
		expect(createHash("sha256").update(patch).digest("hex")).toBe(receipt.patch?.sha256);
		expect(JSON.parse(made.read(`tasks/runs/${taskId}/${runId}/run_receipt.json`)).patch.withheld).toBeUndefined();
		expect(made.read(`tasks/runs/${taskId}/${runId}/summary.md`)).toContain("## Released");
		expect((await made.msgcode("run", "list", "--json")).json().data).toMatchObject([{ runId, status: "ok" }]);
		expect(made.git("status", "--porcelain")).toBe("");
		expect((await made.msgcode("run", "allow-secret", runId, "--yes", "--json")).json().error.code).toBe(
			"nothing_withheld",
		);
		expect((await made.msgcode("task", "apply", taskId, "--yes")).exitCode).toBe(0);
		expect(made.exists("key.txt")).toBe(true);
	});

	test("is made again from the run's ref when the local copy is gone or altered; elsewhere it cannot be released", async () => {
		const { repo: made, taskId } = await scene();
		await made.msgcode("task", "edit", taskId, "--check", "test -e nothing");
		const held = await made.msgcode("task", "run", taskId, "--json", "--approve", "0".repeat(64), "--", "true");
		const { digest } = held.json().error.details;
		const ran = await made.msgcode("task", "run", taskId, "--json", "--approve", digest, "--", "sh", "-c", SECRET);
		const { runId, errorCode } = ran.json().data;
		expect(errorCode).toBe("SECRET_FOUND");
		const clone = made.clone();
		expect((await clone.msgcode("run", "allow-secret", runId, "--yes", "--json")).json().error.code).toBe(
			"patch_withheld",
		);
		made.write(`.git/msgcode/runs/${runId}/patch.diff`, "something else\n");
		const allowed = await made.msgcode("run", "allow-secret", runId, "--yes", "--json");
		expect(allowed.json().data).toMatchObject({ status: "error", errorCode: "CHECKS_FAILED", patch: { files: 1 } });
		expect(made.git("show", `HEAD:tasks/runs/${taskId}/${runId}/patch.diff`)).toContain("key.txt");
	});
});

describe("task diff", () => {
	test("prints the very bytes of the patch to a pipe, paints it on a terminal, counts with --stat", async () => {
		const { repo: made, taskId, run } = await scene();
		const { receipt } = await run(
			`printf 'caf\\351 \\033[31mred\\n' > latin1.txt && echo more >> a.txt && printf '\\000\\001' > data.bin`,
		);
		const io = memoryIo({ cwd: made.path, env: { ...made.env, FORCE_COLOR: "1" } });
		expect(await runLine(["task", "diff", taskId], io)).toBe(0);
		expect(io.stdoutBytes()).toEqual(made.gitBytes("show", `HEAD:${receipt.patch?.path}`));
		const painted = await made.msgcodeWith({ terminal: 100 }, "task", "diff", taskId);
		expect(painted.stdout).toContain("\u001b[32m+more\u001b[39m");
		expect(painted.stdout).not.toContain("\u001b[31mred");
		const stat = await made.msgcode("task", "diff", taskId, "--stat");
		expect(stat.stdout).toBe("a.txt  +1 -0\ndata.bin  binary\nlatin1.txt  +1 -0\n");
		const json = await made.msgcode("task", "diff", taskId, "--json");
		expect(json.json().data).toMatchObject({ runId: receipt.runId, sha256: receipt.patch?.sha256, patch: null });
		rmSync(join(made.path, receipt.patch?.path ?? ""));
		expect((await made.msgcode("task", "diff", taskId, "--json")).json().error.code).toBe("ledger_damaged");
	});
});

test("reject needs a reason, records it in one commit, frees the worktree and keeps the ref", async () => {
	const { repo: made, taskId, run } = await scene();
	expect((await made.msgcode("task", "reject", taskId, "--reason", "x", "--json")).json().error.code).toBe(
		"nothing_to_land",
	);
	const { receipt } = await run("echo 1 > one.txt");
	expect((await made.msgcode("task", "reject", taskId)).exitCode).toBe(2);
	const parent = made.git("rev-parse", "HEAD");
	const rejected = await made.msgcode("task", "reject", taskId, "--reason", "wrong file", "--json");
	expect(rejected.json().data).toMatchObject({ runId: receipt.runId, reason: "wrong file", worktreeRemoved: true });
	expect(made.git("show", "--format=%P", "--name-only", "HEAD")).toBe(
		`${parent}\n\ntasks/runs/${taskId}/${receipt.runId}/rejection.json`,
	);
	expect(made.git("rev-parse", `${receipt.ref}^{tree}`)).toBe(receipt.tree);
	expect(made.exists(`worktrees/${taskId}`)).toBe(false);
	const again = await made.msgcode("task", "reject", taskId, "--reason", "still", "--json");
	expect(again.json().error.code).toBe("already_rejected");
});
