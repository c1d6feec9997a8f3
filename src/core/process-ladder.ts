// Ends processes politely first: one signal after the other, each with its time to take effect.
// Invariant: it stops as soon as nobody is left, and it always ends, also when a process cannot be killed.

import { type Family, type SignalTarget, sendSignal } from "./process-signal.ts";

/** A process that has to go. `survivor`: it outlived the leader of its run, or had left the leader's group. */
export interface LadderTarget extends SignalTarget {
	readonly survivor: boolean;
}

export interface LadderOptions {
	/** In order; the last one is SIGKILL. */
	readonly signals: readonly NodeJS.Signals[];
	/** Time that each signal has to take effect, ms. */
	readonly rungMs: number;
	/** Those who are left now. */
	readonly find: () => readonly LadderTarget[];
	readonly family: Family;
	/** Aborted = go straight to the last signal. */
	readonly hurry?: AbortSignal;
}

/** Climbs until nobody is left. Gives how many survivors it ended and how many processes it could not end. */
export async function climbLadder(options: LadderOptions): Promise<{ survivorsKilled: number; left: number }> {
	const survivors = new Set<string>();
	let left = options.find();
	for (const [rung, signal] of options.signals.entries()) {
		const last = rung === options.signals.length - 1;
		if (options.hurry?.aborted && !last) continue;
		const deadline = performance.now() + options.rungMs;
		for (let pass = 0, pauseMs = 2; left.length > 0; pass += 1, pauseMs = Math.min(pauseMs * 2, 100)) {
			// Asked once per rung: many programs read a second SIGINT as "drop everything". Only the kill is repeated,
			// because a process that forks may outrun it.
			if (pass === 0 || last) {
				for (const target of sendToAll(left, signal, options.family)) {
					if (target.survivor) survivors.add(targetKey(target));
				}
			}
			if (performance.now() >= deadline || (options.hurry?.aborted && !last)) break;
			await pause(pauseMs, last ? undefined : options.hurry);
			left = options.find();
		}
	}
	for (const target of left) survivors.delete(targetKey(target));
	return { survivorsKilled: survivors.size, left: left.length };
}

/** Resolves after `ms`, or earlier: when the signal aborts or the event happens. Leaves no timer behind. */
export async function pause(ms: number, hurry?: AbortSignal, event?: Promise<unknown>): Promise<void> {
	if (hurry?.aborted) return;
	const { promise, resolve } = Promise.withResolvers<void>();
	const done = (): void => resolve();
	const timer = setTimeout(done, ms);
	hurry?.addEventListener("abort", done, { once: true });
	event?.then(done, done);
	await promise;
	clearTimeout(timer);
	hurry?.removeEventListener("abort", done);
}

/** One signal to each process, or one per group; gives those that it reached. */
function sendToAll(targets: readonly LadderTarget[], signal: NodeJS.Signals, family: Family): LadderTarget[] {
	const groups = new Set<number>();
	return targets.filter((target) => {
		if (target.groupId !== null && groups.has(target.groupId)) return true;
		const sent = sendSignal(target, signal, family);
		if (sent && target.groupId !== null) groups.add(target.groupId);
		return sent;
	});
}

function targetKey(target: SignalTarget): string {
	return `${target.pid}:${target.startTime}`;
}
