// The kinds of histories that tests and soak play. One place, so that a seed that the soak found is replayed by a test.
import type fc from "fast-check";
import { type Script, scripts } from "./actions.ts";
import { bothWays, type HistoryOptions, untilAllHaveAll } from "./history.ts";

export interface Kind {
	readonly scripts: fc.Arbitrary<Script>;
	play(options: Omit<HistoryOptions, "realRuns">, script: Script): Promise<void>;
}

export const KINDS = {
	/** Two clones, and whether the side that merges makes a difference. */
	two: {
		scripts: scripts({ clones: [2, 2], steps: [5, 20], merges: 2 }),
		play: bothWays,
	},
	/** The same with runs that the shell runner really makes, in worktrees. */
	running: {
		scripts: scripts({ clones: [2, 2], steps: [8, 16], merges: 2 }),
		play: (options, script) => bothWays({ ...options, realRuns: true }, script),
	},
	/** Three or four clones that merge in any order. */
	several: {
		scripts: scripts({ clones: [3, 4], steps: [8, 24], merges: 4 }),
		play: (options, script) => untilAllHaveAll(options, script, "lesser"),
	},
} satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;
