// Every command there is, in an order in which each has something to do.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Declaration, isGroup, nameOf } from "../../src/cli/declaration.ts";
import { nouns } from "../../src/cli/nouns.ts";
import type { CliResult } from "./cli.ts";

/** Files that the tour's landing brings to the checkout, relative to the workspace. */
export const LANDED = ["landed.txt", "landed too.txt"];

export interface Step {
	readonly argv: readonly string[];
	/** Exit code; 0 unless given. */
	readonly exit?: number;
	/** Done before the command, by the user. */
	readonly before?: () => void;
	readonly after?: (result: CliResult) => void;
	/** Part of the short tour as well: the way of one task from its birth to its landing. */
	readonly short?: true;
}

/** The steps in the workspace at `root`. Each result must be handed to its step's `after` before the next is asked for. */
export function* tourSteps(root: string): Generator<Step> {
	let result: CliResult | undefined;
	const after = (given: CliResult) => {
		result = given;
	};
	const id = () => result?.json().data.id as string;
	const runId = () => result?.json().data.runId as string;
	const script = (text: string) => ["--", "sh", "-c", text];
	const unwanted = script("echo no >unwanted.txt");

	yield { argv: ["init"], short: true };
	yield { argv: ["completion", "bash"] };
	yield { argv: ["task", "add", "Land it", "--json"], after, short: true };
	const task = id();
	yield { argv: ["task", "add", "Drop it", "--json"], after, short: true };
	const other = id();
	yield { argv: ["template", "list"] };
	yield { argv: ["template", "show", "docs"] };
	yield { argv: ["runner", "list"] };
	yield { argv: ["runner", "show", "shell"] };
	yield { argv: ["runner", "probe", "shell", "--json"] };
	yield { argv: ["preflight"] };
	yield { argv: ["human", "list"] };
	yield { argv: ["human", "ask", "May I?"], exit: 2 };
	yield { argv: ["human", "reply", "q_0000000000", "--answer", "yes"], exit: 3 };
	yield { argv: ["task", "edit", task, "--title", "Land it well", "--priority", "7"] };
	yield { argv: ["task", "block", task, "--reason", "for a moment"] };
	yield { argv: ["task", "reopen", task] };
	yield { argv: ["task", "approve", task, "--yes"] };
	yield { argv: ["task", "list"], short: true };
	yield { argv: ["task", "list", "--no-index", "--json"] };
	yield { argv: ["task", "ready"] };
	yield { argv: ["task", "show", task] };
	yield { argv: ["task", "show", task, "--json"] };
	const landed = script('printf x >landed.txt; printf y >"landed too.txt"');
	yield { argv: ["task", "run", task, "--json", ...landed], after, short: true };
	const run = runId();
	yield { argv: ["task", "run", other, "--json", ...script("echo no >unwanted.txt; exit 3")], exit: 1 };
	yield { argv: ["task", "worktree", "list"], short: true };
	yield { argv: ["task", "worktree", "path", task] };
	yield { argv: ["task", "worktree", "rm", other, "--yes"] };
	yield { argv: ["task", "run", other, "--carry", "--json", ...unwanted], after };
	const dropped = runId();
	yield { argv: ["task", "runs", task] };
	yield { argv: ["run", "list"] };
	yield { argv: ["run", "show", run] };
	yield { argv: ["run", "logs", run], short: true };
	yield { argv: ["run", "cancel", run], exit: 4 };
	yield { argv: ["run", "allow-secret", run], exit: 4 };
	yield { argv: ["task", "diff", task], short: true };
	yield { argv: ["task", "diff", task, "--stat"] };
	yield { argv: ["export", task, "--format", "github"] };
	yield { argv: ["task", "reject", other, "--run", dropped, "--reason", "not wanted", "--yes"] };
	yield { argv: ["task", "apply", task, "--dry-run"] };
	yield { argv: ["task", "apply", task, "--yes", "--no-sign"], short: true };
	yield { argv: ["task", "rollback", task, "--landing", "--yes", "--no-sign"] };
	yield { argv: ["undo", "--no-sign"] };
	yield { argv: ["task", "worktree", "prune", "--yes"] };
	yield { argv: ["task", "log", task], short: true };
	yield { argv: ["task", "log", task, "-p"] };
	yield { argv: ["log"] };
	yield { argv: ["run", "compare", run, dropped] };
	const before = () => {
		const file = join(root, "tasks", `${other}.md`);
		writeFileSync(file, `${readFileSync(file, "utf8")}\nEdited by hand.\n`);
	};
	yield { argv: ["commit", "--yes"], before, short: true };
	yield { argv: ["task", "close", task, "--reason", "landed"], short: true };
	yield { argv: ["undo"] };
	yield { argv: ["undo", "--dry-run"] };
	yield { argv: ["undo"] };
	yield { argv: ["task", "rm", other, "--yes"] };
	yield { argv: ["task", "rollback", other, "--to", "HEAD~1"] };
	yield { argv: ["undo"] };
	yield { argv: ["sync"], exit: 4 };
	const file = join(root, "tasks", `${task}.md`);
	yield { argv: ["merge-driver", file, file, file, "--dry-run"] };
	yield { argv: ["task", "archive", task], short: true };
	yield { argv: ["task", "list", "--archived"] };
	yield { argv: ["task", "edit", task, "--priority", "2"] };
	yield { argv: ["task", "archive", "--older-than", "0s"] };
	yield { argv: ["backup", join(root, ".git", "copy.bundle")], exit: 4 };
	yield { argv: ["doctor"], short: true };
	yield { argv: ["fsck"], short: true };
	yield { argv: ["prime"] };
}

export interface TourOptions {
	/** Looks at the state of things after each step. */
	readonly check?: (line: string) => void;
	readonly short?: boolean;
}

/** Takes the steps through `run`; fails unless every declared command was among them, where the tour is not a short one. */
export async function takeTour(
	root: string,
	run: (...argv: string[]) => Promise<CliResult>,
	options: TourOptions = {},
): Promise<void> {
	const taken = new Set<string>();
	for (const step of tourSteps(root)) {
		if (options.short === true && step.short !== true) continue;
		step.before?.();
		const line = `msgcode ${step.argv.join(" ")}`;
		const result = await run(...step.argv);
		expect(result.exitCode, `${line}\n${result.stdout}${result.stderr}`).toBe(step.exit ?? 0);
		options.check?.(line);
		step.after?.(result);
		taken.add(commandOf(step.argv));
	}
	if (options.short !== true) expect([...taken].sort()).toEqual(declaredCommands().sort());
}

/** `task worktree list` for every command that is declared. */
function declaredCommands(declarations: readonly Declaration[] = nouns, path = ""): string[] {
	return declarations.flatMap((declaration) => {
		const words = `${path}${nameOf(declaration)}`;
		return isGroup(declaration) ? declaredCommands(declaration.verbs, `${words} `) : [words];
	});
}

/** The declared command that a line begins with. */
function commandOf(argv: readonly string[]): string {
	const line = `${argv.join(" ")} `;
	return declaredCommands().find((command) => line.startsWith(`${command} `)) ?? line;
}
