// Where in a checkout a task's files stand: live in tasks/, or in a year of tasks/archive/.
// Invariant: only names are looked at, no file is read; the live folder comes first, then the years, newest first.
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isRunId, isTaskId } from "../../core/ids.ts";
import {
	ARCHIVE,
	definitionPath,
	isArchiveYear,
	isRotatedLog,
	LIVE,
	recordPath,
	runFolder,
	runsFolder,
	taskIdOfFile,
} from "../paths.ts";

/** The archive's homes that are there, newest year first. */
export function archiveHomes(root: string): string[] {
	try {
		return readdirSync(join(root, ARCHIVE), { withFileTypes: true })
			.filter((entry) => entry.isDirectory() && isArchiveYear(entry.name))
			.map((entry) => `${ARCHIVE}/${entry.name}`)
			.sort()
			.reverse();
	} catch {
		return []; // nothing was ever archived, or what is called so is no folder
	}
}

/**
 * Files that a home keeps for ever, as writes of those that are not there yet. A folder that all files have left is, to git, a
 * folder that was renamed: what another branch adds to it would be taken along, or be a conflict.
 */
export function keeperWrites(root: string, home: string): { readonly path: string; readonly content: string }[] {
	return [`${home}/${KEEPER}`, `${home}/runs/${KEEPER}`]
		.filter((path) => !isThere(join(root, path)))
		.map((path) => ({ path, content: "" }));
}

const KEEPER = ".gitkeep";

/** True for such a file, relative to the workspace: nothing that takes a change back takes it away. */
export function isKeeper(path: string): boolean {
	return path.startsWith(`${ARCHIVE}/`) && path.endsWith(`/${KEEPER}`);
}

/** Every home that holds one of the task's two files. More than one is what a merge of two copies leaves. */
export function taskHomes(root: string, id: string): string[] {
	const stands = (home: string) =>
		[definitionPath(id, home), recordPath(id, home)].some((path) => isThere(join(root, path)));
	return [LIVE, ...archiveHomes(root)].filter(stands);
}

/** The task's home, or null where there is no such task. */
export function taskHome(root: string, id: string): string | null {
	if (isThere(join(root, definitionPath(id))) || isThere(join(root, recordPath(id)))) return LIVE;
	return taskHomes(root, id)[0] ?? null;
}

/** The ids of all tasks in a home, sorted. */
export function taskIdsIn(root: string, home: string): string[] {
	const ids = namesIn(join(root, home)).flatMap((name) => taskIdOfFile(name) ?? []);
	return [...new Set(ids)].sort();
}

/** The ids of all tasks, live and archived, that begin with `prefix`. */
export function taskIdsLike(root: string, prefix: string): string[] {
	const ids = [LIVE, ...archiveHomes(root)].flatMap((home) => taskIdsIn(root, home));
	return [...new Set(ids.filter((id) => id.startsWith(prefix)))].sort();
}

/**
 * The home that holds a run's receipt, else its folder; the live one where none does. git leaves what it does not know
 * (a run's events) behind when it moves a task.
 */
export function runHome(root: string, taskId: string, runId: string): string {
	const holds = (home: string, file: string) => isThere(join(root, runFolder(taskId, runId, home), file));
	if (holds(LIVE, "run_receipt.json")) return LIVE;
	const homes = [LIVE, ...archiveHomes(root)];
	return homes.find((home) => holds(home, "run_receipt.json")) ?? homes.find((home) => holds(home, "")) ?? LIVE;
}

/** Ids of the run folders of a task, in whatever home, unordered. A merge may leave some of them in each of two homes. */
export function runFoldersOf(root: string, taskId: string): string[] {
	const ids = [LIVE, ...archiveHomes(root)].flatMap((home) => namesIn(join(root, runsFolder(taskId, home))));
	return [...new Set(ids.filter(isRunId))];
}

/** Ids of all tasks that have run folders, in whatever home. */
export function tasksWithRuns(root: string): string[] {
	const ids = [LIVE, ...archiveHomes(root)].flatMap((home) => namesIn(join(root, home, "runs")));
	return [...new Set(ids.filter(isTaskId))];
}

/** Rotated parts of runs.jsonl, relative to the workspace, sorted by name. */
export function rotatedLogs(root: string): string[] {
	const logs = archiveHomes(root).flatMap((home) =>
		namesIn(join(root, home))
			.filter(isRotatedLog)
			.map((name) => `${home}/${name}`),
	);
	return logs.sort();
}

function namesIn(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch {
		return []; // not there, or no folder
	}
}

/** A link that leads nowhere counts as well: what it is, its reader says. */
export function isThere(path: string): boolean {
	return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
