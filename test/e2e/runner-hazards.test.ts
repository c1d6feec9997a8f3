// Runner programs that misbehave, through the whole program: the right verdict everywhere it is written down, the work
// collected, bounded memory, and no process left behind.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { processesOf } from "../support/crash.ts";
import { MAIN } from "../support/ground.ts";
import { type Repo, repo } from "../support/repo.ts";
import { programArgv } from "../support/supervise.ts";

const CODE = { "app.txt": "one\n" };

function workspace(): Promise<Repo> {
	return repo({ files: CODE, ledger: true });
}

async function addTask(at: Repo, argv: readonly string[], ...flags: string[]): Promise<string> {
	const added = await at.msgcode("task", "add", "Sample", "--json", "--runner", "shell", ...flags, "--", ...argv);
	expect(added.exitCode, added.stdout).toBe(0);
	return added.json().data.id;
}

/** Writes a file before the program takes the shell's place, so that there is work to collect. */
function afterSomeWork(argv: readonly string[]): string[] {
	return ["sh", "-c", 'echo partial > partial.txt; exec "$@"', "sh", ...argv];
}

interface Live {
	readonly child: ChildProcess;
	readonly ended: Promise<{
		readonly code: number | null;
		readonly signal: string | null;
		readonly stdout: string;
		readonly stderr: string;
	}>;
	stderr(): string;
}

/** The real program, in a process group of its own like that of a terminal's foreground job. */
function start(at: Repo, ...argv: string[]): Live {
	const child = spawn(process.execPath, [MAIN, ...argv], { cwd: at.path, env: at.env, stdio: "pipe", detached: true });
	const out: Buffer[] = [];
	const err: Buffer[] = [];
	child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
	child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
	child.stdin.end();
	const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString("utf8");
	const ended = new Promise<Awaited<Live["ended"]>>((resolve, reject) => {
		child.once("error", reject);
		child.once("close", (code, signal) => resolve({ code, signal, stdout: text(out), stderr: text(err) }));
	});
	return { child, ended, stderr: () => text(err) };
}

async function until(fact: () => boolean, what: string): Promise<void> {
	for (const deadline = Date.now() + 20_000; !fact(); await sleep(10)) {
		if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`);
	}
}

/** Every place where a run's end is written down says the same. */
async function expectRecorded(at: Repo, id: string, status: string, errorCode: string | null): Promise<void> {
	const [runId = ""] = readdirSync(join(at.path, "tasks/runs", id)).slice(-1);
	const receipt = JSON.parse(at.git("show", `HEAD:tasks/runs/${id}/${runId}/run_receipt.json`));
	expect(receipt).toMatchObject({ runId, status, errorCode });
	if (errorCode !== null) expect(receipt.errorMessage).not.toBe("");
	const lines = at.git("show", "HEAD:tasks/runs.jsonl").split("\n");
	expect(lines.map((line) => JSON.parse(line)).filter((line) => line.runId === runId)).toMatchObject([
		{ taskId: id, status, errorCode },
	]);
	const shown = (await at.msgcode("task", "show", id, "--json")).json().data;
	expect(shown).toMatchObject({
		status: "open",
		outputs: { artifacts: expect.arrayContaining([expect.stringContaining(runId)]) },
	});
	expect(shown.notes.lastSummary).toContain(`**${status}**`);
	if (errorCode !== null) expect(shown.notes.lastSummary).toContain(errorCode);
	expect(shown.liveRunId ?? null).toBeNull();
	expect(readdirSync(join(at.path, ".git/msgcode/claims"))).toEqual([]);
	expect(at.git("status", "--porcelain")).toBe("");
	expect(processesOf(at)).toEqual([]);
}

function eventsOf(at: Repo, id: string): { readonly type: string; readonly data: Record<string, unknown> }[] {
	const [runId = ""] = readdirSync(join(at.path, "tasks/runs", id)).slice(-1);
	const text = at.read(`tasks/runs/${id}/${runId}/events.jsonl`);
	return text
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line));
}

interface Hazard {
	readonly argv: readonly string[];
	readonly flags?: readonly string[];
	readonly exitCode: number;
	readonly status: string;
	readonly errorCode: string | null;
	readonly details?: Record<string, unknown>;
}

describe("a runner that", () => {
	test.each<[string, Hazard]>([
		[
			"exits with 3",
			{
				argv: programArgv("exit-code.sh", "3"),
				exitCode: 1,
				status: "error",
				errorCode: "RUNNER_FAILED",
				details: { exitCode: 3 },
			},
		],
		[
			"is killed by a signal",
			{
				argv: programArgv("kill-self.sh"),
				exitCode: 1,
				status: "error",
				errorCode: "RUNNER_CRASHED",
				details: { signal: "SIGTERM" },
			},
		],
		[
			"hangs",
			{
				argv: programArgv("forever.sh"),
				flags: ["--timeout", "1s"],
				exitCode: 124,
				status: "timeout",
				errorCode: "RUN_TIMEOUT",
				details: { timer: "wall" },
			},
		],
		[
			"hangs and ignores signals",
			{
				argv: programArgv("ignore-signals.sh"),
				flags: ["--timeout", "1s"],
				exitCode: 124,
				status: "timeout",
				errorCode: "RUN_TIMEOUT",
				details: { timer: "wall" },
			},
		],
		[
			"leaves a grandchild in another session",
			{ argv: programArgv("leave-session.mjs", "deaf"), exitCode: 0, status: "ok", errorCode: null },
		],
		[
			"leaves a grandchild that holds its output",
			{ argv: programArgv("leave-session.mjs", "talk"), exitCode: 0, status: "ok", errorCode: null },
		],
		[
			"leaves a child in the background",
			{ argv: programArgv("background-child.sh"), exitCode: 0, status: "ok", errorCode: null },
		],
		[
			"closes its output early",
			{
				argv: programArgv("close-stdout.sh"),
				exitCode: 1,
				status: "error",
				errorCode: "RUNNER_FAILED",
				details: { exitCode: 7 },
			},
		],
		["does not read its input", { argv: programArgv("ignore-stdin.sh"), exitCode: 0, status: "ok", errorCode: null }],
	])(
		"%s: verdict, work and processes are as they should be",
		async (_, { argv, flags = [], exitCode, status, errorCode, details = {} }) => {
			const at = await workspace();
			const id = await addTask(at, afterSomeWork(argv));
			const ran = await at.msgcode("task", "run", id, "--json", ...flags);
			expect(ran.exitCode, ran.stdout).toBe(exitCode);
			expect(ran.json().data).toMatchObject({ status, errorCode, details, noChanges: false });
			expect(at.read(ran.json().data.patch.path)).toContain("b/partial.txt");
			await expectRecorded(at, id, status, errorCode);
		},
	);

	test.each([
		["is not there", ["no-such-program"], "RUNNER_NOT_FOUND"],
		["is not there, by path", ["./no/such/program"], "RUNNER_NOT_FOUND"],
		["lacks its interpreter", programArgv("missing-interpreter.sh"), "RUNNER_NOT_STARTED"],
		["is a folder", ["/"], "RUNNER_NOT_STARTED"],
	])("%s: the run is an error, and the worktree can be used again", async (_, argv, errorCode) => {
		const at = await workspace();
		const id = await addTask(at, argv);
		const ran = await at.msgcode("task", "run", id, "--json");
		expect(ran.exitCode, ran.stdout).toBe(1);
		expect(ran.json().data).toMatchObject({ status: "error", errorCode, noChanges: true });
		await expectRecorded(at, id, "error", errorCode);
		expect((await at.msgcode("task", "run", id, "--", "true")).exitCode).toBe(0);
	});

	test("prints bytes that are no text: every line is kept, readable", async () => {
		const at = await workspace();
		const id = await addTask(at, programArgv("invalid-utf8.sh"));
		expect((await at.msgcode("task", "run", id)).exitCode).toBe(0);
		const said = eventsOf(at, id)
			.filter(({ type }) => type === "run.log")
			.map(({ data }) => data.text);
		expect(said).toEqual(["a\ufffd\ufffdb", "caf\ufffd"]);
		await expectRecorded(at, id, "ok", null);
	});

	test("goes on writing through a child after its own end: what is said is kept", async () => {
		const at = await workspace();
		const id = await addTask(at, programArgv("write-after-exit.sh"));
		expect((await at.msgcode("task", "run", id)).exitCode).toBe(0);
		const events = eventsOf(at, id);
		expect(events.filter(({ type }) => type === "run.log").map(({ data }) => data.text)).toEqual(["early", "late"]);
		expect(events.at(-1)?.type).toBe("run.finished");
	});

	test("prints 100 MB on one line: the line is cut, memory and disk stay bounded", async () => {
		const at = await workspace();
		const id = await addTask(at, programArgv("flood.sh"));
		const idle = start(at, "task", "list");
		const floor = await highestMemory(idle);
		const live = start(at, "task", "run", id, "--json");
		const peak = await highestMemory(live);
		const { code, stdout } = await live.ended;
		expect(code).toBe(0);
		expect(peak - floor).toBeLessThan(96 * 1024);
		const { data } = JSON.parse(stdout);
		const [cut, after] = eventsOf(at, id).filter(({ type }) => type === "run.log");
		expect(String(cut?.data.text).length).toBeLessThanOrEqual(262_144);
		expect(cut?.data.truncated).toBe(true);
		expect(after?.data.text).toBe("after");
		const raw = readFileSync(join(at.path, ".git/msgcode/runs", data.runId, "stdout.log"));
		expect(raw.length).toBeLessThanOrEqual(17 * 1024 * 1024);
		const said = data.warnings.map(({ code }: { code: string }) => code);
		expect(said).toEqual(["line_truncated", "raw_log_truncated"]);
		const warned = eventsOf(at, id).filter(({ type }) => type === "run.warning");
		expect(warned.map((event) => event.data.code)).toEqual(said);
		await expectRecorded(at, id, "ok", null);
	});
});

/** VmHWM in KiB, read until the process has ended. */
async function highestMemory(live: Live): Promise<number> {
	let highest = 0;
	let over = false;
	void live.ended.then(() => (over = true));
	while (!over) {
		try {
			const status = readFileSync(`/proc/${live.child.pid}/status`, "latin1");
			highest = Math.max(highest, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
		} catch {
			// It has just ended.
		}
		await sleep(5);
	}
	return highest;
}

describe("a run that is to end", () => {
	async function startedRun(at: Repo, argv: readonly string[]): Promise<{ readonly id: string; readonly live: Live }> {
		const id = await addTask(at, afterSomeWork(argv));
		const live = start(at, "task", "run", id, "--json");
		// The program says "ready", which the run's log holds a moment later.
		const runs = join(at.path, ".git/msgcode/runs");
		const isReady = () =>
			existsSync(runs) &&
			readdirSync(runs).some(
				(run) =>
					existsSync(join(runs, run, "stdout.log")) &&
					readFileSync(join(runs, run, "stdout.log"), "utf8").includes("ready"),
			);
		await until(isReady, "the runner's first words");
		return { id, live };
	}

	test("by Ctrl-C ends politely, with exit 130 and a committed receipt", async () => {
		const at = await workspace();
		const { id, live } = await startedRun(at, programArgv("forever.sh"));
		live.child.kill("SIGINT");
		const { code, stdout } = await live.ended;
		expect(code).toBe(130);
		expect(JSON.parse(stdout).data).toMatchObject({ status: "canceled", errorCode: "RUN_CANCELED" });
		expect(at.read(JSON.parse(stdout).data.patch.path)).toContain("b/partial.txt");
		await expectRecorded(at, id, "canceled", "RUN_CANCELED");
	});

	test("by Ctrl-C is canceled, whatever exit code the program then claims", async () => {
		const at = await workspace();
		const { id, live } = await startedRun(at, programArgv("exit-zero-when-interrupted.sh"));
		live.child.kill("SIGINT");
		expect((await live.ended).code).toBe(130);
		await expectRecorded(at, id, "canceled", "RUN_CANCELED");
	});

	test("by Ctrl-C twice ends at once, though the program ignores it", async () => {
		const at = await workspace();
		const { id, live } = await startedRun(at, programArgv("ignore-signals.sh"));
		live.child.kill("SIGINT");
		await until(() => live.stderr().includes("Ctrl-C again"), "the answer to the first Ctrl-C");
		const began = performance.now();
		live.child.kill("SIGINT");
		expect((await live.ended).code).toBe(130);
		// Politely it would have taken two seconds for each of two signals.
		expect(performance.now() - began).toBeLessThan(1_900);
		await expectRecorded(at, id, "canceled", "RUN_CANCELED");
	});

	test("by a terminal's Ctrl-C, pressed again and again: git's own processes are not hit by it", async () => {
		const at = await workspace();
		const { id, live } = await startedRun(at, programArgv("ignore-signals.sh"));
		// Until the result is recorded; a Node that is shutting down no longer handles signals.
		const claims = join(at.path, ".git/msgcode/claims");
		while (readdirSync(claims).length > 0) {
			process.kill(-(live.child.pid as number), "SIGINT");
			await sleep(20); // as fast as a keyboard repeats
		}
		expect((await live.ended).code).toBe(130);
		await expectRecorded(at, id, "canceled", "RUN_CANCELED");
		expect(at.git("log", "-1", "--format=%s")).toContain("run canceled (RUN_CANCELED), 1 file changed");
	});

	test("by SIGTERM ends like by Ctrl-C", async () => {
		const at = await workspace();
		const { id, live } = await startedRun(at, programArgv("forever.sh"));
		live.child.kill("SIGTERM");
		expect((await live.ended).code).toBe(130);
		await expectRecorded(at, id, "canceled", "RUN_CANCELED");
	});

	test("by `run cancel` from another process", async () => {
		const at = await workspace();
		const { id, live } = await startedRun(at, programArgv("forever.sh"));
		const [runId = ""] = readdirSync(join(at.path, ".git/msgcode/runs"));
		const canceled = await at.msgcode("run", "cancel", runId, "--json");
		expect(canceled.exitCode, canceled.stdout).toBe(0);
		expect((await live.ended).code).toBe(130);
		await expectRecorded(at, id, "canceled", "RUN_CANCELED");
	});
});
