// Finds a task by its id where the checkout may not hold it any more: what history knows is enough.
// Invariant: only a whole id is looked for in history; the beginning of one means a task that is here.
import { MsgcodeError } from "../../core/errors.ts";
import { isTaskId } from "../../core/ids.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import type { Ledger } from "../ledger.ts";
import { resolveTaskId } from "../task/store.ts";
import { openHistory } from "./history-walk.ts";
import { allFilesAt, filesOfTaskAt, type TaskFiles } from "./task-at.ts";

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

/** The same among the tasks that a commit holds, archived ones included. */
export async function resolveTaskIdAt(
	ledger: Ledger,
	reader: ObjectReader,
	commit: string,
	text: string,
): Promise<TaskFiles> {
	const notThere = (what: string) =>
		new MsgcodeError("task_not_found", `${what} in ${commit.slice(0, 10)}.`, {
			hint: "It may have been added later: msgcode task log <id> tells when.",
		});
	const whole: boolean = isTaskId(text);
	if (whole) {
		const files = await filesOfTaskAt(ledger, reader, commit, text);
		if (files === null) throw notThere(`The task ${text} did not exist`);
		return files;
	}
	const prefix = text.startsWith("tsk_") ? text : `tsk_${text}`;
	const matches = (await allFilesAt(ledger, reader, commit)).filter(({ id }) => id.startsWith(prefix));
	const [first] = matches;
	if (first === undefined) throw notThere(`No task's id began with ${JSON.stringify(text)}`);
	if (matches.length === 1) return first;
	const shown = matches.slice(0, 20).map(({ id }) => id);
	throw new MsgcodeError("task_ambiguous", `${matches.length} tasks began with ${JSON.stringify(text)} there.`, {
		hint: `Type more of the id: ${shown.join(", ")}${matches.length > shown.length ? " …" : ""}`,
		details: { matches: shown },
	});
}

async function isInHistory(ledger: Ledger, id: string, onBuild?: (commits: number) => void): Promise<boolean> {
	const reader = ledger.openReader();
	try {
		const head = await reader.read("HEAD");
		if (head === null) return false;
		const history = await openHistory(ledger, head.oid, onBuild);
		if (history.knows(id)) return true;
		for (const { row, oid } of history.touching(id)) {
			if (row === null && (await filesOfTaskAt(ledger, reader, oid, id)) !== null) return true;
		}
		return false;
	} finally {
		reader.close();
	}
}
