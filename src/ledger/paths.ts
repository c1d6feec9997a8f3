// Which paths below a workspace are the ledger's. Everything else in tasks/ is the user's own code and stays theirs.
import { isRunId, isTaskId } from "../core/ids.ts";

export const RUNS_FILE = "tasks/runs.jsonl";
export const INDEX_FILE = "tasks/index.json";

export function definitionPath(taskId: string): string {
	return `tasks/${taskId}.md`;
}

export function recordPath(taskId: string): string {
	return `tasks/${taskId}.json`;
}

export function runFolder(taskId: string, runId: string): string {
	return `tasks/runs/${taskId}/${runId}`;
}

/** True for a path (relative to the workspace, with "/") that only the ledger writes. */
export function isLedgerPath(path: string): boolean {
	const [first, second, third, fourth] = path.split("/");
	if (first !== "tasks" || second === undefined) return false;
	if (third === undefined) {
		return FIXED_NAMES.has(second) || taskIdOfFile(second) !== null;
	}
	if (second === "runs") return isTaskId(third) && (fourth === undefined || isRunId(fourth));
	if (second === "archive") return /^\d{4}$/.test(third);
	return second === "templates" && fourth === undefined && third.endsWith(".md");
}

/** The id in a task file's name (`tsk_….md` or `tsk_….json`), or null for any other name. */
export function taskIdOfFile(name: string): string | null {
	const found = /^(.*)\.(?:md|json)$/.exec(name);
	return found?.[1] !== undefined && isTaskId(found[1]) ? found[1] : null;
}

const FIXED_NAMES = new Set(["ledger.json", "runs.jsonl", "index.json", ".gitattributes", ".gitignore"]);
