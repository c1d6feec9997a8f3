// Tries a runner for real: a tiny prompt in an empty repository of its own. What an agent's vendor takes for it is the user's to pay.
// Invariant: it is never begun unasked, may change nothing, and leaves nothing behind.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runnerEnvironment } from "../../config/environment.ts";
import type { ErrorCode } from "../../core/errors.ts";
import { superviseProcess } from "../../core/supervisor.ts";
import type { Answer } from "../../runners/drivers/driver-probe.ts";
import type { Runner, Usage } from "../../runners/runner.ts";
import { RUN_MARKER } from "../run/attempt.ts";
import type { ProbePlace } from "./ask-program.ts";

export interface Trial {
	readonly works: Answer;
	readonly authenticated: Answer;
	readonly errorCode: ErrorCode | null;
	readonly model: string | null;
	readonly usage: Usage | null;
	readonly durationMs: number;
}

const PROMPT = "Answer with the one word OK. Use no tool and change no file.\n";
const TRIAL_MS = 120_000;
const TASK_ID = "tsk_0000000000";
const RUN_ID = "run_20000101T000000Z_00000000";

export async function tryRunner(runner: Runner, { env, timeoutMs = TRIAL_MS }: ProbePlace): Promise<Trial> {
	const home = mkdtempSync(join(tmpdir(), "msgcode-trial-"));
	try {
		return await tryIn(home, runner, env, timeoutMs);
	} finally {
		rmSync(home, { recursive: true, force: true, maxRetries: 5 });
	}
}

async function tryIn(home: string, runner: Runner, env: ProbePlace["env"], timeoutMs: number): Promise<Trial> {
	const [workspacePath, runDir] = [join(home, "repository"), join(home, "run")];
	emptyRepository(workspacePath);
	mkdirSync(runDir);
	const taskFile = join(home, "task.md");
	writeFileSync(taskFile, PROMPT);
	const plan = runner.prepare({
		kind: runner.kind,
		workspacePath,
		payload: { prompt: PROMPT, mode: "text" },
		constraints: { timeoutMs, permission: "read-only" },
		context: { taskId: TASK_ID, runId: RUN_ID, attempt: 1, taskFile, runDir },
	});
	const seen = runner.begin();
	const ended = await superviseProcess({
		argv: plan.argv,
		cwd: workspacePath,
		env: runnerEnvironment(env, { allow: plan.passEnv, add: plan.env }),
		stdin: plan.stdin,
		stdinStaysOpen: plan.stdinStaysOpen,
		timeoutMs,
		saidLastWord: () => seen.terminal,
		maxLineBytes: runner.capability.limits.lineBytes,
		cancel: new AbortController().signal,
		marker: { name: RUN_MARKER, value: `trial-${runner.kind}-${process.pid}` },
		onSpawn: () => {},
		onLine: (stream, text, truncated) => void runner.interpret(seen, stream, text, truncated),
	});
	const { status, errorCode, model, usage } = runner.outcome(ended, seen);
	const signedOut = errorCode === "AUTH_MISSING";
	return {
		works: status === "ok" ? "yes" : "no",
		authenticated: status === "ok" ? "yes" : signedOut ? "no" : "unknown",
		...{ errorCode, model, usage },
		durationMs: ended.endedAtMs - ended.startedAtMs,
	};
}

/** What git takes for a repository without a commit; some agents refuse a folder that is none. */
function emptyRepository(path: string): void {
	for (const folder of ["objects", "refs"]) mkdirSync(join(path, ".git", folder), { recursive: true });
	writeFileSync(join(path, ".git", "HEAD"), "ref: refs/heads/main\n");
}
