// Feeds an agent's stream to its runner, as the supervisor would, without a process.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createLineSplitter } from "../../src/core/line-splitter.ts";
import type { ProcessOutcome } from "../../src/core/supervisor.ts";
import type { Runner, RunnerEvent, RunnerOutcome, Seen } from "../../src/runners/runner.ts";
import { EXITED } from "./runner-request.ts";

export interface Heard extends RunnerOutcome {
	readonly events: readonly RunnerEvent[];
	readonly seen: Seen;
}

/** The verdict on lines (objects or raw text) and an end. */
export function hear(runner: Runner, lines: readonly unknown[], end: Partial<ProcessOutcome> = {}, stderr = ""): Heard {
	const seen = runner.begin();
	const events = lines.flatMap((line) =>
		runner.interpret(seen, "stdout", typeof line === "string" ? line : JSON.stringify(line), false),
	);
	for (const line of stderr.split("\n")) {
		if (line !== "") events.push(...runner.interpret(seen, "stderr", line, false));
	}
	return { ...runner.outcome({ ...EXITED, ...end }, seen), events, seen };
}

export interface Transcript {
	readonly name: string;
	readonly stdout: Buffer;
	readonly stderr: string;
	/** Null = its caller ended it. */
	readonly exitCode: number | null;
}

/** What a real CLI printed; a file that is not there was empty. */
export function transcript(name: string): Transcript {
	const read = (ending: string) => {
		try {
			return readFileSync(fileURLToPath(new URL(`../../fixtures/transcripts/${name}.${ending}`, import.meta.url)));
		} catch {
			return Buffer.alloc(0);
		}
	};
	const code = read("rc").toString().trim();
	return {
		name,
		stdout: read("stdout"),
		stderr: read("stderr").toString(),
		exitCode: code === "" || code === "124" ? null : Number(code),
	};
}

/** The lines that the pieces of a stream give. */
export function linesOf(...pieces: readonly Uint8Array[]): string[] {
	const lines: string[] = [];
	const splitter = createLineSplitter(8 * 1024 * 1024, (text) => lines.push(text));
	for (const piece of pieces) splitter.write(piece);
	splitter.end();
	return lines;
}
