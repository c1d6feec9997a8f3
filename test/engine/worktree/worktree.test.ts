// A task's worktree goes only when all that it holds is kept elsewhere, and never under a live run.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { CliResult } from "../../support/cli.ts";
import { type Repo, repo } from "../../support/repo.ts";
import { type Scene, sceneIn } from "../../support/run-patch.ts";

async function scene(): Promise<
	Scene & { rm(): Promise<CliResult>; inside(...args: string[]): string; put(file: string, text: string): void }
> {
	const made = await sceneIn(await repo({ files: { "a.txt": "a\n", ".gitignore": "*.log\n" }, ledger: true }));
	const folder = join(made.repo.path, "worktrees", made.taskId);
	return {
		...made,
		rm: () => made.repo.msgcode("task", "worktree", "rm", made.taskId, "--json"),
		inside: (...args) => made.repo.git("-C", folder, ...args),
		put: (file, text) => writeFileSync(join(folder, file), text),
	};
}

async function stateOf(made: Repo): Promise<[string, string]> {
	const listed = await made.msgcode("task", "worktree", "list", "--json");
	const { state, reason } = listed.json().data[0];
	return [state, reason];
}

function expectGone(made: Repo, taskId: string): void {
	expect(made.exists(`worktrees/${taskId}`)).toBe(false);
	expect(made.git("worktree", "list").split("\n")).toHaveLength(1);
	expect(made.git("for-each-ref", "refs/heads/msgcode")).toBe("");
}

describe("what is kept", () => {
	test("a recorded result, also with ignored files about; not what came after it", async () => {
		const { repo: made, taskId, run, rm, put } = await scene();
		const { receipt } = await run("echo 1 > one.txt && echo noise > x.log");
		expect(await stateOf(made)).toEqual(["kept", `The run ${receipt.runId} keeps it.`]);
		put("later.txt", "later\n");
		expect((await stateOf(made))[0]).toBe("unkept");
		const refused = await rm();
		expect(refused.exitCode).toBe(4);
		expect(refused.json().error).toMatchObject({ code: "worktree_kept", details: { taskId } });
		expect(refused.json().error.hint).toContain("--continue");
		expect(made.exists(`worktrees/${taskId}/later.txt`)).toBe(true);
		expect((await made.msgcode("task", "run", taskId, "--", "true")).exitCode).toBe(4);
		const goneOn = await made.msgcode("task", "run", taskId, "--continue", "--json", "--", "true");
		expect(goneOn.json().data).toMatchObject({ status: "ok", baseCommit: receipt.baseCommit, patch: { files: 2 } });
		expect((await rm()).exitCode).toBe(0);
		expectGone(made, taskId);
		expect((await rm()).json().error.code).toBe("worktree_not_found");
	});

	test("commits on its own branch only where a run recorded them; a branch that nobody recorded stays", async () => {
		const { repo: made, taskId, run, rm, inside } = await scene();
		await run("echo 1 > one.txt && git add . && git commit -qm recorded");
		expect((await stateOf(made))[0]).toBe("kept");
		inside("commit", "--quiet", "--allow-empty", "-m", "after the run");
		expect((await stateOf(made))[1]).toContain("are on no other branch");
		expect((await rm()).exitCode).toBe(4);
		made.git("branch", "rescued", inside("rev-parse", "HEAD"));
		expect((await rm()).exitCode).toBe(0);
		expectGone(made, taskId);
	});

	test("what the checks of a run left behind has a ref of its own", async () => {
		const { repo: made, taskId, rm } = await scene();
		await made.msgcode("task", "edit", taskId, "--check", "echo built > built.txt");
		const ran = await made.msgcode(
			"task",
			"run",
			taskId,
			"--json",
			"--approve",
			await digestOf(made, taskId),
			"--",
			"sh",
			"-c",
			"echo 1 > one.txt",
		);
		const { runId, treeAfterChecks, tree } = ran.json().data;
		expect(treeAfterChecks).not.toBe(tree);
		expect(made.git("rev-parse", `refs/msgcode/after-checks/${runId}`)).toBe(treeAfterChecks);
		expect((await stateOf(made))[0]).toBe("kept");
		made.git("update-ref", "-d", `refs/msgcode/after-checks/${runId}`);
		expect((await stateOf(made))[0]).toBe("unkept");
		expect((await rm()).exitCode).toBe(4);
	});

	test("nothing, when the ref that kept it is gone, the folder is a file, or git has lost its record", async () => {
		const { repo: made, taskId, run, rm } = await scene();
		const { receipt } = await run("echo 1 > one.txt");
		const kept = made.git("rev-parse", receipt.ref ?? "");
		made.git("update-ref", "-d", receipt.ref ?? "");
		expect(await stateOf(made)).toEqual(["unkept", "It holds changes that no run has recorded."]);
		made.git("update-ref", receipt.ref ?? "", kept);
		const folder = join(made.path, "worktrees", taskId);
		rmSync(join(made.path, ".git/worktrees"), { recursive: true });
		expect((await stateOf(made))[0]).toBe("kept");
		rmSync(folder, { recursive: true });
		writeFileSync(folder, "a file of the user's\n");
		expect((await rm()).json().error.code).toBe("worktree_kept");
		expect(readFileSync(folder, "utf8")).toBe("a file of the user's\n");
	});

	test("by its ref alone, on a branch that does not hold the run's receipt", async () => {
		const { repo: made, run } = await scene();
		const base = made.git("rev-parse", "HEAD");
		const { receipt } = await run("echo 1 > one.txt");
		made.git("switch", "--quiet", "--create", "elsewhere", base);
		expect(await stateOf(made)).toEqual(["kept", `The run ${receipt.runId} keeps it.`]);
	});

	test("a folder deleted by hand leaves a record and a branch, which go as well", async () => {
		const { repo: made, taskId, run, rm } = await scene();
		await run("echo 1 > one.txt");
		rmSync(join(made.path, "worktrees", taskId), { recursive: true });
		expect((await stateOf(made))[0]).toBe("missing");
		expect((await rm()).exitCode).toBe(0);
		expectGone(made, taskId);
		expect((await run("echo 2 > two.txt")).paths).toEqual(["two.txt"]);
	});
});

test("a newer run of another clone does not change what this clone's worktree started from", async () => {
	const { repo: made, taskId, run, put, rm } = await scene();
	const { receipt } = await run("echo 1 > one.txt");
	made.git("config", "receive.denyCurrentBranch", "updateInstead");
	const clone = made.clone();
	clone.write("a.txt", "changed in the other clone\n");
	clone.commitAll("their code");
	await clone.msgcode("task", "run", taskId, "--", "sh", "-c", "echo theirs > theirs.txt");
	clone.git("push", "--quiet");
	expect((await stateOf(made))[0]).toBe("kept");
	put("more.txt", "more\n");
	const goneOn = await made.msgcode("task", "run", taskId, "--continue", "--json", "--", "true");
	expect(goneOn.json().data.baseCommit).toBe(receipt.baseCommit);
	const diff = await made.msgcode("task", "diff", taskId, "--run", goneOn.json().data.runId, "--json");
	expect(diff.json().data.files.map(({ path }: { path: string }) => path)).toEqual(["more.txt", "one.txt"]);
	expect((await rm()).exitCode).toBe(0);
});

test("a live run's worktree is removed by nobody, and its task is not landed meanwhile", async () => {
	const { repo: made, taskId, run, rm } = await scene();
	await run("echo 1 > one.txt");
	const go = join(made.home, "go");
	const running = made.msgcode(
		"task",
		"run",
		taskId,
		"--json",
		"--",
		"sh",
		"-c",
		`: > ${go}.started; until [ -e ${go} ]; do sleep 0.02; done`,
	);
	await expect.poll(() => existsSync(`${go}.started`), { interval: 10, timeout: 60_000 }).toBe(true);
	expect((await rm()).json().error.code).toBe("task_running");
	expect((await made.msgcode("task", "apply", taskId, "--yes", "--json")).json().error.code).toBe("task_running");
	expect((await made.msgcode("task", "reject", taskId, "--reason", "x", "--json")).json().error.code).toBe(
		"task_running",
	);
	const pruned = await made.msgcode("task", "worktree", "prune", "--json");
	expect(pruned.json().data).toMatchObject([{ taskId, removed: false }]);
	expect((await stateOf(made))[0]).toBe("live");
	writeFileSync(go, "");
	expect((await running).json().data).toMatchObject({ status: "ok", noChanges: true });
});

test("prune removes what is kept, keeps what is not, and says which; --dry-run only says", async () => {
	const made = await repo({ files: { "a.txt": "a\n" }, ledger: true });
	const kept = await sceneIn(made);
	const unkept = await sceneIn(made);
	await kept.run("echo 1 > one.txt");
	await unkept.run("echo 1 > one.txt");
	made.write(`worktrees/${unkept.taskId}/later.txt`, "later\n");
	mkdirSync(join(made.path, "worktrees/notes"));
	const fates = async (...flags: string[]) => {
		const { data } = (await made.msgcode("task", "worktree", "prune", "--json", ...flags)).json();
		return Object.fromEntries(
			data.map(({ taskId, removed }: { taskId: string; removed: boolean }) => [taskId, removed]),
		);
	};
	const expected = { [kept.taskId]: true, [unkept.taskId]: false };
	expect(await fates("--dry-run")).toEqual(expected);
	expect(made.exists(`worktrees/${kept.taskId}`)).toBe(true);
	expect(await fates()).toEqual(expected);
	expect(made.exists(`worktrees/${kept.taskId}`)).toBe(false);
	expect(made.exists(`worktrees/${unkept.taskId}/later.txt`)).toBe(true);
	expect(made.exists("worktrees/notes")).toBe(true);
	const path = await made.msgcode("task", "worktree", "path", unkept.taskId);
	expect(path.stdout).toBe(`${join(made.path, "worktrees", unkept.taskId)}\n`);
	expect((await made.msgcode("task", "worktree", "path", kept.taskId)).exitCode).toBe(3);
});

async function digestOf(made: Repo, taskId: string): Promise<string> {
	const held = await made.msgcode("task", "run", taskId, "--json", "--approve", "0".repeat(64), "--", "true");
	return held.json().error.details.digest;
}
