// What the end of a program means for its run.
// Invariant: "canceled" and "timeout" come from what we did, never from an exit code.

import { type ErrorCode, errorRow } from "../core/errors.ts";
import type { ProcessOutcome } from "../core/supervisor.ts";
import type { RunnerOutcome, Seen } from "./runner.ts";

export type Verdict = Pick<RunnerOutcome, "status" | "errorCode" | "errorMessage" | "details">;

const PREVIEW_CHARACTERS = 2_000;

/** Judges by the way the program ended. `okCodes`: exit codes that are no failure. */
export function processVerdict(process: ProcessOutcome, okCodes: readonly number[] = [0]): Verdict {
	const { exitCode, signal, program } = process;
	switch (process.outcome) {
		case "exited":
			return exitCode !== null && okCodes.includes(exitCode) ? OK : failed("error", "RUNNER_FAILED", { exitCode });
		case "signaled":
			return failed("error", "RUNNER_CRASHED", { signal });
		case "timeout":
			return failed("timeout", "RUN_TIMEOUT", { timer: process.timer ?? "wall" });
		case "lingered":
			// It had said its last word: what that was is for the runner's own rule to judge.
			return OK;
		case "over_limit":
			return failed("error", "RUN_LIMIT_EXCEEDED", { limit: process.exceeded });
		case "canceled":
			return failed("canceled", "RUN_CANCELED", {});
		case "not_found":
			return failed("error", "RUNNER_NOT_FOUND", { program });
		case "spawn_failed":
			return failed("error", "RUNNER_NOT_STARTED", { program, reason: process.spawnError });
	}
}

export const OK: Verdict = { status: "ok", errorCode: null, errorMessage: null, details: {} };

/** A verdict with the message of its code. */
export function failed(status: Verdict["status"], code: ErrorCode, details: Verdict["details"]): Verdict {
	return { status, errorCode: code, errorMessage: errorRow(code).means, details };
}

/** An empty memory. */
export function nothingSeen(): Seen {
	return {
		stdoutTail: "",
		stderrTail: "",
		truncatedLines: 0,
		terminal: false,
		session: null,
		model: null,
		version: null,
		lastText: null,
		limit: null,
		usage: null,
	};
}

/** A verdict with what the program said of itself. */
export function outcomeOf(verdict: Verdict, seen: Seen, preview: string): RunnerOutcome {
	const { usage, session, model, version } = seen;
	const limit = verdict.errorCode === "COOLDOWN" ? seen.limit : null;
	return {
		...verdict,
		preview: lastWords(preview),
		usage,
		session,
		model,
		version,
		limit,
		diffFile: null,
		artifacts: [],
	};
}

/** Remembers a line for the preview. Cutting seldom keeps a flood of short lines cheap. */
export function remember(seen: Seen, stream: "stdout" | "stderr", text: string): void {
	const key = stream === "stdout" ? "stdoutTail" : "stderrTail";
	const tail = `${seen[key]}${text.slice(-PREVIEW_CHARACTERS)}\n`;
	seen[key] = tail.length > PREVIEW_CHARACTERS * 8 ? tail.slice(-PREVIEW_CHARACTERS) : tail;
}

/** The last words of a text, without the half of a character that a cut may leave. */
export function lastWords(text: string): string {
	const tail = text.trimEnd().slice(-PREVIEW_CHARACTERS);
	return tail.isWellFormed() ? tail : tail.replace(/^[\udc00-\udfff]/, "");
}
