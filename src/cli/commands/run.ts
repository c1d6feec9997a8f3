// `msgcode run …`: what happened when tasks were executed. Declarations only.

import type { Group } from "../declaration.ts";
import { listFlags } from "./options.ts";

export const run: Group = {
	name: "run",
	does: "Look at runs and stop them",
	verbs: [
		{
			words: "list",
			does: "List runs, the newest first",
			examples: ["msgcode run list --limit 10", "msgcode run list --status error --json"],
			flags: [
				{ flag: "--task <id>", help: "only runs of this task" },
				{ flag: "--status <status>", help: "only this status; may be repeated", many: true },
				...listFlags,
			],
			load: () => import("./run-list.ts"),
		},
		{
			words: "show <run>",
			does: "Show a run's receipt",
			more: "Of any age: also of a run whose folder only the branch's history has.",
			examples: [
				"msgcode run show run_20260102T030405Z_1a2b3c4d",
				"msgcode run show --prompt run_20260102T030405Z_1a2b3c4d",
			],
			flags: [{ flag: "--prompt", help: "print the whole text that the runner was sent; kept where the run was made" }],
			load: () => import("./run-show.ts"),
		},
		{
			words: "compare <a> <b>",
			does: "Compare two runs: how they ended and what they made",
			more: "The difference is between the two results; where those are not in this clone, between the two patches.",
			examples: [
				"msgcode run compare run_20260102T03 run_20260102T04",
				"msgcode run compare --stat 20260102T03 20260102T04",
			],
			flags: [{ flag: "--stat", help: "only the files and their numbers of lines" }],
			load: () => import("./run-compare.ts"),
		},
		{
			words: "logs <run>",
			does: "Print what happened in a run, to be read",
			more: "With --json the events are printed as they are, one JSON object per line; with --plain one line of text for each.",
			examples: ["msgcode run logs run_20260102T030405Z_1a2b3c4d", "msgcode run logs -f run_2026"],
			flags: [
				{ flag: "-f, --follow", help: "go on until the run has ended" },
				{ flag: "--raw", help: "print the runner's own output instead of events" },
			],
			load: () => import("./run-logs.ts"),
		},
		{
			words: "cancel <run>",
			does: "Stop a live run and everything that it started",
			examples: ["msgcode run cancel run_20260102T030405Z_1a2b3c4d"],
			load: () => import("./run-cancel.ts"),
		},
		{
			words: "allow-secret <run>",
			does: "Commit a result that was withheld because of a secret",
			more: "Look first at what was found: `msgcode run show <run>` names the file and the line.",
			examples: ["msgcode run allow-secret run_20260102T030405Z_1a2b3c4d"],
			load: () => import("./run-allow-secret.ts"),
		},
	],
};
