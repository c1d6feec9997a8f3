// The three clocks of a running program: the whole time that it has, how long it may be silent, and how long it may stay
// after its last word.
// Invariant: time in which the run waits for a person counts for none of them, and silence ends a program only when its
// files were looked at and none had changed.

import { now } from "./clock.ts";
import type { Hold } from "./hold.ts";
import type { StopCause } from "./stop-request.ts";

export interface TimeLimits {
	readonly timeoutMs: number;
	/** How long the program may neither print a byte nor change a file; null and undefined = as long as it wants. */
	readonly idleMs?: number | null | undefined;
	/** How long it may stay after its last word; 5,000 unless told. */
	readonly graceMs?: number | undefined;
	/** While this is held, the first two stand still. */
	readonly hold?: Hold | undefined;
}

export interface TimeWatch {
	/** The program printed something. */
	heard(): void;
	/** Whether it has said its last word; one that goes on after all has its other clocks again. */
	lastWord(said: boolean): void;
	/** No limit counts any more. */
	close(): void;
}

const GRACE_MS = 5_000;
/** How often a clock that ran out while it stood still is looked at again. */
const HELD_LOOK_MS = 250;
/** A look may take a fiftieth of the time. */
const COST_SHARE = 50;
const MAX_TIMER_MS = 2 ** 31 - 1;

/** `lastChange`: when a file of the program's was changed last, epoch ms, null = never or not known. */
export function watchTime(
	limits: TimeLimits,
	lastChange: () => Promise<number | null>,
	expired: (cause: StopCause) => void,
): TimeWatch {
	const { timeoutMs, idleMs = null, graceMs = GRACE_MS, hold } = limits;
	/** A clock that stands still while the run is held. */
	const counted = (): number => performance.now() - (hold?.heldMs() ?? 0);
	const startedAt = counted();
	let heardAt = startedAt;
	let said = false;
	let closed = false;
	let wall: NodeJS.Timeout | undefined;
	let idle: NodeJS.Timeout | undefined;
	let grace: NodeJS.Timeout | undefined;

	function after(ms: number, action: () => void): NodeJS.Timeout {
		return setTimeout(action, Math.min(Math.max(ms, hold?.isHeld() ? HELD_LOOK_MS : 1), MAX_TIMER_MS));
	}

	function armWall(): void {
		const left = startedAt + timeoutMs - counted();
		if (left > 0 || hold?.isHeld() === true) wall = after(left, armWall);
		else expired({ outcome: "timeout", timer: "wall" });
	}

	function armIdle(least = 0): void {
		if (idleMs === null) return;
		const left = heardAt + idleMs - counted();
		if (left > 0 || hold?.isHeld() === true) idle = after(Math.max(left, least), () => armIdle());
		else void look(idleMs);
	}

	/** Silence so far: do the files say that the program works? */
	async function look(limit: number): Promise<void> {
		const began = performance.now();
		const silentSince = heardAt;
		const changedAt = await lastChange().catch(() => null);
		if (closed || said) return;
		const quietMs = changedAt === null ? Number.POSITIVE_INFINITY : Math.max(0, now() - changedAt);
		heardAt = Math.max(heardAt, counted() - quietMs);
		const stillSilent = heardAt + limit <= counted() && heardAt === silentSince && hold?.isHeld() !== true;
		if (stillSilent) expired({ outcome: "timeout", timer: "idle" });
		else armIdle((performance.now() - began) * COST_SHARE);
	}

	function stopClocks(): void {
		clearTimeout(wall);
		clearTimeout(idle);
		clearTimeout(grace);
	}

	armWall();
	armIdle();
	return {
		heard() {
			heardAt = counted();
		},
		lastWord(isSaid) {
			if (closed || isSaid === said) return;
			said = isSaid;
			stopClocks();
			if (said) {
				grace = setTimeout(() => expired({ outcome: "lingered" }), Math.min(graceMs, MAX_TIMER_MS));
				return;
			}
			armWall();
			armIdle();
		},
		close() {
			closed = true;
			stopClocks();
		},
	};
}
