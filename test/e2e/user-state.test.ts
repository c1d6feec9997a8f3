// No command touches the user's work. In a repository full of staged, half-staged, dirty, untracked and ignored files, with
// settings and hooks that get in every tool's way, each command there is leaves every file and every index entry of the
// user's identical, runs none of their hooks and programs, and their next commit holds what they staged.
import { expect, test } from "vitest";
import { type Declaration, isGroup, nameOf } from "../../src/cli/declaration.ts";
import { nouns } from "../../src/cli/nouns.ts";
import type { CliResult } from "../support/cli.ts";
import type { Repo } from "../support/repo.ts";
import { clearMarks, marksOf, ODD_NAME, quietGit, userWork, userWorkOf } from "../support/user-work.ts";

const LANDED = ["landed.txt", "landed too.txt"];

interface Step {
	readonly argv: readonly string[];
	/** 0 unless given. */
	readonly exit?: number;
	readonly stdin?: string;
	/** Done before the command, by the user. */
	readonly before?: () => void;
	readonly after?: (result: CliResult) => void;
}

/** Every command, in an order in which each has something to do. */
function* steps(made: Repo): Generator<Step> {
	let result: CliResult | undefined;
	const keep = (given: CliResult) => {
		result = given;
	};
	const id = () => result?.json().data.id as string;
	const runId = () => result?.json().data.runId as string;
	yield { argv: ["init"] };
	yield { argv: ["completion", "bash"] };
	yield { argv: ["task", "add", "Land it", "--json"], after: keep };
	const task = id();
	yield { argv: ["task", "add", "Drop it", "--json"], after: keep };
	const other = id();
	yield { argv: ["task", "edit", task, "--title", "Land it well", "--priority", "7"] };
	yield { argv: ["task", "block", task, "--reason", "for a moment"] };
	yield { argv: ["task", "reopen", task] };
	yield { argv: ["task", "approve", task, "--yes"] };
	yield { argv: ["task", "list"] };
	yield { argv: ["task", "list", "--no-index", "--json"] };
	yield { argv: ["task", "ready"] };
	yield { argv: ["task", "show", task] };
	yield { argv: ["task", "show", task, "--json"] };
	const script = 'printf x >landed.txt; printf y >"landed too.txt"';
	yield { argv: ["task", "run", task, "--json", "--", "sh", "-c", script], after: keep };
	const run = runId();
	yield { argv: ["task", "run", other, "--json", "--", "sh", "-c", "echo no >unwanted.txt; exit 3"], exit: 1 };
	yield { argv: ["task", "worktree", "list"] };
	yield { argv: ["task", "worktree", "path", task] };
	yield { argv: ["task", "worktree", "rm", other, "--yes"] };
	yield { argv: ["task", "run", other, "--carry", "--json", "--", "sh", "-c", "echo no >unwanted.txt"], after: keep };
	const dropped = runId();
	yield { argv: ["task", "runs", task] };
	yield { argv: ["run", "list"] };
	yield { argv: ["run", "show", run] };
	yield { argv: ["run", "logs", run] };
	yield { argv: ["run", "cancel", run], exit: 4 };
	yield { argv: ["run", "allow-secret", run], exit: 4 };
	yield { argv: ["task", "diff", task] };
	yield { argv: ["task", "diff", task, "--stat"] };
	yield { argv: ["task", "reject", other, "--run", dropped, "--reason", "not wanted", "--yes"] };
	yield { argv: ["task", "apply", task, "--dry-run"] };
	yield { argv: ["task", "apply", task, "--yes", "--no-sign"] };
	yield { argv: ["task", "worktree", "prune", "--yes"] };
	yield { argv: ["task", "log", task] };
	yield { argv: ["task", "log", task, "-p"] };
	const byHand = () => {
		made.write(`tasks/${other}.md`, `${made.read(`tasks/${other}.md`)}\nEdited by hand.\n`);
	};
	yield { argv: ["commit", "--yes"], before: byHand };
	yield { argv: ["task", "close", task, "--reason", "landed"] };
	yield { argv: ["task", "rm", other, "--yes"] };
	yield { argv: ["sync"], exit: 4 };
	yield { argv: ["doctor"] };
	yield { argv: ["prime"] };
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

test.each([
	{ hooks: "git", indexVersion: 2 },
	{ hooks: "path", indexVersion: 4 },
] as const)("hooks in git's $hooks folder, index version $indexVersion", async (options) => {
	const made = await userWork(options);
	const before = userWorkOf(made, LANDED);
	expect(Object.keys(before.index).length).toBeGreaterThan(15);
	expect(Object.keys(before.files).length).toBeGreaterThan(20);
	const staged = quietGit(
		made,
		"diff",
		"--cached",
		"--no-ext-diff",
		"--raw",
		"--no-renames",
		"--abbrev=40",
		"-z",
		"HEAD",
	);
	const tried = new Set<string>();
	for (const step of steps(made)) {
		step.before?.();
		const line = `msgcode ${step.argv.join(" ")}`;
		const result = await made.msgcodeWith({ stdin: step.stdin ?? "" }, ...step.argv);
		expect(result.exitCode, `${line}\n${result.stdout}${result.stderr}`).toBe(step.exit ?? 0);
		expect(marksOf(made), `${line} ran a hook or a program of the user's`).toEqual([]);
		expect(userWorkOf(made, LANDED), `after ${line}`).toEqual(before);
		step.after?.(result);
		tried.add(commandOf(step.argv));
	}
	expect([...tried].sort()).toEqual(declaredCommands().sort());

	// What the user commits next is what they had staged, no more and no less.
	expect(made.read("landed.txt")).toBe("x");
	made.git(
		"-c",
		"commit.gpgsign=false",
		"-c",
		"core.hooksPath=/dev/null",
		"commit",
		"--quiet",
		"--no-verify",
		"-m",
		"mine",
	);
	const committed = quietGit(
		made,
		"diff",
		"--no-ext-diff",
		"--raw",
		"--no-renames",
		"--abbrev=40",
		"-z",
		"HEAD~1",
		"HEAD",
	);
	expect(committed).toBe(staged);
	expect(committed).toContain(`new ${ODD_NAME}`);
	clearMarks(made);
});

test("a landing that the user's settings want signed fails as a whole when it cannot be", async () => {
	const made = await userWork({ hooks: "path" });
	const added = await made.msgcode("task", "add", "Land it", "--json");
	const id = added.json().data.id;
	expect((await made.msgcode("task", "run", id, "--", "sh", "-c", "echo x >landed.txt")).exitCode).toBe(0);
	const before = userWorkOf(made);
	const head = quietGit(made, "rev-parse", "HEAD");
	const result = await made.msgcode("task", "apply", id, "--yes", "--json");
	expect(result.json().error.code).toBe("signing_failed");
	expect(quietGit(made, "rev-parse", "HEAD")).toBe(head);
	expect(userWorkOf(made)).toEqual(before);
	expect(marksOf(made)).toEqual(["mark-gpg"]);
	expect(made.exists("landed.txt")).toBe(false);
});

test("a pre-commit hook that says no stops a landing that asked for it, and leaves everything", async () => {
	const made = await userWork({ hooks: "git" });
	const id = (await made.msgcode("task", "add", "Land it", "--json")).json().data.id;
	await made.msgcode("task", "run", id, "--", "sh", "-c", "echo x >landed.txt");
	const before = userWorkOf(made);
	const result = await made.msgcode("task", "apply", id, "--yes", "--no-sign", "--verify", "--json");
	expect(result.exitCode).toBe(1);
	expect(marksOf(made)).toContain("mark-hook-pre-commit");
	expect(userWorkOf(made)).toEqual(before);
});
