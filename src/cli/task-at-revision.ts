// Tasks as they were, for the commands that take --at: resolves the revision and reads the commit's objects.
import { readFacts } from "../ledger/history/history.ts";
import { resolveTaskIdAt } from "../ledger/history/history-task-id.ts";
import { openHistory } from "../ledger/history/history-walk.ts";
import { resolveRevision } from "../ledger/history/revision.ts";
import { allFilesAt, readTaskAt, type TaskTimes, taskTimes } from "../ledger/history/task-at.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { byUrgency, type ListedTask, listedTask } from "../ledger/listing/listed-task.ts";
import { LIVE } from "../ledger/paths.ts";
import { isOver } from "../ledger/task/over.ts";
import { type TaskView, withoutPrompt } from "../ledger/task/task-view.ts";
import type { CommandContext } from "./command.ts";
import { historyNotice } from "./history-notice.ts";

export interface TaskThen {
	readonly view: TaskView;
	readonly commit: string;
	readonly subject: string;
}

/** Throws `revision_not_found`, `task_not_found`, `task_ambiguous`. */
export async function taskAt(context: CommandContext, ledger: Ledger, word: string, at: string): Promise<TaskThen> {
	const reader = ledger.openReader();
	try {
		const commit = await resolveRevision(ledger, reader, at, historyNotice(context));
		const files = await resolveTaskIdAt(ledger, reader, commit, word);
		const { subject, committedAtMs } = await readFacts(reader, commit);
		const history = await openHistory(ledger, commit, historyNotice(context));
		const times = taskTimes(history, files.id).get(files.id) ?? only(committedAtMs);
		return { view: await readTaskAt(ledger, reader, files, times), commit, subject };
	} finally {
		reader.close();
	}
}

/** The tasks of the commit's live folder, with those of its archive that were not over; or those of its archive. */
export async function tasksAt(
	context: CommandContext,
	ledger: Ledger,
	at: string,
	archived: boolean,
): Promise<ListedTask[]> {
	const reader = ledger.openReader();
	try {
		const commit = await resolveRevision(ledger, reader, at, historyNotice(context));
		const { committedAtMs } = await readFacts(reader, commit);
		const times = taskTimes(await openHistory(ledger, commit, historyNotice(context)));
		const all = await allFilesAt(ledger, reader, commit);
		const wanted = all.filter(({ home }) => !archived || home !== LIVE);
		const tasks = await Promise.all(
			wanted.map(async (files) => {
				const view = await readTaskAt(ledger, reader, files, times.get(files.id) ?? only(committedAtMs));
				const atRest = !view.broken && isOver(view);
				return archived || files.home === LIVE || !atRest ? [listedTask(withoutPrompt(view))] : [];
			}),
		);
		return tasks.flat().sort(byUrgency);
	} finally {
		reader.close();
	}
}

/** Where a shallow clone ends, nothing tells of before. */
function only(atMs: number): TaskTimes {
	return { firstMs: atMs, lastMs: atMs };
}
