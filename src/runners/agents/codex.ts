// Codex in its headless mode: the prompt on stdin, one JSON object per line on stdout, the last message in a file.
// Invariant: what it may do is said by its sandbox mode alone, also where a session goes on; keys come through the
// environment or its own login, never through argv.

import { join } from "node:path";
import type { RunnerPermission, RunnerPlan, RunnerRequest } from "../runner.ts";
import type { Agent } from "./agent.ts";
import { agentCall, modelOf, resumedSession } from "./agent-call.ts";
import { type CodexMemory, readCodex, rememberCodex } from "./codex-stream.ts";
import { judgeCodex } from "./codex-verdict.ts";

const SANDBOX: Readonly<Record<RunnerPermission, string>> = {
	"read-only": "read-only",
	edit: "workspace-write",
	full: "danger-full-access",
};

/** Keys, where to ask, whose sessions. A provider's own key variable is for `env.allow`. */
const PASS_ENV: readonly string[] = [
	"OPENAI_API_KEY",
	"CODEX_API_KEY",
	"CODEX_ACCESS_TOKEN",
	"OPENAI_BASE_URL",
	"OPENAI_ORGANIZATION",
	"OPENAI_PROJECT",
	"CODEX_HOME",
];

export const codex: Agent<CodexMemory> = {
	plan: codexPlan,
	remember: rememberCodex,
	read: readCodex,
	judge: judgeCodex,
};

function codexPlan(request: RunnerRequest): RunnerPlan {
	const { payload, constraints, context, workspacePath } = request;
	const model = modelOf("codex", request);
	const resumed = resumedSession("codex", request);
	const lastMessage = join(context.runDir, "last.txt");
	const argv = [
		...["codex", "exec", "--json", "--sandbox", SANDBOX[constraints.permission ?? "edit"]],
		...["-C", workspacePath],
		...(model === null ? [] : ["-m", model]),
		...["-o", lastMessage],
		...(payload.args ?? []),
		// `resume` itself takes neither --sandbox nor -C: they have to stand before it.
		...(resumed === null ? [] : ["resume", resumed]),
		"-",
	];
	return agentCall("codex", request, { argv, passEnv: PASS_ENV, stdin: payload.prompt, artifacts: [lastMessage] });
}
