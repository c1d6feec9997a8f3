// A task as it was in a commit: its files, its runs and what follows from them, read from git's objects alone.
// Invariant: nothing of the checkout takes part; what the task is like now changes no answer about then.
import { isRunId, isTaskId } from "../core/ids.ts";
import type { ObjectReader } from "../git/object-reader.ts";
import { entryAt, listTree, type TreeEntry } from "../git/tree-edit.ts";
import { type Diagnostic, diagnose } from "./diagnostic.ts";
import { type History, tasksTouchedBy } from "./history-walk.ts";
import type { Ledger } from "./ledger.ts";
import { taskIdOfFile } from "./paths.ts";
import { parseReceipt, type Receipt } from "./receipt.ts";
import { parseRecord } from "./record.ts";
import type { Landing } from "./runs.ts";
import { decodeText } from "./source-text.ts";
import { parseTaskFile } from "./task-file.ts";
import { NO_RUNS, type RunFacts, type TaskView, taskView } from "./task-view.ts";
import { fromTop } from "./workspace.ts";

/** Where a task's files are in a commit: blobs of the two files, and the tree of its runs. */
export interface TaskFiles {
	readonly id: string;
	readonly home: string;
	readonly definition: string | null;
	readonly record: string | null;
	readonly runs: string | null;
}

/** When git saw a task first and last, epoch ms. */
export interface TaskTimes {
	readonly firstMs: number;
	readonly lastMs: number;
}

type Place = Pick<Ledger, "workspace">;

/** null where the commit holds nothing of the task. */
export async function filesOfTaskAt(
	ledger: Place,
	reader: ObjectReader,
	commit: string,
	id: string,
): Promise<TaskFiles | null> {
	for (const home of await homesAt(ledger, reader, commit)) {
		const names = await listTree(reader, home.tree);
		const files = await filesIn(reader, home, names, id);
		if (files !== null) return files;
	}
	return null;
}

/** Every task of a commit by id: the live ones, with `archived` those of the archive too. */
export async function allFilesAt(
	ledger: Place,
	reader: ObjectReader,
	commit: string,
	archived: boolean,
): Promise<TaskFiles[]> {
	const found = new Map<string, TaskFiles>();
	for (const home of (await homesAt(ledger, reader, commit)).slice(0, archived ? undefined : 1)) {
		const names = await listTree(reader, home.tree);
		const runs = await runFoldersIn(reader, names);
		for (const name of names.keys()) {
			const id = taskIdOfFile(name);
			if (id === null || found.has(id)) continue;
			found.set(id, { ...pairOf(home, names, id), runs: runs.get(id)?.oid ?? null });
		}
	}
	return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The task put together as it was. */
export async function readTaskAt(
	ledger: Place,
	reader: ObjectReader,
	files: TaskFiles,
	times: TaskTimes,
): Promise<TaskView> {
	const { id, home } = files;
	const diagnostics: Diagnostic[] = [];
	const [definitionPath, recordPath] = [`${home}/${id}.md`, `${home}/${id}.json`];
	const [definitionText, recordText, runs] = await Promise.all([
		textOf(reader, files.definition, definitionPath, diagnostics),
		textOf(reader, files.record, recordPath, diagnostics),
		runFactsAt(reader, files),
	]);
	const parsed = parseTaskFile(definitionText ?? "", definitionPath);
	if (definitionText !== null) diagnostics.push(...parsed.diagnostics);
	else if (files.definition === null) {
		const message = "The task's record is in the commit, but its Markdown file is not.";
		const hint = `Look at its history: msgcode task log ${id}`;
		diagnostics.push(diagnose("definition_missing", { file: definitionPath, line: 1, message, hint }));
	}
	const record = recordText === null ? null : parseRecord(recordText, recordPath);
	diagnostics.push(...(record?.diagnostics ?? []));
	return taskView({
		id,
		definition: parsed.definition,
		record: record?.record ?? null,
		createdAtMs: times.firstMs,
		workspace: { uid: ledger.workspace.uid, path: "." },
		runs,
		mtimes: { definitionMs: times.lastMs, recordMs: null },
		liveRunId: null,
		diagnostics,
	});
}

/** When each task was first and last changed in a history; of one task only where it is named. */
export function taskTimes(history: History, id?: string): Map<string, TaskTimes> {
	const times = new Map<string, TaskTimes>();
	for (const commit of id === undefined ? history.newestFirst() : history.touching(id)) {
		const atMs = commit.seconds * 1000;
		for (const task of tasksTouchedBy(history, commit)) {
			times.set(task, { firstMs: atMs, lastMs: times.get(task)?.lastMs ?? atMs });
		}
	}
	return times;
}

interface Home {
	readonly home: string;
	readonly tree: string;
}

/** The folders that tasks stand in: the live one, then the archive's, the newest first. */
async function homesAt({ workspace }: Place, reader: ObjectReader, commit: string): Promise<Home[]> {
	const tree = (await reader.read(`${commit}^{tree}`))?.oid ?? null;
	const tasks = folder(await entryAt(reader, tree, fromTop(workspace, "tasks")));
	if (tasks === null) return [];
	const archive = folder((await listTree(reader, tasks)).get("archive"));
	const years = archive === null ? [] : [...(await listTree(reader, archive))];
	const archived = years
		.filter(([name, entry]) => /^\d{4}$/.test(name) && entry.mode === "40000")
		.map(([name, { oid }]) => ({ home: `tasks/archive/${name}`, tree: oid }));
	return [{ home: "tasks", tree: tasks }, ...archived.reverse()];
}

type Names = ReadonlyMap<string, TreeEntry>;

async function filesIn(reader: ObjectReader, home: Home, names: Names, id: string): Promise<TaskFiles | null> {
	const pair = pairOf(home, names, id);
	if (pair.definition === null && pair.record === null) return null;
	return { ...pair, runs: (await runFoldersIn(reader, names)).get(id)?.oid ?? null };
}

function pairOf({ home }: Home, names: Names, id: string): Omit<TaskFiles, "runs"> {
	const blob = (name: string) => {
		const entry = names.get(name);
		return entry === undefined || entry.mode === "40000" ? null : entry.oid;
	};
	return { id, home, definition: blob(`${id}.md`), record: blob(`${id}.json`) };
}

async function runFoldersIn(reader: ObjectReader, names: Names): Promise<Names> {
	const runs = folder(names.get("runs"));
	const tasks = runs === null ? [] : [...(await listTree(reader, runs))];
	return new Map(tasks.filter(([name, entry]) => isTaskId(name) && entry.mode === "40000"));
}

function folder(entry: TreeEntry | null | undefined): string | null {
	return entry?.mode === "40000" ? entry.oid : null;
}

async function textOf(
	reader: ObjectReader,
	oid: string | null,
	file: string,
	diagnostics: Diagnostic[],
): Promise<string | null> {
	const object = oid === null ? null : await reader.read(oid);
	if (object?.type !== "blob") return null;
	const decoded = decodeText(object.content, file);
	diagnostics.push(...decoded.diagnostics);
	return decoded.text;
}

/** The files of each run of a task by name, oldest run first. */
async function runFilesAt(reader: ObjectReader, runsTree: string): Promise<Map<string, Names>> {
	const folders = [...(await listTree(reader, runsTree))].filter(
		([name, entry]) => isRunId(name) && entry.mode === "40000",
	);
	const runs = await Promise.all(
		folders.map(async ([runId, { oid }]) => {
			const files = await listTree(reader, oid);
			return { runId, files, startedAt: (await receiptIn(reader, files))?.startedAt ?? "" };
		}),
	);
	const key = ({ runId, startedAt }: (typeof runs)[0]) =>
		`${runId.slice(0, runId.lastIndexOf("_"))} ${startedAt} ${runId}`;
	return new Map(runs.sort((a, b) => (key(a) < key(b) ? -1 : 1)).map(({ runId, files }) => [runId, files]));
}

/** The files of one run in a commit; null where the commit has no such folder. */
export async function runFilesOf(
	ledger: Place,
	reader: ObjectReader,
	commit: string,
	id: string,
	runId: string,
): Promise<Names | null> {
	for (const { tree } of await homesAt(ledger, reader, commit)) {
		const found = folder(await entryAt(reader, tree, `runs/${id}/${runId}`));
		if (found !== null) return await listTree(reader, found);
	}
	return null;
}

async function runFactsAt(reader: ObjectReader, { id, home, runs: tree }: TaskFiles): Promise<RunFacts> {
	const runs = tree === null ? new Map<string, Names>() : await runFilesAt(reader, tree);
	const last = [...runs.values()].at(-1);
	if (last === undefined) return NO_RUNS;
	const artifacts: string[] = [];
	const landings: Landing[] = [];
	for (const [runId, files] of runs) {
		for (const name of ["patch.diff", "summary.md", "run_receipt.json"]) {
			if (files.has(name)) artifacts.push(`${home}/runs/${id}/${runId}/${name}`);
		}
		const landing = await jsonIn<Landing>(reader, files, "landing.json");
		if (landing !== null) landings.push(landing);
	}
	const endedAtMs = Date.parse((await receiptIn(reader, last))?.endedAt ?? "");
	return {
		count: runs.size,
		artifacts,
		patches: artifacts.filter((path) => path.endsWith("/patch.diff")),
		lastSummary: (await contentIn(reader, last, "summary.md"))?.toString("utf8") ?? "",
		landings,
		lastEndedAtMs: Number.isNaN(endedAtMs) ? null : endedAtMs,
	};
}

/** A file of a run, or null. */
export async function contentIn(reader: ObjectReader, files: Names, name: string): Promise<Buffer | null> {
	const entry = files.get(name);
	const object = entry === undefined ? null : await reader.read(entry.oid);
	return object?.type === "blob" ? object.content : null;
}

export async function receiptIn(reader: ObjectReader, files: Names): Promise<Receipt | null> {
	return parseReceipt((await contentIn(reader, files, "run_receipt.json"))?.toString("utf8") ?? "");
}

export async function jsonIn<T>(reader: ObjectReader, files: Names, name: string): Promise<T | null> {
	const content = await contentIn(reader, files, name);
	try {
		return content === null ? null : (JSON.parse(content.toString("utf8")) as T);
	} catch {
		return null;
	}
}
