// How much memory and processor time the processes of a run use, by looking at them now and then: the program's group,
// what carries the run's marker in another session, and what those have started.
// Invariant: it costs at most about a fiftieth of one processor and never keeps this process alive.

import { carriesMarker, listProcesses, type ProcessMarker, readMemory } from "./process-table.ts";

export interface ResourceUse {
	/** Highest resident memory seen, bytes; pages that processes share count for each. */
	readonly peakRssBytes: number | null;
	/** Processor time up to the last look, seconds. */
	readonly cpuSeconds: number | null;
}

/** What one look saw. */
export interface ResourceLook {
	readonly pids: readonly number[];
	readonly memoryBytes: number;
	readonly cpuSeconds: number;
}

export interface UseOptions {
	readonly groupId: number;
	readonly marker: ProcessMarker;
	readonly intervalMs?: number;
	readonly onLook?: (look: ResourceLook) => void;
}

const FIRST_LOOK_MS = 20;
const INTERVAL_MS = 250;
const COST_SHARE = 50;

/** Watches until `stop`, which gives what was seen; nulls when nothing was. */
export function watchResourceUse(options: UseOptions): { stop(): ResourceUse } {
	const { groupId, marker, intervalMs = INTERVAL_MS, onLook } = options;
	let peakRssBytes: number | null = null;
	let cpuSeconds: number | null = null;
	let timer: NodeJS.Timeout | undefined;
	/** Whether a process is one of the run's: its environment is read once. */
	let known = new Map<string, boolean>();

	/** Gives the processor time that it took, ms: on a busy machine, waiting for a turn costs nobody anything. */
	function look(): number {
		const began = process.cpuUsage();
		const rows = listProcesses(groupId - 1);
		const marked = new Map<string, boolean>();
		const ours = new Set<number>();
		for (const { pid, group, startTime, zombie } of rows) {
			const key = `${pid}:${startTime}`;
			const isOurs = known.get(key) ?? (group === groupId || (!zombie && carriesMarker(pid, marker)));
			marked.set(key, isOurs);
			if (isOurs) ours.add(pid);
		}
		known = marked;
		let memory = 0;
		let cpu = 0;
		for (const row of rows) {
			if (!ours.has(row.pid) && !ours.has(row.parent)) continue;
			ours.add(row.pid);
			cpu += row.cpuSeconds ?? 0;
			if (row.zombie) continue;
			const own = readMemory(row.pid);
			if (own === null) continue;
			memory += own.current;
			peakRssBytes = Math.max(peakRssBytes ?? 0, own.peak);
		}
		if (memory > 0) {
			peakRssBytes = Math.max(peakRssBytes ?? 0, memory);
			cpuSeconds = Math.max(cpuSeconds ?? 0, cpu);
			onLook?.({ pids: [...ours], memoryBytes: memory, cpuSeconds: cpu });
		}
		const { user, system } = process.cpuUsage(began);
		return (user + system) / 1000;
	}

	function schedule(delayMs: number): void {
		timer = setTimeout(() => schedule(Math.max(intervalMs, look() * COST_SHARE)), delayMs).unref();
	}

	if (process.platform === "linux") schedule(FIRST_LOOK_MS);
	return {
		stop() {
			clearTimeout(timer);
			return { peakRssBytes, cpuSeconds };
		},
	};
}
