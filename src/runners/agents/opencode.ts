// opencode in its headless mode: the prompt on stdin, one JSON object per line on stdout.
// Invariant: what it may do is said by its own permission rules, narrowed or widened here; keys come through the environment.

import { MsgcodeError } from "../../core/errors.ts";
import type { RunnerPermission, RunnerPlan, RunnerRequest } from "../runner.ts";
import type { Agent } from "./agent.ts";
import { agentCall, checkPrompt, modelOf } from "./agent-call.ts";
import { type OpencodeMemory, readOpencode, rememberOpencode } from "./opencode-stream.ts";
import { judgeOpencode } from "./opencode-verdict.ts";

/** Beside "edit", its own rules: it edits and runs commands in its folder, and whatever it would ask for is refused. */
const PERMISSION: Readonly<Record<RunnerPermission, { readonly args: readonly string[]; readonly rules?: string }>> = {
	// Over the rules of the settings. Its tools that write and run are then not even offered to the model.
	"read-only": { args: [], rules: JSON.stringify({ edit: "deny", bash: "deny", external_directory: "deny" }) },
	edit: { args: [] },
	full: { args: ["--auto"] },
};

/** Keys of the usual services, and where its settings, rules and login are. Others are for `env.allow`. */
const PASS_ENV: readonly string[] = [
	"OPENCODE_API_KEY",
	"ANTHROPIC_API_KEY",
	"OPENAI_API_KEY",
	"OPENROUTER_API_KEY",
	"GEMINI_API_KEY",
	"GOOGLE_GENERATIVE_AI_API_KEY",
	"GROQ_API_KEY",
	"XAI_API_KEY",
	"MISTRAL_API_KEY",
	"DEEPSEEK_API_KEY",
	"OPENCODE_AUTH_CONTENT",
	"OPENCODE_CONFIG",
	"OPENCODE_CONFIG_CONTENT",
	"OPENCODE_CONFIG_DIR",
	"OPENCODE_DB",
	"OPENCODE_DISABLE_MODELS_FETCH",
	"OPENCODE_MODELS_PATH",
	"OPENCODE_MODELS_URL",
	"OPENCODE_PERMISSION",
];

export const opencode: Agent<OpencodeMemory> = {
	plan: opencodePlan,
	remember: rememberOpencode,
	read: readOpencode,
	judge: judgeOpencode,
};

function opencodePlan(request: RunnerRequest): RunnerPlan {
	const { payload, constraints, workspacePath } = request;
	const model = modelOf("opencode", request);
	const session = resumedSession(request);
	const permission = PERMISSION[constraints.permission ?? "edit"];
	const argv = [
		...["opencode", "run", "--format", "json", "--dir", workspacePath],
		...(model === null ? [] : ["--model", model]),
		...permission.args,
		...(session === null ? [] : ["--session", session]),
		...(payload.args ?? []),
	];
	const rules = permission.rules === undefined ? {} : { OPENCODE_PERMISSION: permission.rules };
	return agentCall("opencode", request, {
		argv,
		passEnv: PASS_ENV,
		// A run is no moment to replace the program that carries it out.
		env: { OPENCODE_DISABLE_AUTOUPDATE: "1", ...rules },
		stdin: checkPrompt("opencode", payload.prompt, null),
	});
}

function resumedSession({ context }: RunnerRequest): string | null {
	const session = context.resume ?? null;
	if (session !== null && !/^ses_\w{1,100}$/.test(session)) {
		throw new MsgcodeError("task_invalid_spec", `${JSON.stringify(session)} is no session of opencode.`, {
			hint: "Its sessions begin with ses_. Run the task without --continue to begin a new one.",
		});
	}
	return session;
}
