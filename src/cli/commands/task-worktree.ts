// `msgcode task worktree …`: the folders that runs worked in. Declarations only.

import type { Group } from "../declaration.ts";
import { listFlags } from "./options.ts";

export const worktree: Group = {
	name: "worktree",
	does: "Look at the tasks' worktrees and remove them",
	verbs: [
		{
			words: "list",
			does: "List the tasks' worktrees and what they hold",
			examples: ["msgcode task worktree list"],
			flags: listFlags,
			load: () => import("./task-worktree-list.ts"),
		},
		{
			words: "path <id>",
			does: "Print the path of a task's worktree",
			examples: ['cd "$(msgcode task worktree path tsk_4h)"'],
			load: () => import("./task-worktree-path.ts"),
		},
		{
			words: "rm <id>",
			does: "Remove a task's worktree when its work is kept elsewhere",
			examples: ["msgcode task worktree rm tsk_4h"],
			load: () => import("./task-worktree-rm.ts"),
		},
		{
			words: "prune",
			does: "Remove every worktree whose work is kept elsewhere",
			examples: ["msgcode task worktree prune --dry-run"],
			load: () => import("./task-worktree-prune.ts"),
		},
	],
};
