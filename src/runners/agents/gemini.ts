// Gemini CLI in its headless mode: the prompt on stdin, one JSON object per line on stdout.
// Invariant: what it may do is said by its approval mode alone; keys come through the environment, never through argv.

import type { Capability } from "../capabilities.ts";
import type { RunnerPermission, RunnerPlan, RunnerRequest } from "../runner.ts";
import type { Agent } from "./agent.ts";
import { agentCall, checkPrompt, modelOf, resumedSession } from "./agent-call.ts";
import { type GeminiMemory, readGemini, rememberGemini } from "./gemini-stream.ts";
import { judgeGemini } from "./gemini-verdict.ts";

const APPROVAL_MODE: Readonly<Record<RunnerPermission, string>> = {
	"read-only": "plan",
	// Works without a person: files are written, and there is no tool that runs commands.
	edit: "auto_edit",
	full: "yolo",
};

/** Keys, which service, where its settings and login are. */
const PASS_ENV: readonly string[] = [
	"GEMINI_API_KEY",
	"GOOGLE_API_KEY",
	"GEMINI_CLI_HOME",
	"GEMINI_MODEL",
	"GOOGLE_APPLICATION_CREDENTIALS",
	"GOOGLE_CLOUD_LOCATION",
	"GOOGLE_CLOUD_PROJECT",
	"GOOGLE_GEMINI_BASE_URL",
	"GOOGLE_GENAI_USE_GCA",
	"GOOGLE_GENAI_USE_VERTEXAI",
	"GOOGLE_VERTEX_BASE_URL",
];

export const gemini: Agent<GeminiMemory> = {
	plan: geminiPlan,
	remember: rememberGemini,
	read: readGemini,
	judge: judgeGemini,
};

function geminiPlan(request: RunnerRequest, { limits }: Capability): RunnerPlan {
	const { payload, constraints } = request;
	const model = modelOf("gemini", request);
	const session = resumedSession("gemini", request);
	const argv = [
		...["gemini", "--approval-mode", APPROVAL_MODE[constraints.permission ?? "edit"]],
		...["--output-format", "stream-json"],
		...(model === null ? [] : ["--model", model]),
		...(session === null ? [] : ["--resume", session]),
		...(payload.args ?? []),
	];
	return agentCall("gemini", request, {
		argv,
		passEnv: PASS_ENV,
		// The worktree is new to it; whoever lets a task run trusts its repository.
		env: { GEMINI_CLI_TRUST_WORKSPACE: "true" },
		stdin: promptOf(payload.prompt, limits.promptBytes),
	});
}

/**
 * The prompt as it reads it: it cuts off what is longer than its limit, without an error, and at the very start "/name" could
 * call a command that the repository defines.
 */
function promptOf(prompt: string, longestBytes: number | null): string {
	return checkPrompt("gemini", prompt.startsWith("/") ? `\n${prompt}` : prompt, longestBytes);
}
