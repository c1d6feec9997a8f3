// Commands that carry what is here to other people and places. Declarations only.

import type { Verb } from "../declaration.ts";
import { oneOf } from "./options.ts";

export const exportRun: Verb = {
	words: "export [run-or-task]",
	does: "Describe a run for a pull request",
	more: "The run that is named, a task's last run that changed something, or the newest such run of all. Prints the title, an empty line and the text; with --output the text goes into the file and the title is printed. Markdown below GitHub's limit of 65,536 characters; nothing in it mentions a person or closes an issue. What a sensitive task said stays out.",
	flags: [
		{ flag: "--format <form>", help: "github, the only one so far", read: oneOf("github") },
		{ flag: "--output <file>", help: "write the text there; an existing file is asked about" },
	],
	examples: [
		"msgcode export tsk_4hx9k2m7qd --format github",
		"msgcode export run_20260102T030405Z_1a2b3c4d --output body.md",
		"msgcode export --json",
	],
	load: () => import("./export.ts"),
};

export const backup: Verb = {
	words: "backup [file]",
	does: "Keep a copy of all branches, tags and results in one file or on a remote",
	more: "The file is a git bundle, readable by its owner alone; it counts only after it was restored into an empty repository and every ref was found. With --remote the same refs are pushed to refs/msgcode-backup/<clone>/ there and to nothing else; results in which a secret was found stay here. Not in it: uncommitted files, stashes, approvals, raw logs, settings and hooks. A shallow or partial clone is refused.",
	flags: [
		{ flag: "--remote <remote>", help: "push to this remote instead of writing a file" },
		{ flag: "--force", help: "replace the file if there is one, once the new one is proven" },
	],
	examples: ["msgcode backup ../basket.bundle", "msgcode backup --remote origin"],
	load: () => import("./backup.ts"),
};
