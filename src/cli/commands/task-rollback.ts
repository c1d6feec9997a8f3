// `msgcode task rollback`: a task as it was in a commit, or the code of one of its landings taken back.
import type { App } from "../../app.ts";
import { MsgcodeError } from "../../core/errors.ts";
import { isTaskId } from "../../core/ids.ts";
import {
	type LandingRollback,
	landedRun,
	previewLandingRollback,
	rollBackLanding,
} from "../../engine/landing/rollback-landing.ts";
import { readClaim } from "../../engine/run/claim.ts";
import { refuseWhileBusy } from "../../git/operation.ts";
import { readFacts } from "../../ledger/history/history.ts";
import { resolveRevision } from "../../ledger/history/revision.ts";
import { refreshIndex } from "../../ledger/listing/task-index.ts";
import { resolveTaskId } from "../../ledger/task/store.ts";
import { previewRollback, rollBackTask } from "../../ledger/undo/rollback-task.ts";
import { permissionsBefore, settleApprovals, taskData, taskLines } from "../brought-back.ts";
import { type CommandContext, type CommandResult, confirm, type Notice } from "../command.ts";
import { historyNotice } from "../history-notice.ts";
import { openFor } from "../open.ts";
import { fileLines } from "../run-text.ts";

interface Options {
	readonly to?: string;
	readonly landing?: boolean;
	readonly run?: string;
	/** false with --no-sign; commander gives true without it. */
	readonly sign?: boolean;
	readonly verify?: boolean;
}

export async function run(context: CommandContext, args: readonly string[], options: Options): Promise<CommandResult> {
	const { to, landing = false } = options;
	if ((to === undefined) === !landing || (options.run !== undefined && !landing)) {
		throw new MsgcodeError(
			"usage",
			"Say what to go back to: --to <rev|date>, or --landing (with --run <run>, if need be).",
			{
				hint: "msgcode task rollback --help",
			},
		);
	}
	const app = await openFor(context, "task rollback");
	refuseWhileBusy(app.workspace.gitDir);
	const named = args[0] as string;
	// A task that is gone from the checkout, both files, is in the commit all the same.
	const isGone = to !== undefined && isTaskId(named);
	const id: string = isGone ? named : resolveTaskId(app.workspace.tasksDir, named);
	return to === undefined ? takeLandingBack(context, app, id, options) : goBack(context, app, id, to);
}

async function goBack(context: CommandContext, app: App, id: string, to: string): Promise<CommandResult> {
	const reader = app.ledger.openReader();
	const target = await resolveRevision(app.ledger, reader, to, historyNotice(context))
		.then((commit) => readFacts(reader, commit))
		.finally(() => reader.close());
	const preview = await previewRollback(app.ledger, id, target);
	const about = { id, to: target.oid };
	const name = target.oid.slice(0, 12);
	const nothing: CommandResult = {
		kind: "task.rollback",
		data: { ...about, commit: null, changes: [] },
		human: () => `Nothing to do: ${id} is as it was in ${name}.\n`,
	};
	if (preview === null) return nothing;
	if (context.flags.dryRun) {
		return {
			kind: "task.rollback",
			data: { ...about, dryRun: true, ...taskData(preview) },
			human: (style) => `Would go back to ${name}:\n${taskLines([preview], style)}`,
		};
	}
	const claim = preview.ends ? readClaim(app.workspace.stateDir, id) : null;
	if (claim !== null) {
		throw new MsgcodeError("task_running", `${id} has a live run, ${claim.runId}.`, {
			details: { runId: claim.runId },
		});
	}
	const before = await permissionsBefore(app, [preview]);
	const { task, commit } = await rollBackTask(app.ledger, id, target);
	// Another command went back to it first.
	if (task === null) return nothing;
	const warnings = await settleApprovals(app, before);
	return {
		kind: "task.rollback",
		data: { ...about, commit, ...taskData(task) },
		warnings,
		human: (style) => `${style.green("rolled back")}  to ${name}\n${taskLines([task], style)}`,
		...(commit === null ? {} : { next: `msgcode undo --op ${commit.slice(0, 12)}` }),
	};
}

async function takeLandingBack(
	context: CommandContext,
	app: App,
	id: string,
	options: Options,
): Promise<CommandResult> {
	const receipt = landedRun(app.ledger, id, options.run);
	const { runId } = receipt;
	const preview = await previewLandingRollback(app.ledger, receipt);
	const about = { id, runId, landed: preview.landed };
	if (context.flags.dryRun) {
		return {
			kind: "task.rollback",
			data: { dryRun: true, ...about, files: preview.files },
			warnings: ownChange(preview, runId),
			human: (style) => `Would take back the landing of ${runId}:\n${fileLines(preview.files, style)}`,
		};
	}
	if (!context.flags.yes && context.interactive) {
		context.io.stderr.write(`${runId}\n${fileLines(preview.files, context.progressStyle)}`);
	}
	await confirm(context, "Take this back?");
	const result = await rollBackLanding(app.ledger, receipt, {
		verify: options.verify ?? false,
		...(options.sign === false ? { sign: false } : {}),
	});
	await refreshIndex(app.ledger, [id]);
	const { commit, files } = result;
	const where = commit === null ? "in the checkout, not committed" : `as ${commit.slice(0, 12)}`;
	return {
		kind: "task.rollback",
		data: { ...about, landed: result.landed, commit, files },
		warnings: ownChange(result, runId),
		human: (style) => `${style.green("taken back")}  ${style.bold(runId)}  ${where}\n${fileLines(files, style)}`,
		next: `msgcode task apply ${id} --run ${runId}`,
	};
}

/** The landing's own commit could not be told: said, since what comes back may differ from what landed. */
function ownChange({ landed }: LandingRollback, runId: string): Notice[] {
	if (landed !== null) return [];
	return [
		{
			code: "landing_commit_unknown",
			message: `No commit here is the landing of ${runId} alone (it was squashed or rebased): the run's own change is taken back instead.`,
		},
	];
}
