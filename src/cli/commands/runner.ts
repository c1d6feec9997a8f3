// `msgcode runner …`: what can carry out a task here. Declarations only.

import type { Group } from "../declaration.ts";

export const runner: Group = {
	name: "runner",
	does: "Look at what can carry out a task here",
	verbs: [
		{
			words: "list",
			does: "List all runners: installed, signed in, working",
			more: "Shipped ones, those of your config folder, and those that msgcode.toml declares; of the last no program is started, only looked for. Each answer is yes, no or unknown. The runner that runner.default stands for is marked with *.",
			examples: ["msgcode runner list", "msgcode runner list --no-probe", "msgcode runner list --json"],
			flags: [{ flag: "--no-probe", help: "start nothing and ask no service" }],
			load: () => import("./runner-list.ts"),
		},
		{
			words: "show <id>",
			does: "Show what a runner can do, needs and risks, and how it stands here",
			examples: ["msgcode runner show claude", "msgcode runner show claude --json"],
			load: () => import("./runner-show.ts"),
		},
		{
			words: "probe [id]",
			does: "Find out whether runners are installed, signed in and working",
			more: "Without --live nothing is asked of a vendor. With an id the exit code is 1 when that runner cannot be used. --live sends a tiny prompt in an empty temporary repository: an agent's vendor takes a little money or quota for it, so it asks first.",
			examples: ["msgcode runner probe", "msgcode runner probe claude", "msgcode runner probe claude --live --yes"],
			flags: [{ flag: "--live", help: "try it with a tiny prompt; needs a yes" }],
			load: () => import("./runner-probe.ts"),
		},
	],
};
