// `msgcode commit`: what was edited by hand in tasks/, one commit for each task. A changed command is shown and asked for.
import type { App } from "../../app.ts";
import { approve } from "../../engine/permission/permission.ts";
import { type CommittedEdit, type CommittedEdits, commitHandEdits } from "../../ledger/edit/commit-edits.ts";
import { taskIdOfFile } from "../../ledger/paths.ts";
import type { Style } from "../color.ts";
import type { CommandContext, CommandResult, Notice } from "../command.ts";
import { openFor } from "../open.ts";
import { permissionFor, showDifference } from "../permission.ts";

const INVALID = 2;
const CONFLICT = 4;

export async function run(context: CommandContext): Promise<CommandResult> {
	const app = await openFor(context, "commit");
	const { dryRun } = context.flags;
	const edits = await commitHandEdits(app.ledger, { dryRun });
	const warnings = [...edits.skipped.map(skippedNotice), ...missingNotices(edits), ...machineNotices(edits)];
	const tasks: object[] = [];
	for (const edit of edits.committed) {
		const held = dryRun ? null : await askForApproval(context, app, edit);
		if (held !== null) warnings.push(held);
		const { taskId, title, files, commit } = edit;
		tasks.push({ taskId, title, files, commit, held: held !== null });
	}
	const skipped = edits.skipped.map(({ taskId, files, error }) => ({ taskId, files, code: error.code }));
	const broken = edits.skipped.some(({ error }) => error.code !== "staged_differently");
	return {
		kind: "commit",
		data: { committed: tasks, skipped, missing: edits.missing, ...(dryRun ? { dryRun } : {}) },
		warnings,
		human: (style) => describe(edits, dryRun, style),
		plain: () => edits.committed.map(({ taskId, commit, files }) => [taskId, commit, files.join(" ")]),
		exitCode: broken ? INVALID : skipped.length > 0 ? CONFLICT : 0,
	};
}

/** Shows what the task would execute now and asks; a task that stays held gives a notice. */
async function askForApproval(context: CommandContext, app: App, edit: CommittedEdit): Promise<Notice | null> {
	const { taskId, definition } = edit;
	if (taskId === null || definition === null) return null;
	if (definition.runner === undefined && definition.checks.length === 0 && definition.schedule === undefined)
		return null;
	const permission = await permissionFor(app, taskId, definition, false);
	if (permission.approved) return null;
	if (context.interactive) {
		showDifference(context, taskId, permission);
		// --yes is no answer to this question: it was given before the difference could be seen.
		const answer = (await context.io.ask(`Approve what ${taskId} would execute? [y/N] `)).trim();
		if (/^y(?:es)?$/i.test(answer)) {
			approve(app.ledger, taskId, permission);
			return null;
		}
	}
	return {
		code: "held",
		message: `${taskId} is held: what it would execute has not been approved (${permission.reason}).`,
		hint: `msgcode task approve ${taskId}`,
	};
}

function skippedNotice({ error }: CommittedEdits["skipped"][number]): Notice {
	return { code: error.code, message: `Not committed: ${error.message}`, hint: error.hint };
}

function missingNotices({ missing }: CommittedEdits): Notice[] {
	return missing.map((file) => {
		const taskId = taskIdOfFile(file.split("/").at(-1) ?? "");
		const rest = taskId === null ? "" : `; to take the task off the lists: msgcode task rm ${taskId}`;
		return {
			code: "file_missing",
			message: `${file} is gone from the folder; that is not committed as a removal.`,
			hint: `Bring it back: git restore --staged --worktree -- ${file}${rest}`,
			file,
		};
	});
}

function machineNotices({ machineWritten }: CommittedEdits): Notice[] {
	return machineWritten.map((file) => ({
		code: "machine_written",
		message: `${file} is written by msgcode only; the change is not committed.`,
		hint: "See it with `git diff`; commit it with git if you mean it.",
		file,
	}));
}

function describe({ committed }: CommittedEdits, dryRun: boolean, style: Style): string {
	if (committed.length === 0) return "Nothing to commit: no task file was edited by hand.\n";
	return committed
		.map(({ taskId, title, files, commit }) => {
			const what = taskId === null ? files.join(", ") : `${style.bold(taskId)}  ${title}`;
			return `${dryRun ? "would commit" : style.yellow((commit ?? "").slice(0, 10))}  ${what}\n`;
		})
		.join("");
}
