// One attempt of a runner as msgcode makes it (plan, program under supervision, interpretation, verdict), in temporary
// folders, without ledger and worktree.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { runnerEnvironment } from "../../src/config/environment.ts";
import { type ProcessOutcome, superviseProcess } from "../../src/core/supervisor.ts";
import type { Runner, RunnerEvent, RunnerOutcome, RunnerPlan } from "../../src/runners/runner.ts";
import { REQUEST } from "../support/runner-request.ts";
import { newMarker } from "../support/supervise.ts";
import type { Place, Subject, Way } from "./subject.ts";

export interface Heard {
	readonly text: string;
	readonly truncated: boolean;
	readonly events: readonly RunnerEvent[];
}

export interface CarriedOut {
	readonly plan: RunnerPlan;
	readonly process: ProcessOutcome;
	readonly outcome: RunnerOutcome;
	readonly events: readonly RunnerEvent[];
	/** Every line of output with what it meant. */
	readonly heard: readonly Heard[];
	readonly prompt: string;
}

export interface Conditions {
	readonly timeoutMs?: number;
	readonly idleMs?: number;
	readonly cancel?: AbortSignal;
	/** Called with each line. */
	readonly onLine?: () => void;
}

export async function carryOut(
	subject: Subject,
	runner: Runner,
	place: Place,
	way: Way,
	conditions: Conditions = {},
): Promise<CarriedOut> {
	const { timeoutMs = 30_000, idleMs, cancel = new AbortController().signal } = conditions;
	const prompt = way.payload?.prompt ?? "Do it.\n";
	const runId = `run_20260102T030405Z_${randomUUID().slice(0, 8)}`;
	const plan = runner.prepare({
		...REQUEST,
		kind: runner.kind,
		workspacePath: place.work,
		payload: { ...way.payload, prompt },
		constraints: { timeoutMs, ...way.constraints },
		context: { ...REQUEST.context, runId, runDir: place.runDir, ...way.context },
	});
	const user = { PATH: process.env.PATH, HOME: place.home, LANG: "C.UTF-8", ...subject.env(place.home), ...way.env };
	const seen = runner.begin();
	const heard: Heard[] = [];
	const marker = newMarker();
	const ended = await superviseProcess({
		argv: plan.argv,
		cwd: place.work,
		env: runnerEnvironment(user, { allow: plan.passEnv, add: { ...plan.env, MSGCODE_RUN_DIR: place.runDir } }),
		stdin: plan.stdin,
		stdinStaysOpen: plan.stdinStaysOpen,
		timeoutMs,
		idleMs,
		graceMs: runner.capability.limits.graceMs ?? undefined,
		folders: { watched: [place.work, place.runDir], skipped: [] },
		maxLineBytes: runner.capability.limits.lineBytes,
		saidLastWord: () => seen.terminal,
		cancel,
		marker,
		rawLogs: { stdout: join(place.runDir, "stdout"), stderr: join(place.runDir, "stderr"), maxBytes: 1 << 20 },
		onSpawn: () => {},
		onLine(stream, text, truncated) {
			heard.push({ text, truncated, events: runner.interpret(seen, stream, text, truncated) });
			conditions.onLine?.();
		},
	});
	const events = heard.flatMap((line) => line.events);
	return { plan, process: ended, outcome: runner.outcome(ended, seen), events, heard, prompt };
}
