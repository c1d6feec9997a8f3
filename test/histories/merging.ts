// A real `git merge` of one clone's branch into another's, and whether what came of it is what it had to be: clean and right, or
// an honest conflict that both sides' words stand in.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Side } from "./actions.ts";
import { type Clone, git, headOf, noteState, tryGit, type World } from "./clone.ts";
import { hunkwise } from "./conflict-text.ts";
import { type Reading, type ReadTask, readCheckout, type Values } from "./reading.ts";
import { type Conflicts, mergeReadings, mergeWords, sameValue } from "./three-way.ts";
import { taskOfWord } from "./words.ts";

/** How a conflict is settled: by a side, or by the text itself, so that two clones settle it alike. */
export type Settling = Side | "lesser" | "greater";

export interface MergeOutcome {
	/** The commits that were merged. */
	readonly ours: string;
	readonly theirs: string;
	/** Paths that git left unmerged, sorted. */
	readonly unmerged: readonly string[];
	/** Their texts with markers. */
	readonly texts: ReadonlyMap<string, string>;
	/** Definitions that git merged by itself into one that holds a key twice; every reader says so. */
	readonly doubled: readonly string[];
	/** Git, or a reader, wants a person to settle something. */
	readonly open: boolean;
}

/** Merges, checks, and settles what is in conflict. Throws with what is wrong. */
export function mergeInto(world: World, into: Clone, from: Clone, settling: Settling): MergeOutcome {
	const outcome = startMerge(world, into, from);
	if (outcome.open) settle(world, into, settling, outcome);
	return outcome;
}

/** Merges and checks; a conflict is left as git left it. */
export function startMerge(world: World, into: Clone, from: Clone): MergeOutcome {
	const [ours, theirs] = [headOf(into), headOf(from)];
	git(into, "fetch", "--quiet", "--no-tags", from.path, "main");
	const bases = git(into, "merge-base", "--all", ours, theirs).split("\n");
	const { code, said } = tryGit(into, "merge", "--no-edit", theirs);
	const status = statusOf(into);
	const unmerged = status.filter(([letters]) => UNMERGED.test(letters)).map(([, path]) => path);
	const what = `${into.name} merges ${from.name}`;
	if (code !== 0 && unmerged.length === 0) throw new Error(`${what}: git failed: ${said}`);
	world.account.push(`${what}${unmerged.length === 0 ? "" : `: conflict in ${unmerged.join(", ")}`}`);
	const reading = readCheckout(into.path);
	if (unmerged.length === 0) world.states.set(headOf(into), reading);
	const sides = {
		base: commonState(world, into, bases),
		ours: stateAt(world, ours),
		theirs: stateAt(world, theirs),
	};
	const texts = new Map(unmerged.map((path) => [path, textAt(into, path)]));
	const doubled = world.driver ? [] : doubledIn(reading, unmerged);
	for (const path of doubled) texts.set(path, textAt(into, path));
	const problems = [
		...(unmerged.length === 0 ? status.map((line) => `git status is not clean after a clean merge: ${line}`) : []),
		...checkTasks(world, sides, reading, texts),
		...checkRuns(sides, reading),
		...foreignWords(world, reading),
	];
	if (problems.length > 0) throw new Error(`${what}:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
	return { unmerged, texts, doubled, open: texts.size > 0, ours, theirs };
}

interface Sides {
	readonly base: Common;
	readonly ours: Reading;
	readonly theirs: Reading;
}

interface Common {
	readonly reading: Reading;
	/** Files in which the common ancestors contradict each other. */
	readonly conflicts: Conflicts;
}

function stateAt(world: World, commit: string): Reading {
	const state = world.states.get(commit);
	if (state === undefined) throw new Error(`no state is known of ${commit}`);
	return state;
}

/** The state that both sides began from; where there are several, they are merged themselves, as git does. */
function commonState(world: World, clone: Clone, bases: readonly string[]): Common {
	const [first = "", ...others] = bases;
	let common: Common = { reading: stateAt(world, first), conflicts: new Map() };
	for (const other of others) {
		const below = git(clone, "merge-base", "--all", first, other).split("\n");
		const base = commonState(world, clone, below);
		const { reading, conflicts } = mergeReadings(base.reading, common.reading, stateAt(world, other), world.driver);
		common = { reading, conflicts: new Map([...common.conflicts, ...base.conflicts, ...conflicts]) };
	}
	return common;
}

function checkTasks(
	world: World,
	{ base, ours, theirs }: Sides,
	reading: Reading,
	texts: ReadonlyMap<string, string>,
): string[] {
	const expected = mergeReadings(base.reading, ours, theirs, world.driver);
	const problems: string[] = [];
	const open = new Map([...texts].map(([path, text]) => [path.replace(/^.*?(?=tsk_)/, ""), text]));
	for (const name of open.keys()) {
		const explained = expected.conflicts.has(name) || isApart(ours, theirs, name.slice(0, "tsk_0123456789".length));
		if (!isTaskFile(name) && !explained) problems.push(`${name} is in conflict, which nothing explains`);
	}
	for (const [id, wanted] of expected.reading.tasks) {
		const number = world.ids.indexOf(id);
		const found = reading.tasks.get(id);
		if (found === undefined) {
			problems.push(`T${number} has disappeared`);
			continue;
		}
		const three: Three = { base: base.reading.tasks.get(id), ours: ours.tasks.get(id), theirs: theirs.tasks.get(id) };
		const apart = isApart(ours, theirs, id) && [...open.keys()].some((name) => name.startsWith(id));
		if (apart) {
			problems.push(
				...lostApart(
					`T${number}`,
					three,
					[...open].filter(([name]) => name.startsWith(id)),
					found,
				),
			);
			continue;
		}
		if (texts.size === 0 && found.home !== wanted.home)
			problems.push(`T${number} stands in ${found.home}, and should in ${wanted.home}`);
		for (const half of ["definition", "record"] as const) {
			const name = half === "definition" ? `${id}.md` : `${id}.json`;
			const conflicts = expected.conflicts.get(name) ?? [];
			const text = open.get(name);
			const context = {
				world,
				half,
				name: `T${number} ${name}`,
				conflicts,
				fragile: base.conflicts.has(name),
				doubled: DOUBLED.test(found.problems.join()),
			};
			problems.push(
				...(text === undefined ? checkClean(context, wanted, found) : checkConflict(context, three, wanted, text)),
			);
		}
		if (texts.size === 0 && found.problems.length > 0) problems.push(...found.problems);
	}
	const strangers = [...reading.tasks.keys()].filter((id) => !expected.reading.tasks.has(id));
	return [...problems, ...strangers.map((id) => `${id} came from nowhere`)];
}

/** One side archived the task and the other did not: git may find that it cannot tell where a file belongs. */
function isApart(ours: Reading, theirs: Reading, id: string): boolean {
	return ours.tasks.get(id)?.home !== theirs.tasks.get(id)?.home;
}

/** A task in conflict whose files stand in two places: between them they hold what both sides brought. */
function lostApart(name: string, three: Three, open: readonly [string, string][], found: ReadTask): string[] {
	const there = [found.text, ...open.map(([, text]) => text)].join("\n");
	const { base, ours, theirs } = three;
	const brought = mergeWords(base?.words ?? new Set(), ours?.words ?? new Set(), theirs?.words ?? new Set());
	return [...brought]
		.filter((word) => isBrought(word, base?.words, ours?.words, theirs?.words) && !there.includes(word))
		.map((word) => `${name} is in conflict, and ${word} is missing from it`);
}

function isTaskFile(name: string): boolean {
	return /^tsk_[0-9a-z]{10}\.(md|json)$/.test(name);
}

interface Three {
	readonly base: ReadTask | undefined;
	readonly ours: ReadTask | undefined;
	readonly theirs: ReadTask | undefined;
}

interface Context {
	readonly world: World;
	readonly half: "definition" | "record";
	readonly name: string;
	readonly conflicts: readonly string[];
	readonly fragile: boolean;
	readonly doubled: boolean;
}

/** A file that git merged by itself: every value is the one that it had to be, and nothing was settled in silence. */
function checkClean({ half, name, conflicts }: Context, wanted: ReadTask, found: ReadTask): string[] {
	if (conflicts.length > 0) return [`${name} merged, though both sides changed ${conflicts.join(", ")}`];
	const problems = differences(name, wanted[half], found[half]);
	if (half === "definition") problems.push(...wordDifferences(name, wanted.words, found.words));
	return problems;
}

/** A file in conflict: there must be a reason, and nothing that one side brought may be missing from it. */
function checkConflict(context: Context, three: Three, wanted: ReadTask, text: string): string[] {
	const { world, half, name, conflicts, fragile, doubled } = context;
	const problems: string[] = [];
	const marked = /^<{7}/m.test(text) || doubled;
	const excused =
		conflicts.length > 0 || fragile || (world.driver ? half === "definition" && noted(three) : clumsy(half, three));
	if (!excused) problems.push(`${name} is in conflict, though no key was changed by both sides`);
	const words = half === "definition" ? "words" : "recordWords";
	const [base, ours, theirs] = [three.base?.[words], three.ours?.[words], three.theirs?.[words]];
	const brought = mergeWords(base ?? new Set(), ours ?? new Set(), theirs ?? new Set());
	for (const word of brought) {
		if (!isBrought(word, base, ours, theirs) || text.includes(word)) continue;
		// What a closing settles (the reason of a block, say) need not stand there.
		if (half === "record" && world.driver && !wanted.recordWords.has(word)) continue;
		problems.push(`${name} is in conflict, and ${word} is missing from it`);
	}
	if (conflicts.length > 0 && !marked) problems.push(`${name} is unmerged, but holds no markers`);
	return problems;
}

function isBrought(word: string, base?: ReadonlySet<string>, ours?: ReadonlySet<string>, theirs?: ReadonlySet<string>) {
	return base?.has(word) !== true && (ours?.has(word) === true || theirs?.has(word) === true);
}

/** What merges of text cannot do without a clash now and then: keys that came or went, and lines without gaps. */
function clumsy(half: "definition" | "record", { base, ours, theirs }: Three): boolean {
	const sides = [base, ours, theirs];
	const keys = new Set(sides.map((side) => Object.keys(side?.[half] ?? {}).join(" ")));
	const spaced = sides.every((side) => half === "record" || isSpaced(side?.text ?? ""));
	return keys.size > 1 || !spaced || (half === "definition" && rewritten(base, ours, theirs));
}

/** The title's line is another one on both sides, though one of them may have changed no more than its quotes. */
function rewritten(...sides: Three[keyof Three][]): boolean {
	const [before, ...after] = sides.map((side) => /^title: .*$/m.exec(side?.text ?? "")?.[0]);
	return after.every((line) => line !== before);
}

/** A comment behind a value is part of it: one side changed the one, the other side the other. */
function noted({ base, ours, theirs }: Three): boolean {
	const differs = (key: string, one: ReadTask | undefined) =>
		[one?.definition[key] !== base?.definition[key], one?.notes[key] !== base?.notes[key]] as const;
	return Object.keys({ ...base?.notes, ...ours?.notes, ...theirs?.notes }).some((key) => {
		const [left, right] = [differs(key, ours), differs(key, theirs)];
		return left.some(Boolean) && right.some(Boolean) && (left[1] || right[1]);
	});
}

/** Front matter as msgcode writes it: a blank line behind every key, no comments. */
function isSpaced(text: string): boolean {
	const matter = /^---\n([\s\S]*?)^---\n/m.exec(text)?.[1] ?? "";
	return matter.split("\n\n").every((entry) => entry === "" || /^[\w-]+:[^\n#]*(\n {2}[^\n#]*)*$/.test(entry));
}

function differences(name: string, wanted: Values, found: Values): string[] {
	return [...new Set([...Object.keys(wanted), ...Object.keys(found)])].flatMap((key) =>
		sameValue(key, wanted[key], found[key]) ? [] : [`${name}: ${key} is ${found[key]}, and should be ${wanted[key]}`],
	);
}

function wordDifferences(name: string, wanted: ReadonlySet<string>, found: ReadonlySet<string>): string[] {
	const lost = [...wanted].filter((word) => !found.has(word)).map((word) => `${name} has lost ${word}`);
	return [...lost, ...[...found].filter((word) => !wanted.has(word)).map((word) => `${name} has got ${word} back`)];
}

/** Every run's files, byte for byte, and every line about it. */
function checkRuns({ ours, theirs }: Sides, reading: Reading): string[] {
	const problems: string[] = [];
	for (const line of new Set([...ours.runLines, ...theirs.runLines])) {
		if (!reading.runLines.has(line)) problems.push(`runs.jsonl has lost ${line}`);
	}
	for (const line of reading.runLines) {
		if (!ours.runLines.has(line) && !theirs.runLines.has(line)) problems.push(`runs.jsonl has got ${line}`);
	}
	for (const side of [ours, theirs]) {
		for (const [id, { runFiles }] of side.tasks) {
			const [o, t] = [ours.tasks.get(id)?.runFiles ?? {}, theirs.tasks.get(id)?.runFiles ?? {}];
			for (const [file, digest] of Object.entries(runFiles)) {
				const found = reading.tasks.get(id)?.runFiles[file];
				const twofold = o[file] !== undefined && t[file] !== undefined && o[file] !== t[file];
				if (found === undefined) problems.push(`the run file ${id}/${file} has disappeared`);
				else if (found !== digest && !twofold) problems.push(`the run file ${id}/${file} has other content`);
			}
		}
	}
	return problems;
}

/** No word of one task stands in what belongs to another. */
export function foreignWords(world: World, reading: Reading): string[] {
	return [...reading.tasks].flatMap(([id, { allWords }]) => {
		const number = world.ids.indexOf(id);
		const foreign = [...allWords].filter((word) => taskOfWord(word) !== number);
		return foreign.map((word) => `${word}, of T${taskOfWord(word)}, stands in T${number} (${id})`);
	});
}

const DOUBLED = /Map keys must be unique/;

/** Two sides add the same key, a blank line apart: for a merge of text these are two additions. */
function doubledIn(reading: Reading, unmerged: readonly string[]): string[] {
	return [...reading.tasks]
		.filter(([, { problems }]) => problems.some((problem) => DOUBLED.test(problem)))
		.map(([id, { home }]) => `${home}/${id}.md`)
		.filter((path) => !unmerged.includes(path));
}

const UNMERGED = /^(U.|.U|AA|DD)$/;

/** Letters and path of everything that differs from HEAD, sorted by path. */
function statusOf(clone: Clone): [letters: string, path: string][] {
	const lines = git(clone, "status", "--porcelain", "--no-renames", "-z").split("\0");
	return lines.flatMap((line): [string, string][] => (line === "" ? [] : [[line.slice(0, 2), line.slice(3)]]));
}

function textAt(clone: Clone, path: string): string {
	const file = join(clone.path, path);
	return existsSync(file) ? readFileSync(file, "utf8") : "";
}

/** Settles each file as a person would who takes one side, and looks whether only open values were settled by it. */
function settle(world: World, clone: Clone, settling: Settling, outcome: MergeOutcome): void {
	for (const [path, text] of outcome.texts) {
		const wholly = !path.endsWith(".md") || !/^<{7}/m.test(text);
		if (outcome.doubled.includes(path)) takeFrom(clone, path, settling, outcome);
		else if (wholly) takeWhole(clone, path, settling);
		else writeFileSync(join(clone.path, path), hunkwise(text, settling));
		git(clone, "add", "--", path);
	}
	for (const path of outcome.unmerged.filter((one) => one.endsWith(".md"))) {
		const id = basename(path, ".md");
		const problems = readCheckout(clone.path).tasks.get(id)?.problems ?? [];
		if (problems.length === 0) continue;
		takeWhole(clone, path, settling);
		git(clone, "add", "--", path);
	}
	const message = outcome.unmerged.length > 0 ? ["--no-edit"] : ["-m", "by hand: one of two keys"];
	git(clone, "commit", "--quiet", ...message);
	world.account.push(`${clone.name} settles it: ${settling}`);
	const reading = noteState(world, clone);
	const problems = [...foreignWords(world, reading), ...[...reading.tasks.values()].flatMap((task) => task.problems)];
	if (problems.length > 0) throw new Error(`${clone.name}, after the conflict was settled: ${problems.join("; ")}`);
}

/** The file as one of the merged commits has it. */
function takeFrom(clone: Clone, path: string, settling: Settling, { ours, theirs }: MergeOutcome): void {
	const text = (commit: string) => git(clone, "show", `${commit}:${path}`);
	const lesser = text(ours) < text(theirs);
	const isOurs = settling === "ours" || (settling !== "theirs" && lesser === (settling === "lesser"));
	git(clone, "checkout", "--quiet", isOurs ? ours : theirs, "--", path);
}

function takeWhole(clone: Clone, path: string, settling: Settling): void {
	const stages = git(clone, "ls-files", "--unmerged", "--", path)
		.split("\n")
		.map((line) => line.split(/[ \t]/)[2]);
	// Only one side has it here: it stays where git put it.
	if (!stages.includes("2") || !stages.includes("3")) return;
	const stage = (number: number) => git(clone, "show", `:${number}:${path}`);
	const side =
		settling === "ours" || settling === "theirs"
			? settling
			: stage(2) < stage(3) === (settling === "lesser")
				? "ours"
				: "theirs";
	git(clone, "checkout", "--quiet", `--${side}`, "--", path);
}
