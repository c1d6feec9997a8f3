// `msgcode task ready`: the tasks that nothing holds back, and with --json why each is first.
import { notReadyBecause } from "../../ledger/dependencies.ts";
import { summaryOf } from "../../ledger/listed-task.ts";
import type { TaskSummary } from "../../ledger/task-view.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { select, type TaskFilters, taskListResult, tasksWithRuns } from "./task-list.ts";

export async function run(
	context: CommandContext,
	_args: readonly string[],
	options: TaskFilters,
): Promise<CommandResult> {
	const app = await openFor(context, "task ready");
	const tasks = await tasksWithRuns(app);
	const all = new Map(tasks.map((task) => [task.id, summaryOf(task)]));
	const ready = select(tasks, options).filter(({ id }) => {
		return notReadyBecause(all.get(id) as TaskSummary, all, app.ledger.now()) === null;
	});
	return taskListResult("task.ready", ready, options);
}
