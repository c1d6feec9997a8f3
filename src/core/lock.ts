// One holder at a time, across processes. The lock file appears together with its content (a hard link), names its
// holder, and is deleted only by that holder, or by a taker that has proved the holder dead.

import { randomUUID } from "node:crypto";
import { utimesSync } from "node:fs";
import { basename, dirname } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, formatDuration, systemClock } from "./clock.ts";
import { MsgcodeError } from "./errors.ts";
import { failPoint } from "./failpoint.ts";
import { createFile, ensureFolder, removeFileIfThere } from "./files.ts";
import { isAbandoned, LEASE_MS, type LockHolder, type LockSighting, sightLock } from "./lock-file.ts";
import { removeAbandonedLock } from "./lock-takeover.ts";
import { ownIdentity } from "./process-identity.ts";

export type { LockHolder } from "./lock-file.ts";

export interface LockRequest {
	/** What the holder is doing, for those who wait: `task add`. Shown to others, so no arguments with content. */
	readonly command: string;
	/** How long to wait for another holder; 0 tries once. */
	readonly timeoutMs: number;
	readonly clock?: Clock;
}

export interface Lock {
	readonly holder: LockHolder;
	/** Deletes the lock if it is still this one. May be called again. */
	release(): void;
}

const SHORTEST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 60;

/** Takes the lock, waiting for a live holder up to the timeout; then throws ledger_locked naming the holder. */
export async function acquireLock(path: string, request: LockRequest): Promise<Lock> {
	const clock = request.clock ?? systemClock;
	const deadline = performance.now() + request.timeoutMs;
	ensureFolder(dirname(path), 0o700);
	for (let round = 0; ; round += 1) {
		const sighting = sightLock(path);
		if (sighting === null) {
			const holder = newHolder(request.command, clock);
			if (createFile(path, `${JSON.stringify(holder)}\n`, { mode: 0o600, durable: false })) {
				failPoint("lock.acquired");
				return heldLock(path, holder, clock);
			}
		} else if (
			isAbandoned(sighting, clock.now()) &&
			removeAbandonedLock(path, sighting, newHolder(request.command, clock), clock)
		) {
			continue;
		}
		const left = deadline - performance.now();
		if (left <= 0) {
			throw lockedError(path, sightLock(path) ?? sighting, request, clock);
		}
		await sleep(Math.min(left, waitMs(round)));
	}
}

/** True for a lock whose holder is dead: a process was killed while it held it. */
export function isLockAbandoned(path: string, nowMs: number): boolean {
	const sighting = sightLock(path);
	return sighting !== null && isAbandoned(sighting, nowMs);
}

/** Who holds the lock, or null when nobody does or the file cannot be read as ours. */
export function readLock(path: string): LockHolder | null {
	return sightLock(path)?.holder ?? null;
}

function newHolder(command: string, clock: Clock): LockHolder {
	const { pid, startTime, bootId, pidNamespace, host } = ownIdentity();
	const nowMs = clock.now();
	return {
		owner: randomUUID(),
		pid,
		startTime,
		bootId,
		pidNamespace,
		host,
		command,
		acquiredAtMs: nowMs,
		leaseUntilMs: nowMs + LEASE_MS,
	};
}

function heldLock(path: string, holder: LockHolder, clock: Clock): Lock {
	const isOurs = () => readLock(path)?.owner === holder.owner;
	// Other containers judge by the lease alone: a sign of life well before it ends keeps a long command's lock.
	const renewal = setInterval(() => {
		try {
			if (isOurs()) {
				const seconds = clock.now() / 1000;
				utimesSync(path, seconds, seconds);
			}
		} catch {
			// The lease given at the start still stands; the next round tries again.
		}
	}, LEASE_MS / 4);
	renewal.unref();
	let released = false;
	return {
		holder,
		release() {
			clearInterval(renewal);
			if (!released && isOurs()) {
				removeFileIfThere(path);
			}
			released = true;
		},
	};
}

/** Random, so that waiters part; growing, so that a long holder is not asked two hundred times a second. */
function waitMs(round: number): number {
	const most = Math.min(LONGEST_WAIT_MS, SHORTEST_WAIT_MS * 2 ** Math.min(round + 1, 10));
	return SHORTEST_WAIT_MS + Math.random() * (most - SHORTEST_WAIT_MS);
}

function lockedError(path: string, sighting: LockSighting | null, request: LockRequest, clock: Clock): MsgcodeError {
	const waited = `waited ${formatDuration(request.timeoutMs)}`;
	const holder = sighting?.holder ?? null;
	if (holder === null) {
		return new MsgcodeError("ledger_locked", `${path} is held and does not say by whom; ${waited}.`, {
			hint: `A lock that nobody can read is taken over once it is older than ${formatDuration(LEASE_MS)}; try again then.`,
			details: { path, waitedMs: request.timeoutMs },
		});
	}
	const ageMs = Math.max(0, clock.now() - holder.acquiredAtMs);
	const where = holder.host === ownIdentity().host ? "" : ` on ${holder.host}`;
	const message = `\`${holder.command}\` (process ${holder.pid}${where}) has held ${basename(path)} for ${formatDuration(ageMs)}; ${waited}.`;
	return new MsgcodeError("ledger_locked", message, {
		hint: "Let that command finish, then try again; `ledger.lock_timeout` sets how long to wait.",
		details: { path, pid: holder.pid, host: holder.host, command: holder.command, ageMs, waitedMs: request.timeoutMs },
	});
}
