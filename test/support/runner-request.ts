// A plain request to a runner, and one run of it: plan, program, verdict, without ledger or worktree.
import type { ProcessOutcome } from "../../src/core/supervisor.ts";
import type { Runner, RunnerEvent, RunnerOutcome, RunnerPlan, RunnerRequest } from "../../src/runners/runner.ts";
import { programEnvironment, supervise } from "./supervise.ts";

export const REQUEST: RunnerRequest = {
	kind: "shell",
	workspacePath: "/work space/repo",
	payload: { prompt: "Do it.\n" },
	constraints: { timeoutMs: 15_000 },
	context: {
		taskId: "tsk_0000000001",
		runId: "run_20260102T030405Z_0badcafe",
		attempt: 1,
		taskFile: "/work space/repo/tasks/tsk_0000000001.md",
		runDir: "/work space/repo/.git/msgcode/runs/r",
	},
};

export function request(
	payload: Partial<RunnerRequest["payload"]> = {},
	context: Partial<RunnerRequest["context"]> = {},
): RunnerRequest {
	return {
		...REQUEST,
		payload: { ...REQUEST.payload, ...payload },
		context: { ...REQUEST.context, ...context },
	};
}

export const EXITED: ProcessOutcome = {
	outcome: "exited",
	program: "tool",
	exitCode: 0,
	signal: null,
	spawnError: null,
	timer: null,
	exceeded: null,
	startedAtMs: 0,
	endedAtMs: 1,
	stdoutBytes: 0,
	stderrBytes: 0,
	rawLogProblem: null,
	survivorsKilled: 0,
	left: 0,
	peakRssBytes: null,
	cpuSeconds: null,
};

export interface Ran extends RunnerOutcome {
	readonly plan: RunnerPlan;
	readonly events: readonly RunnerEvent[];
}

/** Carries the request out in `cwd`, which is also the request's workspace. */
export async function runIn(
	cwd: string,
	runner: Runner,
	wanted: RunnerRequest,
	options: Parameters<typeof supervise>[1] = {},
): Promise<Ran> {
	const plan = runner.prepare({ ...wanted, workspacePath: cwd });
	const seen = runner.begin();
	const events: RunnerEvent[] = [];
	const outcome = await supervise(plan.argv, {
		cwd,
		stdin: plan.stdin,
		...options,
		env: { ...(options.env ?? programEnvironment()), ...plan.env },
		onOutput: (stream, text, truncated) => events.push(...runner.interpret(seen, stream, text, truncated)),
	});
	return { ...runner.outcome(outcome, seen), plan, events };
}
