// Runs a fixture program under the supervisor and remembers what it said. Whatever a failed test leaves running is found
// again by its marker.
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import type { ProcessIdentity } from "../../src/core/process-identity.ts";
import type { ProcessMarker } from "../../src/core/process-table.ts";
import {
	type SupervisedOutcome,
	type SuperviseOptions,
	superviseProcess,
	sweepMarked,
} from "../../src/core/supervisor.ts";

export interface Supervised extends SupervisedOutcome {
	readonly lines: readonly string[];
	readonly truncated: number;
	readonly identity: ProcessIdentity | null;
	/** From the call to the end, ms. */
	readonly tookMs: number;
}

const markers: ProcessMarker[] = [];

export function program(name: string): string {
	return fileURLToPath(new URL(`../../fixtures/programs/${name}`, import.meta.url));
}

/** argv of a fixture program, by this Node when it is JavaScript. */
export function programArgv(name: string, ...args: string[]): string[] {
	return name.endsWith(".mjs") ? [process.execPath, program(name), ...args] : [program(name), ...args];
}

export function newMarker(): ProcessMarker {
	const marker = { name: "MSGCODE_RUN_ID", value: `test_${randomUUID()}` };
	markers.push(marker);
	return marker;
}

/** Environment of a fixture program: PATH and nothing else. */
export function programEnvironment(): Record<string, string> {
	return { PATH: process.env.PATH ?? "/usr/bin:/bin" };
}

type Options = Partial<Omit<SuperviseOptions, "onLine">> & {
	/** Gets the text alone; it may stop the program. */
	readonly onLine?: (text: string) => void;
	readonly onOutput?: SuperviseOptions["onLine"];
};

export async function supervise(argv: readonly string[], options: Options = {}): Promise<Supervised> {
	const lines: string[] = [];
	let truncated = 0;
	let identity: ProcessIdentity | null = null;
	const began = performance.now();
	const outcome = await superviseProcess({
		argv,
		cwd: tmpdir(),
		env: programEnvironment(),
		stdin: null,
		timeoutMs: 15_000,
		cancel: new AbortController().signal,
		marker: newMarker(),
		...options,
		onSpawn(started, input) {
			identity = started;
			options.onSpawn?.(started, input);
		},
		onLine(stream, text, cut) {
			if (cut) truncated += 1;
			lines.push(text);
			options.onLine?.(text);
			options.onOutput?.(stream, text, cut);
		},
	});
	return { ...outcome, lines, truncated, identity, tookMs: performance.now() - began };
}

/** For afterAll. */
export async function endEverythingStarted(): Promise<void> {
	for (const marker of markers) await sweepMarked(marker, undefined, 10);
}
