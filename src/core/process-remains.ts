// Finds what is left of a run among all processes: members of its group, and those that left the group but still carry
// the run's marker in their environment (a daemon that called setsid).
// Invariant: this process, its ancestors and the members of their groups are never found.

import type { LadderTarget } from "./process-ladder.ts";
import type { Family } from "./process-signal.ts";
import { carriesMarker, listProcesses, type ProcessMarker, type ProcessRow } from "./process-table.ts";

/** The program of a run: the first process of its own group. */
export interface GroupLeader {
	readonly row: ProcessRow;
	/** `performance.now()` at its start. */
	readonly startedAt: number;
	/** Whether it has ended and was waited for, so that its number is free again. */
	readonly collected: () => boolean;
}

/** Within this time no kernel hands out all process ids once around. */
const YOUNG_MS = 250;
const NOBODY: ReadonlySet<number> = new Set();

/** Everything of the run that lives, its leader included. `members`: what the kernel says belongs to the run as well. */
export function findRemains(
	leader: GroupLeader,
	marker: ProcessMarker,
	family: Family,
	members: ReadonlySet<number> = NOBODY,
): LadderTarget[] {
	const { pid, startOrder } = leader.row;
	const collected = leader.collected();
	const young = performance.now() - leader.startedAt < YOUNG_MS;
	const targets: LadderTarget[] = [];
	let leaderListed = false;
	for (const row of readableProcesses(young ? pid - 1 : 0)) {
		const isLeader = row.pid === pid && !collected;
		leaderListed ||= isLeader;
		if (row.zombie || row.startOrder < startOrder || isFamily(row, family)) continue;
		const inGroup = row.group === pid;
		if (!inGroup && !members.has(row.pid) && !carriesMarker(row.pid, marker)) continue;
		const { startTime } = row;
		const survivor = collected || !inGroup;
		targets.push({ pid: row.pid, startTime, groupId: inGroup ? pid : null, uncollected: isLeader, survivor });
	}
	if (!collected && !leaderListed) {
		targets.push({ pid, startTime: leader.row.startTime, groupId: pid, uncollected: true, survivor: false });
	}
	return targets;
}

/**
 * Every live process that carries the marker, or is one of `members`, and did not start before `startedSince` (see
 * ProcessRow.startOrder).
 */
export function findMarked(
	marker: ProcessMarker,
	family: Family,
	startedSince: number,
	members: ReadonlySet<number> = NOBODY,
): LadderTarget[] {
	return listProcesses()
		.filter((row) => !row.zombie && row.startOrder >= startedSince && !isFamily(row, family))
		.filter((row) => members.has(row.pid) || carriesMarker(row.pid, marker))
		.map(({ pid, startTime }) => ({ pid, startTime, groupId: null, uncollected: false, survivor: true }));
}

/** With no table (too many open files), the leader is still known. */
function readableProcesses(abovePid: number): ProcessRow[] {
	try {
		return listProcesses(abovePid);
	} catch {
		return [];
	}
}

function isFamily(row: ProcessRow, family: Family): boolean {
	return family.pids.has(row.pid) || family.groups.has(row.group);
}
