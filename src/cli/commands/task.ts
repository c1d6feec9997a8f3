// `msgcode task …`: writing, running and landing tasks. Declarations only.

import type { Group, Verb } from "../declaration.ts";
import { atFlag, count, listFlags, oneOf, reasonFlag, runFlag, taskFilters } from "./options.ts";
import { worktree } from "./task-worktree.ts";

const definitionFlags = async () => (await import("./definition-options.ts")).definitionFlags;

const writing: readonly Verb[] = [
	{
		words: "add [title]",
		does: "Create a task",
		more: "The prompt comes from --prompt, --prompt-file or standard input.",
		aliases: ["create"],
		examples: [
			"msgcode task add 'Fix the parser' --runner shell -- npm test",
			"msgcode task add 'Write the guide' --runner claude --prompt-file guide.md --label docs",
			"msgcode task add --from proposal.md",
			"msgcode task add 'Comments are dropped' --template bugfix --with symptom='# is read as text'",
		],
		argv: "the command that the runner executes",
		flags: [
			{ flag: "--title <title>", help: "the title, one line" },
			{ flag: "--prompt <text>", help: "the prompt" },
			{ flag: "--prompt-file <file>", help: "read the prompt from a file; - is standard input" },
			{ flag: "--from <file>", help: "adopt a Markdown file with its front matter" },
		],
		moreFlags: definitionFlags,
		load: () => import("./task-add.ts"),
	},
	{
		words: "edit <id>",
		does: "Change a task's definition",
		more: "Without flags $EDITOR opens on the task's file. Only the bytes of the named keys are changed.",
		examples: ["msgcode task edit tsk_4h --priority 8", "msgcode task edit tsk_4h --runner shell -- make test"],
		argv: "the command that the runner executes",
		flags: [
			{ flag: "--title <title>", help: "the title, one line" },
			{ flag: "--prompt <text>", help: "replace the prompt" },
			{ flag: "--prompt-file <file>", help: "replace the prompt by a file's text; - is standard input" },
		],
		moreFlags: definitionFlags,
		load: () => import("./task-edit.ts"),
	},
];

const reading: readonly Verb[] = [
	{
		words: "list",
		does: "List tasks, the most urgent first",
		examples: [
			"msgcode task list",
			"msgcode task list --status open --label docs --json",
			"msgcode task list --at HEAD~20",
		],
		flags: [
			...taskFilters,
			...listFlags,
			{ flag: "--all", help: "closed tasks too" },
			{ flag: "--removed", help: "removed tasks too" },
			atFlag,
			{ flag: "--archived", help: "the archive's tasks instead of the live ones" },
		],
		load: () => import("./task-list.ts"),
	},
	{
		words: "ready",
		does: "List the tasks that could be run now",
		examples: ["msgcode task ready --limit 1 --json"],
		flags: [...taskFilters, ...listFlags],
		load: () => import("./task-ready.ts"),
	},
	{
		words: "show <id>",
		does: "Show a task whole",
		examples: [
			"msgcode task show tsk_4h",
			"msgcode task show tsk_4h --json",
			"msgcode task show tsk_4h --at '2 weeks ago'",
		],
		flags: [atFlag],
		load: () => import("./task-show.ts"),
	},
	{
		words: "log <id>",
		does: "Show who changed the task, when, and what",
		more: "Also of a task that is archived or gone from the checkout, by its whole id. An op with ? is not the commit's own word but what its changes amount to.",
		examples: ["msgcode task log tsk_4h", "msgcode task log -p tsk_4h"],
		flags: [
			{ flag: "-p, --patch", help: "each change as a diff of the files" },
			{ flag: "--limit <count>", help: "show at most this many", read: count },
		],
		load: () => import("./task-log.ts"),
	},
	{
		words: "runs <id>",
		does: "List the task's runs, the newest first",
		aliases: ["history"],
		examples: ["msgcode task runs tsk_4h"],
		flags: listFlags,
		load: () => import("./task-runs.ts"),
	},
];

const running: readonly Verb[] = [
	{
		words: "run <id>",
		does: "Run a task and keep its patch, summary and receipt",
		more: "It runs in worktrees/<id> when its runner writes files; the checkout is not touched. Ctrl-C cancels, twice kills.",
		aliases: ["execute"],
		examples: [
			"msgcode task run tsk_4h",
			"msgcode task run tsk_4h --timeout 30m --base origin/main",
			"msgcode task run tsk_4h -- npm run fix",
		],
		argv: "run this command once instead of the task's runner",
		flags: [
			{ flag: "--worktree", help: "in its own worktree, whatever the task says" },
			{ flag: "--in-place", help: "in the checkout itself; nothing of it is committed" },
			{ flag: "--base <rev>", help: "start from this revision (default: HEAD)" },
			{ flag: "--continue", help: "go on in the worktree that the last run left" },
			{ flag: "--carry", help: "take the checkout's uncommitted work along" },
			{ flag: "--close", help: "close the task when the run succeeds" },
			{
				flag: "--session <which>",
				help: "main: in the runner's one long session of the folder; isolated: in a new one",
				read: oneOf("main", "isolated"),
			},
			{ flag: "--timeout <duration>", help: "end the run after this time, such as 90s, 15m, 1h30m" },
			{ flag: "--approve <digest>", help: "approve exactly this command, without a question" },
			{ flag: "--prepare", help: "only write down what the run would do, for a runner that is confirmed each time" },
			{ flag: "--confirm <digest>", help: "run exactly what was prepared" },
			{ flag: "--idempotency-key <key>", help: "start at most one run for this key" },
		],
		load: () => import("./task-run.ts"),
	},
	{
		words: "approve <id>",
		does: "Approve what the task would execute, on this machine",
		examples: ["msgcode task approve tsk_4h"],
		load: () => import("./task-approve.ts"),
	},
];

const status: readonly Verb[] = [
	{
		words: "block <id>",
		does: "Mark a task as blocked",
		examples: ["msgcode task block tsk_4h --reason 'waits for the vendor'"],
		flags: [{ flag: "--reason <text>", help: "what it waits for" }],
		load: () => import("./task-block.ts"),
	},
	{
		words: "close <id>",
		does: "Close a task as done or canceled",
		examples: ["msgcode task close tsk_4h", "msgcode task close tsk_4h --status canceled --reason 'no longer needed'"],
		flags: [
			{ flag: "--status <status>", help: "done (the default) or canceled", read: oneOf("done", "canceled") },
			reasonFlag,
		],
		load: () => import("./task-close.ts"),
	},
	{
		words: "reopen <id>",
		does: "Open a closed or blocked task again",
		examples: ["msgcode task reopen tsk_4h"],
		load: () => import("./task-reopen.ts"),
	},
	{
		words: "rm <id>",
		does: "Remove a task from the lists",
		more: "Its files and its history stay.",
		aliases: ["remove"],
		examples: ["msgcode task rm tsk_4h --reason duplicate"],
		flags: [reasonFlag],
		load: () => import("./task-rm.ts"),
	},
	{
		words: "archive [ids...]",
		does: "Move closed tasks out of the live folder",
		more: "Without ids: those closed longer ago than ledger.archive_after. They are shown, logged and reopened as before.",
		examples: [
			"msgcode task archive --dry-run",
			"msgcode task archive --older-than 90d",
			"msgcode task archive tsk_4h",
		],
		flags: [
			{ flag: "--older-than <duration>", help: "closed at least this long ago, such as 30d; 0s is every closed task" },
		],
		load: () => import("./task-archive.ts"),
	},
];

const landing: readonly Verb[] = [
	{
		words: "diff <id>",
		does: "Show the patch of the task's last run",
		examples: ["msgcode task diff tsk_4h --stat", "msgcode task diff tsk_4h | git apply"],
		flags: [runFlag, { flag: "--stat", help: "only the files and their numbers of lines" }],
		load: () => import("./task-diff.ts"),
	},
	{
		words: "apply <id>",
		does: "Land a run's patch on the checked-out branch",
		more: "One commit, three-way; a conflict leaves the checkout as it was.",
		examples: ["msgcode task apply tsk_4h", "msgcode task apply tsk_4h --yes --run run_20260102T030405Z_1a2b3c4d"],
		flags: [
			runFlag,
			{ flag: "--no-sign", help: "do not sign the commit, whatever git's settings say" },
			{ flag: "--verify", help: "let the repository's commit hooks run" },
		],
		load: () => import("./task-apply.ts"),
	},
	{
		words: "reject <id>",
		does: "Turn a run's patch down",
		examples: ["msgcode task reject tsk_4h --reason 'wrong file'"],
		flags: [runFlag, reasonFlag],
		load: () => import("./task-reject.ts"),
	},
	{
		words: "rollback <id>",
		does: "Go back to an earlier state, or take a landing back",
		more: "--to brings the definition and the record back as they were in a commit; runs stay. --landing takes the code of the last landing back, three-way, in one commit; a conflict leaves the checkout as it was.",
		examples: ["msgcode task rollback tsk_4h --to HEAD~3", "msgcode task rollback tsk_4h --landing --dry-run"],
		flags: [
			{ flag: "--to <rev|date>", help: "as it was in this commit, or at this time" },
			{ flag: "--landing", help: "the code of its last landing" },
			{ flag: "--run <run>", help: "the landing of this run instead of the last one" },
			{ flag: "--no-sign", help: "do not sign the commit, whatever git's settings say" },
			{ flag: "--verify", help: "let the repository's commit hooks run" },
		],
		load: () => import("./task-rollback.ts"),
	},
];

export const task: Group = {
	name: "task",
	does: "Write, run and land tasks",
	verbs: [...writing, ...reading, ...running, ...status, ...landing, worktree],
};
