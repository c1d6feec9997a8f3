// Finds a task by its id where the checkout may not hold it any more: what history knows is enough.
// Invariant: only a whole id is looked for in history; the beginning of one means a task that is here.
import { MsgcodeError } from "../core/errors.ts";
import { isTaskId } from "../core/ids.ts";
import { openHistory } from "./history-walk.ts";
import type { Ledger } from "./ledger.ts";
import { resolveTaskId } from "./store.ts";
import { filesOfTaskAt } from "./task-at.ts";

/** The one task that `text` names, here or in the checked-out branch's history. Throws `task_not_found`, `task_ambiguous`. */
export async function resolveKnownTaskId(
	ledger: Ledger,
	text: string,
	onBuild?: (commits: number) => void,
): Promise<string> {
	try {
		return resolveTaskId(ledger.workspace.tasksDir, text);
	} catch (error) {
		if (!(error instanceof MsgcodeError) || error.code !== "task_not_found" || !isTaskId(text)) throw error;
		if (await isInHistory(ledger, text, onBuild)) return text;
		throw new MsgcodeError("task_not_found", `There is no task ${text}, and the branch's history knows none.`);
	}
}

async function isInHistory(ledger: Ledger, id: string, onBuild?: (commits: number) => void): Promise<boolean> {
	const reader = ledger.openReader();
	try {
		const head = await reader.read("HEAD");
		if (head === null) return false;
		for (const { row, oid } of (await openHistory(ledger, head.oid, onBuild)).touching(id)) {
			if (row !== null || (await filesOfTaskAt(ledger, reader, oid, id)) !== null) return true;
		}
		return false;
	} finally {
		reader.close();
	}
}
