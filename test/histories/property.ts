// fast-check around a history: how many, from which seed, and what is printed when one fails. MERGE_SEED and MERGE_PATH, as a
// failure prints them, replay it; MERGE_RUNS asks for more histories; MERGE_KEEP leaves the clones of a failing one.
import fc from "fast-check";
import type { Script } from "./actions.ts";

/** Shrinking a failure ends after this time with the shortest history found so far. */
const SHRINKING_MS = 150_000;

export interface PropertySettings {
	readonly runs: number;
	readonly seed: number;
	readonly path: string | undefined;
	readonly keep: boolean;
	/** False to end with the first history that fails as it is. */
	readonly shrinks?: boolean;
}

/** `env` is the process's own. */
export function propertySettings(env: Readonly<Record<string, string | undefined>>, runs: number): PropertySettings {
	return {
		runs: Number(env.MERGE_RUNS ?? runs),
		seed: Number(env.MERGE_SEED ?? Math.floor(Math.random() * 2 ** 31)),
		path: env.MERGE_PATH,
		keep: env.MERGE_KEEP !== undefined,
	};
}

/** Plays random scripts. Throws with the seed, the shortest script that fails, and the account of what each clone did. */
export async function playAll(
	scripts: fc.Arbitrary<Script>,
	settings: PropertySettings,
	play: (script: Script) => Promise<void>,
): Promise<void> {
	const { runs, seed, path } = settings;
	let failedAt: number | null = null;
	const property = fc.asyncProperty(scripts, async (script) => {
		// Once one has failed, the time is for shortening it; then the rest passes unseen.
		if (failedAt !== null && performance.now() - failedAt > SHRINKING_MS) return;
		try {
			await play(script);
		} catch (error) {
			failedAt ??= performance.now();
			throw error;
		}
	});
	const endOnFailure = settings.shrinks === false;
	const details = await fc.check(property, {
		numRuns: runs,
		seed,
		endOnFailure,
		...(path === undefined ? {} : { path }),
	});
	if (!details.failed) return;
	const replay = `MERGE_SEED=${details.seed} MERGE_PATH=${details.counterexamplePath}`;
	const why = (details.errorInstance as Error | null)?.message ?? "It was interrupted.";
	throw new Error(`History ${details.numRuns} of seed ${details.seed} fails (replay: ${replay}).\n${why}`);
}
