// Adds to the history index what git has and the index has not: commits, and what each of them touched in tasks/.
// Invariant: what a commit touched is git's own difference of its tree from its parents', never what its message says;
// of a merge it is what differs from every parent.
import { isTaskId } from "../../core/ids.ts";
import type { Ledger } from "../ledger.ts";
import { isLedgerPath, LIVE, taskPath } from "../paths.ts";
import { fromTop, pathspec } from "../workspace.ts";
import { type HistoryTable, type NewCut, type NewRow, placeIn, rowOf, withRows } from "./history-table.ts";

export interface Extension {
	/** The commit whose whole history has to be in the table. */
	readonly tip: string;
	/** Where this clone's history ends now. */
	readonly shallow: ReadonlySet<string>;
	/** Goes through the whole history: what is below the table's own tips may be missing. */
	readonly everything: boolean;
	/** Told the number of commits before they are read. */
	readonly onWork: (commits: number) => void;
}

/** The table with everything that is reachable from the tip. */
export async function extendHistory(ledger: Ledger, table: HistoryTable, extension: Extension): Promise<HistoryTable> {
	const listed = await listCommits(ledger, table, extension);
	const isKnown = knownRows(table, listed.length);
	const missing = listed.filter(({ oid }) => !isKnown(oid));
	const cuts = missing.filter(({ oid }) => extension.shallow.has(oid) && cutOf(table, oid) < 0);
	const commits = missing.filter(({ oid }) => !extension.shallow.has(oid));
	extension.onWork(commits.length);
	const touched = await touchedBy(ledger, commits);
	const rows = commits.map((commit): NewRow => ({ ...commit, ...(touched.get(commit.oid) ?? UNTOUCHED) }));
	return withRows(table, rows, cuts);
}

export function cutOf(table: HistoryTable, oid: string): number {
	return placeIn(table.cutOids, Buffer.from(oid, "hex"), table.idBytes);
}

interface Listed extends NewCut {
	readonly parents: readonly string[];
}

async function listCommits(ledger: Ledger, table: HistoryTable, { tip, everything }: Extension): Promise<Listed[]> {
	const { idBytes } = table;
	const tips = everything
		? []
		: Array.from(table.tips, (row) => `^${table.oids.toString("hex", row * idBytes, (row + 1) * idBytes)}`);
	// A tip may have been collected as garbage since.
	const args = ["rev-list", "--parents", "--timestamp", "--ignore-missing", tip, ...tips];
	const text = (await ledger.git(args, { cwd: ledger.workspace.topLevel })).stdout.toString("latin1");
	return text.split("\n").flatMap((line) => {
		const [seconds, oid, ...parents] = line.split(" ");
		return oid === undefined ? [] : [{ oid, seconds: Number(seconds), parents }];
	});
}

/** From so many on, a set is cheaper than searching. */
const FEW = 64;

function knownRows(table: HistoryTable, count: number): (oid: string) => boolean {
	if (table.count === 0) return () => false;
	if (count < FEW) return (oid) => rowOf(table, oid) >= 0;
	const { oids, idBytes } = table;
	const known = new Set<string>();
	for (let at = 0; at < oids.length; at += idBytes) known.add(oids.toString("hex", at, at + idBytes));
	return (oid) => known.has(oid);
}

interface What {
	readonly wide: boolean;
	readonly tasks: readonly string[];
	readonly runs: readonly string[];
}

const UNTOUCHED: What = { wide: false, tasks: [], runs: [] };

/** From so many commits on, two processes share the work. */
const MANY = 2_000;

async function touchedBy(ledger: Ledger, commits: readonly Listed[]): Promise<Map<string, What>> {
	const half = Math.ceil(commits.length / 2);
	const parts = commits.length < MANY ? [commits] : [commits.slice(0, half), commits.slice(half)];
	const found = new Map<string, What>();
	const differences = parts.map((part) => (part.length === 0 ? Buffer.alloc(0) : treeDifferences(ledger, part)));
	for (const [number, part] of parts.entries())
		readDifferences(ledger, (await differences[number]) ?? Buffer.alloc(0), part, found);
	return found;
}

async function treeDifferences(ledger: Ledger, commits: readonly Listed[]): Promise<Buffer> {
	const how = ["--stdin", "-m", "-r", "--root", "--name-only", "--no-renames", "-z"];
	const { stdout } = await ledger.git(["diff-tree", ...how, "--", pathspec(ledger.workspace, LIVE)], {
		cwd: ledger.workspace.topLevel,
		stdin: `${commits.map(({ oid }) => oid).join("\n")}\n`,
	});
	return stdout;
}

/** Each difference is a commit's id and the paths; of a merge there is one for each parent that it differs from. */
function readDifferences(ledger: Ledger, output: Buffer, commits: readonly Listed[], found: Map<string, What>): void {
	const parentCount = new Map(commits.map(({ oid, parents }) => [oid, Math.max(1, parents.length)]));
	const below = fromTop(ledger.workspace, "");
	let oid = "";
	let sections: Set<string>[] = [];
	const finish = () => {
		const [first, ...others] = sections;
		if (first === undefined || sections.length < (parentCount.get(oid) ?? 1)) return;
		const inAll = [...first].filter((name) => others.every((section) => section.has(name)));
		if (inAll.length === 0) return;
		found.set(oid, {
			wide: inAll.includes(WIDE),
			tasks: inAll.filter(isTaskId),
			runs: inAll.filter((name) => name.includes("/")),
		});
	};
	for (let start = 0; start < output.length; ) {
		const end = output.indexOf(0, start);
		const text = output.toString("utf8", start, end);
		start = end + 1;
		if (parentCount.has(text)) {
			if (text !== oid) {
				finish();
				oid = text;
				sections = [];
			}
			sections.push(new Set());
			continue;
		}
		for (const name of touchedNames(text.slice(below.length))) sections.at(-1)?.add(name);
	}
	finish();
}

/** Stands for every file of the ledger that is no single task's. */
const WIDE = "wide";
const NOTHING: readonly string[] = [];

/** What a path (relative to the workspace) belongs to: a task, a run of one, the ledger as a whole, nothing. */
export function touchedNames(path: string): readonly string[] {
	const place = placeOfPath(path);
	if (place !== null) {
		return place.runId === null ? [place.taskId] : [place.taskId, `${place.taskId}/${place.runId}`];
	}
	return isLedgerPath(path) ? [WIDE] : NOTHING;
}

export interface PlaceOfPath {
	/** `tasks`, or `tasks/archive/<yyyy>`. */
	readonly home: string;
	readonly taskId: string;
	/** null for the task's own two files. */
	readonly runId: string | null;
	/** `definition`, `record`, or the name of a run's file below its folder. */
	readonly file: string;
}

/** Which file of which task a path of the ledger is; null for any other path. */
export function placeOfPath(path: string): PlaceOfPath | null {
	const found = taskPath(path);
	if (found === null) return null;
	const { taskId, home, kind } = found;
	if (kind !== "run") return { home, taskId, runId: null, file: kind };
	const [, , runId = "", ...file] = path.slice(home.length + 1).split("/");
	return { home, taskId, runId, file: file.join("/") };
}
