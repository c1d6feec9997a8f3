// Runs a program that is to say something about itself and to end at once.
// Invariant: it runs where nothing can change what it does, with a runner's environment, and never longer than its time.

import { type Environment, runnerEnvironment } from "../../config/environment.ts";
import { superviseProcess } from "../../core/supervisor.ts";
import { RUN_MARKER } from "../run/attempt.ts";

const MOST_CHARACTERS = 20_000;

export interface ProbePlace {
	readonly env: Environment;
	/** How long each program may take, ms; 15,000 unless told. */
	readonly timeoutMs?: number;
	/** Only these runners' services are asked whether they answer; all, unless told. */
	readonly services?: readonly string[];
}

export interface ProgramAnswer {
	readonly end: "ok" | "failed" | "not_found" | "silent";
	/** "ended with exit code 3"; empty when all is well. */
	readonly how: string;
	/** What it printed on stdout, then on stderr. */
	readonly text: string;
}

/** `allow`: names of variables that it may see beside the standard ones. */
export async function askProgram(
	name: string,
	argv: readonly string[],
	{ env, timeoutMs = 15_000 }: ProbePlace,
	allow: readonly string[] = [],
): Promise<ProgramAnswer> {
	const said = { stdout: "", stderr: "" };
	const ended = await superviseProcess({
		argv,
		// The root folder: no project's settings are there, and none are above it.
		cwd: "/",
		env: runnerEnvironment(env, { allow }),
		stdin: null,
		timeoutMs,
		cancel: new AbortController().signal,
		marker: { name: RUN_MARKER, value: `probe-${name}-${process.pid}` },
		onSpawn: () => {},
		onLine: (stream, text) => {
			if (said[stream].length < MOST_CHARACTERS) said[stream] += `${text.slice(0, MOST_CHARACTERS)}\n`;
		},
	});
	const text = said.stdout + said.stderr;
	if (ended.outcome === "not_found") return { end: "not_found", how: "was not found", text };
	if (ended.outcome === "timeout") return { end: "silent", how: `did not end within ${timeoutMs / 1000} s`, text };
	if (ended.outcome !== "exited") return { end: "failed", how: `ended by ${ended.signal ?? ended.outcome}`, text };
	return ended.exitCode === 0
		? { end: "ok", how: "", text }
		: { end: "failed", how: `ended with exit code ${ended.exitCode}`, text };
}
