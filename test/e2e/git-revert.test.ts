// Plain `git revert` of each kind of ledger commit leaves a ledger that doctor and fsck call healthy and whose commands work.
import { describe, expect, test } from "vitest";
import { operationScene, operations } from "../support/operations.ts";

describe("git revert", () => {
	const names = Object.keys(operations).filter((name) => name !== "init");
	test.each(names)("of %s", async (name) => {
		const scene = await operationScene();
		const { made, run, task } = scene;
		// git itself refuses to revert over staged work.
		made.git("reset", "-q", "--hard");
		await operations[name]?.before?.(scene);
		const before = made.git("rev-parse", "HEAD:tasks");
		const born = await operations[name]?.make(scene);
		const commits = [scene.commit()];
		// The adoption comes with a run behind it, which would be a run of no task without it.
		if (name === "adopt") commits.push(made.git("rev-parse", "HEAD~1"));
		for (const commit of commits) {
			made.git("revert", "--no-edit", commit);
			expect(made.git("log", "-1", "--format=%b")).toContain(`This reverts commit ${commit}`);
		}
		expect(made.git("rev-parse", "HEAD:tasks")).toBe(before);

		const doctor = await made.msgcode("doctor", "--json");
		expect([doctor.exitCode, doctor.stdout]).toEqual([0, expect.anything()]);
		const fsck = await made.msgcode("fsck", "--json");
		expect(fsck.exitCode, fsck.stdout).toBe(0);
		await run("task", "list", "--all", "--removed");
		await run("task", "log", task);
		expect((await run("task", "show", task)).broken).toBe(false);
		await run("task", "edit", task, "--title", "Goes on");
		await run("undo");
		expect((await run("task", "show", task)).title).not.toBe("Goes on");
		await run("task", "add", "Another one");
		if (typeof born === "string") {
			expect((await made.msgcode("task", "show", born, "--json")).json().error.code).toBe("task_not_found");
		}
		expect((await made.msgcode("doctor")).exitCode).toBe(0);
		expect(made.git("status", "--porcelain", "--untracked-files=no")).toBe("");
	});

	test("of init leaves a folder that is no workspace, and says so", async () => {
		const { made } = await operationScene();
		made.git("reset", "-q", "--hard");
		const init = made.git("log", "--format=%H", "--grep=Msgcode-Op: init");
		made.git("revert", "--no-edit", init);
		expect((await made.msgcode("task", "list", "--json")).json().error.code).toBe("workspace_not_found");
		made.git("revert", "--no-edit", "HEAD");
		expect((await made.msgcode("doctor")).exitCode).toBe(0);
		expect((await made.msgcode("task", "list", "--json")).json().data).toHaveLength(1);
	});
});
