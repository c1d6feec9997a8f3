// The call of an agent CLI: what every one of them needs checked and hidden before it is started.
// Invariant: nothing that a task says becomes an option by accident, and no body or path of this machine is recorded.

import { MsgcodeError } from "../../core/errors.ts";
import { checkArguments, checkEnvironment } from "../request-check.ts";
import type { RunnerPlan, RunnerRequest } from "../runner.ts";

export interface AgentCall {
	/** The whole argv, with the task's own arguments where the CLI wants them. */
	readonly argv: readonly string[];
	readonly passEnv: readonly string[];
	readonly stdin: string | null;
	readonly env?: Readonly<Record<string, string>>;
	readonly artifacts?: readonly string[];
}

/** Throws task_invalid_spec for what no process can be started with. */
export function agentCall(runner: string, request: RunnerRequest, call: AgentCall): RunnerPlan {
	const { payload, workspacePath, context } = request;
	checkArguments(runner, call.argv);
	const hide = (argument: string) =>
		argument === payload.prompt
			? "{PROMPT}"
			: argument.replaceAll(context.runDir, "{RUN_DIR}").replaceAll(workspacePath, "{WORKSPACE}");
	return {
		argv: call.argv,
		env: checkEnvironment(runner, { ...call.env, ...payload.env }),
		passEnv: call.passEnv,
		stdin: call.stdin,
		stdinStaysOpen: false,
		redactedArgv: call.argv.map(hide),
		artifacts: call.artifacts ?? [],
	};
}

/** The model to ask for; null leaves the choice to the program. Throws task_invalid_spec for one that would be an option. */
export function modelOf(runner: string, { payload }: RunnerRequest): string | null {
	const model = payload.model ?? "";
	if (model === "" || model === "auto") return null;
	if (model.startsWith("-")) {
		throw new MsgcodeError("task_invalid_spec", `${JSON.stringify(model)} is no model for ${runner}.`, {
			hint: "A model's name does not begin with a dash.",
		});
	}
	return model;
}

/** The prompt as it is; throws task_invalid_spec for an empty one, limit_exceeded for one longer than the CLI reads. */
export function checkPrompt(runner: string, prompt: string, longestBytes: number | null): string {
	if (prompt.trim() === "") {
		throw new MsgcodeError("task_invalid_spec", `There is no text for ${runner}.`, { hint: "Give the task a text." });
	}
	if (longestBytes !== null && Buffer.byteLength(prompt) > longestBytes) {
		throw new MsgcodeError("limit_exceeded", `The text is longer than the ${longestBytes} bytes that ${runner} reads.`);
	}
	return prompt;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The session that is to go on, for a CLI whose ids are UUIDs; null begins a new one. Throws task_invalid_spec. */
export function resumedSession(runner: string, { context }: RunnerRequest): string | null {
	const session = context.resume ?? null;
	if (session !== null && !UUID.test(session)) {
		throw new MsgcodeError("task_invalid_spec", `${JSON.stringify(session)} is no session of ${runner}.`, {
			hint: "Its sessions have UUIDs. Run the task without --continue to begin a new one.",
		});
	}
	return session;
}
