// How much memory and processor time a process group uses, by looking at it now and then.
// Invariant: it costs at most about a fiftieth of one processor and never keeps this process alive.

import { listProcesses, readMemory } from "./process-table.ts";

export interface ResourceUse {
	/** Highest resident memory of the group seen, bytes; pages that its processes share count for each. */
	readonly peakRssBytes: number | null;
	/** Processor time of the group up to the last look, seconds. */
	readonly cpuSeconds: number | null;
}

const FIRST_LOOK_MS = 20;
const INTERVAL_MS = 250;
const COST_SHARE = 50;

/** Watches the group until `stop`, which gives what was seen; nulls when nothing was. */
export function watchResourceUse(groupId: number): { stop(): ResourceUse } {
	let peakRssBytes: number | null = null;
	let cpuSeconds: number | null = null;
	let timer: NodeJS.Timeout | undefined;

	function look(): number {
		const began = performance.now();
		let memory = 0;
		let cpu = 0;
		for (const row of listProcesses(groupId - 1)) {
			if (row.group !== groupId) continue;
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
		}
		return performance.now() - began;
	}

	function schedule(delayMs: number): void {
		timer = setTimeout(() => schedule(Math.max(INTERVAL_MS, look() * COST_SHARE)), delayMs).unref();
	}

	if (process.platform === "linux") schedule(FIRST_LOOK_MS);
	return {
		stop() {
			clearTimeout(timer);
			return { peakRssBytes, cpuSeconds };
		},
	};
}
