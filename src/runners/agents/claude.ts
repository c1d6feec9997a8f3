// Claude Code in its headless mode: the prompt on stdin, one JSON object per line on stdout.
// Invariant: what it may do is said by its permission mode alone; keys come through the environment, never through argv.

import type { RunnerPermission, RunnerPlan, RunnerRequest } from "../runner.ts";
import { newSessionId } from "../session-id.ts";
import type { Agent } from "./agent.ts";
import { agentCall, modelOf, resumedSession } from "./agent-call.ts";
import { type ClaudeMemory, rememberClaude } from "./claude-memory.ts";
import { readClaude } from "./claude-stream.ts";
import { judgeClaude } from "./claude-verdict.ts";

const PERMISSION_MODE: Readonly<Record<RunnerPermission, string>> = {
	"read-only": "plan",
	edit: "acceptEdits",
	// Refused by the CLI for root, unless IS_SANDBOX says that root is shut in.
	full: "bypassPermissions",
};

/** Keys, where to ask, whose sessions, which model. Clouds' own keys are for `env.allow`. */
const PASS_ENV: readonly string[] = [
	"ANTHROPIC_API_KEY",
	"ANTHROPIC_AUTH_TOKEN",
	"ANTHROPIC_BASE_URL",
	"ANTHROPIC_CUSTOM_HEADERS",
	"ANTHROPIC_MODEL",
	"CLAUDE_CODE_OAUTH_TOKEN",
	"CLAUDE_CODE_USE_BEDROCK",
	"CLAUDE_CODE_USE_VERTEX",
	"CLAUDE_CODE_USE_FOUNDRY",
	"CLAUDE_CONFIG_DIR",
	"IS_SANDBOX",
];

export const claude: Agent<ClaudeMemory> = {
	plan: claudePlan,
	remember: rememberClaude,
	read: readClaude,
	judge: judgeClaude,
};

function claudePlan(request: RunnerRequest): RunnerPlan {
	const { payload, constraints, context } = request;
	const model = modelOf("claude", request);
	const resumed = resumedSession("claude", request);
	const argv = [
		...["claude", "-p", "--output-format", "stream-json", "--verbose"],
		...["--permission-mode", PERMISSION_MODE[constraints.permission ?? "edit"]],
		...(resumed === null ? ["--session-id", newSessionId(context)] : ["--resume", resumed]),
		...(model === null ? [] : ["--model", model]),
		...(constraints.maxTurns === undefined ? [] : ["--max-turns", String(constraints.maxTurns)]),
		...(payload.args ?? []),
	];
	return agentCall("claude", request, { argv, passEnv: PASS_ENV, stdin: payload.prompt });
}
