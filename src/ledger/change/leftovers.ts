// What killed commands leave in the state folder: temporary files, locks, tickets of those who would have taken a lock.
// Invariant: only what a dead process left is touched, so a live command never loses anything.
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { systemClock } from "../../core/clock.ts";
import { hasLeftoverTemporaries, removeLeftoverTemporaries } from "../../core/files.ts";
import { acquireLock, isLockAbandoned } from "../../core/lock.ts";
import { removeAbandonedTickets } from "../../core/lock-takeover.ts";
import type { Workspace } from "../workspace.ts";

/** The ledger's own lock is left out: whoever may clean up holds it. */
const OTHER_LOCK = /^(?!ledger\.lock$).+\.lock$/;

export function hasLeftovers(stateDir: string, nowMs: number): boolean {
	if (!existsSync(stateDir)) return false;
	return hasLeftoverTemporaries(stateDir) || abandonedLocks(stateDir, nowMs).length > 0;
}

/** Call it while holding the ledger's lock. */
export async function removeLeftovers(place: Pick<Workspace, "root" | "stateDir">, nowMs: number): Promise<void> {
	const { root, stateDir } = place;
	removeLeftoverTemporaries(stateDir);
	for (const path of abandonedLocks(stateDir, nowMs)) {
		// Whoever died with a worktree's lock may have set the folder aside to delete it.
		if (basename(path).startsWith("worktree-")) removeLeftoverTemporaries(join(root, "worktrees"));
		// Taken in the way that any taker takes it, and given back; somebody who is quicker has it now.
		await acquireLock(path, { command: "recovery", timeoutMs: 0 }).then(
			(lock) => lock.release(),
			() => {},
		);
	}
	for (const name of readdirSync(stateDir)) {
		if (name.endsWith(".lock.takers"))
			removeAbandonedTickets(join(stateDir, name.replace(/\.takers$/, "")), systemClock);
	}
}

function abandonedLocks(stateDir: string, nowMs: number): string[] {
	return readdirSync(stateDir)
		.filter((name) => OTHER_LOCK.test(name))
		.map((name) => join(stateDir, name))
		.filter((path) => isLockAbandoned(path, nowMs));
}
