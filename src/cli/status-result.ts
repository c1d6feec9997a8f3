// What the commands that move a task through its statuses have in common: find it, change it, say so.
import { MsgcodeError } from "../core/errors.ts";
import { readClaim } from "../engine/run/claim.ts";
import { changeStatus, type StatusChange } from "../ledger/edit/change-status.ts";
import { readTask, resolveTaskId } from "../ledger/task/store.ts";
import { archiveAfter } from "./archive-after.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { openFor } from "./open.ts";

/** Runs one status command on the task that `word` names. */
export async function statusCommand(
	context: CommandContext,
	verb: string,
	word: string,
	change: StatusChange,
): Promise<CommandResult> {
	const app = await openFor(context, `task ${verb}`);
	const id = resolveTaskId(app.workspace.tasksDir, word);
	const claim = readClaim(app.workspace.stateDir, id);
	if (claim !== null && (change.op === "close" || change.op === "remove")) {
		throw new MsgcodeError("task_running", `${id} has a live run, ${claim.runId}.`, {
			details: { runId: claim.runId },
		});
	}
	const title = readTask(app.workspace.root, id).definition.title;
	if (context.flags.dryRun)
		return { kind: `task.${verb}`, data: { id, dryRun: true, change }, human: () => `Would ${verb} ${id}.\n` };
	const commit = await changeStatus(app.ledger, id, change);
	const record = readTask(app.workspace.root, id).record;
	if (change.op === "close" || change.op === "remove") await archiveAfter(context, app);
	return {
		kind: `task.${verb}`,
		data: { id, title, status: record?.status ?? "open", removed: record?.removed ?? null, commit },
		human: (style) =>
			`${style.bold(id)}  ${change.op === "remove" ? "removed" : (record?.status ?? "open")}  ${title}\n`,
		...(change.op === "reopen" ? { next: `msgcode task run ${id}` } : {}),
	};
}
