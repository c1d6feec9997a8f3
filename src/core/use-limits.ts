// What a run's program may take of memory, processor time and disk, and who sees to it: the kernel where a control group
// can be made, else a look now and then.
// Invariant: memory and disk over their limit end the program, whoever noticed; what cannot be enforced is said.

import type { Cgroup, CgroupLimits } from "./cgroup.ts";
import { listProcesses, type ProcessMarker } from "./process-table.ts";
import { type ResourceLook, type ResourceUse, watchResourceUse } from "./resource-use.ts";
import type { StopCause } from "./stop-request.ts";

export interface ResourceLimits extends CgroupLimits {
	/** How much more than at the start the watched folders may hold. */
	readonly diskBytes: number | null;
}

/** Who keeps each limit: "none" = it is only warned. Null = there is no such limit. */
export interface LimitKeepers {
	readonly memory: "cgroup" | "polling" | null;
	readonly cpu: "cgroup" | "none" | null;
	readonly disk: "polling" | null;
}

/** Data of a run.warning. */
export interface UseWarning {
	readonly code: "cpu_over_limit";
	readonly message: string;
	readonly cpuPercent: number;
	readonly limitPercent: number;
}

export interface LimitOptions {
	readonly limits: ResourceLimits;
	/** The program, first of its group. */
	readonly pid: number;
	readonly marker: ProcessMarker;
	/** Made before the program began; null where none can be made, or none can hold the program. */
	readonly group: Cgroup | null;
	/** How much the watched folders hold now, and held before the program began; null = not measured. */
	readonly disk: { readonly before: number; readonly measure: () => Promise<number> } | null;
	readonly exceeded: (cause: StopCause) => void;
	readonly warn: (warning: UseWarning) => void;
}

export interface LimitWatch {
	readonly keepers: LimitKeepers;
	/** Processes that the kernel says belong to the run. */
	members(): ReadonlySet<number>;
	/** After the program's end: what it exceeded after all, and what it used. Lets go of everything. */
	finish(): Promise<{ readonly exceeded: "memory" | "disk" | null; readonly use: ResourceUse }>;
}

export const NO_LIMITS: ResourceLimits = { memoryBytes: null, cpuPercent: null, diskBytes: null };

const NOBODY: ReadonlySet<number> = new Set();
const MEMORY_LOOK_MS = 100;
const DISK_LOOK_MS = 1_000;
const DISK_COST_SHARE = 20;
/** Processor time is judged over at least this long: a start is always busy. */
const CPU_WINDOW_MS = 2_000;

export function keepLimits(options: LimitOptions): LimitWatch {
	const { limits, pid, marker, group, disk, exceeded, warn } = options;
	const { memoryBytes, cpuPercent, diskBytes } = limits;
	if (group !== null) takeIn(group, pid);
	const polled = memoryBytes !== null && group?.controls.has("memory") !== true;
	const busy = cpuPercent !== null && group?.controls.has("cpu") !== true ? watchProcessor(cpuPercent, warn) : null;
	const use = watchResourceUse({
		groupId: pid,
		marker,
		...(polled ? { intervalMs: MEMORY_LOOK_MS } : {}),
		onLook(look) {
			busy?.(look);
			if (group !== null) adopt(group, look.pids);
			const killed = (group?.memoryKills() ?? 0) > 0;
			if (killed || (polled && look.memoryBytes > memoryBytes)) {
				exceeded({ outcome: "over_limit", exceeded: "memory" });
			}
		},
	});
	let diskTimer: NodeJS.Timeout | undefined;
	const isFull = async () => disk !== null && diskBytes !== null && (await disk.measure()) - disk.before > diskBytes;

	function watchDisk(delayMs: number): void {
		diskTimer = setTimeout(async () => {
			const began = performance.now();
			if (await isFull().catch(() => false)) return exceeded({ outcome: "over_limit", exceeded: "disk" });
			if (diskTimer !== undefined) watchDisk(Math.max(DISK_LOOK_MS, (performance.now() - began) * DISK_COST_SHARE));
		}, delayMs).unref();
	}

	if (disk !== null && diskBytes !== null) watchDisk(DISK_LOOK_MS);
	return {
		keepers: {
			memory: memoryBytes === null ? null : polled ? "polling" : "cgroup",
			cpu: cpuPercent === null ? null : busy === null ? "cgroup" : "none",
			disk: diskBytes === null || disk === null ? null : "polling",
		},
		members: () => group?.members() ?? NOBODY,
		async finish() {
			clearTimeout(diskTimer);
			diskTimer = undefined;
			const used = use.stop();
			const outOfMemory = (group?.memoryKills() ?? 0) > 0;
			await group?.remove();
			const full = !outOfMemory && (await isFull().catch(() => false));
			return { exceeded: outOfMemory ? "memory" : full ? "disk" : null, use: used };
		},
	};
}

/** The program, and what it has started in the instant since its own start. */
function takeIn(group: Cgroup, pid: number): void {
	group.add(pid);
	const ours = new Set([pid]);
	for (let size = 0; size < ours.size; ) {
		size = ours.size;
		for (const row of listProcesses(pid - 1)) if (ours.has(row.parent)) ours.add(row.pid);
		adopt(group, [...ours]);
	}
}

/** What started before it could be put into the group is outside of it. */
function adopt(group: Cgroup, pids: readonly number[]): void {
	const members = group.members();
	for (const pid of pids) if (!members.has(pid)) group.add(pid);
}

/** Warns once when the processor time of some seconds is more than the limit. */
function watchProcessor(limitPercent: number, warn: LimitOptions["warn"]): (look: ResourceLook) => void {
	let warned = false;
	let since: { readonly atMs: number; readonly cpuSeconds: number } | null = null;
	return ({ cpuSeconds }) => {
		const atMs = performance.now();
		if (warned) return;
		if (since === null) {
			since = { atMs, cpuSeconds };
			return;
		}
		if (atMs - since.atMs < CPU_WINDOW_MS) return;
		const percent = Math.round(((cpuSeconds - since.cpuSeconds) / (atMs - since.atMs)) * 100_000);
		since = { atMs, cpuSeconds };
		if (percent <= limitPercent) return;
		warned = true;
		const message = "The program uses more processor time than its limit, which nothing enforces here.";
		warn({ code: "cpu_over_limit", message, cpuPercent: percent, limitPercent });
	};
}
