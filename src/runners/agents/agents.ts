// The agent CLIs whose streams msgcode knows, by the id of their record: one row each, `claude: (capability) => agentRunner(capability, claude)`.

import type { Capability } from "../capabilities.ts";
import type { Runner } from "../runner.ts";

export const agents: Readonly<Record<string, (capability: Capability) => Runner>> = {};
