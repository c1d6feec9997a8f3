// `msgcode task worktree path`: where a task's worktree is, for a shell to go there.
import { existsSync } from "node:fs";
import { MsgcodeError } from "../../core/errors.ts";
import { workingFolder, worktreePath } from "../../engine/worktree/worktree.ts";
import { resolveTaskId } from "../../ledger/task/store.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";

export async function run(context: CommandContext, args: readonly string[]): Promise<CommandResult> {
	const app = await openFor(context, "task worktree path");
	const taskId = resolveTaskId(app.workspace.tasksDir, args[0] as string);
	const worktree = worktreePath(app.workspace, taskId);
	const path = workingFolder(app.workspace, worktree);
	if (!existsSync(path)) {
		throw new MsgcodeError("worktree_not_found", `${taskId} has no worktree.`, { hint: `msgcode task run ${taskId}` });
	}
	return { kind: "task.worktree.path", data: { taskId, path, worktree }, human: () => `${path}\n` };
}
