// Taking a lock from a dead holder without ever deleting a live one. A taker shows a ticket whose name is never used
// again, and unlinks only after it has seen no other live ticket and then, once more, the same dead holder: so between
// its last look and its unlink nobody else may unlink, and the file that it deletes is the one that it judged.

import { randomUUID } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { failPoint } from "./failpoint.ts";
import { createFile, ensureFolder, removeFileIfThere } from "./files.ts";
import { isAbandoned, LEASE_MS, type LockHolder, type LockSighting, sightLock } from "./lock-file.ts";
import { TEMPORARY_PREFIX } from "./temporary-files.ts";

/** Removes the lock that `dead` showed, if that is safe now. True when the caller should try to acquire at once. */
export function removeAbandonedLock(
	path: string,
	dead: LockSighting,
	taker: LockHolder,
	clock: { now(): number },
): boolean {
	const folder = takersFolder(path);
	ensureFolder(folder, 0o700);
	const name = randomUUID();
	const ticketUntilMs = clock.now() + LEASE_MS;
	const ticket: LockHolder = { ...taker, owner: name, acquiredAtMs: clock.now(), leaseUntilMs: ticketUntilMs };
	const shown = createFile(join(folder, name), JSON.stringify(ticket), {
		mode: 0o600,
		durable: false,
		temporaryIn: dirname(path),
	});
	if (!shown) {
		return false;
	}
	try {
		if (otherLiveTicket(folder, name, clock)) {
			return false;
		}
		const again = sightLock(path);
		const same = again !== null && again.fingerprint === dead.fingerprint && isAbandoned(again, clock.now());
		// After its lease a ticket may be ignored from another container, so it no longer protects the unlink.
		if (same && clock.now() < ticketUntilMs) {
			failPoint("lock.takeover");
			removeFileIfThere(path);
		}
		return again === null || same;
	} finally {
		removeFileIfThere(join(folder, name));
	}
}

function otherLiveTicket(folder: string, own: string, clock: { now(): number }): boolean {
	return otherTickets(folder, own, clock) > 0;
}

/** Removes what killed takers left beside the lock. */
export function removeAbandonedTickets(path: string, clock: { now(): number }): void {
	const folder = takersFolder(path);
	if (existsSync(folder)) otherTickets(folder, "", clock);
}

export function takersFolder(path: string): string {
	return `${path}.takers`;
}

/** Removes dead takers' tickets and counts the live ones. */
function otherTickets(folder: string, own: string, clock: { now(): number }): number {
	let live = 0;
	for (const name of readdirSync(folder)) {
		if (name === own || name.startsWith(TEMPORARY_PREFIX)) {
			continue;
		}
		const sighting = sightLock(join(folder, name));
		if (sighting === null) {
			continue;
		}
		if (isAbandoned(sighting, clock.now())) {
			removeFileIfThere(join(folder, name));
		} else {
			live += 1;
		}
	}
	return live;
}
