// Taking a landing back, by rollback or by undo, killed at every step of its way: the next command finishes it or undoes it,
// and nothing of the user's changes.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FailPoint } from "../../src/core/failpoint.ts";
import { type Repo, repo } from "../support/repo.ts";
import { type Scene, sceneIn } from "../support/run-patch.ts";

/** What the next command makes of it: the landing taken back as it was meant, or a checkout in which that never began. */
type Outcome = "landed" | "taken back";

const STEPS: readonly [FailPoint | `${FailPoint}:${number}`, Outcome][] = [
	["rollback.merged", "landed"],
	["ledger.locked", "landed"],
	["ledger.objects-written", "landed"],
	["ledger.journal-written", "taken back"],
	["ledger.file-written", "taken back"],
	["apply.staged", "taken back"],
	["apply.code-written:1", "taken back"],
	["apply.code-written:3", "taken back"],
	["apply.code-written:5", "taken back"],
	["ledger.files-written", "taken back"],
	["index.locked", "taken back"],
	["index.lock-written", "taken back"],
	["index.renamed", "taken back"],
	["ledger.index-written", "taken back"],
	["ledger.ref-moved", "taken back"],
	["ledger.journal-cleared", "taken back"],
	["ledger.done", "taken back"],
];

const project = {
	"a.txt": "a\n",
	"gone.txt": "gone\n",
	"tool.sh": "#!/bin/sh\n",
	"dir/b.txt": "b\n",
	"staged.txt": "1\n",
	"dirty.txt": "1\n",
};

const SCRIPT = `
	echo more >> a.txt && echo new > new.txt && ln -s a.txt link && rm gone.txt
	chmod +x tool.sh && rm -r dir && echo file > dir
`;

const USER_WORK = " M dirty.txt\nM  staged.txt\n?? untracked.txt";

async function sceneWithUserWork(): Promise<Scene & { readonly runId: string }> {
	const scene = await sceneIn(await repo({ files: project, ledger: true }));
	const { receipt } = await scene.run(SCRIPT);
	await scene.land();
	scene.repo.writeAll({ "staged.txt": "2\n", "dirty.txt": "2\n", "untracked.txt": "u\n" });
	scene.repo.git("add", "staged.txt");
	return { ...scene, runId: receipt.runId };
}

function expectNoTraces(made: Repo, point: string): void {
	const state = readdirSync(join(made.path, ".git/msgcode")).filter((name) => /journal|\.lock$|tmp/.test(name));
	expect(state, point).toEqual([]);
	expect(existsSync(join(made.path, ".git/index.lock")), point).toBe(false);
	expect(made.git("status", "--porcelain"), point).toBe(USER_WORK);
}

/** The tree without the ledger, as `ls-tree` shows it. */
const codeOf = (made: Repo) =>
	made
		.git("ls-tree", "-r", "HEAD")
		.split("\n")
		.filter((line) => !line.includes("\ttasks/"))
		.join("\n");

test.each([
	["task rollback --landing", (taskId: string) => ["task", "rollback", taskId, "--landing", "--yes"]],
	["undo", () => ["undo"]],
])("SIGKILL at every step of %s", { timeout: 300_000 }, async (_, argvFor) => {
	const { repo: made, taskId, runId } = await sceneWithUserWork();
	const landing = `tasks/runs/${taskId}/${runId}/landing.json`;
	const withIt = codeOf(made);
	await made.msgcode("undo");
	const without = codeOf(made);
	expect(without).not.toBe(withIt);
	expect((await made.msgcode("task", "apply", taskId, "--yes")).exitCode).toBe(0);
	for (const [point, outcome] of STEPS) {
		const before = made.git("rev-parse", "HEAD");
		const env = { MSGCODE_FAILPOINT: point };
		const killed = await made.msgcodeProcessWith({ env }, ...argvFor(taskId));
		expect(killed.exitCode, `${point}: ${killed.stdout}${killed.stderr}`).toBe(137);
		expect((await made.msgcode("task", "list")).exitCode, point).toBe(0);
		expectNoTraces(made, point);
		const moved = made.git("rev-parse", "HEAD") !== before;
		expect(moved ? "taken back" : "landed", point).toBe(outcome);
		expect(made.exists(landing), point).toBe(!moved);
		expect(codeOf(made), point).toBe(moved ? without : withIt);
		if (moved) {
			expect(made.git("rev-parse", "HEAD~1"), point).toBe(before);
			expect(made.git("log", "-1", "--format=%B"), point).toContain("Msgcode-Undoes: ");
			expect((await made.msgcode("task", "apply", taskId, "--yes")).exitCode, point).toBe(0);
		}
		expect(codeOf(made), point).toBe(withIt);
		expectNoTraces(made, point);
	}
	expect((await made.msgcode("fsck")).exitCode).toBe(0);
});

test("a full disk while the files are written leaves the landing whole", async () => {
	const { repo: made, taskId } = await sceneWithUserWork();
	const state = () => [
		made.git("rev-parse", "HEAD"),
		made.git("ls-files", "--stage"),
		made.git("status", "--porcelain"),
	];
	const before = state();
	for (const point of ["apply.staged", "apply.code-written:4", "index.lock-written", "ledger.index-written"]) {
		const env = { MSGCODE_FAILPOINT: point.replace(/(:\d)?$/, ":enospc$1") };
		const argv = ["task", "rollback", taskId, "--landing", "--yes", "--json"];
		const full = await made.msgcodeProcessWith({ env }, ...argv);
		expect(full.json().error.code, point).toBe("disk_full");
		expect(state(), point).toEqual(before);
		expectNoTraces(made, point);
	}
	expect((await made.msgcode("undo")).exitCode).toBe(0);
});

test("an undo of fields killed at every step is whole or not there", async () => {
	const made = await repo({ ledger: true });
	const id = (await made.msgcode("task", "add", "A task", "--json")).json().data.id as string;
	for (const point of [
		"ledger.objects-written",
		"ledger.journal-written",
		"ledger.file-written",
		"ledger.index-written",
		"ledger.ref-moved",
	]) {
		await made.msgcode("task", "close", id);
		const before = made.git("rev-parse", "HEAD");
		const killed = await made.msgcodeProcessWith({ env: { MSGCODE_FAILPOINT: point } }, "undo");
		expect(killed.exitCode, point).toBe(137);
		const shown = (await made.msgcode("task", "show", id, "--json")).json().data;
		const moved = made.git("rev-parse", "HEAD") !== before;
		expect([shown.status, made.git("status", "--porcelain")], point).toEqual([moved ? "open" : "done", ""]);
		if (!moved) expect((await made.msgcode("undo")).exitCode, point).toBe(0);
	}
});
