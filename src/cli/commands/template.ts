// `msgcode template …`: what tasks can be made from. Declarations only.

import type { Group } from "../declaration.ts";

export const template: Group = {
	name: "template",
	does: "Look at the templates that tasks are made from",
	verbs: [
		{
			words: "list",
			does: "List the templates, the workspace's own and those that msgcode brings along",
			more: "Your own are Markdown files in tasks/templates/; one that has the name of a shipped one takes its place.",
			examples: ["msgcode template list", "msgcode template list --json"],
			load: () => import("./template-list.ts"),
		},
		{
			words: "show <name>",
			does: "Show a template with its variables",
			examples: ["msgcode template show bugfix"],
			load: () => import("./template-show.ts"),
		},
	],
};
