// `msgcode task edit`: named keys by flags, or the whole file in $EDITOR, checked before it counts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { App } from "../../app.ts";
import { MsgcodeError } from "../../core/errors.ts";
import { editTask, replaceText } from "../../ledger/edit/edit-task.ts";
import { readTask, resolveTaskId, type StoredTask } from "../../ledger/task/store.ts";
import { parseTaskFile } from "../../ledger/task/task-file.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { approveOwn, permissionFor } from "../permission.ts";
import { keysFromFlags, promptFromFlags } from "../task-definition-flags.ts";

export async function run(context: CommandContext, args: readonly string[], options: object): Promise<CommandResult> {
	const app = await openFor(context, "task edit");
	const id = resolveTaskId(app.workspace.tasksDir, args[0] as string);
	const task = readTask(app.workspace.root, id);
	const before = await permissionFor(app, id, task.definition, false);
	const flags = options as Readonly<Record<string, unknown>>;
	const keys = keysFromFlags(context, flags, task.definition.runner);
	const prompt = await promptFromFlags(context, flags);
	const named = Object.keys(keys).length > 0 || prompt !== undefined;
	if (context.flags.dryRun) {
		const changes = [...Object.keys(keys), ...(prompt === undefined ? [] : ["prompt"])];
		return {
			kind: "task.edit",
			data: { id, dryRun: true, changes },
			human: () => `Would change ${changes.join(", ") || "what the editor changes"} of ${id}.\n`,
		};
	}
	const commit = named
		? await editTask(app.ledger, id, { keys, ...(prompt === undefined ? {} : { prompt }) })
		: await editInEditor(context, app, task);
	const after = readTask(app.workspace.root, id);
	// In an editor the whole text was before the user's eyes; flags beside it say nothing of a body that came another way.
	const words = !named || prompt !== undefined || undefined;
	const approved = commit === null || (await approveOwn(app, id, after.definition, before, { words }));
	return {
		kind: "task.edit",
		data: {
			id,
			title: after.definition.title,
			changed: commit !== null || app.settings.ledger.commit !== "auto",
			commit,
		},
		warnings: approved
			? []
			: [
					{
						code: "held",
						message: `${id} stays held: what it would execute was held before this edit.`,
						hint: `msgcode task approve ${id}`,
					},
				],
		human: (style) =>
			commit === null && app.settings.ledger.commit === "auto"
				? `${id} is unchanged.\n`
				: `${style.bold(id)}  ${after.definition.title}\n`,
		...(after.definition.runner === undefined ? {} : { next: `msgcode task run ${id}` }),
	};
}

/** The file in the user's editor, as a copy: what is not valid is offered again, and never reaches the ledger. */
async function editInEditor(context: CommandContext, app: App, task: StoredTask): Promise<string | null> {
	const { io } = context;
	const editor = io.env.VISUAL || io.env.EDITOR || "vi";
	if (!io.stdin.isTTY && !(io.env.VISUAL || io.env.EDITOR)) {
		throw new MsgcodeError("usage", "There is no flag, no $EDITOR and no terminal to edit in.", {
			hint: `msgcode task edit ${task.id} --title "…"`,
		});
	}
	const before = task.definitionText ?? "";
	const folder = mkdtempSync(join(tmpdir(), "msgcode-edit-"));
	const file = join(folder, `${task.id}.md`);
	try {
		writeFileSync(file, before, { mode: 0o600 });
		for (;;) {
			const exitCode = await io.spawnEditor(["/bin/sh", "-c", `${editor} "$1"`, editor], file);
			if (exitCode !== 0)
				throw new MsgcodeError("editor_failed", `${editor} ended with exit code ${exitCode}; nothing was changed.`);
			const after = readFileSync(file, "utf8");
			if (after === before) return null;
			const problem = parseTaskFile(after, `tasks/${task.id}.md`).diagnostics.find(
				(diagnostic) => diagnostic.severity === "error",
			);
			if (problem === undefined) return await replaceText(app.ledger, task.id, before, after);
			const words = `Line ${problem.line}: ${problem.message}`;
			const again = context.interactive && /^(?:|y|yes)$/i.test((await io.ask(`${words} Edit again? [Y/n] `)).trim());
			if (!again) {
				const kept = keepDraft(app, task.id, after);
				throw new MsgcodeError("task_invalid_spec", `${words} Nothing was changed.`, {
					hint: `${problem.hint} Your text is kept in ${kept}.`,
				});
			}
		}
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function keepDraft(app: App, id: string, text: string): string {
	const path = join(app.workspace.stateDir, `draft-${id}.md`);
	writeFileSync(path, text, { mode: 0o600 });
	return path;
}
