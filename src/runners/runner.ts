// What a runner is: it turns a request into one program to start, reads what the program prints, and judges its end.
// Invariant: a runner starts nothing, writes nothing and knows no ledger; it only plans, reads and judges.

import type { ErrorCode } from "../core/errors.ts";
import type { EventType } from "../core/event.ts";
import type { OutputStream } from "../core/output-capture.ts";
import type { ProcessOutcome } from "../core/supervisor.ts";
import type { Capability } from "./capabilities.ts";

/** What a runner may do in its folder: look; change files, and run what its own rules allow; whatever it wants. */
export type RunnerPermission = "read-only" | "edit" | "full";

export interface RunnerRequest {
	readonly kind: string;
	/** The folder that the program works in. */
	readonly workspacePath: string;
	readonly payload: {
		/** The whole text that the program gets. */
		readonly prompt: string;
		/** What a model that only writes text is to give back; "text" unless told. */
		readonly mode?: "text" | "diff" | undefined;
		readonly args?: readonly string[] | undefined;
		readonly script?: string | undefined;
		/** The program that runs `script`; /bin/sh unless told. */
		readonly shell?: string | undefined;
		/** Null, empty and "auto" leave the choice to the program. */
		readonly model?: string | null | undefined;
		readonly env?: Readonly<Record<string, string>> | undefined;
		/** Paths that matter for the task, relative to the workspace. */
		readonly files?: readonly string[] | undefined;
	};
	readonly constraints: {
		readonly timeoutMs: number;
		/** "edit" unless told. */
		readonly permission?: RunnerPermission | undefined;
		readonly maxTurns?: number | undefined;
		/** How long to wait for an answer where a runner can do without one, ms. */
		readonly waitForReplyMs?: number | undefined;
	};
	readonly context: {
		readonly taskId: string;
		readonly runId: string;
		/** From 1. */
		readonly attempt: number;
		readonly taskFile: string;
		/** A folder of the run's own, outside the worktree: what the program writes there stays on this machine. */
		readonly runDir: string;
		readonly inputFile?: string | undefined;
		readonly outputFile?: string | undefined;
		readonly modelRoot?: string | undefined;
		/** A UUID for a new session; derived from run and attempt unless told, so that it can be found again. */
		readonly sessionId?: string | undefined;
		/** The program's own session that is to go on, as an earlier outcome named it; null and undefined begin a new one. */
		readonly resume?: string | null | undefined;
		/** Where the task came from, or where its text goes. */
		readonly route?: { readonly channel: string; readonly target: string } | null | undefined;
		/** The commit that the work starts from. */
		readonly baseCommit?: string | null | undefined;
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
	/** The program reads more lines later: answers of people, one JSON object each. Its stdin is not ended before it is. */
	readonly stdinStaysOpen: boolean;
	/** argv for the record: bodies and paths of this machine stand as {PROMPT}, {WORKSPACE} … */
	readonly redactedArgv: readonly string[];
	/** Files that the program was told to write. */
	readonly artifacts: readonly string[];
}

export interface RunnerEvent {
	readonly type: EventType;
	readonly data: Readonly<Record<string, unknown>>;
}

/** What a runner remembers of the output of one attempt. Runners add what their own rules need. */
export interface Seen {
	/** At least the last 2,000 characters, when there were as many. */
	stdoutTail: string;
	stderrTail: string;
	/** Lines of stdout that were cut, and so could not be read as JSON. */
	truncatedLines: number;
	/** The program has said its last word; if it does not end now, it is ended and keeps its verdict. */
	terminal: boolean;
	/** By what the program's session can go on later. */
	session: string | null;
	/** The model that the program says it uses. */
	model: string | null;
	/** The program's version, where its output names it. */
	version: string | null;
	/** The last whole text of the assistant. */
	lastText: string | null;
	limit: RunnerLimit | null;
	usage: Usage | null;
}

export interface Usage {
	readonly inputTokens: number | null;
	readonly outputTokens: number | null;
	readonly costUsd: number | null;
}

/** A usage limit that the program reported. */
export interface RunnerLimit {
	/** From a value made for machines, epoch ms; null where there was only prose. */
	readonly resetAtMs: number | null;
	/** What it said of it; kept, never read for a time. */
	readonly text: string | null;
}

export interface RunnerOutcome {
	readonly status: "ok" | "error" | "timeout" | "canceled";
	readonly errorCode: ErrorCode | null;
	/** From the table of codes, never from the program. */
	readonly errorMessage: string | null;
	/** Numbers, flags and short words; never prose of the program. */
	readonly details: Readonly<Record<string, unknown>>;
	/** What the program said last, at most 2,000 characters, not redacted. */
	readonly preview: string;
	readonly usage: Usage | null;
	readonly session: string | null;
	readonly model: string | null;
	readonly version: string | null;
	/** Set with COOLDOWN. */
	readonly limit: RunnerLimit | null;
	/** A file in the run's folder that holds a unified diff: the work of a program that cannot write into the worktree. */
	readonly diffFile: string | null;
	/** Files in the run's folder that the program named as its results. */
	readonly artifacts: readonly string[];
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
	/** Judges the end by the program's own word and by how it ended; pure. */
	outcome(process: ProcessOutcome, seen: Seen): RunnerOutcome;
}
