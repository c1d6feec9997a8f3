// `msgcode task worktree prune`: removes every worktree whose work is kept elsewhere, and says what stays and why.
import { pruneWorktrees } from "../../engine/worktree/remove-worktree.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";

export async function run(context: CommandContext): Promise<CommandResult> {
	const app = await openFor(context, "task worktree prune");
	const { dryRun } = context.flags;
	const pruned = await pruneWorktrees(app.ledger, dryRun);
	return {
		kind: "task.worktree.prune",
		data: pruned.map((item) => ({ ...item, dryRun })),
		human: (style) => {
			if (pruned.length === 0) return "No worktrees.\n";
			const verb = dryRun ? "would be removed" : "removed";
			return pruned
				.map(({ taskId, removed, reason }) => {
					const fate = removed ? style.green(verb) : style.yellow("stays");
					return `${style.bold(taskId)}  ${fate}  ${reason}\n`;
				})
				.join("");
		},
		plain: () => pruned.map(({ taskId, removed, reason }) => [taskId, removed ? "removed" : "stays", reason]),
	};
}
