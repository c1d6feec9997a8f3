// `npm run demo`: one task from its first line to its landed patch, with the built program in a repository of its own.
// Every command that is shown is the one that runs; what is claimed at the end has been checked. A step that does not
// end as it should ends the demo with exit code 1.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildStage, git, removeStage, runLine, type Stage, userWork } from "./stage.ts";

const { values: options } = parseArgs({
	options: { keep: { type: "boolean", default: false }, start: { type: "boolean", default: false } },
});
const color = process.stdout.isTTY && (process.env.NO_COLOR ?? "") === "";

class Failed extends Error {}

function bold(text: string): string {
	return color ? `\u001b[1m${text}\u001b[22m` : text;
}

function say(text: string): void {
	process.stdout.write(`${text}\n`);
}

/** Shows a command line, runs it and shows what it printed. */
function step(stage: Stage, line: string, expected: "succeeds" | "fails" = "succeeds"): string {
	say(bold(`$ ${line}`));
	const { exitCode, output } = runLine(stage, line);
	say(output);
	if ((exitCode === 0) !== (expected === "succeeds")) throw new Failed(`This step ended with exit code ${exitCode}.`);
	return output;
}

function chapter(text: string): void {
	say(`${bold(`# ${text}`)}\n`);
}

function play(stage: Stage): void {
	chapter("A repository with a failing test, and somebody's unfinished work in it");
	step(stage, "git status --short");
	step(stage, "node --test | sed -n 1,2p");
	const before = userWork(stage);

	chapter("Keep tasks in it, and write one");
	step(stage, "msgcode init");
	const added = step(
		stage,
		[
			"msgcode task add 'Make cents add up' \\",
			"    --prompt '0.1 + 0.2 must be 0.3: add up whole cents.' \\",
			"    --check 'node --test' --runner shell -- node scripts/fix-total.mjs",
		].join("\n"),
	);
	const id = /tsk_\w+/.exec(added)?.[0] ?? "";
	step(stage, "msgcode task list");

	chapter("Run it in a worktree of its own: the checkout is not touched");
	step(stage, `msgcode task run ${id} --worktree`);
	const untouched = userWork(stage);
	step(stage, `msgcode task diff ${id}`);

	chapter("Land the patch, close the task");
	step(stage, `msgcode task apply ${id} --yes`);
	step(stage, `msgcode task close ${id}`);

	chapter("git is the record");
	step(stage, `msgcode task log ${id}`);
	step(stage, "git log --oneline");
	step(stage, "node --test | sed -n 1,2p");
	prove(stage, id, before, untouched);
}

function prove(stage: Stage, id: string, before: readonly string[], untouched: readonly string[]): void {
	const landing = git(stage, "log", "--format=%H", "--fixed-strings", "--grep=Msgcode-Op: apply");
	const claims: readonly (readonly [string, boolean])[] = [
		["the test is green", runLine(stage, "node --test").exitCode === 0],
		[
			"the patch is on main, in one commit with its landing.json",
			/^src\/total\.js$/m.test(filesOf(stage, landing)) && /\/landing\.json$/m.test(filesOf(stage, landing)),
		],
		["the run left the checkout as it was", same(untouched, before)],
		["the unfinished work is as it was: dirty, staged and untracked", same(userWork(stage), before)],
		["the worktree and its branch are gone", isGone(stage, id)],
		["everything in tasks/ is committed", git(stage, "status", "--porcelain", "--", "tasks") === ""],
		["git finds nothing wrong", runLine(stage, "git fsck --strict --no-dangling").exitCode === 0],
	];
	chapter("What this has shown");
	for (const [claim, holds] of claims) say(`${holds ? "✔" : "✘"} ${claim}`);
	say("");
	if (claims.some(([, holds]) => !holds)) throw new Failed("Not everything is as it should be.");
}

function filesOf(stage: Stage, commit: string): string {
	return /^[0-9a-f]{40,64}$/.test(commit) ? git(stage, "show", "--format=", "--name-only", commit) : "";
}

function isGone(stage: Stage, id: string): boolean {
	const checkouts = git(stage, "worktree", "list", "--porcelain").match(/^worktree /gm);
	const branches = git(stage, "for-each-ref", "refs/heads/msgcode/");
	return !existsSync(join(stage.repository, "worktrees", id)) && checkouts?.length === 1 && branches === "";
}

function same(left: readonly string[], right: readonly string[]): boolean {
	return JSON.stringify(left) === JSON.stringify(right);
}

const stage = buildStage();
const kept = options.keep || options.start;
process.once("SIGINT", () => {}); // the step in progress ends by it, and so does the demo
try {
	if (!options.start) play(stage);
	if (kept) say(`The repository is ${stage.repository}; delete ${stage.folder} when you are done.`);
} catch (error) {
	if (!(error instanceof Failed)) throw error;
	process.stderr.write(`${error.message}${kept ? ` See ${stage.repository}.` : ""}\n`);
	process.exitCode = 1;
} finally {
	if (!kept) removeStage(stage);
}
