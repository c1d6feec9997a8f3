// What a merge has to give, worked out value by value from three readings: one side changed it, that side's counts; both did
// the same, that counts; both did otherwise, it is a conflict. Nothing here knows how git or the driver merge.
import type { Reading, ReadTask, Values } from "./reading.ts";

/** Files of tasks that a merge cannot bring together, as `<id>.md`, `<id>.json` or `<id>/<runId>/<name>`, with the keys. */
export type Conflicts = ReadonlyMap<string, readonly string[]>;

export interface Together {
	readonly reading: Reading;
	readonly conflicts: Conflicts;
}

/** Stands for a value that two sides left open; equal to nothing that a person writes. */
let openValues = 0;

export function mergeReadings(base: Reading, ours: Reading, theirs: Reading, driver: boolean): Together {
	const tasks = new Map<string, ReadTask>();
	const conflicts = new Map<string, readonly string[]>();
	for (const id of new Set([...base.tasks.keys(), ...ours.tasks.keys(), ...theirs.tasks.keys()])) {
		const [b, o, t] = [base.tasks.get(id), ours.tasks.get(id), theirs.tasks.get(id)];
		if (o === undefined || t === undefined) tasks.set(id, (o ?? t ?? b) as ReadTask);
		else tasks.set(id, mergeTask(id, b, o, t, conflicts, driver));
	}
	return { reading: { tasks, runLines: new Set([...ours.runLines, ...theirs.runLines]) }, conflicts };
}

function mergeTask(
	id: string,
	base: ReadTask | undefined,
	ours: ReadTask,
	theirs: ReadTask,
	conflicts: Map<string, readonly string[]>,
	driver: boolean,
): ReadTask {
	const definition = mergeDefinition(base?.definition ?? {}, ours.definition, theirs.definition, driver);
	const record = mergeRecord(base?.record ?? {}, ours.record, theirs.record, driver);
	const runFiles = mergeValues(base?.runFiles ?? {}, ours.runFiles, theirs.runFiles);
	if (definition.conflicts.length > 0) conflicts.set(`${id}.md`, definition.conflicts);
	if (record.conflicts.length > 0) conflicts.set(`${id}.json`, record.conflicts);
	for (const name of runFiles.conflicts) conflicts.set(`${id}/${name}`, [name]);
	const home = mergeValues(home3(base), home3(ours), home3(theirs)).values.home ?? ours.home;
	const words = mergeWords(base?.words, ours.words, theirs.words);
	return {
		home,
		definition: definition.values,
		notes: mergeValues(base?.notes ?? {}, ours.notes, theirs.notes).values,
		record: record.values,
		words,
		recordWords: mergeWords(base?.recordWords, ours.recordWords, theirs.recordWords),
		allWords: new Set([...ours.allWords, ...theirs.allWords]),
		runFiles: runFiles.values,
		text: ours.text,
		problems: [],
	};
}

function home3(task: ReadTask | undefined): Values {
	return task === undefined ? {} : { home: task.home };
}

interface MergedValues {
	readonly values: Values;
	readonly conflicts: readonly string[];
}

export function mergeValues(base: Values, ours: Values, theirs: Values): MergedValues {
	const values: Record<string, string> = {};
	const conflicts: string[] = [];
	for (const key of new Set([...Object.keys(base), ...Object.keys(ours), ...Object.keys(theirs)])) {
		const [b, o, t] = [base[key], ours[key], theirs[key]];
		const merged = o === t || b === t ? o : b === o ? t : openValue();
		if (o !== t && b !== t && b !== o) conflicts.push(key);
		if (merged !== undefined) values[key] = merged;
	}
	return { values, conflicts };
}

/** Keys that hold sets: with the driver both sides' additions and removals count. */
const SETS: readonly string[] = ["labels", "dependsOn", "files"];

function mergeDefinition(base: Values, ours: Values, theirs: Values, driver: boolean): MergedValues {
	const plain = mergeValues(base, ours, theirs);
	const sets = driver ? plain.conflicts.filter((key) => SETS.includes(key)) : [];
	const values: Record<string, string> = { ...plain.values };
	for (const key of sets) {
		const [b, o, t] = [base, ours, theirs].map((side) => new Set(elementsOf(side[key])));
		values[key] = JSON.stringify([...mergeWords(b, o as Set<string>, t as Set<string>)]);
	}
	return { values, conflicts: plain.conflicts.filter((key) => !sets.includes(key)) };
}

function elementsOf(value: string | undefined): readonly string[] {
	return value === undefined || value === "null" ? [] : [JSON.parse(value)].flat();
}

/** Whether a key says the same: a set has no order, and an empty one is as good as none. */
export function sameValue(key: string, one: string | undefined, other: string | undefined): boolean {
	if (!SETS.includes(key)) return one === other;
	return JSON.stringify([...elementsOf(one)].sort()) === JSON.stringify([...elementsOf(other)].sort());
}

function openValue(): string {
	openValues += 1;
	return `open ${openValues}`;
}

/** What a task's status consists of. */
const STATUS_KEYS = ["status", "blocked", "closed"];

/** With the driver, closed beats open: a closing on one side settles what the other did to an open task's status. */
function mergeRecord(base: Values, ours: Values, theirs: Values, driver: boolean): MergedValues {
	const plain = mergeValues(base, ours, theirs);
	if (!driver || !plain.conflicts.some((key) => STATUS_KEYS.includes(key))) return plain;
	const [oursClosed, theirsClosed] = [isClosed(ours), isClosed(theirs)];
	if (oursClosed === theirsClosed) return plain;
	const winner = oursClosed ? ours : theirs;
	const values: Record<string, string> = { ...plain.values };
	for (const key of STATUS_KEYS) {
		const value = winner[key];
		if (value === undefined) delete values[key];
		else values[key] = value;
	}
	return { values, conflicts: plain.conflicts.filter((key) => !STATUS_KEYS.includes(key)) };
}

function isClosed(record: Values): boolean {
	return record.status === '"done"' || record.status === '"canceled"';
}

/** A word stays unless one side took it out, and comes when one side brought it. */
export function mergeWords(
	base: ReadonlySet<string> | undefined,
	ours: ReadonlySet<string>,
	theirs: ReadonlySet<string>,
): Set<string> {
	const words = new Set<string>();
	for (const word of new Set([...ours, ...theirs])) {
		const [b, o, t] = [base?.has(word) === true, ours.has(word), theirs.has(word)];
		if ((o && t) || (o && !b) || (t && !b)) words.add(word);
	}
	return words;
}
