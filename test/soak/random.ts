// Chance with a seed: the same seed gives the same rounds, as far as the timing of processes lets it.

export interface Random {
	/** From 0 to below 1. */
	next(): number;
	/** A whole number from 0 to below `limit`. */
	below(limit: number): number;
	chance(probability: number): boolean;
	pick<T>(from: readonly T[]): T;
}

/** mulberry32 */
export function randomFrom(seed: number): Random {
	let state = seed >>> 0;
	const next = () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
	const below = (limit: number) => Math.floor(next() * limit);
	return {
		next,
		below,
		chance: (probability) => next() < probability,
		pick: (from) => from[below(from.length)] as (typeof from)[number],
	};
}
