// `msgcode task runs`: one task's runs, the newest first.
import { resolveTaskId } from "../../ledger/task/store.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { runListResult } from "../run-list-result.ts";

export async function run(
	context: CommandContext,
	args: readonly string[],
	options: { readonly limit?: number },
): Promise<CommandResult> {
	const app = await openFor(context, "task runs");
	const taskId = resolveTaskId(app.workspace.tasksDir, args[0] as string);
	return runListResult(app, "task.runs", { taskId, limit: options.limit });
}
