// What a runner is: it turns a request into one program to start, reads what the program prints, and judges its end.
// Invariant: a runner starts nothing, writes nothing and knows no ledger; it only plans, reads and judges.

import type { ErrorCode } from "../core/errors.ts";
import type { EventType } from "../core/event.ts";
import type { OutputStream } from "../core/output-capture.ts";
import type { ProcessOutcome } from "../core/supervisor.ts";
import type { Capability } from "./capabilities.ts";

export interface RunnerRequest {
	readonly kind: string;
	/** The folder that the program works in. */
	readonly workspacePath: string;
	readonly payload: {
		readonly prompt: string;
		readonly args?: readonly string[] | undefined;
		readonly script?: string | undefined;
		/** The program that runs `script`; /bin/sh unless told. */
		readonly shell?: string | undefined;
		/** Null, empty and "auto" leave the choice to the program. */
		readonly model?: string | null | undefined;
		readonly env?: Readonly<Record<string, string>> | undefined;
	};
	readonly constraints: { readonly timeoutMs: number };
	readonly context: {
		readonly taskId: string;
		readonly runId: string;
		/** From 1. */
		readonly attempt: number;
		readonly taskFile: string;
		readonly runDir: string;
		readonly inputFile?: string | undefined;
		readonly outputFile?: string | undefined;
		readonly modelRoot?: string | undefined;
		/** A UUID; derived from run and attempt unless told, so that it can be found again. */
		readonly sessionId?: string | undefined;
	};
}

/** One program to start, without a shell. */
export interface RunnerPlan {
	readonly argv: readonly string[];
	/** Variables with values, on top of the runner's environment. */
	readonly env: Readonly<Record<string, string>>;
	/** Variables to pass on from the user's environment, when they are set there. */
	readonly passEnv: readonly string[];
	/** Null = none. */
	readonly stdin: string | null;
	/** argv for the record: bodies and paths of this machine stand as {PROMPT}, {WORKSPACE} … */
	readonly redactedArgv: readonly string[];
	/** Files that the program was told to write. */
	readonly artifacts: readonly string[];
}

export interface RunnerEvent {
	readonly type: EventType;
	readonly data: Readonly<Record<string, unknown>>;
}

/** What a runner remembers of the output of one attempt. */
export interface Seen {
	/** At least the last 2,000 characters, when there were as many. */
	stdoutTail: string;
	stderrTail: string;
	/** The last line of JSON that the runner's success rule matches. */
	lastMatch: Readonly<Record<string, unknown>> | null;
	/** Lines of stdout that were cut, and so could not be read as JSON. */
	truncatedLines: number;
}

export interface Usage {
	readonly inputTokens: number | null;
	readonly outputTokens: number | null;
	readonly costUsd: number | null;
}

export interface RunnerOutcome {
	readonly status: "ok" | "error" | "timeout" | "canceled";
	readonly errorCode: ErrorCode | null;
	/** From the table of codes, never from the program. */
	readonly errorMessage: string | null;
	readonly details: Readonly<Record<string, unknown>>;
	/** What the program said last, at most 2,000 characters, not redacted. */
	readonly preview: string;
	readonly usage: Usage | null;
}

export interface Runner {
	readonly kind: string;
	readonly capability: Capability;
	/** Throws task_invalid_spec or limit_exceeded for a request that cannot be carried out. */
	prepare(request: RunnerRequest): RunnerPlan;
	/** An empty memory, for one attempt. */
	begin(): Seen;
	/** Takes in one line of output and gives the events that it means. */
	interpret(seen: Seen, stream: OutputStream, text: string, truncated: boolean): RunnerEvent[];
	outcome(process: ProcessOutcome, seen: Seen): RunnerOutcome;
}
