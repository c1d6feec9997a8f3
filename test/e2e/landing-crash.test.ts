// `task apply` killed at every step of its way: the next command finishes it or undoes it, and nothing of the user's changes.
import { existsSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FailPoint } from "../../src/core/failpoint.ts";
import { type Repo, repo } from "../support/repo.ts";
import { expectCheckoutIsHead, type Scene, sceneIn } from "../support/run-patch.ts";

/** What the next command makes of it: the landing as it was meant, or a checkout in which it never began. */
type Outcome = "undone" | "landed";

const STEPS: readonly [FailPoint | `${FailPoint}:${number}`, Outcome][] = [
	["apply.merged", "undone"],
	["ledger.locked", "undone"],
	["ledger.objects-written", "undone"],
	["ledger.journal-written", "landed"],
	["ledger.file-written", "landed"],
	["apply.staged", "landed"],
	["apply.code-written:1", "landed"],
	["apply.code-written:3", "landed"],
	["apply.code-written:5", "landed"],
	["ledger.files-written", "landed"],
	["index.locked", "landed"],
	["index.lock-written", "landed"],
	["index.renamed", "landed"],
	["ledger.index-written", "landed"],
	["ledger.ref-moved", "landed"],
	["ledger.journal-cleared", "landed"],
	["apply.landed", "landed"],
	["apply.cleaned", "landed"],
];

const project = {
	"a.txt": "a\n",
	"gone.txt": "gone\n",
	"tool.sh": "#!/bin/sh\n",
	"dir/b.txt": "b\n",
	"staged.txt": "1\n",
	"dirty.txt": "1\n",
};

/** Changes of every kind; `round` makes each round's differ. */
const script = (round: number) => `
	echo ${round} >> a.txt && echo new > new-${round}.txt && ln -s a.txt link-${round}
	if [ -f gone.txt ]; then rm gone.txt; else echo back > gone.txt; fi
	if [ -x tool.sh ]; then chmod -x tool.sh; else chmod +x tool.sh; fi
	if [ -d dir ]; then rm -r dir && echo file > dir; else rm dir && mkdir dir && echo b > dir/b.txt; fi
`;

async function sceneWithUserWork(): Promise<Scene> {
	const scene = await sceneIn(await repo({ files: project, ledger: true }));
	scene.repo.writeAll({ "staged.txt": "2\n", "dirty.txt": "2\n", "untracked.txt": "u\n" });
	scene.repo.git("add", "staged.txt");
	return scene;
}

const USER_WORK = " M dirty.txt\nM  staged.txt\n?? untracked.txt";

async function killedAt(made: Repo, point: string, taskId: string): Promise<void> {
	const env = { MSGCODE_FAILPOINT: point };
	const killed = await made.msgcodeProcessWith({ env }, "task", "apply", taskId, "--yes");
	expect(killed.exitCode, `${point}: ${killed.stdout}${killed.stderr}`).toBe(137);
}

function expectNoTraces(made: Repo): void {
	const state = readdirSync(join(made.path, ".git/msgcode")).filter((name) => /journal|\.lock$|tmp/.test(name));
	expect(state).toEqual([]);
	expect(existsSync(join(made.path, ".git/index.lock"))).toBe(false);
	expect(readdirSync(join(made.path, ".git")).filter((name) => name.startsWith("msgcode-index-"))).toEqual([]);
}

test("SIGKILL at every step: the next command finishes or undoes, and a landing can always be had", async () => {
	const { repo: made, taskId, run } = await sceneWithUserWork();
	for (const [round, [point, outcome]] of STEPS.entries()) {
		const { receipt } = await run(script(round));
		const before = made.git("rev-parse", "HEAD");
		await killedAt(made, point, taskId);
		const listed = await made.msgcode("task", "list");
		expect(listed.exitCode, `${point}: ${listed.stderr}`).toBe(0);
		expectNoTraces(made);
		expect(made.git("status", "--porcelain"), point).toBe(USER_WORK);
		const landed = made.git("rev-parse", "HEAD") !== before;
		expect(landed ? "landed" : "undone", point).toBe(outcome);
		if (!landed) {
			expect(made.exists(`worktrees/${taskId}`), point).toBe(true);
			expect((await made.msgcode("task", "apply", taskId, "--yes")).exitCode, point).toBe(0);
		}
		expect(made.git("rev-parse", "HEAD~1"), point).toBe(before);
		expect(made.git("log", "-1", "--format=%B"), point).toContain(`Msgcode-Run: ${receipt.runId}`);
		expect(made.exists(`worktrees/${taskId}`), point).toBe(false);
		expect(made.git("for-each-ref", "refs/heads/msgcode"), point).toBe("");
		expect(made.git("status", "--porcelain"), point).toBe(USER_WORK);
	}
	made.git("restore", "--staged", "staged.txt");
	made.git("restore", "staged.txt", "dirty.txt");
	rmSync(join(made.path, "untracked.txt"));
	expectCheckoutIsHead(made);
});

test("files edited between the crash and the next command are the user's: the landing is undone around them", async () => {
	const { repo: made, taskId, run } = await sceneWithUserWork();
	for (const [round, point] of ["apply.code-written:3", "ledger.index-written"].entries()) {
		await run(script(round));
		const head = made.git("rev-parse", "HEAD");
		await killedAt(made, point, taskId);
		made.write("a.txt", "edited after the crash\n");
		utimesSync(join(made.path, "a.txt"), 1_700_000_000, 1_700_000_000); // old enough for git to trust its stat data
		await made.msgcode("task", "list");
		expectNoTraces(made);
		expect(made.git("rev-parse", "HEAD")).toBe(head);
		expect(made.read("a.txt")).toBe("edited after the crash\n");
		expect(made.git("status", "--porcelain")).toBe(` M a.txt\n${USER_WORK}`);
		const refused = await made.msgcode("task", "apply", taskId, "--yes", "--json");
		expect(refused.json().error).toMatchObject({ code: "worktree_dirty", details: { paths: ["a.txt"] } });
		made.git("restore", "a.txt");
		expect((await made.msgcode("task", "apply", taskId, "--yes")).exitCode).toBe(0);
	}
});

test("a full disk while the files are written leaves no half of a landing", async () => {
	const { repo: made, taskId, run } = await sceneWithUserWork();
	await run(script(0));
	const before = [made.git("rev-parse", "HEAD"), made.git("ls-files", "--stage"), made.git("status", "--porcelain")];
	for (const point of ["apply.staged", "apply.code-written:4", "index.lock-written", "ledger.index-written"]) {
		const env = { MSGCODE_FAILPOINT: point.replace(/(:\d)?$/, ":enospc$1") };
		const full = await made.msgcodeProcessWith({ env }, "task", "apply", taskId, "--yes", "--json");
		expect(full.json().error.code, point).toBe("disk_full");
		expect(
			[made.git("rev-parse", "HEAD"), made.git("ls-files", "--stage"), made.git("status", "--porcelain")],
			point,
		).toEqual(before);
		expectNoTraces(made);
	}
	expect((await made.msgcode("task", "apply", taskId, "--yes")).exitCode).toBe(0);
});
