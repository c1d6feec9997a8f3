// One attempt of a run: the runner's program under supervision, its output turned into events.
// Invariant: the attempt ends when the program and all that it started have ended.
import { isoTime, now } from "../../core/clock.ts";
import type { EventData, EventType } from "../../core/event.ts";
import { failPoint } from "../../core/failpoint.ts";
import type { Hold } from "../../core/hold.ts";
import { type ProgramInput, superviseProcess } from "../../core/supervisor.ts";
import type { ResourceLimits } from "../../core/use-limits.ts";
import type { CollectWarning } from "../../git/collect.ts";
import type { AttemptResult, Receipt } from "../../ledger/runs/receipt.ts";
import type { Runner, RunnerOutcome, RunnerPlan } from "../../runners/runner.ts";
import { missingOutput, RAW_LOG_BYTES } from "./missing-output.ts";
import type { RunFolder } from "./run-folder.ts";
import { keptLimits } from "./run-limits.ts";

/** In the environment of everything that a run starts, so that what escapes is found again. */
export const RUN_MARKER = "MSGCODE_RUN_ID";

/** What encloses the programs of a run. */
export interface Enclosure {
	/** Stands before the program's own argv. */
	readonly wrapper: readonly string[];
	/** Whether the program is started below us. */
	readonly below: boolean;
}

export interface AttemptRequest {
	readonly runner: Runner;
	readonly plan: RunnerPlan;
	readonly cwd: string;
	readonly env: Readonly<Record<string, string>>;
	readonly runId: string;
	readonly attempt: number;
	readonly timeoutMs: number;
	/** How long the program may neither say anything nor change a file; null = for ever. */
	readonly idleMs: number | null;
	readonly limits: ResourceLimits;
	readonly enclosure: Enclosure | null;
	/** Held while the run waits for a person. */
	readonly hold?: Hold;
	/** Called once, as soon as the program runs, with what can still be said to it. */
	readonly onInput?: (input: ProgramInput) => void;
	/** Folders below `cwd` whose files are no work of this run. */
	readonly foreignFolders: readonly string[];
	readonly folder: RunFolder;
	readonly cancel: AbortSignal;
	readonly kill: AbortSignal;
	readonly emit: (type: EventType, data: EventData) => void;
	/** What is still to be done before the runner's success is one; it may find that it is none. */
	readonly accept?: (outcome: RunnerOutcome) => Promise<RunnerOutcome>;
}

export interface AttemptEnd {
	readonly outcome: RunnerOutcome;
	readonly result: AttemptResult;
	readonly resources: Receipt["resources"];
	/** What is missing of what it said, and what it used beyond a limit that nothing enforces. */
	readonly warnings: readonly CollectWarning[];
}

export async function runAttempt(request: AttemptRequest): Promise<AttemptEnd> {
	const { runner, plan, emit, attempt, folder } = request;
	const { lineBytes, graceMs } = runner.capability.limits;
	const seen = runner.begin();
	const warnings: CollectWarning[] = [];
	let cutLines = 0;
	const startedAtMs = now();
	emit("run.attempt_started", { attempt });
	const ended = await superviseProcess({
		argv: plan.argv,
		wrapper: request.enclosure?.wrapper,
		cgroup: request.enclosure?.below,
		cwd: request.cwd,
		env: request.env,
		stdin: plan.stdin,
		stdinStaysOpen: plan.stdinStaysOpen,
		timeoutMs: request.timeoutMs,
		idleMs: request.idleMs,
		graceMs: graceMs ?? undefined,
		hold: request.hold,
		limits: request.limits,
		onWarning: ({ code, message }) => void warnings.push({ code, message }),
		folders: { watched: [request.cwd, folder.artifacts], skipped: request.foreignFolders },
		maxLineBytes: lineBytes,
		saidLastWord: () => seen.terminal,
		cancel: request.cancel,
		kill: request.kill,
		marker: { name: RUN_MARKER, value: request.runId },
		rawLogs: { stdout: folder.stdout, stderr: folder.stderr, maxBytes: RAW_LOG_BYTES },
		onSpawn(_, input) {
			failPoint("run.runner-started");
			request.onInput?.(input);
		},
		onLine: (stream, text, truncated) => {
			if (truncated) cutLines += 1;
			for (const event of runner.interpret(seen, stream, text, truncated)) emit(event.type, event.data);
		},
	});
	failPoint("run.runner-ended");
	const judged = runner.outcome(ended, seen);
	const outcome = (await request.accept?.(judged)) ?? judged;
	const result: AttemptResult = {
		attempt,
		status: outcome.status,
		startedAt: isoTime(startedAtMs),
		endedAt: isoTime(now()),
		errorCode: outcome.errorCode,
		errorMessage: outcome.errorMessage,
		retryable: false,
		willRetry: false,
	};
	emit(outcome.status === "ok" ? "run.attempt_succeeded" : "run.attempt_failed", {
		attempt,
		status: outcome.status,
		errorCode: outcome.errorCode,
		willRetry: false,
	});
	const { peakRssBytes, cpuSeconds, survivorsKilled, keepers } = ended;
	const limits = keptLimits(request.limits, keepers);
	const resources = { peakRssBytes, cpuSeconds, survivorsKilled, ...(limits === undefined ? {} : { limits }) };
	warnings.push(...missingOutput(ended, cutLines, lineBytes, "the runner"));
	return { outcome, result, resources, warnings };
}
