// What a task asks of its runner, beside the prompt: from its definition into the form that runners get.
// Invariant: a run and the digest that was approved are made from the same wishes, so nothing that a definition can say
// about the call of a runner escapes the approval.

import type { Definition } from "../../ledger/task/definition.ts";
import type { RunnerRequest } from "../../runners/runner.ts";

export interface RunnerWishes {
	readonly payload: Omit<RunnerRequest["payload"], "prompt">;
	readonly constraints: Omit<RunnerRequest["constraints"], "timeoutMs">;
	readonly route: RunnerRequest["context"]["route"];
	/** "main": the one long session that a runner has in its folder; undefined = a new one for each run. */
	readonly session: "main" | undefined;
}

export function wishesOf({ runner = { kind: "none" }, files, route }: Definition): RunnerWishes {
	const { args, script, shell, model, env, mode, permission, maxTurns, waitForReply } = runner;
	return {
		payload: { mode, args, script, shell, model, env, files },
		constraints: { permission, maxTurns, waitForReplyMs: waitForReply },
		route: route === undefined ? null : { channel: route.channel, target: route.target },
		session: runner.session === "main" ? "main" : undefined,
	};
}

/**
 * What a program is told otherwise than by its argv and environment, as far as the task says it. `declared`: it is told
 * the whole request, or may be called with any part of it.
 */
export function toldBeside(wishes: RunnerWishes, declared: boolean): Readonly<Record<string, unknown>> | undefined {
	const { payload, constraints, route, session } = wishes;
	const { mode, args, script, shell, model, files } = payload;
	const whole = declared
		? { args, script, shell, model, files: files?.length === 0 ? undefined : files, route: route ?? undefined }
		: {};
	const told = Object.entries({ ...whole, mode, ...constraints, session }).filter(([, value]) => value !== undefined);
	return told.length === 0 ? undefined : Object.fromEntries(told);
}

/** The file that a program is to read and the one that it may write: the first of the task's files, and one of the run's own. */
export function programFiles(files: readonly string[] | undefined, workspacePath: string, runDir: string) {
	const first = files?.[0];
	return {
		inputFile: first === undefined ? undefined : `${workspacePath}/${first}`,
		outputFile: `${runDir}/output`,
	};
}
