// A process is killed at every named step of its work; one ordinary next command must bring the ledger back to health:
// nothing lost, nothing half, the user's work as it was, nothing left behind, and no further commit after that.
import { execFileSync } from "node:child_process";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	realpathSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { FAIL_POINTS } from "../../src/core/failpoint.ts";
import { identityOf } from "../../src/core/process-identity.ts";
import { healthProblems } from "../support/crash.ts";
import { copyGround, type Ground, gitIn, headOf, plantedGround, runMsgcode } from "../support/ground.ts";

/** What is killed: its command line, and what has to happen before. `id` is a task whose runner writes made.txt. */
interface Scenario {
	readonly argv: (id: string) => readonly string[];
	readonly before?: (ground: Ground, id: string) => Promise<void>;
}

const NEW_TITLE = "The new one";
const EDITED_TITLE = "Another title";

const SCENARIOS = {
	add: { argv: () => ["task", "add", NEW_TITLE] },
	edit: { argv: (id) => ["task", "edit", id, "--title", EDITED_TITLE] },
	run: { argv: (id) => ["task", "run", id] },
	"run that closes": { argv: (id) => ["task", "run", id, "--close"] },
	"second run": {
		argv: (id) => ["task", "run", id],
		before: async (ground, id) => {
			const ran = await runMsgcode(ground, ["task", "run", id]);
			if (ran.code !== 0) throw new Error(ran.stderr);
		},
	},
	"run that is still at work": { argv: (id) => ["task", "run", id, "--", "sh", "-c", "echo made >made.txt; sleep 60"] },
	"add after a killed add": {
		argv: () => ["task", "add", NEW_TITLE],
		before: async (ground) => {
			await runMsgcode(ground, ["task", "add", "Never made"], { failpoint: "lock.acquired" });
		},
	},
	apply: {
		argv: (id) => ["task", "apply", id, "--yes"],
		before: async (ground, id) => {
			const ran = await runMsgcode(ground, ["task", "run", id]);
			if (ran.code !== 0) throw new Error(ran.stderr);
		},
	},
	rollback: {
		argv: (id) => ["task", "rollback", id, "--landing", "--yes"],
		before: async (ground, id) => {
			for (const argv of [
				["task", "run", id],
				["task", "apply", id, "--yes"],
			]) {
				const ended = await runMsgcode(ground, argv);
				if (ended.code !== 0) throw new Error(ended.stderr);
			}
		},
	},
} as const satisfies Record<string, Scenario>;

/** MSGCODE_FAILPOINT (a point, perhaps with the number of the hit) and what is killed there. */
const CASES: readonly (readonly [string, keyof typeof SCENARIOS])[] = [
	["files.temp-written", "add"],
	["files.temp-written:2", "edit"],
	["files.temp-written:3", "add"],
	["files.temp-written:4", "run"],
	["files.temp-written:5", "add"],
	["files.temp-written:6", "add"],
	["files.temp-written:9", "run"],
	["files.temp-written:12", "run"],
	["files.renamed:2", "add"],
	["files.renamed:4", "run"],
	["lock.acquired", "add"],
	["lock.takeover", "add after a killed add"],
	["index.locked", "edit"],
	["index.lock-written", "add"],
	["index.renamed", "run"],
	["ledger.locked", "edit"],
	["ledger.objects-written", "add"],
	["ledger.journal-written", "add"],
	["ledger.journal-written", "edit"],
	["ledger.journal-written", "run that closes"],
	["ledger.file-written", "add"],
	["ledger.file-written:3", "run that closes"],
	["ledger.files-written", "edit"],
	["ledger.files-written", "run"],
	["ledger.index-written", "add"],
	["ledger.index-written", "run that closes"],
	["ledger.ref-moved", "edit"],
	["ledger.ref-moved", "run"],
	["ledger.journal-cleared", "add"],
	["ledger.journal-cleared", "run"],
	["ledger.done", "edit"],
	["run.claimed", "run"],
	["run.worktree-added", "run"],
	["run.worktree-ready", "run"],
	["run.runner-started", "run that is still at work"],
	["run.runner-ended", "run"],
	["run.collected", "run"],
	["run.checked", "run"],
	["run.patch-written", "run"],
	["run.committed", "run that closes"],
	["run.released", "run"],
	["worktree.set-aside", "second run"],
	["worktree.deleted", "second run"],
	["worktree.set-aside", "apply"],
	["worktree.deleted", "apply"],
	["ledger.files-written", "apply"],
	["ledger.index-written", "apply"],
	["ledger.ref-moved", "apply"],
	["apply.merged", "apply"],
	["apply.staged", "apply"],
	["apply.code-written", "apply"],
	["apply.landed", "apply"],
	["apply.cleaned", "apply"],
	["rollback.merged", "rollback"],
] as const;

const folders: string[] = [];
let template: Ground;
let id: string;

function newFolder(): string {
	const folder = realpathSync(mkdtempSync(join(tmpdir(), "msgcode-crash-")));
	folders.push(folder);
	return folder;
}

beforeAll(async () => {
	const home = realpathSync(mkdtempSync(join(tmpdir(), "msgcode-crash-")));
	template = await plantedGround(home);
	const script = "echo made >made.txt; echo more >>lib/shared.txt";
	const added = await runMsgcode(template, [
		"task",
		"add",
		"The old one",
		"--runner",
		"shell",
		"--json",
		"--",
		"sh",
		"-c",
		script,
	]);
	id = JSON.parse(added.stdout).data.id;
});

afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

afterAll(() => rmSync(join(template.path, ".."), { recursive: true, force: true }));

interface ListedTask {
	readonly id: string;
	readonly title: string;
	readonly status: string;
	readonly diagnostics?: readonly unknown[];
}

async function tasksOf(ground: Ground): Promise<readonly ListedTask[]> {
	const listed = await runMsgcode(ground, ["task", "list", "--all", "--json"]);
	expect(listed.code, listed.stderr).toBe(0);
	return JSON.parse(listed.stdout).data;
}

interface RunFacts {
	readonly status: string;
	readonly errorCode: string | null;
	readonly patch: string;
	readonly events: string;
	readonly summary: string;
}

function runsOf(ground: Ground): RunFacts[] {
	const folder = join(ground.path, "tasks/runs", id);
	if (!existsSync(folder)) return [];
	const textOf = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "");
	return readdirSync(folder).map((runId) => ({
		...JSON.parse(textOf(join(folder, runId, "run_receipt.json"))),
		summary: textOf(join(folder, runId, "summary.md")),
		patch: textOf(join(folder, runId, "patch.diff")),
		events: textOf(join(folder, runId, "events.jsonl")),
	}));
}

test("every fail point is reached by a case below", () => {
	const reached = new Set(CASES.map(([point]) => point.split(":")[0]));
	expect(FAIL_POINTS.filter((point) => !reached.has(point))).toEqual([]);
	expect(reached.size).toBeGreaterThanOrEqual(15);
});

describe("after a process was killed", () => {
	test.each(
		CASES.map(([point, scenario], position) => ({ point, scenario, recoverBy: position % 2 === 0 ? "list" : "add" })),
	)(
		"at $point in `$scenario`, one `task $recoverBy` brings the ledger back to health",
		async ({ point, scenario, recoverBy }) => {
			const ground = copyGround(template, newFolder());
			const { argv, before }: Scenario = SCENARIOS[scenario];
			await before?.(ground, id);
			const killed = await runMsgcode(ground, argv(id), { failpoint: point });
			expect({ signal: killed.signal, stdout: killed.stdout }).toEqual({ signal: "SIGKILL", stdout: "" });

			const next = recoverBy === "list" ? ["task", "list"] : ["task", "add", "The next one"];
			const recovered = await runMsgcode(ground, next);
			expect(recovered.code, recovered.stderr).toBe(0);
			const head = headOf(ground);
			const problems = healthProblems(ground);
			expect(problems, `${killed.stderr}${recovered.stderr}`).toEqual([]);

			const tasks = await tasksOf(ground);
			expect(headOf(ground)).toBe(head);
			expect(tasks.flatMap((task) => task.diagnostics ?? [])).toEqual([]);
			const old = tasks.find((task) => task.id === id);
			expect(["The old one", EDITED_TITLE]).toContain(old?.title);
			if (recoverBy === "add") expect(tasks.map(({ title }) => title)).toContain("The next one");
			expect(tasks.filter(({ title }) => title === NEW_TITLE).length).toBeLessThanOrEqual(1);
			expectRun(scenario, point, runsOf(ground), old?.status);
		},
	);

	test("the killed run can be repeated, also twice in a row", async () => {
		const ground = copyGround(template, newFolder());
		await runMsgcode(ground, ["task", "run", id], { failpoint: "run.runner-ended" });
		await runMsgcode(ground, ["task", "run", id], { failpoint: "run.worktree-added" });
		const again = await runMsgcode(ground, ["task", "run", id]);
		expect(again.code, again.stderr).toBe(0);
		expect(healthProblems(ground)).toEqual([]);
		expect(runsOf(ground).map(({ errorCode }) => errorCode)).toEqual([
			"RUN_ABORTED_BY_RESTART",
			"RUN_ABORTED_BY_RESTART",
			null,
		]);
	});

	test("a git that outlives the killed process does not work on beside the one that recovers", async () => {
		const ground = copyGround(template, newFolder());
		const home = ground.env.HOME as string;
		const real = execFileSync("sh", ["-c", "command -v git"]).toString().trim();
		mkdirSync(join(home, "bin"));
		const held = join(home, "held");
		const hold = `case "$*" in *"add --all"*) if [ ! -e "${held}" ]; then echo $$ > "${held}"; exec sleep 60; fi;; esac`;
		writeFileSync(join(home, "bin/git"), `#!/bin/sh\n${hold}\nexec "${real}" "$@"\n`, { mode: 0o755 });
		const env = { PATH: `${join(home, "bin")}:${ground.env.PATH}` };
		const killed = await runMsgcode(ground, ["task", "run", id], {
			env,
			onStart: (child) => void waitFor(held).then(() => child.kill("SIGKILL")),
		});
		expect(killed.signal).toBe("SIGKILL");
		const orphan = Number(readFileSync(held, "utf8"));
		expect(identityOf(orphan)).not.toBeNull();
		expect((await runMsgcode(ground, ["task", "list"], { env })).code).toBe(0);
		expect(identityOf(orphan)).toBeNull();
		expect(healthProblems(ground)).toEqual([]);
		expect(runsOf(ground)).toMatchObject([
			{ errorCode: "RUN_ABORTED_BY_RESTART", patch: expect.stringContaining("b/made.txt") },
		]);
	});

	test("a lock that a killed git left on a branch of the run is no hindrance", async () => {
		const ground = copyGround(template, newFolder());
		await runMsgcode(ground, ["task", "run", id], { failpoint: "run.worktree-added" });
		const branch = gitIn(ground, "for-each-ref", "--format=%(refname)", "refs/heads/msgcode").trim();
		writeFileSync(join(ground.path, ".git", `${branch}.lock`), "");
		const recovered = await runMsgcode(ground, ["task", "list"]);
		expect(recovered.stderr).not.toContain("could not be finished");
		expect(healthProblems(ground)).toEqual([]);
		expect((await runMsgcode(ground, ["task", "run", id])).code).toBe(0);
	});

	test("a result that has to wait for the end of a merge is kept, and comes in with the next command after it", async () => {
		const ground = copyGround(template, newFolder());
		const merging = join(ground.path, ".git/MERGE_HEAD");
		const script =
			'git -C "$MSGCODE_WORKSPACE" rev-parse HEAD > "$MSGCODE_WORKSPACE/.git/MERGE_HEAD"; echo made >made.txt';
		const argv = ["task", "run", id, "--", "sh", "-c", script];
		const head = headOf(ground);
		const killed = await runMsgcode(ground, argv, { failpoint: "run.committed" });
		expect(killed.signal).toBe("SIGKILL");
		expect((await runMsgcode(ground, ["task", "list"])).code).toBe(0);
		expect({ head: headOf(ground), runs: runsOf(ground) }).toEqual({ head, runs: [] });
		rmSync(merging);
		expect((await runMsgcode(ground, ["task", "add", "The next one"])).code).toBe(0);
		expect(healthProblems(ground)).toEqual([]);
		expect(runsOf(ground)).toMatchObject([{ status: "ok", patch: expect.stringContaining("b/made.txt") }]);
	});

	test("a recovery that is killed as well is recovered", async () => {
		const ground = copyGround(template, newFolder());
		await runMsgcode(ground, ["task", "run", id, "--close"], { failpoint: "run.patch-written" });
		const points = ["lock.acquired", "ledger.journal-written", "index.locked", "index.renamed", "lock.acquired"];
		for (const failpoint of points) {
			const killed = await runMsgcode(ground, ["task", "list"], { failpoint });
			expect(killed.signal, failpoint).toBe("SIGKILL");
		}
		expect((await runMsgcode(ground, ["task", "list"])).code).toBe(0);
		expect(healthProblems(ground)).toEqual([]);
		expect(runsOf(ground).map(({ status }) => status)).toEqual(["ok"]);
		expect((await tasksOf(ground)).find((task) => task.id === id)?.status).toBe("done");
	});
});

/** Resolves once the file has content. */
async function waitFor(path: string): Promise<void> {
	for (const deadline = Date.now() + 20_000; !existsSync(path) || readFileSync(path, "utf8") === ""; await sleep(5)) {
		if (Date.now() > deadline) throw new Error(`waited in vain for ${path}`);
	}
}

/** The steps of a run in order: what is on record after a kill depends on how far it had come. */
const STEPS = [
	"run.claimed",
	"run.worktree-added",
	"run.worktree-ready",
	"run.runner-started",
	"run.runner-ended",
	"run.collected",
	"run.checked",
	"run.patch-written",
	"run.committed",
	"run.released",
];

function expectRun(scenario: string, point: string, runs: readonly RunFacts[], status: string | undefined): void {
	if (scenario === "apply" || scenario === "rollback") {
		expect(runs).toMatchObject([{ status: "ok" }]);
		return;
	}
	if (scenario === "second run") {
		expect(runs).toMatchObject([{ status: "ok" }, { errorCode: "RUN_ABORTED_BY_RESTART" }]);
		return;
	}
	const step = STEPS.indexOf(point);
	if (step < 0) {
		expect(runs.length).toBeLessThanOrEqual(scenario.startsWith("run") ? 1 : 0);
		return;
	}
	const aborted = step < STEPS.indexOf("run.patch-written");
	expect(runs).toMatchObject([
		{ status: aborted ? "error" : "ok", errorCode: aborted ? "RUN_ABORTED_BY_RESTART" : null },
	]);
	if (step >= STEPS.indexOf("run.runner-ended")) {
		expect(runs[0]?.patch).toContain("b/made.txt");
		expect(runs[0]?.summary).toMatch(/^# The old one\n/);
		expect(runs[0]?.events).toMatch(/"type":"run\.finished".*\n$/);
	}
	expect(status).toBe(scenario === "run that closes" ? "done" : "open");
}
