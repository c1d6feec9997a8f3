// What a run's program may take of time, memory, disk and environment, through the whole program and into the receipt.
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { processesOf } from "../support/crash.ts";
import { MAIN } from "../support/ground.ts";
import { type Repo, repo } from "../support/repo.ts";
import { programArgv } from "../support/supervise.ts";

function workspace(files: Record<string, string> = {}, env: Record<string, string> = {}): Promise<Repo> {
	return repo({ files: { "app.txt": "one\n", ...files }, ledger: true, env });
}

async function add(at: Repo, ...flags: string[]): Promise<string> {
	const added = await at.msgcode("task", "add", "Sample", "--json", ...flags);
	expect(added.exitCode, added.stdout).toBe(0);
	return added.json().data.id;
}

function addScript(at: Repo, script: string, ...flags: string[]): Promise<string> {
	return add(at, "--runner", "shell", ...flags, "--", "sh", "-c", script);
}

/** A runner of the user's own that speaks the runner protocol. */
function userRunner(at: Repo, id: string, program: string, record: Record<string, unknown>): void {
	const folder = join(at.env.HOME as string, ".config/msgcode/runners", id);
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, "program.mjs"), program);
	const exec = { argv: ["{NODE}", "{RUNNER_DIR}/program.mjs"], protocol: "runner-1" };
	writeFileSync(join(folder, "capability.json"), JSON.stringify({ exec, ...record }));
}

function eventsOf(at: Repo, id: string): { readonly type: string; readonly data: Record<string, unknown> }[] {
	const [runId = ""] = readdirSync(join(at.path, "tasks/runs", id)).slice(-1);
	const lines = at.read(`tasks/runs/${id}/${runId}/events.jsonl`).trimEnd().split("\n");
	return lines.map((line) => JSON.parse(line));
}

describe("time", () => {
	test("a run that neither says anything nor changes a file is ended as idle, and its work is kept", async () => {
		const at = await workspace({}, { MSGCODE_RUN_IDLE_TIMEOUT: "1s" });
		const id = await addScript(at, "for n in 1 2 3 4; do echo $n > work.txt; sleep 0.4; done; exec sleep 1000");
		const ran = await at.msgcode("task", "run", id, "--json");
		expect(ran.exitCode).toBe(124);
		expect(ran.json().data).toMatchObject({ status: "timeout", errorCode: "RUN_TIMEOUT", details: { timer: "idle" } });
		expect(at.read(ran.json().data.patch.path)).toContain("+4");
		expect(processesOf(at)).toEqual([]);
	});

	test("a run that does not end after its last word keeps its success and its work", async () => {
		const at = await workspace();
		const limits = { promptBytes: null, lineBytes: 262_144, graceMs: 200 };
		const program = `
			import { writeFileSync } from "node:fs";
			writeFileSync("made.txt", "made\\n");
			console.log(JSON.stringify({ type: "result", status: "ok", preview: "all done" }));
			process.stdin.resume();
			setInterval(() => {}, 1000);`;
		userRunner(at, "stays", program, { limits });
		const id = await add(at, "--runner", "stays", "--prompt", "Do it.");
		const ran = await at.msgcode("task", "run", id, "--json");
		expect(ran.json().data, ran.stdout).toMatchObject({ status: "ok", errorCode: null, noChanges: false });
		expect(ran.json().data.durationMs).toBeLessThan(4_500);
		expect(ran.json().data.resources).not.toHaveProperty("limits");
		expect(at.read(ran.json().data.patch.path)).toContain("+made");
		expect(processesOf(at)).toEqual([]);
	});
});

describe("msgcode killed", () => {
	test("takes its driver along, and the agent that the driver started, without anybody's help", async () => {
		const at = await workspace();
		const agent = fileURLToPath(new URL("../../fixtures/agents/acp-agent.mjs", import.meta.url));
		const id = await add(at, "--runner", "acp", "--prompt", "[hang]", "--", process.execPath, agent, "--acp");
		const live = spawn(process.execPath, [MAIN, "task", "run", id], { cwd: at.path, env: at.env, stdio: "ignore" });
		const agents = () => processesOf(at).filter((line) => line.includes(agent) && !line.includes("task run"));
		await until(() => agents().length > 0, "the agent's start");
		live.kill("SIGKILL");
		await until(() => processesOf(at).length === 0, "the end of both");
	});
});

async function until(fact: () => boolean, what: string): Promise<void> {
	for (const deadline = Date.now() + 30_000; !fact(); await sleep(20)) {
		if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`);
	}
}

describe("limits", () => {
	test("a run over its memory is that, not a crash; what was limited and by what is in the receipt", async () => {
		const at = await workspace();
		const argv = [
			"sh",
			"-c",
			'echo part > part.txt; exec "$@"',
			"sh",
			...programArgv("take-memory.mjs", "800", "stay"),
		];
		const id = await add(at, "--runner", "shell", "--limits", '{"memoryMb": 160, "cpuPercent": 400}', "--", ...argv);
		const ran = await at.msgcode("task", "run", id, "--json");
		expect(ran.exitCode).toBe(1);
		const { data } = ran.json();
		expect(data).toMatchObject({ status: "error", errorCode: "RUN_LIMIT_EXCEEDED", details: { limit: "memory" } });
		const { memory, cpu, disk } = data.resources.limits;
		expect(memory).toEqual({ mb: 160, by: expect.stringMatching(/^(cgroup|polling)$/) });
		expect(cpu).toEqual({ percent: 400, by: expect.stringMatching(/^(cgroup|none)$/) });
		expect(disk).toBeUndefined();
		expect(at.read(data.patch.path)).toContain("+part");
		expect(processesOf(at)).toEqual([]);
	});

	test("a run that fills the disk is over its limit", async () => {
		const at = await workspace();
		const id = await addScript(at, "head -c 3000000 /dev/urandom > large.bin", "--limits", '{"diskMb": 1}');
		const ran = await at.msgcode("task", "run", id, "--json");
		expect(ran.json().data).toMatchObject({
			errorCode: "RUN_LIMIT_EXCEEDED",
			details: { limit: "disk" },
			resources: { limits: { disk: { mb: 1, by: "polling" } } },
		});
	});
});

describe("output beyond what is kept is said", () => {
	test("in events: the count has an end, and the run's end is there all the same", async () => {
		const at = await workspace();
		const id = await addScript(at, "seq 1 120000");
		const ran = await at.msgcode("task", "run", id, "--json");
		expect(ran.json().data).toMatchObject({ status: "ok" });
		const events = eventsOf(at, id);
		expect(events.length).toBeLessThan(100_100);
		const warned = events.filter(({ data }) => data.code === "events_truncated");
		expect(warned).toMatchObject([{ type: "run.warning", data: { maxEvents: 100_000 } }]);
		expect(events.at(-1)?.type).toBe("run.finished");
		expect(ran.json().data.events.lines).toBe(events.length);
	});
});

describe("environment", () => {
	test("a runner's own variables reach that runner alone; GIT_* reach none; no value is in an argument or a record", async () => {
		const secret = "value-that-nobody-may-see-1f3";
		const settings = [
			"[env]",
			'allow = ["FOR_ALL", "GIT_DIR"]',
			"[runners.one]",
			"argv = [\"sh\", \"-c\", \"env > env.txt; tr '\\\\000' ' ' < /proc/$PPID/cmdline > argv.txt; tr '\\\\000' ' ' < /proc/$$/cmdline >> argv.txt\"]",
			'passEnv = ["ONE_KEY", "GIT_WORK_TREE"]',
			"[runners.two]",
			'argv = ["sh", "-c", "env > env.txt"]',
		].join("\n");
		const at = await workspace({ "msgcode.toml": `${settings}\n` });
		const env = { ONE_KEY: secret, OTHER_KEY: secret, FOR_ALL: "yes", GIT_AUTHOR_NAME: "other" };
		const seen: Record<string, string> = {};
		for (const kind of ["one", "two"]) {
			const id = await add(
				at,
				"--runner",
				kind,
				"--prompt",
				"Do it.",
				"--check",
				"env > check.txt; ! grep ONE_KEY check.txt",
			);
			const ran = await at.msgcodeProcessWith({ env }, "task", "run", id, "--json");
			expect(ran.json().data, ran.stdout).toMatchObject({ status: "ok" });
			expect(ran.stdout).not.toContain(secret);
			const folder = join(at.path, "worktrees", id);
			seen[kind] = readFileSync(join(folder, "env.txt"), "utf8");
			if (kind === "one") expect(readFileSync(join(folder, "argv.txt"), "utf8")).not.toContain(secret);
			// What the program itself wrote into its files is its own affair.
			const inRecords = ["grep", "-F", "-e", secret, "HEAD", "--", "tasks", ":!*/patch.diff"];
			expect(() => at.git(...inRecords)).toThrow("Command failed");
		}
		expect(seen.one).toContain(`ONE_KEY=${secret}`);
		expect(seen.two).not.toContain("ONE_KEY");
		for (const text of Object.values(seen)) {
			expect(text).toContain("FOR_ALL=yes");
			expect(text).not.toMatch(/^(OTHER_KEY|GIT_\w+)=/m);
		}
	});
});
