// The one place that signals a process or a process group.
// Invariant: a signal goes out only to a process whose identity was read again just before, and never to pid 0 or 1, to
// this process, to one of its ancestors, or into one of their process groups.

import { type ProcessRow, readProcess } from "./process-table.ts";

export interface SignalTarget {
	readonly pid: number;
	readonly startTime: string;
	/** Signal this whole group; the process is the witness that the group is still the one we started. */
	readonly groupId: number | null;
	/** Our own child that we have not waited for: its number cannot have been reused. */
	readonly uncollected: boolean;
}

/** This process and those above it. */
export interface Family {
	readonly pids: ReadonlySet<number>;
	readonly groups: ReadonlySet<number>;
}

export type SignalVerdict = "send" | "reserved" | "family" | "gone" | "other_process";

/** Whether the signal may go out. `current` is the process's row read a moment ago, null when there is none. */
export function signalVerdict(target: SignalTarget, current: ProcessRow | null, family: Family): SignalVerdict {
	const { pid, groupId } = target;
	if (!Number.isSafeInteger(pid) || pid <= 1) return "reserved";
	if (groupId !== null && (!Number.isSafeInteger(groupId) || groupId <= 1)) return "reserved";
	if (family.pids.has(pid) || (current !== null && family.groups.has(current.group))) return "family";
	if (groupId !== null && (family.pids.has(groupId) || family.groups.has(groupId))) return "family";
	if (target.uncollected && (groupId === null || groupId === pid)) return "send";
	if (current === null || current.zombie) return "gone";
	if (current.startTime !== target.startTime) return "other_process";
	if (groupId !== null && current.group !== groupId) return "other_process";
	return "send";
}

/** Sends the signal if the verdict allows it; says whether it reached anyone. */
export function sendSignal(target: SignalTarget, signal: NodeJS.Signals, family: Family): boolean {
	let current: ProcessRow | null = null;
	try {
		current = readProcess(target.pid);
	} catch {
		// Unreadable: only our own uncollected child is certain without its row.
	}
	if (signalVerdict(target, current, family) !== "send") return false;
	try {
		process.kill(target.groupId === null ? target.pid : -target.groupId, signal);
		return true;
	} catch {
		// Ended in between, or another user's.
		return false;
	}
}

/** This process, its ancestors, and the process groups of all of them, as far up as they can be seen. */
export function ownFamily(): Family {
	const pids = new Set<number>();
	const groups = new Set<number>();
	let pid = process.pid;
	while (pid > 0 && !pids.has(pid)) {
		pids.add(pid);
		const row = readProcess(pid);
		if (row === null) break;
		groups.add(row.group);
		pid = row.parent;
	}
	return { pids, groups };
}
