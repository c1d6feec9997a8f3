// fast-check around a history: how many, from which seed, and what is printed when one fails. MERGE_SEED and MERGE_PATH, as a
// failure prints them, replay it; MERGE_RUNS asks for more histories; MERGE_KEEP leaves the clones of a failing one.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
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

/** `env` is the process's own; `name` tells properties apart, so that each plays histories of its own. */
export function propertySettings(
	env: Readonly<Record<string, string | undefined>>,
	runs: number,
	name: string,
): PropertySettings {
	return {
		runs: Number(env.MERGE_RUNS ?? runs),
		seed: Number(env.MERGE_SEED ?? seedOfSources(name)),
		path: env.MERGE_PATH,
		keep: env.MERGE_KEEP !== undefined,
	};
}

/**
 * A seed that every change of the sources changes: each version of the program meets histories that none met before, and
 * the same version the same ones, so that what was green stays green and what was red stays red.
 */
function seedOfSources(name: string): number {
	const root = fileURLToPath(new URL("../..", import.meta.url));
	const hash = createHash("sha256").update(name);
	for (const folder of ["src", "test/histories"].map((one) => join(root, one))) {
		const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
		for (const file of files.sort()) hash.update(`${file}\0`).update(readFileSync(join(folder, file)));
	}
	return hash.digest().readUInt32BE(0) >>> 1;
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
