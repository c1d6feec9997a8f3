// `msgcode task reject`: turns a run's result down, with the reason on record.
import { MsgcodeError } from "../../core/errors.ts";
import { rejectRun } from "../../engine/landing/reject.ts";
import { runWithChanges } from "../../engine/record/choose-run.ts";
import { refreshIndex } from "../../ledger/listing/task-index.ts";
import { resolveTaskId } from "../../ledger/task/store.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";

interface Options {
	readonly run?: string;
	readonly reason?: string;
}

export async function run(context: CommandContext, args: readonly string[], options: Options): Promise<CommandResult> {
	const reason = options.reason?.trim() ?? "";
	if (reason === "") {
		throw new MsgcodeError("usage", "A rejection needs a reason.", { hint: 'Say why: --reason "wrong file"' });
	}
	const app = await openFor(context, "task reject");
	const id = resolveTaskId(app.workspace.tasksDir, args[0] as string);
	const { runId, ...receipt } = runWithChanges(app.ledger, id, options.run);
	const about = { taskId: id, runId, reason };
	if (context.flags.dryRun) {
		return { kind: "task.reject", data: { dryRun: true, ...about }, human: () => `Would reject ${runId}.\n` };
	}
	const { rejection, commit, worktree } = await rejectRun(app.ledger, { ...receipt, runId }, reason);
	await refreshIndex(app.ledger);
	const kept = worktree.reason;
	return {
		kind: "task.reject",
		data: { ...about, rejection, commit, worktreeRemoved: worktree.removed },
		warnings: kept === null ? [] : [{ code: "worktree_kept", message: `The worktree was not removed: ${kept}` }],
		human: (style) => `${style.yellow("rejected")}  ${style.bold(runId)}  ${reason}\n`,
		next: `msgcode task run ${id}`,
	};
}
