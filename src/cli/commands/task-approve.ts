// `msgcode task approve`: shows what a task would execute and remembers, on this machine only, that it may.
import { approve } from "../../engine/permission/permission.ts";
import { readTask, resolveTaskId } from "../../ledger/task/store.ts";
import { type CommandContext, type CommandResult, confirm } from "../command.ts";
import { openFor } from "../open.ts";
import { permissionFor, showDifference } from "../permission.ts";

export async function run(context: CommandContext, args: readonly string[]): Promise<CommandResult> {
	const app = await openFor(context, "task approve");
	const id = resolveTaskId(app.workspace.tasksDir, args[0] as string);
	const { definition } = readTask(app.workspace.root, id);
	const permission = await permissionFor(app, id, definition, false);
	const data = { id, digest: permission.digest, approved: true, spec: permission.spec, changed: !permission.approved };
	if (permission.approved) return { kind: "task.approve", data, human: () => `${id} is approved already.\n` };
	if (context.flags.dryRun) {
		return {
			kind: "task.approve",
			data: { ...data, approved: false, dryRun: true },
			human: () => `${permission.difference.join("\n")}\n`,
		};
	}
	showDifference(context, id, permission);
	await confirm(context, `Approve ${id} on this machine?`);
	approve(app.ledger, id, permission);
	return {
		kind: "task.approve",
		data,
		human: () => `${id} is approved on this machine.\n`,
		next: `msgcode task run ${id}`,
	};
}
