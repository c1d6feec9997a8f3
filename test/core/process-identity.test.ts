import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { identityOf, liveness, ownIdentity } from "../../src/core/process-identity.ts";
import { type SignalTarget, sendSignal, signalVerdict } from "../../src/core/process-signal.ts";
import { listProcesses, type ProcessRow, parseStat, readProcess } from "../../src/core/process-table.ts";

const NOW = 1_000_000;

describe("identity", () => {
	test("this process is alive, by its own account", () => {
		const own = ownIdentity();
		expect(own.pid).toBe(process.pid);
		expect(own).toEqual(identityOf(process.pid));
		expect(liveness(own, 0, NOW)).toBe("alive");
	});

	test("a pid that nobody has is no process", () => {
		expect(identityOf(2 ** 22 + 7)).toBe(null);
	});

	test("a child that ended is gone, also while it waits to be collected", async () => {
		// The shell is replaced by a program that never waits for the child it started before.
		const parent = spawn("/bin/sh", ["-c", "true & echo $!; exec sleep 1000"], { stdio: ["ignore", "pipe", "ignore"] });
		try {
			const [pid] = await once(parent.stdout, "data");
			await expect.poll(() => readProcess(Number(pid))?.zombie ?? true).toBe(true);
			expect(identityOf(Number(pid))).toBe(null);
		} finally {
			parent.kill("SIGKILL");
		}
	});
});

describe("liveness", () => {
	const own = ownIdentity();
	test.each([
		["another start time: the pid was reused", { startTime: "1" }, 0, "dead"],
		["another boot of the same host", { bootId: "other" }, NOW + 1, "dead"],
		["another host, lease running", { host: "elsewhere" }, NOW + 1, "unknown"],
		["another host, lease over", { host: "elsewhere" }, NOW - 1, "dead"],
		["another host with another boot, lease running", { host: "elsewhere", bootId: "other" }, NOW + 1, "unknown"],
		["another pid namespace, lease running", { pidNamespace: "pid:[1]" }, NOW + 1, "unknown"],
		["another pid namespace, lease over", { pidNamespace: "pid:[1]" }, NOW - 1, "dead"],
		["no such pid, lease running", { pid: 2 ** 22 + 7 }, NOW + 1, "dead"],
		["alive, lease over", {}, NOW - 1, "alive"],
	] as const)("%s", (_, change, leaseUntilMs, expected) => {
		expect(liveness({ ...own, ...change }, leaseUntilMs, NOW)).toBe(expected);
	});
});

describe("the process table", () => {
	test("a command name with spaces, parentheses and a newline does not shift the fields", () => {
		const rest = "S 7 42 42 0 -1 0 0 0 0 0 5 6 7 8 20 0 1 0 132653 3133440 382";
		for (const name of ["cat", "a b", "x) R 1 1", "((", ") S 1\n2 3"]) {
			expect(parseStat(`42 (${name}) ${rest}`)).toEqual({
				pid: 42,
				parent: 7,
				group: 42,
				zombie: false,
				startTime: "132653",
				startOrder: 132_653,
				cpuSeconds: 0.26,
			});
		}
	});

	test("lists this process; above a pid only what is above it", () => {
		expect(listProcesses().map((row) => row.pid)).toContain(process.pid);
		expect(listProcesses(process.pid).map((row) => row.pid)).not.toContain(process.pid);
	});
});

describe("a signal goes out only to what we started", () => {
	const row: ProcessRow = {
		pid: 500,
		parent: 7,
		group: 500,
		zombie: false,
		startTime: "99",
		startOrder: 99,
		cpuSeconds: 0,
	};
	const target: SignalTarget = { pid: 500, startTime: "99", groupId: 500, uncollected: false };
	const family = { pids: new Set([1, 20, 30]), groups: new Set([1, 20]) };
	test.each([
		["the process that was started", target, row, "send"],
		["one process of the group", { ...target, groupId: null }, row, "send"],
		["a group by one of its members", { ...target, pid: 501 }, { ...row, pid: 501 }, "send"],
		["gone", target, null, "gone"],
		["a zombie", target, { ...row, zombie: true }, "gone"],
		["our own child that was not waited for, ended or unreadable", { ...target, uncollected: true }, null, "send"],
		["a reused pid", target, { ...row, startTime: "100" }, "other_process"],
		["a witness that has left the group", target, { ...row, group: 777 }, "other_process"],
		["pid 0: our own group", { ...target, pid: 0, groupId: null }, row, "reserved"],
		["pid 1", { ...target, pid: 1, groupId: null }, row, "reserved"],
		["pid -1: everything", { ...target, pid: -1, groupId: null }, row, "reserved"],
		["no number", { ...target, pid: Number.NaN, groupId: null }, row, "reserved"],
		["group 1, which kill takes for everything", { ...target, groupId: 1 }, { ...row, group: 1 }, "reserved"],
		["group 0, which kill takes for our own", { ...target, groupId: 0 }, { ...row, group: 0 }, "reserved"],
		["this process or an ancestor", { ...target, pid: 30, groupId: null }, { ...row, pid: 30 }, "family"],
		[
			"an uncollected child that is an ancestor",
			{ ...target, pid: 30, groupId: null, uncollected: true },
			null,
			"family",
		],
		["a neighbour in our own group", { ...target, groupId: null }, { ...row, group: 20 }, "family"],
		["our own group", { ...target, groupId: 20 }, { ...row, group: 20 }, "family"],
		["a group that carries an ancestor's number", { ...target, groupId: 30 }, { ...row, group: 30 }, "family"],
	] as const)("%s", (_, aim, current, expected) => {
		expect(signalVerdict(aim, current, family)).toBe(expected);
	});

	test("a living process under a recorded identity that is not its own gets nothing", () => {
		const child = spawn("sleep", ["1000"], { stdio: "ignore" });
		try {
			const pid = child.pid ?? 0;
			const aim = { pid, startTime: "1", groupId: null, uncollected: false };
			expect(sendSignal(aim, "SIGKILL", { pids: new Set(), groups: new Set() })).toBe(false);
			expect(identityOf(pid)).not.toBe(null);
		} finally {
			child.kill("SIGKILL");
		}
	});
});
