// Which paths below a workspace are the ledger's. Everything else in tasks/ is the user's own code and stays theirs.
// A task's home is the folder that its files stand in: tasks/, or one year of tasks/archive/.
import { isRunId, isTaskId } from "../core/ids.ts";

/** The home of every task that is not archived. */
export const LIVE = "tasks";
export const ARCHIVE = "tasks/archive";
export const RUNS_FILE = "tasks/runs.jsonl";
export const INDEX_FILE = "tasks/index.json";

export function definitionPath(taskId: string, home: string = LIVE): string {
	return `${home}/${taskId}.md`;
}

export function recordPath(taskId: string, home: string = LIVE): string {
	return `${home}/${taskId}.json`;
}

/** What a run's folder holds that the ledger commits, but for events. Whatever else stands there is not the ledger's to move or judge. */
export const RUN_FILES: readonly string[] = [
	"run_receipt.json",
	"summary.md",
	"patch.diff",
	"landing.json",
	"rejection.json",
];

/** The folder of all of a task's runs. */
export function runsFolder(taskId: string, home: string = LIVE): string {
	return `${home}/runs/${taskId}`;
}

export function runFolder(taskId: string, runId: string, home: string = LIVE): string {
	return `${runsFolder(taskId, home)}/${runId}`;
}

/** The home of tasks that were closed, or removed, in a year of UTC. */
export function archiveHome(year: number): string {
	return `${ARCHIVE}/${String(year).padStart(4, "0")}`;
}

export function isArchiveYear(name: string): boolean {
	return /^\d{4}$/.test(name);
}

/** Lines of runs.jsonl that were moved into a year of the archive, named by their content; never changed afterwards. */
export function rotatedLogPath(year: number, sha256: string): string {
	return `${archiveHome(year)}/runs-${sha256.slice(0, 16)}.jsonl`;
}

export function isRotatedLog(name: string): boolean {
	return /^runs-[0-9a-f]{16}\.jsonl$/.test(name);
}

/** True for a path (relative to the workspace, with "/") that only the ledger writes. */
export function isLedgerPath(path: string): boolean {
	const [first, second, third, fourth] = path.split("/");
	if (first !== "tasks" || second === undefined) return false;
	if (third === undefined) {
		return FIXED_NAMES.has(second) || taskIdOfFile(second) !== null || rightTaskFileName(second) !== null;
	}
	if (second === "runs") return isTaskId(third) && (fourth === undefined || isRunId(fourth));
	if (second === "archive") return isArchiveYear(third);
	return second === "templates" && fourth === undefined && third.endsWith(".md");
}

/** The id in a task file's name (`tsk_….md` or `tsk_….json`), or null for any other name. */
export function taskIdOfFile(name: string): string | null {
	const found = /^(.*)\.(?:md|json)$/.exec(name);
	return found?.[1] !== undefined && isTaskId(found[1]) ? found[1] : null;
}

/** The right name of a task's file that has its name in another case (`tsk_ABC….md`); null for every other name. */
export function rightTaskFileName(name: string): string | null {
	const right = name.toLowerCase();
	return name !== right && taskIdOfFile(right) !== null ? right : null;
}

export interface TaskPath {
	readonly taskId: string;
	readonly home: string;
	/** What the file is: one of the task's two files, or something of a run of it. */
	readonly kind: "definition" | "record" | "run";
}

/** Whose file a path (relative to the workspace) is, in whatever home; null for a path of no task. */
export function taskPath(path: string): TaskPath | null {
	const names = path.split("/");
	const depth = names[0] === "tasks" && names[1] === "archive" && isArchiveYear(names[2] ?? "") ? 3 : 1;
	if (names[0] !== "tasks") return null;
	const home = names.slice(0, depth).join("/");
	const [name = "", taskId, runId, file] = names.slice(depth);
	if (taskId === undefined) {
		const id = taskIdOfFile(name);
		return id === null ? null : { taskId: id, home, kind: name.endsWith(".md") ? "definition" : "record" };
	}
	const isOfRun = name === "runs" && isTaskId(taskId) && isRunId(runId) && file !== undefined;
	return isOfRun ? { taskId, home, kind: "run" } : null;
}

/** The id of the task that a path belongs to, or null. */
export function taskIdOfPath(path: string): string | null {
	return taskPath(path)?.taskId ?? null;
}

const FIXED_NAMES = new Set(["ledger.json", "runs.jsonl", "index.json", ".gitattributes", ".gitignore"]);
