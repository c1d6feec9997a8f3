// `msgcode export`: a run as the description of a pull request, on stdout or into a file.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { App } from "../../app.ts";
import { MsgcodeError } from "../../core/errors.ts";
import { replaceFile } from "../../core/files.ts";
import { runWithChanges } from "../../engine/record/choose-run.ts";
import { pullRequestOf } from "../../engine/record/export-run.ts";
import { findRun } from "../../engine/record/find-run.ts";
import { listRuns } from "../../engine/record/run-list.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import { readReceipt } from "../../ledger/runs/runs.ts";
import { resolveTaskId } from "../../ledger/task/store.ts";
import { type CommandContext, type CommandResult, confirm } from "../command.ts";
import { openFor } from "../open.ts";

export async function run(
	context: CommandContext,
	args: readonly string[],
	options: { readonly output?: string },
): Promise<CommandResult> {
	const app = await openFor(context, "export");
	const receipt = chosenRun(app, args[0]);
	const { title, body } = await pullRequestOf(app.ledger, receipt);
	const file = options.output === undefined ? null : resolve(context.io.cwd, options.output);
	const kind = "export";
	if (file === null) return { kind, data: { title, body }, human: () => `${title}\n\n${body}` };
	const { dryRun } = context.flags;
	if (!dryRun) {
		if (existsSync(file)) await confirm(context, `Replace ${file}?`);
		replaceFile(file, body);
	}
	return {
		kind,
		data: { title, body, file, ...(dryRun ? { dryRun } : {}) },
		human: () => `${title}\n`,
		plain: () => [[title]],
	};
}

/** The run or the task that was named, else the newest run that changed something. */
function chosenRun({ ledger, workspace }: App, named: string | undefined): Receipt {
	if (named === undefined) {
		for (const { taskId, runId } of listRuns(ledger, {}).runs) {
			const receipt = readReceipt(workspace.root, taskId, runId);
			if (receipt !== null && !receipt.noChanges && receipt.patch !== null) return receipt;
		}
		throw new MsgcodeError("run_not_found", "No run here has changed anything yet.", { hint: "msgcode run list" });
	}
	if (!isTask(workspace.tasksDir, named)) return endedRun(ledger, named);
	return runWithChanges(ledger, resolveTaskId(workspace.tasksDir, named), undefined);
}

/** Without `tsk_` or `run_` in front, the beginning of an id is a task's where a task has it. */
function isTask(tasksDir: string, named: string): boolean {
	if (named.startsWith("run_")) return false;
	try {
		resolveTaskId(tasksDir, named);
		return true;
	} catch (error) {
		if (named.startsWith("tsk_") || !(error instanceof MsgcodeError)) throw error;
		return error.code === "task_ambiguous";
	}
}

function endedRun(ledger: App["ledger"], named: string): Receipt {
	const { runId, receipt, live } = findRun(ledger, named);
	if (receipt !== null) return receipt;
	if (live !== null) throw new MsgcodeError("task_running", `The run ${runId} has not ended.`, { details: { runId } });
	throw new MsgcodeError("run_not_found", `The checked-out branch has no record of ${runId}.`, {
		hint: "Its result waits to be committed; `msgcode doctor` says why.",
	});
}
