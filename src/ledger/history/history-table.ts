// What the history index holds, as flat arrays: for each commit its id, time, parents, and the tasks and runs that it touched.
// Invariant: rows are only ever added; a commit never changes, so a row that was right once stays right.

import { MsgcodeError } from "../../core/errors.ts";

/** Names of one width in a row, and for each commit the numbers of those that it touched. */
export interface Touched {
	/** Bytes of one name. */
	readonly width: number;
	readonly names: Buffer;
	/** Commit `c` touched `values[starts[c]]` up to (not including) `values[starts[c + 1]]`. */
	readonly starts: Uint32Array;
	readonly values: Uint32Array;
}

export interface HistoryTable {
	/** Bytes of one object id: 20 or 32. */
	readonly idBytes: number;
	readonly count: number;
	readonly oids: Buffer;
	/** The committer's time, seconds since 1970. */
	readonly seconds: Float64Array;
	/** As in Touched. A negative parent `-1 - k` is the cut `k`. */
	readonly parentStarts: Uint32Array;
	readonly parents: Int32Array;
	/** Commits at which a shallow clone ended when they were met: their parents were not here, so they have no row. */
	readonly cutOids: Buffer;
	readonly cutSeconds: Float64Array;
	/** 1 where a commit touched a file of the ledger that is no single task's. */
	readonly wide: Uint8Array;
	readonly tasks: Touched;
	readonly runs: Touched;
	/** Rows whose whole history is in the table: the newest heads that were asked for. */
	readonly tips: Uint32Array;
}

/** `tsk_` and 10 characters; a run's name is its task's, "/", and `run_…`. */
export const TASK_WIDTH = 14;
export const RUN_WIDTH = TASK_WIDTH + 1 + 29;

export function emptyTable(idBytes: number): HistoryTable {
	const touched = (width: number): Touched => ({
		width,
		names: Buffer.alloc(0),
		starts: new Uint32Array(1),
		values: new Uint32Array(),
	});
	return {
		idBytes,
		count: 0,
		oids: Buffer.alloc(0),
		seconds: new Float64Array(),
		parentStarts: new Uint32Array(1),
		parents: new Int32Array(),
		cutOids: Buffer.alloc(0),
		cutSeconds: new Float64Array(),
		wide: new Uint8Array(),
		tasks: touched(TASK_WIDTH),
		runs: touched(RUN_WIDTH),
		tips: new Uint32Array(),
	};
}

/** The place of a fixed-width name among others, or -1. */
export function placeIn(names: Buffer, name: Buffer, width: number): number {
	for (let at = names.indexOf(name); at >= 0; at = names.indexOf(name, at + 1)) {
		if (at % width === 0) return at / width;
	}
	return -1;
}

/** The row of a commit, or -1. */
export function rowOf(table: HistoryTable, oid: string): number {
	return placeIn(table.oids, Buffer.from(oid, "hex"), table.idBytes);
}

export function oidAt(table: HistoryTable, row: number): string {
	return table.oids.toString("hex", row * table.idBytes, (row + 1) * table.idBytes);
}

export function nameAt({ names, width }: Touched, number: number): string {
	return names.toString("latin1", number * width, (number + 1) * width);
}

export function nameCount({ names, width }: Touched): number {
	return names.length / width;
}

/** The names that a row touched. */
export function namesAt(touched: Touched, row: number): string[] {
	const { starts, values } = touched;
	return Array.from(values.subarray(starts[row], starts[row + 1]), (number) => nameAt(touched, number));
}

/** A commit that is to become a row. */
export interface NewRow {
	readonly oid: string;
	readonly seconds: number;
	readonly parents: readonly string[];
	readonly wide: boolean;
	readonly tasks: readonly string[];
	readonly runs: readonly string[];
}

export interface NewCut {
	readonly oid: string;
	readonly seconds: number;
}

const MOST_TIPS = 16;
/** From so many names on, looking each one up in a map is cheaper than searching the bytes for it. */
const FEW = 64;

/** The table with more rows. Every parent must be a row or a cut, there already or added here. */
export function withRows(table: HistoryTable, added: readonly NewRow[], cuts: readonly NewCut[]): HistoryTable {
	const { idBytes, count } = table;
	const oids = Buffer.concat([table.oids, Buffer.from(added.map(({ oid }) => oid).join(""), "hex")]);
	const cutOids = Buffer.concat([table.cutOids, Buffer.from(cuts.map(({ oid }) => oid).join(""), "hex")]);
	const rowOfOid = finder(oids, idBytes, added.length);
	const cutOfOid = finder(cutOids, idBytes, 0);
	const parentOf = (oid: string) => {
		const row = rowOfOid(oid);
		const cut = row < 0 ? cutOfOid(oid) : 0;
		if (cut < 0) throw new MsgcodeError("git_failed", `The parent ${oid} is not among the commits that git listed.`);
		return row >= 0 ? row : -1 - cut;
	};
	const mended = mendedParents(table, rowOfOid);
	const parents = appended(
		table.parentStarts,
		mended,
		added.map((row) => row.parents.map(parentOf)),
	);
	return {
		idBytes,
		count: count + added.length,
		oids,
		seconds: joined(
			table.seconds,
			added.map(({ seconds }) => seconds),
		),
		parentStarts: parents.starts,
		parents: Int32Array.from(parents.values),
		cutOids,
		cutSeconds: joined(
			table.cutSeconds,
			cuts.map(({ seconds }) => seconds),
		),
		wide: Uint8Array.from([...table.wide, ...added.map(({ wide }) => (wide ? 1 : 0))]),
		tasks: withTouched(
			table.tasks,
			added.map(({ tasks }) => tasks),
		),
		runs: withTouched(
			table.runs,
			added.map(({ runs }) => runs),
		),
		tips: table.tips,
	};
}

export function withTip(table: HistoryTable, row: number): HistoryTable {
	const others = [...table.tips].filter((tip) => tip !== row);
	return { ...table, tips: Uint32Array.from([row, ...others].slice(0, MOST_TIPS)) };
}

/** Where a clone was deepened, what was a cut is a row now. */
function mendedParents(table: HistoryTable, rowOfOid: (oid: string) => number): Int32Array {
	const rows = Array.from(table.cutSeconds, (_, cut) =>
		rowOfOid(table.cutOids.toString("hex", cut * table.idBytes, (cut + 1) * table.idBytes)),
	);
	if (rows.every((row) => row < 0)) return table.parents;
	return table.parents.map((parent) => {
		const row = parent < 0 ? (rows[-1 - parent] ?? -1) : -1;
		return row < 0 ? parent : row;
	});
}

function withTouched(touched: Touched, added: readonly (readonly string[])[]): Touched {
	const { width } = touched;
	const wanted = [...new Set(added.flat())];
	const known = finder(touched.names, width, wanted.length, "latin1");
	const numbers = new Map<string, number>();
	const fresh: string[] = [];
	const before = nameCount(touched);
	for (const name of wanted) {
		const place = known(name);
		numbers.set(name, place >= 0 ? place : before + fresh.push(name) - 1);
	}
	const names = Buffer.concat([touched.names, Buffer.from(fresh.join(""), "latin1")]);
	const { starts, values } = appended(
		touched.starts,
		touched.values,
		added.map((list) => list.map((name) => numbers.get(name) ?? 0)),
	);
	return { width, names, starts, values: Uint32Array.from(values) };
}

/** Finds names in a row of them; `count` says how often it will be asked. */
function finder(names: Buffer, width: number, count: number, encoding: "hex" | "latin1" = "hex") {
	if (count < FEW) return (name: string) => placeIn(names, Buffer.from(name, encoding), width);
	const places = new Map<string, number>();
	for (let at = 0; at < names.length; at += width) places.set(names.toString(encoding, at, at + width), at / width);
	return (name: string) => places.get(name) ?? -1;
}

function appended(starts: Uint32Array, values: Int32Array | Uint32Array, lists: readonly (readonly number[])[]) {
	const total = lists.reduce((sum, { length }) => sum + length, values.length);
	const allStarts = new Uint32Array(starts.length + lists.length);
	const allValues = new Float64Array(total);
	allStarts.set(starts);
	allValues.set(values);
	let end = values.length;
	for (const [number, list] of lists.entries()) {
		allValues.set(list, end);
		end += list.length;
		allStarts[starts.length + number] = end;
	}
	return { starts: allStarts, values: allValues };
}

function joined(before: Float64Array, added: readonly number[]): Float64Array {
	const all = new Float64Array(before.length + added.length);
	all.set(before);
	all.set(added, before.length);
	return all;
}
