// Reads tasks: finds them by id or the beginning of one, and puts their two files and their runs together.
// Invariant: reading never writes, never takes a lock, and one bad file never hides another task.
import { lstatSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { containedPath } from "../../core/files.ts";
import { isTaskId } from "../../core/ids.ts";
import { isThere, taskHome, taskHomes, taskIdsIn, taskIdsLike } from "../archive/archive-places.ts";
import { type Diagnostic, diagnose, twoHomes } from "../diagnostic.ts";
import { type FirstSeen, firstSeenIn } from "../history/first-seen.ts";
import type { Ledger } from "../ledger.ts";
import { LIMITS } from "../limits.ts";
import { definitionPath, LIVE, recordPath } from "../paths.ts";
import { readRunFacts } from "../runs/run-facts.ts";
import type { Definition } from "./definition.ts";
import { parseRecord } from "./record.ts";
import { decodeText } from "./source-text.ts";
import type { TaskRecord } from "./task.ts";
import { parseTaskFile } from "./task-file.ts";
import { type TaskView, taskView } from "./task-view.ts";

export interface StoredTask {
	readonly id: string;
	/** The folder that its files stand in: `tasks`, or a year of the archive. A change brings it to `tasks`. */
	readonly home: string;
	readonly definition: Definition;
	/** null for a Markdown file alone, and for a record that cannot be read. */
	readonly record: TaskRecord | null;
	/** Where the two files stand, or would stand. After a merge of two copies they may be in different homes. */
	readonly files: { readonly definition: string; readonly record: string };
	readonly diagnostics: readonly Diagnostic[];
	/** The texts as they stand; null for a file that is not there. */
	readonly definitionText: string | null;
	readonly recordText: string | null;
}

/** The ids of all tasks in the live folder, sorted. */
export function taskIds(tasksDir: string): string[] {
	return taskIdsIn(dirname(tasksDir), LIVE);
}

/** The one task, live or archived, whose id is or begins with `text` (`tsk_` may be left out). Throws `task_not_found`, `task_ambiguous`. */
export function resolveTaskId(tasksDir: string, text: string): string {
	const whole: boolean = isTaskId(text);
	if (whole) {
		if (taskHome(dirname(tasksDir), text) !== null) return text;
		throw new MsgcodeError("task_not_found", `There is no task ${text}.`);
	}
	const prefix = text.startsWith("tsk_") ? text : `tsk_${text}`;
	const matches = /^tsk_[0-9a-z]+$/.test(prefix) ? taskIdsLike(dirname(tasksDir), prefix) : [];
	if (matches.length === 1) return matches[0] as string;
	if (matches.length === 0)
		throw new MsgcodeError("task_not_found", `No task's id begins with ${JSON.stringify(text)}.`);
	const shown = matches.slice(0, 20);
	throw new MsgcodeError("task_ambiguous", `${matches.length} tasks begin with ${JSON.stringify(text)}.`, {
		hint: `Type more of the id: ${shown.join(", ")}${matches.length > shown.length ? " …" : ""}`,
		details: { matches: shown },
	});
}

/** Reads a task's two files. Throws `task_not_found` when there is neither. */
export function readTask(root: string, id: string): StoredTask {
	const diagnostics: Diagnostic[] = [];
	const homes = taskHomes(root, id);
	const home = homes[0] ?? LIVE;
	const first = (pathIn: (id: string, home: string) => string) =>
		homes.map((one) => pathIn(id, one)).find((path) => isThere(join(root, path))) ?? pathIn(id, home);
	const files = { definition: first(definitionPath), record: first(recordPath) };
	const { definition: definitionFile, record: recordFile } = files;
	const definitionText = readLedgerText(root, definitionFile, diagnostics);
	const recordText = readLedgerText(root, recordFile, diagnostics);
	if (definitionText === null && recordText === null && diagnostics.length === 0) {
		throw new MsgcodeError("task_not_found", `There is no task ${id}.`);
	}
	const parsed = parseTaskFile(definitionText ?? "", definitionFile);
	diagnostics.push(...(definitionText === null ? [] : parsed.diagnostics));
	if (definitionText === null && !diagnostics.some(({ file }) => file === definitionFile)) {
		const hint = `Bring it back from history: git log -- ${definitionFile}`;
		const message = "The task's record is there, but its Markdown file is not.";
		diagnostics.push(diagnose("definition_missing", { file: definitionFile, line: 1, message, hint }));
	}
	const read = recordText === null ? null : parseRecord(recordText, recordFile);
	diagnostics.push(...(read?.diagnostics ?? []));
	const record = read?.record ?? null;
	if (homes.length > 1) diagnostics.push(twoHomes(definitionFile, homes));
	return { id, home, files, definition: parsed.definition, record, diagnostics, definitionText, recordText };
}

/** The whole task. `liveRunId` is the run that holds its claim; who views many tasks brings one `firstSeen` for all. */
export async function viewTask(
	ledger: Ledger,
	task: StoredTask,
	extras: { readonly liveRunId: string | null; readonly held?: boolean; readonly firstSeen?: FirstSeen },
): Promise<TaskView> {
	const firstSeen = extras.firstSeen ?? firstSeenIn(ledger);
	const { root, uid } = ledger.workspace;
	const mtime = (path: string) => lstatSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? null;
	return taskView({
		id: task.id,
		definition: task.definition,
		record: task.record,
		createdAtMs: task.record === null ? await firstSeen(task.id) : task.record.createdAtMs,
		workspace: { uid, path: "." },
		runs: readRunFacts(root, task.id),
		mtimes: {
			definitionMs: mtime(task.files.definition),
			recordMs: mtime(task.files.record),
		},
		liveRunId: extras.liveRunId,
		...(extras.held === undefined ? {} : { held: extras.held }),
		diagnostics: task.diagnostics,
	});
}

/** A ledger file's text; what keeps it from being read becomes a diagnostic, not an exception. */
function readLedgerText(root: string, path: string, diagnostics: Diagnostic[]): string | null {
	const report = (message: string, hint: string) => {
		diagnostics.push(diagnose("file_unreadable", { file: path, line: 1, message, hint }));
		return null;
	};
	try {
		const absolute = containedPath(root, path);
		const stat = lstatSync(absolute, { throwIfNoEntry: false });
		if (stat === undefined) return null;
		if (!stat.isFile()) return report("It is not a plain file, so it is not read.", "Replace it by the file itself.");
		if (stat.size > LIMITS.bodyBytes * 2)
			return report(`It has ${stat.size} bytes; a task file has at most 1 MiB.`, "Shorten it.");
		const decoded = decodeText(readFileSync(absolute), path);
		diagnostics.push(...decoded.diagnostics);
		return decoded.text;
	} catch (error) {
		if (error instanceof MsgcodeError && error.code === "path_outside") {
			return report(
				"It is a symbolic link that leads out of the workspace, so it is not read.",
				"Replace it by the file itself.",
			);
		}
		return report(`It cannot be read: ${(error as Error).message}`, "Check its permissions.");
	}
}
