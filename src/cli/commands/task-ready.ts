// `msgcode task ready`: the tasks that nothing holds back, and with --json why each is first.
import { notReadyBecause } from "../../ledger/dependencies.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { select, summariesWithRuns, type TaskFilters, taskListResult } from "./task-list.ts";

export async function run(
	context: CommandContext,
	_args: readonly string[],
	options: TaskFilters,
): Promise<CommandResult> {
	const app = await openFor(context, "task ready");
	const summaries = await summariesWithRuns(app);
	const all = new Map(summaries.map((task) => [task.id, task]));
	const ready = select(summaries, options).filter((task) => notReadyBecause(task, all, app.ledger.now()) === null);
	return taskListResult("task.ready", ready, options);
}
