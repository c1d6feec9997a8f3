// A task's record of two branches as one, by key. Closed beats open; no clock decides anything.
// Invariant: a value that neither side wrote is never made, and swapping the sides changes nothing but the order in conflicts.
import { isDeepStrictEqual } from "node:util";
import { formatEntry, formatRecord, inRecordOrder, readRecordEntries } from "../task/record.ts";
import { mergeOrder } from "./merge-order.ts";
import { conflictHunk, type Merged, type Sides, settled } from "./merge-sides.ts";

type Entries = ReadonlyMap<string, unknown>;

/** Keys that only make sense together: a side's status is taken with the reason for it. */
const STATE = ["status", "blocked", "closed"] as const;

/** What a task without a record is: what both sides began with where the record was born on both. */
const UNRECORDED: Entries = new Map<string, unknown>([
	["status", "open"],
	["closed", null],
	["removed", null],
]);

/** Null where one of the three is not a record. */
export function mergeRecord(sides: Sides): Merged | null {
	const known = settled<string | null>(sides.base, sides.ours, sides.theirs)?.value;
	if (known != null) return { text: known, conflicts: [] };
	const base = sides.base === null ? UNRECORDED : readRecordEntries(sides.base);
	const [ours, theirs] = [readRecordEntries(sides.ours), readRecordEntries(sides.theirs)];
	if (base === null || ours === null || theirs === null) return null;
	if (sides.base !== null && !isOneTask(base, ours, theirs)) return { text: bothWhole(sides), conflicts: ["id"] };
	const state = mergeState(base, ours, theirs);
	const keys = mergeOrder(othersOf(sides.base === null ? new Map() : base), othersOf(ours), othersOf(theirs));
	const choices = inRecordOrder([...keys, ...STATE, "removed"]).map((key): Choice => {
		const stateKey = STATE.find((one) => one === key);
		return { key, chosen: stateKey === undefined ? mergeKey(key, base, ours, theirs) : state(stateKey) };
	});
	const conflicts = choices.filter(({ chosen }) => chosen === null).map(({ key }) => key);
	const text = conflicts.length === 0 ? formatRecord(valuesOf(choices)) : withMarkers(sides, choices, ours, theirs);
	const isCrlf = settled(...bySide(sides, (side) => side.includes("\r\n")))?.value === true;
	const hasMark = settled(...bySide(sides, (side) => side.startsWith("\uFEFF")))?.value === true;
	return { text: `${hasMark ? "\uFEFF" : ""}${isCrlf ? text.replaceAll("\n", "\r\n") : text}`, conflicts };
}

/**
 * git tells what a file was renamed to by its likeness, and small records are alike: what it offers as three states of one
 * record may be two tasks, of which one was archived. Then nothing of the one may go into the other.
 */
function isOneTask(base: Entries, ours: Entries, theirs: Entries): boolean {
	return [ours, theirs].every((side) => isDeepStrictEqual(side.get("id"), base.get("id")));
}

function bothWhole(sides: Sides): string {
	const whole = (text: string) => (text.endsWith("\n") ? text : `${text}\n`);
	return conflictHunk(sides, whole(sides.ours), whole(sides.theirs), "\n");
}

interface Choice {
	readonly key: string;
	/** Null for a conflict; a value of undefined for a key that is not there. */
	readonly chosen: { readonly value: unknown } | null;
}

function mergeKey(key: string, base: Entries, ours: Entries, theirs: Entries): Choice["chosen"] {
	const known = settled(base.get(key), ours.get(key), theirs.get(key), isDeepStrictEqual);
	if (known === null || !isDeepStrictEqual(ours.get(key), theirs.get(key))) return known;
	// The same data in two orders of its keys: one that does not depend on the side.
	const [first] = [ours.get(key), theirs.get(key)].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
	return { value: first };
}

/** For each key of the state what it is, or null where both sides changed the state and no rule decides. */
function mergeState(base: Entries, ours: Entries, theirs: Entries): (key: (typeof STATE)[number]) => Choice["chosen"] {
	const [before, left, right] = [stateOf(base), stateOf(ours), stateOf(theirs)];
	const winner =
		settled(before, left, right, isDeepStrictEqual)?.value ??
		closedBeatsOpen(left, right) ??
		closedBeatsOpen(right, left);
	return (key) => {
		const same = isDeepStrictEqual(left[key], right[key]) && isDeepStrictEqual((winner ?? left)[key], left[key]);
		if (same) return mergeKey(key, entriesOf(before), entriesOf(left), entriesOf(right));
		return winner === null ? null : { value: winner[key] };
	};
}

interface State {
	readonly status: unknown;
	readonly blocked: unknown;
	readonly closed: unknown;
}

function stateOf(entries: Entries): State {
	// Nothing behind it is the same as a key that is not there.
	return { status: entries.get("status"), blocked: entries.get("blocked") ?? undefined, closed: entries.get("closed") };
}

function closedBeatsOpen(one: State, other: State): State | null {
	const closed = one.status === "done" || one.status === "canceled";
	if (!closed || (other.status !== "open" && other.status !== "blocked")) return null;
	return { ...one, blocked: undefined };
}

function entriesOf(state: State): Entries {
	return new Map(Object.entries(state));
}

/** The record with both sides' lines where they conflict. Either side alone, without the marker lines, is valid JSON. */
function withMarkers(sides: Sides, choices: readonly Choice[], ours: Entries, theirs: Entries): string {
	const shown = choices
		.map(({ key, chosen }) => {
			const [left, right] = chosen === null ? [ours.get(key), theirs.get(key)] : [chosen.value, chosen.value];
			return { ours: lineOf(key, left), theirs: lineOf(key, right), conflict: chosen === null };
		})
		.filter((entry) => entry.ours !== null || entry.theirs !== null);
	type Group = { conflict: boolean; entries: typeof shown };
	const groups: Group[] = [];
	for (const entry of shown) {
		const last = groups.at(-1);
		if (last?.conflict === entry.conflict) last.entries.push(entry);
		else groups.push({ conflict: entry.conflict, entries: [entry] });
	}
	// A side that ends without the last keys has no comma behind the key before them: that one is part of the choice.
	const [before, last] = groups.slice(-2);
	if (last?.conflict === true && before !== undefined && last.entries.some((entry) => !entry.ours || !entry.theirs)) {
		last.entries.unshift(...before.entries.splice(-1));
	}
	const blocks = groups
		.filter(({ entries }) => entries.length > 0)
		.map(({ conflict, entries }, at, all) => {
			const isLast = at === all.length - 1;
			const side = (name: "ours" | "theirs") => {
				const lines = entries.map((entry) => entry[name]).filter((line) => line !== null);
				return lines
					.map((line, position) => `${line}${isLast && position === lines.length - 1 ? "" : ","}\n`)
					.join("\n");
			};
			return conflict ? conflictHunk(sides, side("ours"), side("theirs"), "\n") : side("ours");
		});
	return `{\n${blocks.join("\n")}}\n`;
}

function lineOf(key: string, value: unknown): string | null {
	return value === undefined ? null : formatEntry(key, value);
}

function valuesOf(choices: readonly Choice[]): Record<string, unknown> {
	return Object.fromEntries(choices.map(({ key, chosen }) => [key, chosen?.value]));
}

function othersOf(entries: Entries): string[] {
	const own = new Set<string>([...STATE, "removed"]);
	return [...entries.keys()].filter((key) => !own.has(key));
}

function bySide<T>(sides: Sides, look: (side: string) => T): [T, T, T] {
	return [look(sides.base ?? ""), look(sides.ours), look(sides.theirs)];
}
