// Runs a history: clones of one repository work apart, merge now and then, and come together at the end. Two ends are proven:
// two clones get the same ledger whichever side merges; several, in any order, all end with the same one.
import { fsck } from "../../src/fsck/fsck.ts";
import { checkLedger } from "../../src/ledger/health.ts";
import { runCli } from "../support/cli.ts";
import type { Script, Step } from "./actions.ts";
import {
	type Clone,
	git,
	headOf,
	makeTemplate,
	makeWorld,
	noteState,
	removeWorld,
	type Template,
	tryGit,
	type World,
} from "./clone.ts";
import { piecesOf, seenFromTheOtherSide } from "./conflict-text.ts";
import { type MergeOutcome, mergeInto, type Settling, startMerge } from "./merging.ts";
import { perform } from "./perform.ts";

export interface HistoryFigures {
	histories: number;
	steps: number;
	merges: number;
	conflicts: number;
	runs: number;
}

export function noHistories(): HistoryFigures {
	return { histories: 0, steps: 0, merges: 0, conflicts: 0, runs: 0 };
}

export interface HistoryOptions {
	readonly template: Template;
	readonly driver: boolean;
	readonly realRuns?: boolean;
	readonly figures?: HistoryFigures;
	/** Leave the clones of a history that fails. */
	readonly keep?: boolean;
}

/** The tasks that every history begins with: each layout, one that is done, one that was run. */
export function template(driver: boolean, main: string): Promise<Template> {
	return makeTemplate(driver, main, async (world, clone) => {
		const beginning: readonly Step["action"][] = [
			{ kind: "add", layout: "as msgcode writes it" },
			{ kind: "add", layout: "by hand, without gaps" },
			{ kind: "add", layout: "CRLF" },
			{ kind: "add", layout: "with comments" },
			{ kind: "add", layout: "as msgcode writes it" },
			{ kind: "edit", task: 0, keys: ["priority", "assignee", "files", "checks", "timeout", "runner"] },
			{ kind: "run", task: 4, changes: true, ok: true },
			{ kind: "run", task: 3, changes: false, ok: true },
			{ kind: "add", layout: "as msgcode writes it" },
			{ kind: "add", layout: "as msgcode writes it" },
			{ kind: "run", task: 6, changes: true, ok: true },
			// Of the open ones, the fourth, then the last.
			{ kind: "close", task: 3, as: "done" },
			{ kind: "close", task: 5, as: "canceled" },
			{ kind: "remove", task: 5 },
		];
		for (const action of beginning) if (action.kind !== "merge") await perform(world, clone, action);
	});
}

/** Two clones work apart and meet: whichever merges first, it is the same, and merging again changes nothing. */
export function bothWays(options: HistoryOptions, script: Script): Promise<void> {
	return history(options, script, async (world) => {
		const [a, b] = world.clones as [Clone, Clone];
		await workApart(world, script);
		const [tipA, tipB] = [headOf(a), headOf(b)];
		const one = startMerge(world, a, b);
		if (headOf(a) === tipB || headOf(a) === tipA) return; // one has all that the other has
		git(b, "fetch", "--quiet", "--no-tags", a.path, tipA);
		const other = mergeOf(world, b, a, tipA);
		compareOutcomes(world, one, other);
		compareIndexes(a, b, [...one.texts.keys()]);
		if (one.open) return;
		await healthy(world, a);
		await healthy(world, b);
		// Once more, and then crosswise: nothing is added, nothing goes.
		const before = ledgerAt(a);
		for (const [into, from] of [
			[a, b],
			[b, a],
			[a, b],
		] as const) {
			const again = mergeInto(world, into, from, "ours");
			if (again.open) throw new Error(`merging again is in conflict: ${again.unmerged.join(", ")}`);
			same("merging again changed the ledger", before, ledgerAt(into));
		}
	});
}

/** Several clones merge from each other in any order until all have all: then all have the same ledger. */
export function untilAllHaveAll(options: HistoryOptions, script: Script, settling: Settling): Promise<void> {
	return history(options, script, async (world) => {
		const { clones } = world;
		await workApart(world, script, settling);
		for (const { into, from } of script.order) {
			const [one, other] = [clones[into], clones[from]];
			if (one !== undefined && other !== undefined && one !== other) mergeInto(world, one, other, settling);
		}
		for (let round = 0; new Set(clones.map(ledgerAt)).size > 1; round += 1) {
			if (round === ROUNDS) throw new Error(`after ${ROUNDS} rounds of merges the clones still differ`);
			for (const into of clones) {
				for (const from of clones) if (headOf(into) !== headOf(from)) mergeInto(world, into, from, settling);
			}
		}
		await healthy(world, clones[0] as Clone);
	});
}

/** How often everybody merges from everybody before it counts as not coming to an end. */
const ROUNDS = 4;

async function history(options: HistoryOptions, script: Script, play: (world: World) => Promise<void>): Promise<void> {
	const { figures, driver } = options;
	const world = makeWorld(options.template, { driver, realRuns: options.realRuns === true }, script.clones);
	let keep = false;
	try {
		await play(world);
		if (figures !== undefined) count(figures, world.account);
	} catch (error) {
		keep = options.keep === true;
		const where = keep ? `\nThe clones are left in ${world.home}.` : "";
		const beginning = `${world.clones.length} clones, ${driver ? "with" : "without"} the merge driver:`;
		throw new Error(`${(error as Error).stack}\n\nWhat was done, ${beginning}\n${world.account.join("\n")}${where}\n`);
	} finally {
		if (!keep) removeWorld(world);
	}
}

function count(figures: HistoryFigures, account: readonly string[]): void {
	const lines = (pattern: RegExp) => account.filter((line) => pattern.test(line)).length;
	figures.histories += 1;
	figures.merges += lines(/^\w merges /);
	figures.conflicts += lines(/^\w merges .*: conflict in /);
	figures.runs += lines(/^\w: runs /);
	figures.steps += lines(/^\w: /);
}

async function workApart(world: World, { steps }: Script, settling?: Settling): Promise<void> {
	for (const { by, action } of steps) {
		const clone = world.clones[by % world.clones.length] as Clone;
		if (action.kind !== "merge") await perform(world, clone, action);
		else {
			const from = world.clones[action.from % world.clones.length] as Clone;
			if (from !== clone) mergeInto(world, clone, from, settling ?? action.take);
		}
	}
}

/** The other direction of a merge that was made already: from the commit where the other clone stood before. */
function mergeOf(world: World, into: Clone, from: Clone, tip: string): MergeOutcome {
	const now = headOf(from);
	const conflicted = tryGit(from, "rev-parse", "--verify", "--quiet", "MERGE_HEAD").code === 0;
	if (now === tip || conflicted) return startMerge(world, into, from);
	// The branch has moved on by its own merge: step aside for the moment of the other one.
	git(from, "branch", "--quiet", "merged", now);
	git(from, "reset", "--quiet", "--hard", tip);
	const outcome = startMerge(world, into, from);
	git(from, "reset", "--quiet", "--hard", now);
	return outcome;
}

function compareOutcomes(world: World, one: MergeOutcome, other: MergeOutcome): void {
	same("the conflicts depend on the side", [...one.texts.keys()].join("\n"), [...other.texts.keys()].join("\n"));
	if (!world.driver) return;
	for (const path of one.unmerged.filter((name) => /tsk_[0-9a-z]{10}\.(md|json)$/.test(name))) {
		const mine = JSON.stringify(piecesOf(one.texts.get(path) ?? ""), null, 1);
		const yours = JSON.stringify(seenFromTheOtherSide(other.texts.get(path) ?? ""), null, 1);
		same(`the conflict in ${path} depends on the side`, mine, yours);
	}
}

/** What git has merged in both directions, path by path; runs.jsonl is a set of lines and compared as one. */
function compareIndexes(a: Clone, b: Clone, unmerged: readonly string[]): void {
	const entries = (clone: Clone) =>
		git(clone, "ls-files", "--stage")
			.split("\n")
			.filter((line) => !/\ttasks\/runs\.jsonl$/.test(line) && !unmerged.some((path) => line.endsWith(`\t${path}`)))
			.join("\n");
	same("the merged files depend on the side", entries(a), entries(b));
	const lines = (clone: Clone) => [...noteOrRead(clone)].sort().join("\n");
	same("the run lines depend on the side", lines(a), lines(b));
}

function noteOrRead(clone: Clone): Set<string> {
	return new Set(git(clone, "show", ":tasks/runs.jsonl").split("\n"));
}

/** The committed ledger and code as text: runs.jsonl and what it was rotated into as a set of lines. */
function ledgerAt(clone: Clone): string {
	const tree = git(clone, "ls-tree", "-r", "HEAD").split("\n");
	const isLog = (line: string) => /\ttasks\/(runs\.jsonl|archive\/\d{4}\/runs-[0-9a-f]{16}\.jsonl)$/.test(line);
	const logs = tree.filter(isLog).map((line) => git(clone, "cat-file", "blob", line.split(/[ \t]/)[2] as string));
	const lines = [...new Set(logs.flatMap((log) => log.split("\n")))].sort();
	return [...tree.filter((line) => !isLog(line)), ...lines].join("\n");
}

function same(what: string, one: string, other: string): void {
	if (one === other) return;
	const [left, right] = [one.split("\n"), other.split("\n")];
	const only = (these: string[], those: string[]) => these.filter((line) => !those.includes(line)).join("\n");
	throw new Error(`${what}:\n--- one\n${only(left, right)}\n--- other\n${only(right, left)}`);
}

/** The program's own look at a clone: no finding, no damage, and a list of all tasks that are there. */
async function healthy(world: World, clone: Clone): Promise<void> {
	const check = await checkLedger(clone.ledger, () => false);
	if (check.status !== "ok") throw new Error(`doctor finds in ${clone.name}: ${JSON.stringify(check)}`);
	const report = await fsck(clone.ledger, () => false);
	if (report.verdict === "damaged") {
		const findings = report.checks.flatMap((one) => one.findings).filter(({ verdict }) => verdict === "damaged");
		throw new Error(`fsck finds in ${clone.name}: ${JSON.stringify(findings)}`);
	}
	const ids = new Set<string>();
	for (const which of [
		["--all", "--removed"],
		["--archived", "--all", "--removed"],
	]) {
		const list = await runCli(["task", "list", ...which, "--json"], { cwd: clone.path, env: clone.env });
		if (list.exitCode !== 0) throw new Error(`task list fails in ${clone.name}: ${list.stdout}${list.stderr}`);
		for (const { id } of list.json().data as { id: string }[]) ids.add(id);
	}
	const listed = [...ids].sort();
	const known = [...noteState(world, clone).tasks.keys()].sort();
	same(`task list of ${clone.name} is not the tasks that are there`, listed.join("\n"), known.join("\n"));
}
