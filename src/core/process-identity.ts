// Who a process is, beyond its number: process ids are reused, a pid with its start time, boot and namespace is not.
// Invariant: "dead" is said only when it is proven here, or when the lease of a holder that we cannot see has run out.

import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { type ProcessRow, readProcess } from "./process-table.ts";

export interface ProcessIdentity {
	readonly pid: number;
	/** Opaque start time: clock ticks after boot on Linux, a date on macOS. */
	readonly startTime: string;
	readonly bootId: string;
	/** Which pid namespace the number belongs to; empty where there are none. */
	readonly pidNamespace: string;
	readonly host: string;
}

/** "unknown": it cannot be seen from here and its lease has not run out. */
export type Liveness = "alive" | "dead" | "unknown";

/** This process. */
export function ownIdentity(): ProcessIdentity {
	const identity = identityOf(process.pid);
	if (identity === null) throw new Error("The process table does not show this process.");
	return identity;
}

/** The live process with that pid in this pid namespace; null when there is none. A zombie counts as none. */
export function identityOf(pid: number): ProcessIdentity | null {
	const row = readProcess(pid);
	return row === null || row.zombie ? null : identityFromRow(row);
}

/** The identity of a process whose row was just read, zombie or not. */
export function identityFromRow(row: Pick<ProcessRow, "pid" | "startTime">): ProcessIdentity {
	return { pid: row.pid, startTime: row.startTime, ...here() };
}

/** Whether a recorded process still runs. `leaseUntilMs` and `nowMs` are epoch ms. */
export function liveness(identity: ProcessIdentity, leaseUntilMs: number, nowMs: number): Liveness {
	const place = here();
	const unseen: Liveness = nowMs > leaseUntilMs ? "dead" : "unknown";
	if (identity.host !== place.host) return unseen;
	if (identity.bootId !== place.bootId) return "dead";
	if (identity.pidNamespace !== place.pidNamespace) return unseen;
	let row: ProcessRow | null;
	try {
		row = readProcess(identity.pid);
	} catch {
		return unseen;
	}
	if (row === null) return isHidden(identity.pid) ? unseen : "dead";
	return row.zombie || row.startTime !== identity.startTime ? "dead" : "alive";
}

function here(): Pick<ProcessIdentity, "bootId" | "pidNamespace" | "host"> {
	if (process.platform !== "linux") {
		// kern.boottime moves when the clock is set, the boot session does not.
		const bootId = execFileSync("/usr/sbin/sysctl", ["-n", "kern.bootsessionuuid"], { encoding: "utf8" }).trim();
		return { bootId, pidNamespace: "", host: hostname() };
	}
	const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
	return { bootId, pidNamespace: readlinkSync("/proc/self/ns/pid"), host: hostname() };
}

/** /proc mounted with hidepid shows nothing of other users' processes. Signal 0 only asks. */
function isHidden(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (cause) {
		return (cause as NodeJS.ErrnoException).code === "EPERM";
	}
}
