// What the operating system says about processes: one row per process, read afresh every time.
// Invariant: a missing row means that the process is gone; anything else that hides a process is an error, never "gone".
// Linux reads /proc; macOS asks ps, which knows no resource use.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessRow {
	readonly pid: number;
	readonly parent: number;
	readonly group: number;
	/** Has ended and only waits to be collected by its parent. */
	readonly zombie: boolean;
	/** Opaque: together with the pid and the boot it names one process for ever. */
	readonly startTime: string;
	/** Comparable within one boot: ticks on Linux, epoch seconds on macOS. */
	readonly startOrder: number;
	/** CPU time of the process and of the children that it has waited for; null where unknown. */
	readonly cpuSeconds: number | null;
}

/** An environment variable that the processes of one run inherit. */
export interface ProcessMarker {
	readonly name: string;
	readonly value: string;
}

/** USER_HZ, which Linux fixes at 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** One process, or null when there is none. Throws when the table cannot be read. */
export function readProcess(pid: number): ProcessRow | null {
	if (process.platform !== "linux") return psRows(["-p", String(pid)])[0] ?? null;
	try {
		return parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
	} catch (cause) {
		if (isGone(cause)) return null;
		throw cause;
	}
}

/** Parses /proc/<pid>/stat. The command name may hold spaces and parentheses, so the fields begin after the last ")". */
export function parseStat(text: string): ProcessRow {
	const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
	const number = (position: number): number => Number(fields[position - 3]);
	const state = fields[0];
	return {
		pid: Number.parseInt(text, 10),
		parent: number(4),
		group: number(5),
		zombie: state === "Z" || state === "X" || state === "x",
		startTime: String(fields[22 - 3]),
		startOrder: number(22),
		cpuSeconds: (number(14) + number(15) + number(16) + number(17)) / TICKS_PER_SECOND,
	};
}

/**
 * Every process that can be read. `abovePid` leaves out lower process ids, which is cheap, and right only as long as
 * the ids have not wrapped since; the list is complete when the kernel's own counter shows that they may have.
 */
export function listProcesses(abovePid = 0): ProcessRow[] {
	if (process.platform !== "linux") return psRows(["-A"]);
	const floor = abovePid > 0 && lastPid() >= abovePid ? abovePid : 0;
	const rows: ProcessRow[] = [];
	for (const name of readdirSync("/proc")) {
		const pid = Number(name);
		if (!Number.isInteger(pid) || pid <= floor) continue;
		try {
			rows.push(parseStat(readFileSync(`/proc/${pid}/stat`, "latin1")));
		} catch {
			// Ended meanwhile, or hidden from us and so never one of ours.
		}
	}
	return rows;
}

/** Whether the process was started with the marker in its environment. False when that cannot be read. */
export function carriesMarker(pid: number, marker: ProcessMarker): boolean {
	if (marker.name === "" || marker.value === "") return false;
	const entry = `${marker.name}=${marker.value}`;
	try {
		if (process.platform !== "linux") {
			return `${ps(["-E", "-ww", "-o", "command=", "-p", String(pid)]).trimEnd()} `.includes(` ${entry} `);
		}
		return `\0${readFileSync(`/proc/${pid}/environ`, "utf8")}\0`.includes(`\0${entry}\0`);
	} catch {
		return false;
	}
}

/** Resident memory now and at its highest, in bytes; null when unknown. */
export function readMemory(pid: number): { current: number; peak: number } | null {
	if (process.platform !== "linux") return null;
	try {
		const status = readFileSync(`/proc/${pid}/status`, "latin1");
		const kibibytes = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
		return { current: kibibytes("VmRSS") * 1024, peak: kibibytes("VmHWM") * 1024 };
	} catch {
		return null;
	}
}

function lastPid(): number {
	try {
		return Number(readFileSync("/proc/loadavg", "latin1").trim().split(" ").at(-1));
	} catch {
		return 0;
	}
}

function isGone(cause: unknown): boolean {
	const code = (cause as NodeJS.ErrnoException).code;
	return code === "ENOENT" || code === "ESRCH";
}

function psRows(selection: readonly string[]): ProcessRow[] {
	const rows: ProcessRow[] = [];
	for (const line of ps([...selection, "-o", "pid=,ppid=,pgid=,stat=,lstart="]).split("\n")) {
		const [pid, parent, group, state, ...started] = line.trim().split(/\s+/);
		if (pid === undefined || parent === undefined || group === undefined || state === undefined) continue;
		const startTime = started.join(" ");
		rows.push({
			pid: Number(pid),
			parent: Number(parent),
			group: Number(group),
			zombie: state.startsWith("Z"),
			startTime,
			startOrder: Date.parse(startTime) / 1000,
			cpuSeconds: null,
		});
	}
	return rows;
}

function ps(args: readonly string[]): string {
	try {
		return execFileSync("/bin/ps", args, {
			encoding: "utf8",
			env: { LC_ALL: "C", TZ: "UTC" },
			maxBuffer: 64 * 1024 * 1024,
			stdio: ["ignore", "pipe", "ignore"],
		});
	} catch (cause) {
		// ps ends with 1 when it selects nothing.
		if ((cause as { status?: number | null }).status === 1) return "";
		throw cause;
	}
}
