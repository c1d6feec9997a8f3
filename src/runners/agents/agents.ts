// The agent CLIs whose streams msgcode knows, by the id of their record: one row each, `claude: (capability) => agentRunner(capability, claude)`.

import type { Capability } from "../capabilities.ts";
import type { Runner } from "../runner.ts";
import { agentRunner } from "./agent.ts";
import { claude } from "./claude.ts";
import { codex } from "./codex.ts";
import { gemini } from "./gemini.ts";
import { opencode } from "./opencode.ts";

export const agents: Readonly<Record<string, (capability: Capability) => Runner>> = {
	claude: (capability) => agentRunner(capability, claude),
	codex: (capability) => agentRunner(capability, codex),
	gemini: (capability) => agentRunner(capability, gemini),
	opencode: (capability) => agentRunner(capability, opencode),
};
