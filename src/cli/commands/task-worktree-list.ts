// `msgcode task worktree list`: the tasks' worktrees and whether what they hold is kept elsewhere.
import { relative } from "node:path";
import { listTaskWorktrees } from "../../engine/worktree/remove-worktree.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { renderTable } from "../table.ts";

export async function run(
	context: CommandContext,
	_args: readonly string[],
	options: { readonly limit?: number },
): Promise<CommandResult> {
	const app = await openFor(context, "task worktree list");
	const found = await listTaskWorktrees(app.ledger);
	const worktrees = found.slice(0, options.limit ?? found.length);
	const left = found.length - worktrees.length;
	const place = (path: string) => relative(app.workspace.root, path);
	return {
		kind: "task.worktree.list",
		data: worktrees,
		warnings: left > 0 ? [{ code: "list_cut", message: `${left} worktrees are left out by --limit.` }] : [],
		human: (style) => {
			if (worktrees.length === 0) return "No worktrees.\n";
			const paint = { live: style.cyan, kept: style.green, unkept: style.yellow, missing: style.dim };
			const rows = worktrees.map(({ taskId, state, runId, path, reason }) => [
				taskId,
				{ text: state, paint: paint[state] },
				runId ?? "-",
				place(path),
				reason,
			]);
			const columns = [
				{ title: "TASK" },
				{ title: "STATE" },
				{ title: "RUN" },
				{ title: "FOLDER" },
				{ title: "WHY", flexible: true },
			];
			return renderTable(columns, rows, style);
		},
		plain: () => worktrees.map(({ taskId, state, runId, path }) => [taskId, state, runId ?? "", path]),
	};
}
