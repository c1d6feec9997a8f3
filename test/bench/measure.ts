// Times commands against their floors: alternately, so that whatever else the machine does hits both alike.
import { spawnSync } from "node:child_process";
import { performance } from "node:perf_hooks";

export interface Timed {
	/** Milliseconds, one for each round. */
	readonly samples: number[];
}

/** Runs every action once per round, in turn; the first round only warms caches. */
export function alternate(rounds: number, actions: Readonly<Record<string, () => void>>): Record<string, Timed> {
	const timed: Record<string, Timed> = Object.fromEntries(Object.keys(actions).map((name) => [name, { samples: [] }]));
	for (let round = 0; round <= rounds; round += 1) {
		for (const [name, action] of Object.entries(actions)) {
			const startedAt = performance.now();
			action();
			const took = performance.now() - startedAt;
			if (round > 0) timed[name]?.samples.push(took);
		}
	}
	return timed;
}

export function median(timed: Timed | undefined): number {
	const sorted = [...(timed?.samples ?? [])].sort((a, b) => a - b);
	return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Runs a program to its end; throws with its output when it fails. */
export function runProgram(argv: readonly string[], cwd: string, env: NodeJS.ProcessEnv): string {
	const result = spawnSync(argv[0] as string, argv.slice(1), {
		cwd,
		env,
		encoding: "utf8",
		maxBuffer: 256 * 1024 * 1024,
	});
	if (result.status !== 0)
		throw new Error(`${argv.join(" ")} ended with ${result.status}: ${result.stderr}${result.stdout.slice(0, 2000)}`);
	return result.stdout;
}
