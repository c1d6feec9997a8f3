// Time that does not count: while a run waits for a person, its clocks stand still.
// Invariant: the held time only grows, and holds within holds count once.

export interface Hold {
	/** The waiting begins; each call needs its own `end`. */
	begin(): void;
	end(): void;
	isHeld(): boolean;
	/** All of the waiting so far, ms. */
	heldMs(): number;
}

export function createHold(): Hold {
	let depth = 0;
	let since = 0;
	let before = 0;
	return {
		begin() {
			if (depth === 0) since = performance.now();
			depth += 1;
		},
		end() {
			if (depth === 0) return;
			depth -= 1;
			if (depth === 0) before += performance.now() - since;
		},
		isHeld: () => depth > 0,
		heldMs: () => before + (depth > 0 ? performance.now() - since : 0),
	};
}
