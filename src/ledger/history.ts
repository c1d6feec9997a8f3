// The history of one task, from git alone: who, when, why, and what changed field by field.
// Invariant: one `git log` and one object conversation, however long the history; nothing is told that the commits that
// are here do not show, and where a shallow clone ends, that is said.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isRunId } from "../core/ids.ts";
import { type ObjectReader, openObjectReader } from "../git/object-reader.ts";
import { entryAt, listTree } from "../git/tree-edit.ts";
import type { Ledger } from "./ledger.ts";
import { definitionPath, recordPath } from "./paths.ts";
import { changesOfTask, type FieldChange, NO_STATE, opOf, type TaskState } from "./task-changes.ts";
import { fromTop } from "./workspace.ts";

export interface HistoryEntry {
	readonly commit: string;
	/** When it was made (the author's time), epoch ms. */
	readonly atMs: number;
	/** From the trailer; the author of a commit that has none. */
	readonly actor: string;
	/** From the trailer; of another commit what its changes amount to, `merge` for a merge. */
	readonly op: string;
	readonly summary: string;
	readonly runId: string | null;
	readonly changes: readonly FieldChange[];
	/** The task's files as a diff, where it was asked for. */
	readonly patch?: string;
}

export interface TaskHistory {
	/** The newest first. */
	readonly entries: readonly HistoryEntry[];
	/** The oldest commit that a shallow clone has, where the task is older than that; null where its history is whole. */
	readonly cutAt: string | null;
	/** True where --limit left something out. */
	readonly more: boolean;
}

export interface HistoryOptions {
	readonly limit?: number | undefined;
	readonly patch: boolean;
}

/** The history of a task on the checked-out branch. Empty for a task that was never committed. */
export async function readTaskHistory(ledger: Ledger, id: string, options: HistoryOptions): Promise<TaskHistory> {
	const commits = await loggedCommits(ledger, pathsOf(ledger, id));
	const shallow = shallowCommits(ledger.workspace.commonDir);
	const reader = openObjectReader(ledger.env, ledger.workspace.topLevel);
	const states = stateReader(ledger, reader, id);
	const entries: HistoryEntry[] = [];
	let cutAt: string | null = null;
	let more = false;
	try {
		for (const commit of commits) {
			if (entries.length >= (options.limit ?? Number.POSITIVE_INFINITY)) {
				more = true;
				break;
			}
			if (shallow.has(commit.oid)) {
				// Its parents are not here, so that what it changed cannot be told from what was there before.
				cutAt = commit.oid;
				if (commit.taskId === id) entries.push(entryOf(commit, []));
				continue;
			}
			const changes = await changesOf(states, commit);
			if (commit.parents.length < 2 || changes.length > 0) entries.push(entryOf(commit, changes));
		}
	} finally {
		reader.close();
	}
	return { entries: options.patch ? await withPatches(ledger, id, entries) : entries, cutAt, more };
}

interface LoggedCommit {
	readonly oid: string;
	readonly parents: readonly string[];
	readonly atMs: number;
	readonly author: string;
	readonly op: string;
	readonly taskId: string;
	readonly runId: string;
	readonly actor: string;
	readonly subject: string;
}

function pathsOf(ledger: Ledger, id: string): string[] {
	return [definitionPath(id), recordPath(id), runsFolder(id)].map((path) => fromTop(ledger.workspace, path));
}

function runsFolder(id: string): string {
	return `tasks/runs/${id}`;
}

async function loggedCommits(ledger: Ledger, paths: readonly string[]): Promise<LoggedCommit[]> {
	const trailers = ["Op", "Task", "Run", "Actor"].map(
		(name) => `%(trailers:key=Msgcode-${name},valueonly,unfold,separator=%x1f)`,
	);
	const format = `--format=${["%H", "%P", "%at", "%an", ...trailers, "%s"].join("%n")}`;
	const how = ["--full-history", "--date-order", "--no-renames", "--no-show-signature", "--encoding=UTF-8", "-s", "-z"];
	const pathspecs = paths.map((path) => `:(top,literal)${path}`);
	const { topLevel } = ledger.workspace;
	// 128: an unborn branch.
	const result = await ledger.git(["log", ...how, format, "--", ...pathspecs], { cwd: topLevel, accept: [0, 128] });
	return result.stdout
		.toString("utf8")
		.split("\0")
		.filter((text) => text !== "")
		.map((text) => {
			const [oid = "", parents = "", seconds = "", author = "", ...rest] = text.split("\n");
			const [op = "", taskId = "", runId = "", actor = ""] = rest.map((values) => values.split("\x1f")[0] ?? "");
			const subject = rest[4] ?? "";
			const known = parents.split(" ").filter((parent) => parent !== "");
			return { oid, parents: known, atMs: Number(seconds) * 1000, author, op, taskId, runId, actor, subject };
		});
}

function shallowCommits(commonDir: string): ReadonlySet<string> {
	const file = join(commonDir, "shallow");
	return new Set(existsSync(file) ? readFileSync(file, "utf8").split("\n") : []);
}

function entryOf(commit: LoggedCommit, changes: readonly FieldChange[]): HistoryEntry {
	const run = changes.find(({ field }) => field === "run" || field === "landing" || field === "rejection")?.to;
	const runId = isRunId(commit.runId) ? commit.runId : typeof run === "string" ? run : null;
	return {
		commit: commit.oid,
		atMs: commit.atMs,
		actor: commit.actor || commit.author,
		op: commit.op || (commit.parents.length > 1 ? "merge" : opOf(changes)),
		summary: commit.op === "" ? commit.subject : commit.subject.replace(/^(?:task\([^)]*\)|tasks): /, ""),
		runId,
		changes,
	};
}

type States = (commit: string) => Promise<TaskState>;

/** Against the one parent; of a merge only what no parent has. */
async function changesOf(states: States, commit: LoggedCommit): Promise<FieldChange[]> {
	const after = await states(commit.oid);
	const [first, ...others] = await Promise.all(
		commit.parents.map(async (parent) => changesOfTask(await states(parent), after)),
	);
	if (first === undefined) return changesOfTask(NO_STATE, after);
	return first.filter(({ field }) => others.every((changes) => changes.some((change) => change.field === field)));
}

/** Reads a task's state at a commit; each commit and each run folder once. */
function stateReader(ledger: Ledger, reader: ObjectReader, id: string): States {
	const { workspace } = ledger;
	const known = new Map<string, Promise<TaskState>>();
	const folders = new Map<string, Promise<ReadonlyMap<string, string>>>();
	const objectAt = async (commit: string, path: string) => {
		const whole = fromTop(workspace, path);
		// A name with a line break cannot be asked for in one line.
		if (!whole.includes("\n")) return reader.read(`${commit}:${whole}`);
		const tree = (await reader.read(`${commit}^{tree}`))?.oid ?? null;
		const entry = await entryAt(reader, tree, whole);
		return entry === null ? null : reader.read(entry.oid);
	};
	const text = async (commit: string, path: string) => {
		const object = await objectAt(commit, path);
		return object?.type === "blob" ? object.content.toString("utf8") : null;
	};
	const filesIn = (tree: string) => {
		const files =
			folders.get(tree) ??
			listTree(reader, tree).then((entries) => new Map([...entries].map(([name, { oid }]) => [name, oid])));
		folders.set(tree, files);
		return files;
	};
	const read = async (commit: string): Promise<TaskState> => {
		const [definition, record, folder] = await Promise.all([
			text(commit, definitionPath(id)),
			text(commit, recordPath(id)),
			objectAt(commit, runsFolder(id)),
		]);
		const runs = new Map<string, ReadonlyMap<string, string>>();
		if (folder?.type === "tree") {
			for (const [name, entry] of await listTree(reader, folder.oid)) {
				if (entry.mode === "40000") runs.set(name, await filesIn(entry.oid));
			}
		}
		return { definition, record, runs };
	};
	return (commit) => {
		const state = known.get(commit) ?? read(commit);
		known.set(commit, state);
		return state;
	};
}

async function withPatches(ledger: Ledger, id: string, entries: readonly HistoryEntry[]): Promise<HistoryEntry[]> {
	if (entries.length === 0) return [];
	const how = ["-r", "-p", "--root", "--diff-merges=first-parent", "--no-renames", "--no-ext-diff", "--no-textconv"];
	const look = ["--no-color", "--src-prefix=a/", "--dst-prefix=b/"];
	const paths = pathsOf(ledger, id).map((path) => `:(top,literal)${path}`);
	const result = await ledger.git(["diff-tree", "--stdin", ...how, ...look, "--", ...paths], {
		cwd: ledger.workspace.topLevel,
		stdin: `${entries.map(({ commit }) => commit).join("\n")}\n`,
	});
	const patches = new Map<string, string[]>();
	let lines: string[] = [];
	for (const line of result.stdout.toString("utf8").split("\n")) {
		const commit = /^([0-9a-f]{40}|[0-9a-f]{64})(?: \(from [0-9a-f]+\))?$/.exec(line)?.[1];
		if (commit === undefined) {
			lines.push(line);
			continue;
		}
		lines = [];
		patches.set(commit, lines);
	}
	return entries.map((entry) => ({ ...entry, patch: (patches.get(entry.commit) ?? []).join("\n").trim() }));
}
