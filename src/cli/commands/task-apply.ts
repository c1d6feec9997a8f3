// `msgcode task apply`: shows what landing a run would change, asks, lands it.

import { landRun, previewLanding } from "../../engine/landing/land.ts";
import { runToLand } from "../../engine/record/choose-run.ts";
import { refuseWhileBusy } from "../../git/operation.ts";
import type { ChangedFile } from "../../git/patch.ts";
import { refreshIndex } from "../../ledger/listing/task-index.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import { resolveTaskId } from "../../ledger/task/store.ts";
import type { Style } from "../color.ts";
import { type CommandContext, type CommandResult, confirm } from "../command.ts";
import { openFor } from "../open.ts";
import { fileLines } from "../run-text.ts";

interface Options {
	readonly run?: string;
	/** false with --no-sign; commander gives true without it. */
	readonly sign?: boolean;
	readonly verify?: boolean;
}

export async function run(context: CommandContext, args: readonly string[], options: Options): Promise<CommandResult> {
	const app = await openFor(context, "task apply");
	refuseWhileBusy(app.workspace.gitDir);
	const id = resolveTaskId(app.workspace.tasksDir, args[0] as string);
	const receipt = runToLand(app.ledger, id, options.run);
	const preview = await previewLanding(app.ledger, receipt);
	const target = preview.branch ?? "the detached HEAD";
	const about = { taskId: id, runId: receipt.runId, branch: preview.branch };
	if (context.flags.dryRun) {
		return {
			kind: "task.apply",
			data: { dryRun: true, ...about, files: preview.files },
			human: (style) => `Would land ${receipt.runId} on ${target}:\n${fileLines(preview.files, style)}`,
		};
	}
	if (!context.flags.yes && context.interactive) showQuestion(context, receipt, preview.files);
	await confirm(context, `Land this on ${target}?`);
	const landed = await landRun(app.ledger, receipt, {
		verify: options.verify ?? false,
		...(options.sign === false ? { sign: false } : {}),
	});
	await refreshIndex(app.ledger);
	const { commit, landing, files, worktree } = landed;
	const kept = worktree.reason;
	return {
		kind: "task.apply",
		data: { ...about, commit, landing, files, worktreeRemoved: worktree.removed },
		warnings: kept === null ? [] : [{ code: "worktree_kept", message: `The worktree was not removed: ${kept}` }],
		human: (style) => landedText(receipt, target, commit, files, style),
		next: `msgcode task close ${id}`,
	};
}

function showQuestion(context: CommandContext, receipt: Receipt, files: readonly ChangedFile[]): void {
	const style = context.progressStyle;
	const outcome = receipt.status === "ok" ? style.green("ok") : style.red(`${receipt.status} (${receipt.errorCode})`);
	context.io.stderr.write(`${receipt.runId}  ${outcome}\n${fileLines(files, style)}`);
}

function landedText(
	receipt: Receipt,
	target: string,
	commit: string | null,
	files: readonly ChangedFile[],
	style: Style,
): string {
	const where =
		commit === null ? `in the checkout of ${target}, not committed` : `on ${target} as ${commit.slice(0, 12)}`;
	return `${style.green("landed")}  ${style.bold(receipt.runId)}  ${where}\n${fileLines(files, style)}`;
}
