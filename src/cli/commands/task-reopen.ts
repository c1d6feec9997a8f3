// `msgcode task reopen`: opens a closed, blocked or removed task again.
import { readTask, resolveTaskId } from "../../ledger/task/store.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { statusCommand } from "../status-result.ts";

export async function run(context: CommandContext, args: readonly string[]): Promise<CommandResult> {
	const app = await openFor(context, "task reopen");
	const id = resolveTaskId(app.workspace.tasksDir, args[0] as string);
	const blocked = readTask(app.workspace.root, id).record?.status === "blocked";
	return statusCommand(context, "reopen", id, blocked ? { op: "unblock" } : { op: "reopen" });
}
