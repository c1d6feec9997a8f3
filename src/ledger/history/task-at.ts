// A task as it was in a commit: its files, its runs and what follows from them, read from git's objects alone.
// Invariant: nothing of the checkout takes part; what the task is like now changes no answer about then.
import { dateable } from "../../core/clock.ts";
import { isRunId, isTaskId } from "../../core/ids.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import { entryAt, listTree, type TreeEntry } from "../../git/tree-edit.ts";
import { type Diagnostic, diagnose, twoHomes } from "../diagnostic.ts";
import type { Ledger } from "../ledger.ts";
import { archiveHome, definitionPath, isArchiveYear, LIVE, recordPath, runFolder, taskIdOfFile } from "../paths.ts";
import { lastRunOf } from "../runs/last-run.ts";
import { parseReceipt, type Receipt } from "../runs/receipt.ts";
import { isSoundReceipt, type Landing } from "../runs/runs.ts";
import { parseRecord } from "../task/record.ts";
import { decodeText } from "../task/source-text.ts";
import { parseTaskFile } from "../task/task-file.ts";
import { NO_RUNS, type RunFacts, type TaskView, taskView } from "../task/task-view.ts";
import { fromTop } from "../workspace.ts";
import { type History, tasksTouchedBy } from "./history-walk.ts";

/** Where a task's files are in a commit. */
export interface TaskFiles {
	readonly id: string;
	readonly home: string;
	/** Every home that holds one of its two files: more than one is what a merge of two copies leaves. */
	readonly homes: readonly string[];
	/** null for a file that is not there. */
	readonly definition: PlacedBlob | null;
	readonly record: PlacedBlob | null;
	/** Its folders of runs: a merge may leave some in each of two homes. */
	readonly runs: readonly Home[];
}

interface PlacedBlob {
	readonly oid: string;
	/** Relative to the workspace. */
	readonly path: string;
}

/** A home, or a task's folder of runs in one, with its tree. */
interface Home {
	readonly home: string;
	readonly tree: string;
}

/** When git saw a task first and last, epoch ms. */
export interface TaskTimes {
	readonly firstMs: number;
	readonly lastMs: number;
}

type Place = Pick<Ledger, "workspace">;

/** null where the commit holds neither of the task's two files. */
export async function filesOfTaskAt(
	ledger: Place,
	reader: ObjectReader,
	commit: string,
	id: string,
): Promise<TaskFiles | null> {
	let found: TaskFiles | null = null;
	for (const home of await homesAt(ledger, reader, commit)) {
		const names = await listTree(reader, home.tree);
		const runs = folder(await entryIn(reader, names, "runs", id));
		found = joined(found, { ...pairOf(home, names, id), runs: runs === null ? [] : [{ home: home.home, tree: runs }] });
	}
	return found?.definition == null && found?.record == null ? null : found;
}

/** Every task of a commit by id, archived ones included. */
export async function allFilesAt(ledger: Place, reader: ObjectReader, commit: string): Promise<TaskFiles[]> {
	const found = new Map<string, TaskFiles>();
	for (const home of await homesAt(ledger, reader, commit)) {
		const names = await listTree(reader, home.tree);
		const runs = await runFoldersIn(reader, names);
		const ids = new Set([...[...names.keys()].flatMap((name) => taskIdOfFile(name) ?? []), ...runs.keys()]);
		for (const id of ids) {
			const tree = runs.get(id)?.oid;
			const own = tree === undefined ? [] : [{ home: home.home, tree }];
			found.set(id, joined(found.get(id) ?? null, { ...pairOf(home, names, id), runs: own }));
		}
	}
	return [...found.values()]
		.filter(({ definition, record }) => definition !== null || record !== null)
		.sort((a, b) => (a.id < b.id ? -1 : 1));
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
	const [definitionText, recordText, runs] = await Promise.all([
		textOf(reader, files.definition, diagnostics),
		textOf(reader, files.record, diagnostics),
		runFactsAt(reader, files),
	]);
	const definitionFile = files.definition?.path ?? definitionPath(id, home);
	const parsed = parseTaskFile(definitionText ?? "", definitionFile);
	if (definitionText !== null) diagnostics.push(...parsed.diagnostics);
	else if (files.definition === null) {
		const message = "The task's record is in the commit, but its Markdown file is not.";
		const hint = `Look at its history: msgcode task log ${id}`;
		diagnostics.push(diagnose("definition_missing", { file: definitionFile, line: 1, message, hint }));
	}
	const record = recordText === null ? null : parseRecord(recordText, files.record?.path ?? recordPath(id, home));
	diagnostics.push(...(record?.diagnostics ?? []));
	if (files.homes.length > 1) diagnostics.push(twoHomes(definitionFile, files.homes));
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
		const atMs = dateable(commit.seconds * 1000);
		for (const task of tasksTouchedBy(history, commit)) {
			times.set(task, { firstMs: atMs, lastMs: times.get(task)?.lastMs ?? atMs });
		}
	}
	return times;
}

/** The folders that tasks stand in: the live one, then the archive's, the newest first. */
async function homesAt({ workspace }: Place, reader: ObjectReader, commit: string): Promise<Home[]> {
	const tree = (await reader.read(`${commit}^{tree}`))?.oid ?? null;
	const tasks = folder(await entryAt(reader, tree, fromTop(workspace, "tasks")));
	if (tasks === null) return [];
	const archive = folder((await listTree(reader, tasks)).get("archive"));
	const years = archive === null ? [] : [...(await listTree(reader, archive))];
	const archived = years
		.filter(([name, entry]) => isArchiveYear(name) && entry.mode === "40000")
		.map(([name, { oid }]) => ({ home: archiveHome(Number(name)), tree: oid }));
	return [{ home: LIVE, tree: tasks }, ...archived.reverse()];
}

type Names = ReadonlyMap<string, TreeEntry>;

/** What several homes hold of one task: the first one's files count. */
function joined(first: TaskFiles | null, then: TaskFiles): TaskFiles {
	if (first === null) return then;
	const isHere = first.definition !== null || first.record !== null;
	return {
		id: first.id,
		home: isHere ? first.home : then.home,
		homes: [...first.homes, ...then.homes],
		definition: first.definition ?? then.definition,
		record: first.record ?? then.record,
		runs: [...first.runs, ...then.runs],
	};
}

function pairOf({ home }: Home, names: Names, id: string): Omit<TaskFiles, "runs"> {
	const blob = (path: string): PlacedBlob | null => {
		const entry = names.get(path.slice(home.length + 1));
		return entry === undefined || entry.mode === "40000" ? null : { oid: entry.oid, path };
	};
	const [definition, record] = [blob(definitionPath(id, home)), blob(recordPath(id, home))];
	return { id, home, homes: definition === null && record === null ? [] : [home], definition, record };
}

async function entryIn(reader: ObjectReader, names: Names, first: string, second: string): Promise<TreeEntry | null> {
	const tree = folder(names.get(first));
	return tree === null ? null : ((await listTree(reader, tree)).get(second) ?? null);
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
	blob: PlacedBlob | null,
	diagnostics: Diagnostic[],
): Promise<string | null> {
	const object = blob === null ? null : await reader.read(blob.oid);
	if (blob === null || object?.type !== "blob") return null;
	const decoded = decodeText(object.content, blob.path);
	diagnostics.push(...decoded.diagnostics);
	return decoded.text;
}

interface RunFolder {
	readonly runId: string;
	readonly home: string;
	readonly files: Names;
}

/** A task's runs, the oldest first. */
async function runFoldersAt(reader: ObjectReader, { runs }: TaskFiles): Promise<RunFolder[]> {
	const found = new Map<string, RunFolder & { readonly startedAt: string }>();
	for (const { home, tree } of runs) {
		for (const [runId, { mode, oid }] of await listTree(reader, tree)) {
			if (!isRunId(runId) || mode !== "40000" || found.has(runId)) continue;
			const files = await listTree(reader, oid);
			found.set(runId, { runId, home, files, startedAt: (await receiptIn(reader, files))?.startedAt ?? "" });
		}
	}
	const key = ({ runId, startedAt }: { runId: string; startedAt: string }) =>
		`${runId.slice(0, runId.lastIndexOf("_"))} ${startedAt} ${runId}`;
	return [...found.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
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

async function runFactsAt(reader: ObjectReader, files: TaskFiles): Promise<RunFacts> {
	const runs = await runFoldersAt(reader, files);
	const last = runs.at(-1);
	if (last === undefined) return NO_RUNS;
	const artifacts: string[] = [];
	const landings: Landing[] = [];
	for (const { runId, home, files: names } of runs) {
		for (const name of ["patch.diff", "summary.md", "run_receipt.json"]) {
			if (names.has(name)) artifacts.push(`${runFolder(files.id, runId, home)}/${name}`);
		}
		const landing = await jsonIn<Landing>(reader, names, "landing.json");
		if (landing !== null) landings.push(landing);
	}
	return {
		count: runs.length,
		artifacts,
		patches: artifacts.filter((path) => path.endsWith("/patch.diff")),
		lastSummary: (await contentIn(reader, last.files, "summary.md"))?.toString("utf8") ?? "",
		landings,
		lastRun: lastRunOf(await receiptIn(reader, last.files)),
	};
}

/** A file of a run, or null. */
export async function contentIn(reader: ObjectReader, files: Names, name: string): Promise<Buffer | null> {
	const entry = files.get(name);
	const object = entry === undefined ? null : await reader.read(entry.oid);
	return object?.type === "blob" ? object.content : null;
}

/** As readReceipt, from a commit: null for one that is damaged as well. */
export async function receiptIn(reader: ObjectReader, files: Names): Promise<Receipt | null> {
	const receipt = parseReceipt((await contentIn(reader, files, "run_receipt.json"))?.toString("utf8") ?? "");
	return receipt !== null && isSoundReceipt(receipt) ? receipt : null;
}

export async function jsonIn<T>(reader: ObjectReader, files: Names, name: string): Promise<T | null> {
	const content = await contentIn(reader, files, name);
	try {
		return content === null ? null : (JSON.parse(content.toString("utf8")) as T);
	} catch {
		return null;
	}
}
