// `msgcode run list`: runs of all tasks, the newest first.
import { resolveTaskId } from "../../ledger/task/store.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { runListResult } from "../run-list-result.ts";

interface Options {
	readonly task?: string;
	readonly status?: readonly string[];
	readonly limit?: number;
}

export async function run(context: CommandContext, _args: readonly string[], options: Options): Promise<CommandResult> {
	const app = await openFor(context, "run list");
	const { task, status, limit } = options;
	const taskId = task === undefined ? undefined : resolveTaskId(app.workspace.tasksDir, task);
	return runListResult(app, "run.list", { taskId, status, limit });
}
