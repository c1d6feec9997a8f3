// The commands of one word, about the workspace as a whole. Declarations only.

import type { Verb } from "../declaration.ts";
import { count } from "./options.ts";

export const init: Verb = {
	words: "init",
	does: "Make this folder of a git repository a workspace",
	more: "Writes tasks/ledger.json and its neighbours and commits them. In this clone only, it excludes worktrees/ and registers the merge driver: run it once in every clone.",
	examples: ["msgcode init", "msgcode -C packages/api init"],
	load: () => import("./init.ts"),
};

export const commit: Verb = {
	words: "commit",
	does: "Commit what was edited by hand in tasks/",
	more: "One commit for each task; nothing else of the checkout. A changed command is shown and asked for; until it is approved its task is held. Broken files are named and left as they are.",
	examples: ["msgcode commit"],
	load: () => import("./commit.ts"),
};

export const undo: Verb = {
	words: "undo",
	does: "Take the last ledger command back",
	more: "Makes a new commit; undoing that brings it back. It is your own last command on this branch, or the one that --op names. A birth is taken back by marking the task as removed. A run stays, its landing can be taken back.",
	examples: ["msgcode undo", "msgcode undo --dry-run", "msgcode undo --op 1a2b3c4d"],
	flags: [
		{ flag: "--op <commit>", help: "this command's commit instead of your last one" },
		{ flag: "--no-sign", help: "of a landing: do not sign the commit, whatever git's settings say" },
		{ flag: "--verify", help: "of a landing: let the repository's commit hooks run" },
	],
	load: () => import("./undo.ts"),
};

export const sync: Verb = {
	words: "sync",
	does: "Fetch, bring the ledger's commits up to date, push",
	more: "Unpushed ledger commits are put on top of the upstream and pushed, never by force; landings are pushed where nothing has to be moved. Other work is never touched or published: ledger commits below it are pushed while the upstream stands still, ledger commits above it wait. An upstream that was rewritten is refused. No git hook runs, your pre-push hook included.",
	flags: [
		{
			flag: "--refs",
			help: "then exchange the results of runs (refs/msgcode/runs): what one side lacks; with secrets, carried or unpublished work in them they stay here",
		},
	],
	examples: ["msgcode sync", "msgcode sync --dry-run", "msgcode sync --refs"],
	load: () => import("./sync.ts"),
};

export const mergeDriver: Verb = {
	words: "merge-driver <base> <ours> <theirs>",
	does: "Merge two versions of a ledger file, key by key",
	more: "Writes the result into <ours>. Exit code 0 when it is clean, 1 when it holds conflict markers; with any other code nothing was written. git calls this where `msgcode init` registered it; it needs no workspace. /dev/null or an empty file as <base>: both sides began with nothing.",
	flags: [
		{ flag: "--path <path>", help: "the file's name in the repository, which tells how it merges (default: <ours>)" },
		{ flag: "--marker-size <count>", help: "length of conflict markers (default: 7)", read: count },
		{ flag: "--ours-label <text>", help: "what stands behind <<<<<<<" },
		{ flag: "--theirs-label <text>", help: "what stands behind >>>>>>>" },
	],
	examples: ["msgcode merge-driver base.md ours.md theirs.md --path tasks/tsk_4hx9k2m7qd.md"],
	load: () => import("./merge-driver.ts"),
};

export const log: Verb = {
	words: "log",
	does: "Show what was done in the ledger, the newest first",
	more: "Over all tasks, as git knows it. --actor shows only what that name did. An op with ? is not the commit's own word but what its changes amount to.",
	examples: ["msgcode log", "msgcode log --since '2 weeks ago' --op close --json", "msgcode log --task tsk_4h -n 5"],
	flags: [
		{ flag: "--since <when>", help: "only from then on, such as 2026-01-02 or '2 weeks ago'" },
		{ flag: "--until <when>", help: "only up to then" },
		{ flag: "--op <op>", help: "only this kind, such as add, edit, run; may be repeated", many: true },
		{ flag: "--task <id>", help: "only what changed this task" },
		{ flag: "-n, --limit <count>", help: "show at most this many", read: count },
	],
	load: () => import("./log.ts"),
};

export const doctor: Verb = {
	words: "doctor",
	does: "Check git, the ledger, locks and worktrees; mend what can be mended",
	more: "With --fix it also shows what can be mended, what would be written and why that is safe; with --fix --yes it does so, each fix in a commit of its own that `msgcode undo` takes back. Exit code 0 when nothing is wrong but perhaps to be warned of, 1 when something around the ledger is missing, 3 outside a workspace, 7 when ledger data is damaged; with --yes, as it is after the fixes.",
	flags: [{ flag: "--fix", help: "show what would be mended; with --yes, mend it" }],
	examples: ["msgcode doctor", "msgcode doctor --fix", "msgcode doctor --fix --yes", "msgcode doctor --json"],
	load: () => import("./doctor.ts"),
};

export const preflight: Verb = {
	words: "preflight",
	does: "Tell whether all is there that work needs",
	more: "Three groups: what is required to start (node, git, the ledger), what tasks and jobs need (the runner of runner.default and those that open tasks name), and what is optional. Exit code 1 when something required to start is missing; with --strict also when something that tasks need is. deps.json in your config folder adds items and moves them between groups. It starts no program but the shipped and your own runners' probes.",
	flags: [{ flag: "--strict", help: "fail also when something that tasks and jobs need is missing" }],
	examples: ["msgcode preflight", "msgcode preflight --strict --json"],
	load: () => import("./preflight.ts"),
};

export const fsck: Verb = {
	words: "fsck",
	does: "Check the whole ledger and its history for damage",
	more: "Three verdicts: ok; unverifiable, where this clone lacks what it would take to judge; damaged. It changes nothing and takes no lock. Exit code 7 for damage, else 0. What each finding means: docs/fsck.md.",
	examples: ["msgcode fsck", "msgcode fsck --json"],
	load: () => import("./fsck.ts"),
};

export const prime: Verb = {
	words: "prime",
	does: "Tell an agent what is open and how to use msgcode",
	more: "Prints nothing and succeeds outside a workspace, so that it can stand in any agent's start-up.",
	examples: ["msgcode prime"],
	load: () => import("./prime.ts"),
};

export const completion: Verb = {
	words: "completion <shell>",
	does: "Print the completion script for bash, zsh or fish",
	examples: [
		"msgcode completion bash > ~/.local/share/bash-completion/completions/msgcode",
		'msgcode completion zsh > "$fpath[1]/_msgcode"',
		"msgcode completion fish > ~/.config/fish/completions/msgcode.fish",
	],
	load: () => import("./completion.ts"),
};
