// The history of the commit that a question is about: which commits, in git's own order, and what each touched.
// Invariant: exactly the commits that git itself would walk to from there, now, in this clone; what the index remembers
// beyond that (other branches, what a shallower clone has let go) takes no part.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { once } from "../../core/lazy.ts";
import type { Ledger } from "../ledger.ts";
import { cutOf, extendHistory } from "./history-extend.ts";
import { loadHistory, saveHistory } from "./history-file.ts";
import {
	emptyTable,
	type HistoryTable,
	namesAt,
	oidAt,
	placeIn,
	rowOf,
	type Touched,
	withTip,
} from "./history-table.ts";

export interface HistoryCommit {
	readonly oid: string;
	/** The row in the table; null for a commit at which a shallow clone ends. */
	readonly row: number | null;
	readonly seconds: number;
}

export interface History {
	/** The commit that it is the history of. */
	readonly tip: string;
	readonly table: HistoryTable;
	/** Newest first, no commit before one that builds on it: `git log --date-order`. */
	newestFirst(): Generator<HistoryCommit>;
	/** Those of them that touched the task (or, as `<task>/<run>`, the run), and those at which a shallow clone ends. */
	touching(name: string): Generator<HistoryCommit>;
	/** Whether one of them, other than a clone's end, touched the task or run. */
	knows(name: string): boolean;
	/** The line of first parents, from the tip on. */
	firstParents(): Generator<HistoryCommit>;
	/** True where a shallow clone leaves something out. */
	readonly cut: boolean;
}

/** So many new commits are read without a word. */
const QUIETLY = 5_000;
/** The file is written anew only for a worthwhile part of it. */
const WORTH_WRITING = 1 / 2_000;
const MOST_TRIES = 3;

/** The history of `tip`, the full id of a commit that is here. `onBuild` is told when much has to be read first. */
export async function openHistory(
	ledger: Ledger,
	tip: string,
	onBuild: (commits: number) => void = () => {},
): Promise<History> {
	const { workspace } = ledger;
	const cacheable = ledger.useIndex && !(await hasReplacements(ledger));
	const loaded = (cacheable ? loadHistory(workspace) : null) ?? emptyTable(workspace.objectIdLength / 2);
	const onWork = (commits: number) => {
		if (commits > QUIETLY) onBuild(commits);
	};
	for (let tries = 1; ; tries += 1) {
		const shallow = shallowCommits(workspace.commonDir);
		const known = nodeOf(loaded, tip) !== null;
		const stale = known && loaded.cutSeconds.length > 0 && hasStaleCut(loaded, tip, shallow);
		if (known && !stale) return historyOf(loaded, tip, shallow);
		const extended = await extendHistory(ledger, loaded, { tip, shallow, everything: stale, onWork });
		// A fetch that moved the clone's end meanwhile makes a commit look like one without parents.
		const steady = sameSet(shallow, shallowCommits(workspace.commonDir));
		if (!steady && tries < MOST_TRIES) continue;
		const row = rowOf(extended, tip);
		const table = row < 0 ? extended : withTip(extended, row);
		const added = table.count - loaded.count;
		if (cacheable && steady && added > 0 && added >= table.count * WORTH_WRITING) saveHistory(workspace, table);
		return historyOf(table, tip, shallow);
	}
}

/** The commits whose parents a shallow clone leaves out. */
export function shallowCommits(commonDir: string): ReadonlySet<string> {
	const file = join(commonDir, "shallow");
	return new Set(
		existsSync(file)
			? readFileSync(file, "utf8")
					.split("\n")
					.filter((line) => line !== "")
			: [],
	);
}

/** Replaced and grafted commits are not what their ids say: nothing about them may be remembered. */
async function hasReplacements({ workspace: { commonDir }, git }: Ledger): Promise<boolean> {
	if (existsSync(join(commonDir, "info", "grafts"))) return true;
	if (existsSync(join(commonDir, "reftable"))) {
		return (await git(["for-each-ref", "--count=1", "refs/replace"])).stdout.length > 0;
	}
	const folder = join(commonDir, "refs", "replace");
	if (existsSync(folder) && readdirSync(folder).length > 0) return true;
	const packed = join(commonDir, "packed-refs");
	return existsSync(packed) && readFileSync(packed).includes(" refs/replace/");
}

function sameSet(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
	return one.size === other.size && [...one].every((value) => other.has(value));
}

/** Rows are nodes 0 to count - 1, cuts follow. */
function nodeOf(table: HistoryTable, oid: string): number | null {
	const row = rowOf(table, oid);
	if (row >= 0) return row;
	const cut = cutOf(table, oid);
	return cut >= 0 ? table.count + cut : null;
}

/** A commit that once ended this clone's history and does so no more. */
function hasStaleCut(table: HistoryTable, tip: string, shallow: ReadonlySet<string>): boolean {
	const ends = endsOf(table, shallow);
	return reachableFrom(table, nodeOf(table, tip) as number, ends).nodes.some(
		(node) => node >= table.count && ends[node] === 0,
	);
}

/** 1 for each node at which this clone's history ends now. */
function endsOf(table: HistoryTable, shallow: ReadonlySet<string>): Uint8Array {
	const ends = new Uint8Array(table.count + table.cutSeconds.length);
	for (const oid of shallow) {
		const node = nodeOf(table, oid);
		if (node !== null) ends[node] = 1;
	}
	return ends;
}

/** Calls `found` with each parent. */
function eachParent(table: HistoryTable, ends: Uint8Array, node: number, found: (parent: number) => void): void {
	const { count, parentStarts, parents } = table;
	if (node >= count || ends[node] === 1) return;
	const end = parentStarts[node + 1] as number;
	for (let at = parentStarts[node] as number; at < end; at += 1) {
		const parent = parents[at] as number;
		found(parent < 0 ? count - 1 - parent : parent);
	}
}

interface Reachable {
	readonly nodes: Int32Array;
	/** 0 for a node that is not reachable, else one more than the number of its children. */
	readonly pending: Int32Array;
}

/** Without a call for each parent: before it is compiled, that is most of what a short log costs. */
function reachableFrom(table: HistoryTable, tip: number, ends: Uint8Array): Reachable {
	const { count, parentStarts, parents } = table;
	const pending = new Int32Array(ends.length);
	const nodes = new Int32Array(ends.length);
	let length = 1;
	nodes[0] = tip;
	pending[tip] = 1;
	for (let done = 0; done < length; done += 1) {
		const node = nodes[done] as number;
		if (node >= count || ends[node] === 1) continue;
		const end = parentStarts[node + 1] as number;
		for (let at = parentStarts[node] as number; at < end; at += 1) {
			let parent = parents[at] as number;
			if (parent < 0) parent = count - 1 - parent;
			if (pending[parent] === 0) {
				pending[parent] = 1;
				nodes[length] = parent;
				length += 1;
			}
			pending[parent] = (pending[parent] as number) + 1;
		}
	}
	return { nodes: nodes.subarray(0, length), pending };
}

function historyOf(table: HistoryTable, tipOid: string, shallow: ReadonlySet<string>): History {
	const { count, idBytes } = table;
	const tip = nodeOf(table, tipOid) as number;
	const ends = endsOf(table, shallow);
	const reachable = once(() => reachableFrom(table, tip, ends));
	const rowsOf = (name: string) => rowsTouching(name.includes("/") ? table.runs : table.tasks, name);
	const secondsOf = (node: number) => (node < count ? table.seconds[node] : table.cutSeconds[node - count]) ?? 0;
	const commitOf = (node: number): HistoryCommit => {
		const cut = (node - count) * idBytes;
		const oid = node < count ? oidAt(table, node) : table.cutOids.toString("hex", cut, cut + idBytes);
		return { oid, row: node < count && ends[node] === 0 ? node : null, seconds: secondsOf(node) };
	};
	/** Those that `isWanted`, until `left` of them were found. */
	function* newestFirst(isWanted: (node: number) => boolean, left: number): Generator<HistoryCommit> {
		const pending = reachable().pending.slice();
		const queue = newestFirstQueue(secondsOf);
		const found = (parent: number) => {
			const children = (pending[parent] as number) - 1;
			pending[parent] = children;
			if (children === 1) queue.put(parent);
		};
		queue.put(tip);
		for (let node = queue.take(); node !== null && left > 0; node = queue.take()) {
			if (isWanted(node)) {
				left -= 1;
				yield commitOf(node);
			}
			eachParent(table, ends, node, found);
		}
	}
	return {
		tip: tipOid,
		table,
		get cut() {
			return shallow.size > 0 && reachable().nodes.some((node) => ends[node] === 1);
		},
		newestFirst: () => newestFirst(() => true, Number.POSITIVE_INFINITY),
		knows(name) {
			const { pending } = reachable();
			return [...rowsOf(name)].some((row) => pending[row] !== 0 && ends[row] === 0);
		},
		touching(name) {
			const rows = rowsOf(name);
			const { nodes, pending } = reachable();
			// Nothing is looked for behind the last one.
			let left = nodes.reduce((sum, node) => sum + (ends[node] as number), 0);
			for (const row of rows) if (pending[row] !== 0 && ends[row] === 0) left += 1;
			return newestFirst((node) => ends[node] === 1 || rows.has(node), left);
		},
		*firstParents() {
			for (let node: number | null = tip; node !== null; ) {
				yield commitOf(node);
				let first: number | null = null;
				eachParent(table, ends, node, (parent) => {
					first ??= parent;
				});
				node = first;
			}
		},
	};
}

function rowsTouching(touched: Touched, name: string): ReadonlySet<number> {
	const rows = new Set<number>();
	const { names, width, starts, values } = touched;
	const wanted = Buffer.from(name, "latin1");
	const number = wanted.length === width ? placeIn(names, wanted, width) : -1;
	if (number < 0) return rows;
	let row = 0;
	for (let at = values.indexOf(number); at >= 0; at = values.indexOf(number, at + 1)) {
		while ((starts[row + 1] ?? Number.POSITIVE_INFINITY) <= at) row += 1;
		rows.add(row);
	}
	return rows;
}

/** The tasks that a commit touched, runs included; empty where that cannot be told. */
export function tasksTouchedBy(history: History, { row }: HistoryCommit): string[] {
	return row === null ? [] : namesAt(history.table.tasks, row);
}

/** True where a commit touched any file of the ledger. */
export function touchesLedger(history: History, { row }: HistoryCommit): boolean {
	if (row === null) return false;
	const { wide, tasks, runs } = history.table;
	const some = ({ starts }: Touched) => starts[row] !== starts[row + 1];
	return wide[row] === 1 || some(tasks) || some(runs);
}

/** A heap by time, the newest first; of one second, the one that was put in first. */
function newestFirstQueue(secondsOf: (node: number) => number) {
	const heap: { readonly node: number; readonly seconds: number; readonly order: number }[] = [];
	let order = 0;
	const before = (a: number, b: number) => {
		const [one, other] = [heap[a], heap[b]];
		if (one === undefined || other === undefined) return one !== undefined;
		return one.seconds === other.seconds ? one.order < other.order : one.seconds > other.seconds;
	};
	const swap = (a: number, b: number) => {
		[heap[a], heap[b]] = [heap[b] as (typeof heap)[0], heap[a] as (typeof heap)[0]];
	};
	return {
		put(node: number) {
			let at = heap.push({ node, seconds: secondsOf(node), order: order++ }) - 1;
			for (let up = (at - 1) >> 1; at > 0 && before(at, up); up = (at - 1) >> 1) {
				swap(at, up);
				at = up;
			}
		},
		take(): number | null {
			const [first] = heap;
			const last = heap.pop();
			if (first === undefined || last === undefined) return null;
			if (heap.length > 0) {
				heap[0] = last;
				for (let at = 0; ; ) {
					const [left, right] = [2 * at + 1, 2 * at + 2];
					const next = right < heap.length && before(right, left) ? right : left;
					if (next >= heap.length || !before(next, at)) break;
					swap(at, next);
					at = next;
				}
			}
			return first.node;
		},
	};
}
