// The text that an agent gets: the task's own words first, then where it is, what it may do and what will be checked.
// Invariant: it holds no path of this machine, so that the same task gives the same text everywhere; a runner that only
// passes text on gets the task's words alone.

import type { Ledger } from "../../ledger/ledger.ts";
import { definitionPath } from "../../ledger/paths.ts";
import type { RunnerPermission } from "../../runners/runner.ts";
import { findProgram } from "../probe/find-program.ts";
import type { RunRequest } from "./run-request.ts";

export interface PromptFacts {
	/** The task's body. */
	readonly prompt: string;
	readonly taskId: string;
	readonly title: string;
	readonly files: readonly string[];
	readonly checks: readonly (string | readonly string[])[];
	readonly mode: "worktree" | "in-place";
	readonly permission: RunnerPermission;
	/** It goes on in the folder as an earlier run left it. */
	readonly goesOn: boolean;
	/** `msgcode human ask` can be called. */
	readonly canAsk: boolean;
}

/** What the runner of this request is sent; null where it is sent no text. */
export function promptFor(ledger: Ledger, request: RunRequest): string | null {
	const { inputs } = request.runner.capability;
	if (!inputs.includes("prompt")) return inputs.includes("text") ? request.prompt : null;
	return composePrompt({
		prompt: request.prompt,
		taskId: request.taskId,
		title: request.title,
		files: request.payload.files ?? [],
		checks: request.checks,
		mode: request.mode,
		permission: request.constraints.permission ?? "edit",
		goesOn: request.goOn,
		canAsk: typeof findProgram("msgcode", ledger.env.PATH ?? "") === "string",
	});
}

export function composePrompt(facts: PromptFacts): string {
	const { taskId, title, files, checks, goesOn, canAsk } = facts;
	const own = facts.prompt.trim() === "" ? title : facts.prompt.trimEnd();
	const notes = [
		`This is the task ${taskId}, "${title}". Its file is ${definitionPath(taskId)} of the workspace (MSGCODE_TASK_FILE names it). Change nothing in tasks/.`,
		whereItIs(facts),
		...(goesOn
			? ["An earlier run left its work here. Look at what is there (git status, git diff) and go on from it."]
			: []),
		...(files.length > 0 ? [`These files matter: ${files.join(", ")}.`] : []),
		...(checks.length > 0
			? [`When you are done, these commands are run here and must all succeed:${checks.map(checkLine).join("")}`]
			: []),
		...(canAsk
			? ['What only a person can decide: `msgcode human ask "<question>"` waits for the answer and prints it.']
			: []),
		"What you say last becomes the summary for the reviewer: what you changed, what you left, what to look at. Say it plainly when something is not done.",
	];
	return `${own}\n\n---\n\n${notes.map((note) => `- ${note}\n`).join("")}`;
}

function whereItIs({ mode, permission }: PromptFacts): string {
	if (permission === "read-only") return "You work in the current folder and change no file in it: read, and report.";
	if (mode === "in-place") {
		return "You work in the user's own checkout, the current folder: what you change is changed at once. Do not commit, push or switch branches.";
	}
	return "You work in the current folder, a git worktree made for this run. What you leave in it and git does not ignore becomes the patch; nothing has to be committed. Stay in it: do not push, do not switch branches, leave `git stash` and `git config` alone.";
}

function checkLine(check: string | readonly string[]): string {
	return `\n  - ${typeof check === "string" ? check : check.join(" ")}`;
}
