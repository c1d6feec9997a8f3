import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { identityOf, liveness, ownIdentity } from "../../src/core/process-identity.ts";
import { readProcess } from "../../src/core/process-table.ts";
import { sweepMarked } from "../../src/core/supervisor.ts";
import {
	endEverythingStarted,
	newMarker,
	program,
	programArgv,
	programEnvironment,
	supervise,
} from "../support/supervise.ts";

const folder = mkdtempSync(join(tmpdir(), "msgcode-supervisor-"));

afterAll(async () => {
	await endEverythingStarted();
	rmSync(folder, { recursive: true });
});

/** The pid that a program printed, and whether that process still runs. */
function runs(line: string | undefined): boolean {
	const pid = Number(line);
	expect(pid).toBeGreaterThan(1);
	return identityOf(pid) !== null;
}

describe("a program that ends by itself", () => {
	test("exit 0 is an exit", async () => {
		expect(await supervise(["true"])).toMatchObject({ outcome: "exited", exitCode: 0, signal: null, left: 0 });
	});

	test("exit 1 is an exit with its code, and both streams arrive", async () => {
		const outcome = await supervise(programArgv("exit-code.sh", "1"));
		expect(outcome).toMatchObject({ outcome: "exited", exitCode: 1, stdoutBytes: 10, stderrBytes: 10 });
		expect([...outcome.lines].sort()).toEqual(["to stderr", "to stdout"]);
	});

	test("a signal of its own is no timeout and no cancel", async () => {
		expect(await supervise(programArgv("kill-self.sh"))).toMatchObject({
			outcome: "signaled",
			exitCode: null,
			signal: "SIGTERM",
		});
	});

	test("a short program settles at once, without a grace", async () => {
		const times = [];
		for (let round = 0; round < 5; round += 1) times.push((await supervise(["true"], { closeGraceMs: 5_000 })).tookMs);
		expect(Math.min(...times)).toBeLessThan(100);
	});

	test("the program gets argv, folder, environment with the marker, and stdin, and no shell touches them", async () => {
		const marker = newMarker();
		const odd = ["two words", "$(id)", "*", "'\"", "新", "a\nb"];
		const { lines } = await supervise(programArgv("show-call.mjs", ...odd), {
			cwd: folder,
			env: { ...programEnvironment(), EXTRA: "1" },
			stdin: "the text\n",
			marker,
		});
		const call = JSON.parse(lines[0] ?? "");
		expect(call).toMatchObject({ args: odd, cwd: folder, stdin: "the text\n" });
		expect(call.env).toMatchObject({ EXTRA: "1", [marker.name]: marker.value });
		expect(call.env.HOME).toBeUndefined();
	});

	test("onSpawn gives the identity of a process that leads its own group", async () => {
		const cancel = new AbortController();
		let seen: string | undefined;
		const outcome = await supervise(programArgv("forever.sh"), {
			cancel: cancel.signal,
			onLine: () => cancel.abort("cancel"),
			onSpawn: (identity) => {
				seen = liveness(identity, 0, 0);
				expect(readProcess(identity.pid)).toMatchObject({ group: identity.pid, parent: process.pid });
			},
		});
		expect(seen).toBe("alive");
		expect(liveness(outcome.identity ?? ownIdentity(), 0, 0)).toBe("dead");
	});

	test("stdin that nobody reads is no failure", async () => {
		expect(await supervise(programArgv("ignore-stdin.sh"), { stdin: "x".repeat(1024 * 1024) })).toMatchObject({
			outcome: "exited",
			exitCode: 0,
		});
	});

	test("resource use of a program that works for a while is seen", async () => {
		const busy =
			"const end = Date.now() + 400; const held = Buffer.alloc(64 << 20, 1); while (Date.now() < end); held.at(0)";
		const outcome = await supervise([process.execPath, "-e", busy]);
		expect(outcome.peakRssBytes).toBeGreaterThan(64 << 20);
		expect(outcome.cpuSeconds).toBeGreaterThan(0.05);
	});
});

describe("a program that cannot start", () => {
	test("a missing program is not found", async () => {
		expect(await supervise(["no-such-program-here"])).toMatchObject({
			outcome: "not_found",
			program: "no-such-program-here",
			spawnError: "ENOENT",
		});
		expect(await supervise(["/no/such/folder/program"])).toMatchObject({ outcome: "not_found", program: "program" });
	});

	test("a missing folder is not taken for a missing program", async () => {
		expect(await supervise(["true"], { cwd: join(folder, "gone") })).toMatchObject({
			outcome: "spawn_failed",
			spawnError: "cwd_missing",
		});
	});

	test("a missing interpreter is not taken for a missing program", async () => {
		expect(await supervise(programArgv("missing-interpreter.sh"))).toMatchObject({
			outcome: "spawn_failed",
			spawnError: "ENOENT",
		});
	});

	test.each([
		["no argv", []],
		["a folder as program", ["/"]],
		["a NUL in an argument", ["true", "a\0b"]],
		["an argument longer than the system takes", ["true", "x".repeat(4 << 20)]],
	])("%s", async (_, argv) => {
		expect(await supervise(argv)).toMatchObject({ outcome: "spawn_failed", exitCode: null });
	});

	test("a cancel that came before leaves nothing started", async () => {
		let started = false;
		const cancel = AbortSignal.abort("cancel");
		const outcome = await supervise(["true"], { cancel, onSpawn: () => (started = true) });
		expect(outcome).toMatchObject({ outcome: "canceled", exitCode: null });
		expect(started).toBe(false);
	});
});

describe("output", () => {
	test("100 MB on one line are cut, and memory stays bounded", async () => {
		const before = process.memoryUsage.rss();
		let peak = before;
		const watch = setInterval(() => {
			peak = Math.max(peak, process.memoryUsage.rss());
		}, 5);
		const outcome = await supervise(programArgv("flood.sh"), {
			rawLogs: { stdout: join(folder, "flood.out"), stderr: join(folder, "flood.err"), maxBytes: 1 << 20 },
		});
		clearInterval(watch);
		expect(outcome).toMatchObject({ outcome: "exited", exitCode: 0, stdoutBytes: 104_857_600 + 7, truncated: 1 });
		expect(outcome.lines.map((line) => line.length)).toEqual([262_144, 5]);
		expect(peak - before).toBeLessThan(80 << 20);
		expect(outcome.rawLogProblem).toBe("truncated");
		const log = readFileSync(join(folder, "flood.out"), "latin1");
		expect(log.length).toBeLessThan((1 << 20) + 100);
		expect(log.endsWith("\n[msgcode: only the first 1048576 bytes are kept]\n")).toBe(true);
	});

	test("invalid UTF-8 arrives with replacement characters, the raw log keeps the bytes", async () => {
		const stdout = join(folder, "raw.out");
		const outcome = await supervise(programArgv("invalid-utf8.sh"), {
			rawLogs: { stdout, stderr: join(folder, "raw.err"), maxBytes: 1000 },
		});
		expect(outcome.lines).toEqual(["a��b", "caf�"]);
		expect(outcome.rawLogProblem).toBe(null);
		expect(readFileSync(stdout)).toEqual(Buffer.from("a\xff\xfeb\ncaf\xe9\n", "latin1"));
		expect(statSync(stdout).mode & 0o777).toBe(0o600);
	});

	test("a raw log that cannot be written does not stop the run, and a link is not followed", async () => {
		const target = join(folder, "target");
		writeFileSync(target, "untouched");
		symlinkSync(target, join(folder, "link"));
		const outcome = await supervise(programArgv("exit-code.sh", "0"), {
			rawLogs: { stdout: join(folder, "link"), stderr: join(folder, "no", "folder"), maxBytes: 1000 },
		});
		expect(outcome).toMatchObject({ exitCode: 0, rawLogProblem: "failed" });
		expect(outcome.lines).toContain("to stdout");
		expect(readFileSync(target, "utf8")).toBe("untouched");
	});

	test("a program that closes its output early is waited for", async () => {
		expect(await supervise(programArgv("close-stdout.sh"))).toMatchObject({ exitCode: 7, lines: ["before"] });
	});

	test("what a child writes shortly after the program's exit is kept", async () => {
		expect(await supervise(programArgv("write-after-exit.sh"))).toMatchObject({
			outcome: "exited",
			lines: ["early", "late"],
			survivorsKilled: 0,
		});
	});

	test("a listener that throws ends the program and is the error", async () => {
		let pid = 0;
		const running = supervise(programArgv("forever.sh"), {
			onSpawn: (identity) => {
				pid = identity.pid;
			},
			onLine: () => {
				throw new Error("disk full");
			},
		});
		await expect(running).rejects.toThrow("disk full");
		expect(runs(String(pid))).toBe(false);
	});

	test("an onSpawn that throws leaves no program running", async () => {
		let pid = 0;
		const running = supervise(programArgv("forever.sh"), {
			onSpawn: (identity) => {
				pid = identity.pid;
				throw new Error("no claim");
			},
		});
		await expect(running).rejects.toThrow("no claim");
		expect(runs(String(pid))).toBe(false);
	});
});

describe("a stop", () => {
	test("a hanging program is stopped at its timeout", async () => {
		const outcome = await supervise(programArgv("forever.sh"), { timeoutMs: 100 });
		expect(outcome).toMatchObject({ outcome: "timeout", signal: "SIGINT", left: 0 });
		expect(outcome.tookMs).toBeLessThan(2_000);
	});

	test("a program that ignores SIGINT and SIGTERM is killed, with its children", async () => {
		const outcome = await supervise(programArgv("ignore-signals.sh"), { timeoutMs: 100, ladderMs: 60 });
		expect(outcome).toMatchObject({ outcome: "timeout", signal: "SIGKILL", left: 0 });
		expect(outcome.tookMs).toBeGreaterThan(100 + 2 * 60);
	});

	test("exit 0 after our cancel is still canceled", async () => {
		const cancel = new AbortController();
		const outcome = await supervise(programArgv("exit-zero-when-interrupted.sh"), {
			cancel: cancel.signal,
			onLine: () => cancel.abort("cancel"),
		});
		expect(outcome).toMatchObject({ outcome: "canceled", exitCode: 0 });
	});

	test("each rung of the ladder asks once", async () => {
		const cancel = new AbortController();
		const outcome = await supervise(programArgv("count-interrupts.mjs"), {
			cancel: cancel.signal,
			ladderMs: 400,
			onLine: (text) => text === "ready" && cancel.abort("cancel"),
		});
		expect(outcome).toMatchObject({ outcome: "canceled", exitCode: 0, lines: ["ready", "interrupt 1"] });
	});

	test("a cancel, then a kill: no rung is waited for any more", async () => {
		const cancel = new AbortController();
		const kill = new AbortController();
		const outcome = await supervise(programArgv("ignore-signals.sh"), {
			cancel: cancel.signal,
			kill: kill.signal,
			ladderMs: 60_000,
			onLine: () => {
				cancel.abort("cancel");
				setImmediate(() => kill.abort());
			},
		});
		expect(outcome).toMatchObject({ outcome: "canceled", signal: "SIGKILL" });
		expect(outcome.tookMs).toBeLessThan(5_000);
	});

	test('a cancel with the reason "kill" kills at once', async () => {
		const cancel = new AbortController();
		const outcome = await supervise(programArgv("exit-zero-when-interrupted.sh"), {
			cancel: cancel.signal,
			ladderMs: 60_000,
			onLine: () => cancel.abort("kill"),
		});
		expect(outcome).toMatchObject({ outcome: "canceled", signal: "SIGKILL" });
	});

	test("a grandchild in a session of its own goes as well", async () => {
		const cancel = new AbortController();
		const outcome = await supervise(programArgv("leave-session.mjs", "wait", "deaf"), {
			cancel: cancel.signal,
			ladderMs: 60,
			onLine: () => cancel.abort("cancel"),
		});
		expect(outcome).toMatchObject({ outcome: "canceled", survivorsKilled: 1, left: 0 });
		expect(runs(outcome.lines[0])).toBe(false);
	});
});

describe("what a program leaves behind", () => {
	test.each(["quiet", "talk", "deaf"])("a daemon in a session of its own is ended (%s)", async (word) => {
		const outcome = await supervise(programArgv("leave-session.mjs", word), { closeGraceMs: 50, ladderMs: 60 });
		expect(outcome).toMatchObject({ outcome: "exited", exitCode: 0, survivorsKilled: 1, left: 0 });
		expect(runs(outcome.lines[0])).toBe(false);
	});

	test("a child in the group that holds stdout open neither hangs the run nor stays", async () => {
		const outcome = await supervise(programArgv("background-child.sh"), { closeGraceMs: 50 });
		expect(outcome).toMatchObject({ outcome: "exited", exitCode: 0, survivorsKilled: 1, left: 0 });
		expect(outcome.tookMs).toBeLessThan(2_000);
		expect(runs(outcome.lines[0])).toBe(false);
	});

	test("stdout held by a process that dropped the marker does not hang the run", async () => {
		const code = `import { spawn } from "node:child_process";
			const child = spawn("sleep", ["1000"], { detached: true, env: {}, stdio: "inherit" });
			console.log(child.pid); child.unref();`;
		const outcome = await supervise([process.execPath, "--input-type=module", "-e", code], { closeGraceMs: 50 });
		try {
			expect(outcome).toMatchObject({ outcome: "exited", exitCode: 0 });
			expect(outcome.tookMs).toBeLessThan(2_000);
			expect(runs(outcome.lines[0])).toBe(true);
		} finally {
			process.kill(Number(outcome.lines[0]), "SIGKILL");
		}
	});

	test("other runs are left alone", async () => {
		const other = spawn(program("forever.sh"), { detached: true, stdio: "ignore", env: envWith(newMarker()) });
		try {
			await supervise(programArgv("leave-session.mjs", "quiet"), { closeGraceMs: 0 });
			expect(identityOf(other.pid ?? 0)).not.toBe(null);
		} finally {
			other.kill("SIGKILL");
		}
	});
});

describe("sweepMarked", () => {
	test("ends what carries the marker in any session, counts it, and finds nothing the second time", async () => {
		const marker = newMarker();
		const child = spawn(program("forever.sh"), { detached: true, stdio: "ignore", env: envWith(marker) });
		const identity = identityOf(child.pid ?? 0);
		expect(identity).not.toBe(null);
		expect(await sweepMarked(marker, identity ?? undefined, 500)).toBeGreaterThanOrEqual(1);
		expect(identityOf(child.pid ?? 0)).toBe(null);
		expect(await sweepMarked(marker)).toBe(0);
	});

	test("an empty marker matches nothing", async () => {
		const marker = { name: "MSGCODE_EMPTY", value: "" };
		const child = spawn(program("forever.sh"), { detached: true, stdio: "ignore", env: envWith(marker) });
		try {
			expect(await sweepMarked(marker)).toBe(0);
			expect(identityOf(child.pid ?? 0)).not.toBe(null);
		} finally {
			child.kill("SIGKILL");
		}
	});

	test("never ends the process that asks, nor what is above it", async () => {
		const marker = newMarker();
		const supervisor = new URL("../../src/core/supervisor.ts", import.meta.url).href;
		const code = `const { sweepMarked } = await import(${JSON.stringify(supervisor)});
			console.log(await sweepMarked(${JSON.stringify(marker)}));`;
		const shell = `"$0" --input-type=module -e '${code}'; echo alive`;
		const outcome = await supervise(["/bin/sh", "-c", shell, process.execPath], { marker });
		expect(outcome.lines).toEqual(["0", "alive"]);
		expect(outcome).toMatchObject({ outcome: "exited", exitCode: 0 });
		// They are not even found: no rung of the ladder was waited for.
		expect(outcome.tookMs).toBeLessThan(2_000);
	});
});

function envWith(marker: { name: string; value: string }): Record<string, string> {
	return { ...programEnvironment(), [marker.name]: marker.value };
}
