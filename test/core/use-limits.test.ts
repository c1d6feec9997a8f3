// Limits of memory, processor time and disk, kept by the kernel where it lets us and by looking elsewhere.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { makeCgroup } from "../../src/core/cgroup.ts";
import { identityOf } from "../../src/core/process-identity.ts";
import { watchResourceUse } from "../../src/core/resource-use.ts";
import { sweepMarked } from "../../src/core/supervisor.ts";
import { NO_LIMITS, type UseWarning } from "../../src/core/use-limits.ts";
import { endEverythingStarted, newMarker, program, programArgv, supervise } from "../support/supervise.ts";

const MEBIBYTE = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), "msgcode-limits-"));
const memory = (megabytes: number) => ({ ...NO_LIMITS, memoryBytes: megabytes * MEBIBYTE });
const cpu = (percent: number) => ({ ...NO_LIMITS, cpuPercent: percent });
const SPIN = [process.execPath, "-e", "const end = Date.now() + Number(process.argv[1]); while (Date.now() < end);"];

afterAll(async () => {
	await endEverythingStarted();
	rmSync(folder, { recursive: true });
});

/** Whether the kernel gives us a group with that controller here. */
async function kernelKeeps(controller: "memory" | "cpu"): Promise<boolean> {
	const group = makeCgroup(newMarker().value, { memoryBytes: 64 * MEBIBYTE, cpuPercent: 50 });
	await group?.remove();
	return group?.controls.has(controller) ?? false;
}

const memoryGroups = await kernelKeeps("memory");
const cpuGroups = await kernelKeeps("cpu");
if (!memoryGroups) console.log("skipped: no control group with a memory limit can be made here");
if (!cpuGroups) console.log("skipped: no control group with a processor limit can be made here");

describe("memory", () => {
	describe.runIf(memoryGroups)("kept by a control group", () => {
		test("a program that the kernel killed for it is over its limit, not crashed, and the group is gone", async () => {
			const marker = newMarker();
			const outcome = await supervise(programArgv("take-memory.mjs", "600"), { limits: memory(160), marker });
			expect(outcome).toMatchObject({ outcome: "over_limit", exceeded: "memory", left: 0 });
			expect(outcome.keepers).toEqual({ memory: "cgroup", cpu: null, disk: null });
			expect(outcome.lines).toEqual(["ready"]);
			expect(groupsNamed(marker.value)).toEqual([]);
		});

		test("a child that was killed for it ends the program as well, whatever that makes of it", async () => {
			const outcome = await supervise(programArgv("take-memory.mjs", "600", "child"), { limits: memory(200) });
			expect(outcome).toMatchObject({ outcome: "over_limit", exceeded: "memory", left: 0 });
		});

		test("a program within its limit is left alone", async () => {
			const outcome = await supervise(programArgv("take-memory.mjs", "16"), { limits: memory(400) });
			expect(outcome).toMatchObject({ outcome: "exited", exitCode: 0, exceeded: null, lines: ["ready", "has 2"] });
		});

		test("what left its session and cleared its environment is found by its group", async () => {
			const leave = 'setsid env -i "$(command -v sleep)" 1000 >/dev/null 2>&1 & echo $!; sleep 0.3';
			const outcome = await supervise(["/bin/sh", "-c", leave], {
				limits: memory(400),
				closeGraceMs: 50,
				ladderMs: 200,
			});
			expect(outcome).toMatchObject({ outcome: "exited", survivorsKilled: 1, left: 0 });
			expect(identityOf(Number(outcome.lines[0]))).toBeNull();
		});

		test("a group that a crash left behind is swept by a later run, one that has a process or is young is not", async () => {
			const names = Array.from({ length: 4 }, () => newMarker().value);
			const [used, left, young] = names.map((name) => makeCgroup(name, memory(64)));
			const user = spawn("sleep", ["60"]);
			used?.add(user.pid as number);
			const longAgo = new Date(Date.now() - 120_000);
			for (const name of names.slice(0, 2)) utimesSync(groupsNamed(name)[0] as string, longAgo, longAgo);
			const later = makeCgroup(names[3] as string, memory(64));
			expect(names.map((name) => groupsNamed(name).length)).toEqual([1, 0, 1, 1]);
			user.kill("SIGKILL");
			await once(user, "exit");
			for (const group of [used, left, young, later]) await group?.remove();
			expect(names.flatMap(groupsNamed)).toEqual([]);
		});
	});

	test.runIf(memoryGroups)("the sweep after a crash ends what is in the group and takes the group away", async () => {
		const marker = newMarker();
		const group = makeCgroup(marker.value, memory(64));
		const orphan = spawn("/bin/sleep", ["60"], { env: {}, detached: true });
		group?.add(orphan.pid as number);
		const gone = once(orphan, "exit");
		expect(await sweepMarked(marker, undefined, 1_000)).toBe(1);
		expect((await gone)[1]).toBe("SIGINT");
		expect(groupsNamed(marker.value)).toEqual([]);
	});

	test("kept by looking, where there is no group: the program is asked to end", async () => {
		const outcome = await supervise(programArgv("take-memory.mjs", "400", "stay"), {
			limits: memory(200),
			cgroup: false,
		});
		expect(outcome).toMatchObject({ outcome: "over_limit", exceeded: "memory", signal: "SIGINT", left: 0 });
		expect(outcome.keepers.memory).toBe("polling");
		expect(outcome.peakRssBytes).toBeGreaterThan(200 * MEBIBYTE);
	});
});

describe("processor time", () => {
	test.runIf(cpuGroups)("kept by a control group: the program gets no more than its part", async () => {
		const outcome = await supervise([...SPIN, "800"], { limits: cpu(20) });
		expect(outcome).toMatchObject({ outcome: "exited", exitCode: 0 });
		expect(outcome.keepers.cpu).toBe("cgroup");
		expect(outcome.cpuSeconds).toBeLessThan(0.5);
	});

	test("without a group it is only warned", async () => {
		const warnings: UseWarning[] = [];
		const cancel = new AbortController();
		const outcome = await supervise([...SPIN, "14000"], {
			...{ limits: cpu(10), cgroup: false, cancel: cancel.signal },
			onWarning(warning) {
				warnings.push(warning);
				cancel.abort();
			},
		});
		// Our cancel, and nothing before it.
		expect(outcome).toMatchObject({ outcome: "canceled", exceeded: null });
		expect(outcome.keepers.cpu).toBe("none");
		expect(warnings).toMatchObject([{ code: "cpu_over_limit", limitPercent: 10 }]);
		expect(warnings[0]?.cpuPercent).toBeGreaterThan(10);
	});
});

describe("disk", () => {
	const disk = { ...NO_LIMITS, diskBytes: 2 * MEBIBYTE };

	function place(name: string): { cwd: string; folders: { watched: string[]; skipped: string[] } } {
		const cwd = join(folder, name);
		mkdirSync(join(cwd, "foreign"), { recursive: true });
		writeFileSync(join(cwd, "before"), Buffer.alloc(3 * MEBIBYTE, 1));
		return { cwd, folders: { watched: [cwd], skipped: [join(cwd, "foreign")] } };
	}

	test("more than its limit ends the program", async () => {
		const fill = "head -c 3000000 /dev/urandom > more; while :; do sleep 0.05; done";
		const outcome = await supervise(["/bin/sh", "-c", fill], { limits: disk, ...place("over") });
		expect(outcome).toMatchObject({ outcome: "over_limit", exceeded: "disk", left: 0 });
		expect(outcome.keepers.disk).toBe("polling");
	});

	test("also when it ended before anybody looked", async () => {
		const fill = "head -c 3000000 /dev/urandom > more";
		const outcome = await supervise(["/bin/sh", "-c", fill], { limits: disk, ...place("quick") });
		expect(outcome).toMatchObject({ outcome: "over_limit", exceeded: "disk" });
	});

	test("what was there before, other names of one file and folders of others do not count", async () => {
		const fill = "head -c 1500000 /dev/urandom > one; ln one two; head -c 3000000 /dev/urandom > foreign/more";
		const outcome = await supervise(["/bin/sh", "-c", fill], { limits: disk, ...place("within") });
		expect(outcome).toMatchObject({ outcome: "exited", exitCode: 0, exceeded: null });
	});
});

describe("resource use", () => {
	test("of a daemon in a session of its own is seen", async () => {
		const marker = newMarker();
		const take = [process.execPath, program("take-memory.mjs"), "160", "stay"];
		const child = spawn("/bin/sh", ["-c", '(setsid "$0" "$@" &); exec sleep 60', ...take], {
			env: { ...process.env, [marker.name]: marker.value },
			stdio: "ignore",
			detached: true,
		});
		const { promise: seen, resolve } = Promise.withResolvers<void>();
		const use = watchResourceUse({
			...{ groupId: child.pid as number, marker, intervalMs: 20 },
			onLook: ({ memoryBytes }) => memoryBytes > 150 * MEBIBYTE && resolve(),
		});
		await seen;
		expect(use.stop().peakRssBytes).toBeGreaterThan(150 * MEBIBYTE);
		await sweepMarked(marker, undefined, 500);
	});
});

/** Folders of groups of that name, wherever they are. */
function groupsNamed(name: string): string[] {
	const root = "/sys/fs/cgroup";
	if (!existsSync(root)) return [];
	return readdirSync(root, { recursive: true, encoding: "utf8" })
		.filter((path) => basename(path) === `msgcode-${name}`)
		.map((path) => join(root, path));
}
