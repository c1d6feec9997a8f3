// `msgcode task worktree rm`: removes a task's worktree and branch when its work is kept elsewhere.
import { isWorkKept } from "../../engine/worktree/kept-work.ts";
import { discardWorktree } from "../../engine/worktree/remove-worktree.ts";
import { worktreePath } from "../../engine/worktree/worktree.ts";
import { resolveTaskId } from "../../ledger/task/store.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";

export async function run(context: CommandContext, args: readonly string[]): Promise<CommandResult> {
	const app = await openFor(context, "task worktree rm");
	const taskId = resolveTaskId(app.workspace.tasksDir, args[0] as string);
	const path = worktreePath(app.workspace, taskId);
	const kind = "task.worktree.rm";
	if (context.flags.dryRun) {
		const verdict = await isWorkKept(app.ledger, taskId);
		const would = verdict.kept ? "Would remove" : "Would keep";
		return {
			kind,
			data: { dryRun: true, taskId, path, ...verdict },
			human: () => `${would} ${path}: ${verdict.reason}\n`,
		};
	}
	const { verdict } = await discardWorktree(app.ledger, taskId);
	return {
		kind,
		data: { taskId, path, removed: true, reason: verdict.reason },
		human: (style) => `${style.bold(taskId)}  worktree removed. ${verdict.reason}\n`,
	};
}
