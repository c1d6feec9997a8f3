// What stands in a lock file and whether its holder is gone. A file that nobody can read is somebody's lock until it is
// older than a lease: doubt never frees a lock.

import { lstatSync } from "node:fs";
import { readFileIfThere } from "./files.ts";
import { liveness } from "./process-identity.ts";

/** How long a holder that cannot be judged from here (other container or host) is believed without a sign of life. */
export const LEASE_MS = 60_000;

export interface LockHolder {
	/** Random per acquisition: what tells this lock from every other one, ever. */
	readonly owner: string;
	readonly pid: number;
	readonly startTime: string;
	readonly bootId: string;
	readonly pidNamespace: string;
	readonly host: string;
	readonly command: string;
	readonly acquiredAtMs: number;
	readonly leaseUntilMs: number;
}

/** One look at a lock file. `holder` is null when its content is torn or not ours. */
export interface LockSighting {
	readonly holder: LockHolder | null;
	readonly modifiedAtMs: number;
	/** Equal in two sightings only if nobody released and took the lock in between. */
	readonly fingerprint: string;
}

const MAX_BYTES = 64 * 1024;

/** The lock file as it is now, or null when there is none. */
export function sightLock(path: string): LockSighting | null {
	const stat = lstatSync(path, { throwIfNoEntry: false });
	const content = stat === undefined ? null : readFileIfThere(path, { maxBytes: MAX_BYTES });
	if (stat === undefined || content === null) {
		return null;
	}
	const holder = parseHolder(content.toString("utf8"));
	const fingerprint = holder === null ? `${stat.ino}:${stat.mtimeMs}:${content.length}` : holder.owner;
	return { holder, modifiedAtMs: stat.mtimeMs, fingerprint };
}

/** Whether the lock may be taken from its holder. A holder renews its lease by touching the file. */
export function isAbandoned(sighting: LockSighting, nowMs: number): boolean {
	if (sighting.holder === null) {
		// A time far in the future is a clock that was wrong, and would otherwise hold the lock for ever.
		return Math.abs(nowMs - sighting.modifiedAtMs) > LEASE_MS;
	}
	const leaseUntilMs = Math.max(sighting.holder.leaseUntilMs, sighting.modifiedAtMs + LEASE_MS);
	return liveness(sighting.holder, leaseUntilMs, nowMs) === "dead";
}

function parseHolder(text: string): LockHolder | null {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return null;
	}
	return isHolder(value) ? value : null;
}

const TEXT_KEYS = ["owner", "startTime", "bootId", "pidNamespace", "host", "command"];
const NUMBER_KEYS = ["pid", "acquiredAtMs", "leaseUntilMs"];

function isHolder(value: unknown): value is LockHolder {
	if (typeof value !== "object" || value === null) {
		return false;
	}
	const record = value as Record<string, unknown>;
	return (
		TEXT_KEYS.every((key) => typeof record[key] === "string") &&
		NUMBER_KEYS.every((key) => Number.isFinite(record[key])) &&
		record.owner !== ""
	);
}
