// One attempt of a run: the runner's program under supervision, its output turned into events.
// Invariant: the attempt ends when the program and all that it started have ended.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { isoTime, now } from "../core/clock.ts";
import type { EventData, EventType } from "../core/event.ts";
import { failPoint } from "../core/failpoint.ts";
import type { Hold } from "../core/hold.ts";
import { type ProgramInput, superviseProcess } from "../core/supervisor.ts";
import type { AttemptResult } from "../ledger/runs/receipt.ts";
import type { Runner, RunnerOutcome, RunnerPlan } from "../runners/runner.ts";
import type { RunFolder } from "./run-folder.ts";

/** In the environment of everything that a run starts, so that what escapes is found again. */
export const RUN_MARKER = "MSGCODE_RUN_ID";

const RAW_LOG_BYTES = 16 * 1024 * 1024;

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
	readonly resources: {
		readonly peakRssBytes: number | null;
		readonly cpuSeconds: number | null;
		readonly survivorsKilled: number;
	};
}

export async function runAttempt(request: AttemptRequest): Promise<AttemptEnd> {
	const { runner, plan, emit, attempt, folder } = request;
	const { lineBytes, graceMs } = runner.capability.limits;
	const seen = runner.begin();
	const startedAtMs = now();
	emit("run.attempt_started", { attempt });
	const ended = await superviseProcess({
		argv: plan.argv,
		cwd: request.cwd,
		env: request.env,
		stdin: plan.stdin,
		stdinStaysOpen: plan.stdinStaysOpen,
		timeoutMs: request.timeoutMs,
		idleMs: request.idleMs,
		graceMs: graceMs ?? undefined,
		hold: request.hold,
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
	const { peakRssBytes, cpuSeconds, survivorsKilled } = ended;
	return { outcome, result, resources: { peakRssBytes, cpuSeconds, survivorsKilled } };
}

export interface CheckRun {
	readonly check: string | readonly string[];
	readonly position: number;
}

/** Runs one check of a task in the worktree, as its own supervised program. */
export async function runCheck(
	{ check, position }: CheckRun,
	request: Pick<AttemptRequest, "cwd" | "env" | "runId" | "timeoutMs" | "folder" | "cancel" | "kill" | "emit">,
) {
	const hash = createHash("sha256");
	let bytes = 0;
	const command = typeof check === "string" ? check : check.join(" ");
	request.emit("run.status", { status: "checking", check: command });
	const ended = await superviseProcess({
		argv: typeof check === "string" ? ["/bin/sh", "-c", check] : check,
		cwd: request.cwd,
		env: request.env,
		stdin: null,
		timeoutMs: request.timeoutMs,
		cancel: request.cancel,
		kill: request.kill,
		marker: { name: RUN_MARKER, value: request.runId },
		rawLogs: {
			stdout: join(request.folder.path, `check-${position + 1}.stdout.log`),
			stderr: join(request.folder.path, `check-${position + 1}.stderr.log`),
			maxBytes: RAW_LOG_BYTES,
		},
		onSpawn: () => {},
		onLine: (stream, text, truncated) => {
			const data = Buffer.from(`${text}\n`);
			hash.update(data);
			bytes += data.length;
			request.emit("run.log", { stream, text, check: position + 1, ...(truncated ? { truncated } : {}) });
		},
	});
	const status =
		ended.outcome === "exited" && ended.exitCode === 0
			? "ok"
			: ended.outcome === "timeout" || ended.outcome === "canceled"
				? ended.outcome
				: "failed";
	return {
		command,
		status,
		exitCode: ended.exitCode,
		durationMs: ended.endedAtMs - ended.startedAtMs,
		outputSha256: hash.digest("hex"),
		outputBytes: bytes,
	} as const;
}
