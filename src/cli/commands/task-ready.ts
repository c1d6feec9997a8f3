// `msgcode task ready`: the tasks that nothing holds back, and with --json why each is first.

import { summaryOf } from "../../ledger/listing/listed-task.ts";
import { notReadyBecause, withArchivedParents } from "../../ledger/task/dependencies.ts";
import type { TaskSummary } from "../../ledger/task/task-view.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { select, type TaskFilters, taskListResult, tasksWithLiveRuns } from "./task-list.ts";

export async function run(
	context: CommandContext,
	_args: readonly string[],
	options: TaskFilters,
): Promise<CommandResult> {
	const app = await openFor(context, "task ready");
	const tasks = await tasksWithLiveRuns(app);
	const summaries = new Map(tasks.map((task) => [task.id, summaryOf(task)]));
	const all = withArchivedParents(app.workspace.root, [...summaries.values()]);
	const ready = select(tasks, options).filter(({ id }) => {
		return notReadyBecause(summaries.get(id) as TaskSummary, all, app.ledger.now()) === null;
	});
	return taskListResult("task.ready", ready, options);
}
