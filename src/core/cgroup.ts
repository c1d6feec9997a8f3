// A control group of one run: the kernel keeps the run's processes within their memory and processor time.
// Invariant: what cannot be made is not there and somebody else watches; a group is removed with its run, and one that a
// crash left behind by the next run that makes one.

import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { type CgroupFacts, type CgroupPlace, type Controller, cgroupPlaces } from "./cgroup-place.ts";
import { now } from "./clock.ts";
import { pause } from "./process-ladder.ts";

export interface CgroupLimits {
	readonly memoryBytes: number | null;
	/** 100 = one processor. */
	readonly cpuPercent: number | null;
}

/** A group as far as it can be known without having made it. */
export interface FoundCgroup {
	members(): ReadonlySet<number>;
	remove(): Promise<void>;
}

export interface Cgroup extends FoundCgroup {
	/** What it keeps within its limit. */
	readonly controls: ReadonlySet<Controller>;
	/** Puts a process in; what it starts from then on is in by itself. */
	add(pid: number): void;
	/** Processes that the kernel killed because the memory was used up. */
	memoryKills(): number;
}

const PREFIX = "msgcode-";
const PERIOD_US = 100_000;
/** An empty group that is younger may be about to get its first process. */
const LEFT_BEHIND_MS = 60_000;
const REMOVAL_TRIES = 20;

/** Null where there is nothing to limit, or no place for it. */
export function makeCgroup(name: string, limits: CgroupLimits, facts: CgroupFacts = systemFacts()): Cgroup | null {
	const wanted: Controller[] = [
		...(limits.memoryBytes === null ? [] : ["memory" as const]),
		...(limits.cpuPercent === null ? [] : ["cpu" as const]),
	];
	const made = new Set<string>();
	const controls = new Set<Controller>();
	let memory: string | null = null;
	for (const controller of wanted) {
		for (const place of cgroupPlaces(controller, facts)) {
			const folder = `${place.folder}/${PREFIX}${name}`;
			if (!make(folder, place, limits)) {
				if (!made.has(folder)) removed(folder);
				continue;
			}
			made.add(folder);
			controls.add(controller);
			if (controller === "memory") memory = folder;
			sweep(place.folder);
			break;
		}
	}
	if (made.size === 0) return null;
	const killsBefore = memory === null ? 0 : killsIn(memory);
	return {
		...groupIn(made),
		controls,
		add(pid) {
			for (const folder of made) quietly(() => writeFileSync(`${folder}/cgroup.procs`, String(pid)));
		},
		memoryKills: () => (memory === null ? 0 : killsIn(memory) - killsBefore),
	};
}

/** The group that a process which is gone made under that name, as far as it would be made here. */
export function findCgroup(name: string, facts: CgroupFacts = systemFacts()): FoundCgroup {
	const places = [...cgroupPlaces("memory", facts), ...cgroupPlaces("cpu", facts)];
	return groupIn(new Set(places.map(({ folder }) => `${folder}/${PREFIX}${name}`)));
}

function groupIn(folders: Set<string>): FoundCgroup {
	return {
		members: () => new Set([...folders].flatMap(membersOf)),
		async remove() {
			for (let tries = 0; tries < REMOVAL_TRIES; tries += 1) {
				for (const folder of folders) if (removed(folder)) folders.delete(folder);
				if (folders.size === 0) return;
				// A killed process is a member until the kernel has done with it.
				await pause(10);
			}
		},
	};
}

/** Makes the group and sets its limit; false where that does not work. */
function make(folder: string, { controller, version }: CgroupPlace, limits: CgroupLimits): boolean {
	try {
		mkdirSync(folder, { recursive: true });
		if (controller === "cpu") {
			const quota = Math.max(1000, Math.round(((limits.cpuPercent ?? 0) / 100) * PERIOD_US));
			if (version === 2) writeFileSync(`${folder}/cpu.max`, `${quota} ${PERIOD_US}`);
			else writeFileSync(`${folder}/cpu.cfs_quota_us`, String(quota));
			return true;
		}
		const bytes = String(limits.memoryBytes);
		writeFileSync(`${folder}/${version === 2 ? "memory.max" : "memory.limit_in_bytes"}`, bytes);
		// Without a limit of its own, swap would take what memory does not.
		quietly(() =>
			version === 2
				? writeFileSync(`${folder}/memory.swap.max`, "0")
				: writeFileSync(`${folder}/memory.memsw.limit_in_bytes`, bytes),
		);
		return true;
	} catch {
		return false;
	}
}

/** Removes the groups of runs that are over. The kernel refuses to remove one that has a process. */
function sweep(parent: string): void {
	quietly(() => {
		for (const name of readdirSync(parent)) {
			if (!name.startsWith(PREFIX)) continue;
			const folder = `${parent}/${name}`;
			quietly(() => now() - statSync(folder).mtimeMs > LEFT_BEHIND_MS && removed(folder));
		}
	});
}

function removed(folder: string): boolean {
	try {
		rmdirSync(folder);
		return true;
	} catch (cause) {
		return (cause as NodeJS.ErrnoException).code === "ENOENT";
	}
}

function membersOf(folder: string): number[] {
	return (readText(`${folder}/cgroup.procs`) ?? "").split("\n").flatMap((line) => (line === "" ? [] : [Number(line)]));
}

function killsIn(folder: string): number {
	const text = readText(`${folder}/memory.events`) ?? readText(`${folder}/memory.oom_control`) ?? "";
	return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

function systemFacts(): CgroupFacts {
	const read = readText;
	return { mounts: read("/proc/self/mountinfo") ?? "", own: read("/proc/self/cgroup") ?? "", read };
}

function readText(path: string): string | null {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return null;
	}
}

function quietly(work: () => unknown): void {
	try {
		work();
	} catch {
		// The group goes on without it.
	}
}
