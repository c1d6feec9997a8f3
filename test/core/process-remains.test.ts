import { spawn } from "node:child_process";
import { afterAll, expect, test } from "vitest";
import { findMarked, findRemains, type GroupLeader } from "../../src/core/process-remains.ts";
import { ownFamily } from "../../src/core/process-signal.ts";
import { readProcess } from "../../src/core/process-table.ts";
import { endEverythingStarted, newMarker, program, programEnvironment } from "../support/supervise.ts";

afterAll(endEverythingStarted);

test("what shares a group with this process is never found, other sessions are", () => {
	const marker = newMarker();
	const env = { ...programEnvironment(), [marker.name]: marker.value };
	const neighbour = spawn("sleep", ["1000"], { stdio: "ignore", env });
	const stranger = spawn(program("forever.sh"), { stdio: "ignore", env, detached: true });
	try {
		const row = readProcess(neighbour.pid ?? 0);
		if (row === null) throw new Error("The program did not start.");
		const leader: GroupLeader = { row: { ...row, pid: 2 ** 22 + 7 }, startedAt: 0, collected: () => true };
		for (const found of [findRemains(leader, marker, ownFamily()), findMarked(marker, ownFamily(), 0)]) {
			const pids = found.map((target) => target.pid);
			expect(pids).toContain(stranger.pid);
			expect(pids).not.toContain(neighbour.pid);
		}
		expect(findRemains(leader, marker, { pids: new Set(), groups: new Set() }).map((target) => target.pid)).toContain(
			neighbour.pid,
		);
	} finally {
		neighbour.kill("SIGKILL");
		stranger.kill("SIGKILL");
	}
});

test("a leader that was not waited for is a target even if the table does not show it", () => {
	const row = { ...(readProcess(process.pid) as NonNullable<ReturnType<typeof readProcess>>), pid: 2 ** 22 + 7 };
	const leader: GroupLeader = { row, startedAt: 0, collected: () => false };
	expect(findRemains(leader, newMarker(), ownFamily())).toEqual([
		{ pid: row.pid, startTime: row.startTime, groupId: row.pid, uncollected: true, survivor: false },
	]);
});
