// `msgcode undo`: takes the last ledger command back, or the one that --op names, and says what that was.

import type { UndoPreview } from "../../engine/undo.ts";
import { previewUndo, undo } from "../../engine/undo.ts";
import { refreshIndex } from "../../ledger/listing/task-index.ts";
import { permissionsBefore, settleApprovals, taskData, taskLines } from "../brought-back.ts";
import type { Style } from "../color.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { fileLines } from "../run-text.ts";
import { visible } from "../terminal-text.ts";

interface Options {
	readonly op?: string;
	/** false with --no-sign; commander gives true without it. */
	readonly sign?: boolean;
	readonly verify?: boolean;
}

export async function run(context: CommandContext, _args: readonly string[], options: Options): Promise<CommandResult> {
	const app = await openFor(context, "undo");
	const preview = await previewUndo(app.ledger, options.op);
	const { target } = preview;
	const undone = { commit: target.facts.oid, op: target.op, summary: target.summary, actor: target.facts.actor };
	if (context.flags.dryRun) {
		return {
			kind: "undo",
			data: { dryRun: true, undone, ...contents(preview) },
			human: (style) => describe("would undo", preview, preview, style),
		};
	}
	const before = await permissionsBefore(app, preview.tasks);
	const result = await undo(app.ledger, target, {
		verify: options.verify ?? false,
		...(options.sign === false ? { sign: false } : {}),
	});
	const ids = result.tasks.map(({ id }) => id);
	await refreshIndex(app.ledger, result.ledgerFiles.length === 0 ? ids : undefined);
	const warnings = await settleApprovals(app, before);
	const getItBack = `msgcode undo --op ${(result.commit ?? "").slice(0, 12)}`;
	return {
		kind: "undo",
		data: { undone, commit: result.commit, ...contents(result), getItBack },
		warnings,
		human: (style) => `${describe("undone", preview, result, style)}${style.dim("get it back:")} ${getItBack}\n`,
	};
}

type Contents = Pick<UndoPreview, "tasks" | "ledgerFiles" | "code">;

function contents({ tasks, ledgerFiles, code }: Contents): object {
	return { tasks: tasks.map(taskData), files: ledgerFiles, code };
}

function describe(word: string, { target }: UndoPreview, { tasks, ledgerFiles, code }: Contents, style: Style): string {
	const head = `${style.green(word)}  ${style.yellow(target.facts.oid.slice(0, 10))}  ${visible(target.summary)}\n`;
	const files = ledgerFiles.map((path) => `    ${visible(path)}\n`).join("");
	return `${head}${taskLines(tasks, style)}${files}${fileLines(code, style)}`;
}
