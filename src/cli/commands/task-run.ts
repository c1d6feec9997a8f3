// `msgcode task run`: resolves what to run, asks permission, runs it with live progress, and says what came of it.
import type { App } from "../../app.ts";
import { MsgcodeError } from "../../core/errors.ts";
import type { ConcludedRun } from "../../engine/run/conclude.ts";
import type { RunRequest } from "../../engine/run/run-request.ts";
import { runTask } from "../../engine/run/run-task.ts";
import { worktreePath } from "../../engine/worktree/worktree.ts";
import { refuseWhileBusy } from "../../git/operation.ts";
import { ensureCommitted } from "../../ledger/edit/edit-task.ts";
import { refreshIndex } from "../../ledger/listing/task-index.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import { readReceipt, runIdsOf } from "../../ledger/runs/runs.ts";
import { readTask, resolveTaskId, type StoredTask } from "../../ledger/task/store.ts";
import { archiveAfter } from "../archive-after.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { requirePermission } from "../permission.ts";
import { confirmationOf, prepareOnly } from "../run-confirmation.ts";
import { showProgress } from "../run-progress.ts";
import { runOutcomeLines } from "../run-text.ts";
import { requestFor, type TaskRunOptions } from "../task-run-request.ts";

export async function run(
	context: CommandContext,
	args: readonly string[],
	options: TaskRunOptions,
): Promise<CommandResult> {
	refuseContradictions(options);
	const app = await openFor(context, "task run");
	refuseWhileBusy(app.workspace.gitDir);
	const id = resolveTaskId(app.workspace.tasksDir, args[0] as string);
	const task = readTask(app.workspace.root, id);
	refuseUnfit(task);
	const earlier = options.idempotencyKey === undefined ? null : runWithKey(app, id, options.idempotencyKey);
	if (earlier !== null) return resultOf(id, earlier, null);
	const request = await requestFor(context, app, task, options);
	if (context.flags.dryRun) return dryRun(app, request);
	await allow(context, app, task, options);
	await ensureCommitted(app.ledger, id);
	if (options.prepare === true) return prepareOnly(app, request, task.definition);
	const confirmation = await confirmationOf(context, app, request, task.definition, options.confirm);
	const concluded = await runSupervised(context, app, { ...request, confirmation });
	await refreshIndex(app.ledger, [id]);
	if (request.close && concluded.receipt.status === "ok") await archiveAfter(context, app);
	return resultOf(id, concluded.receipt, concluded);
}

function refuseContradictions(options: TaskRunOptions): void {
	const pairs: [boolean | undefined, boolean | undefined, string][] = [
		[options.worktree, options.inPlace, "--worktree and --in-place"],
		[options.continue, options.inPlace, "--continue and --in-place"],
		[options.carry, options.inPlace, "--carry and --in-place"],
		[options.continue, options.base !== undefined, "--continue and --base"],
		[options.continue, options.carry, "--continue and --carry"],
		[options.base !== undefined, options.carry, "--base and --carry"],
	];
	for (const [one, other, names] of pairs) {
		if (one === true && other === true)
			throw new MsgcodeError("usage", `${names} exclude each other.`, { hint: "msgcode task run --help" });
	}
}

function refuseUnfit(task: StoredTask): void {
	const problem = task.diagnostics.find((diagnostic) => diagnostic.severity === "error");
	if (problem !== undefined) {
		throw new MsgcodeError("task_invalid_spec", `${problem.file}, line ${problem.line}: ${problem.message}`, {
			hint: problem.hint,
		});
	}
	const { record, id } = task;
	if (record?.removed != null || record?.status === "done" || record?.status === "canceled") {
		const state = record.removed === null ? record.status : "removed";
		throw new MsgcodeError("task_transition", `${id} is ${state}, so it is not run.`, {
			hint: `Open it again: msgcode task reopen ${id}`,
		});
	}
}

/** Asks about the task as it is written; a command typed behind `--` is the user's own and needs no approval. */
async function allow(context: CommandContext, app: App, task: StoredTask, options: TaskRunOptions): Promise<void> {
	const { definition, id } = task;
	const typed = context.argv !== null && context.argv.length > 0;
	const brings = definition.checks.length > 0 || Object.keys(definition.runner?.env ?? {}).length > 0;
	if (typed && !brings) return;
	await requirePermission(context, app, id, definition, options.approve);
}

function runWithKey(app: App, id: string, key: string): Receipt | null {
	const receipts = runIdsOf(app.workspace.root, id).map((runId) => readReceipt(app.workspace.root, id, runId));
	return receipts.find((receipt) => receipt?.idempotencyKey === key) ?? null;
}

async function runSupervised(context: CommandContext, app: App, request: RunRequest): Promise<ConcludedRun> {
	const cancel = new AbortController();
	const kill = new AbortController();
	const progress = showProgress(context, request);
	const release = context.io.onInterrupt(() => {
		if (cancel.signal.aborted) {
			kill.abort();
			progress.note("Killing it.");
		} else {
			cancel.abort();
			progress.note("Canceling; press Ctrl-C again to kill it.");
		}
	});
	try {
		return await runTask(app.ledger, request, {
			cancel: cancel.signal,
			kill: kill.signal,
			onStart: (runId) => progress.started(runId),
			onEvent: (event) => progress.event(event),
		});
	} finally {
		release();
		progress.end();
	}
}

function dryRun(app: App, request: RunRequest): CommandResult {
	const where = request.mode === "worktree" ? worktreePath(app.workspace, request.taskId) : app.workspace.root;
	const data = {
		dryRun: true,
		taskId: request.taskId,
		runner: request.runner.kind,
		mode: request.mode,
		folder: where,
		base: request.base ?? "HEAD",
		timeoutMs: request.timeoutMs,
		checks: request.checks,
	};
	return {
		kind: "task.run",
		data,
		human: () => `Would run ${request.taskId} with ${request.runner.kind} in ${where}.\n`,
	};
}

function resultOf(id: string, receipt: Receipt, concluded: ConcludedRun | null): CommandResult {
	const lands = receipt.status === "ok" && !receipt.noChanges && receipt.mode === "worktree";
	const next = lands
		? `msgcode task diff ${id}, then msgcode task apply ${id}`
		: receipt.status === "ok"
			? null
			: afterFailure(receipt);
	return {
		kind: "task.run",
		data: { ...receipt, commit: concluded?.commit ?? null, pending: concluded?.pending ?? null },
		warnings: [
			...receipt.warnings.map(({ code, message, paths }) => ({
				code,
				message: paths === undefined ? message : `${message.replace(/\.$/, "")}: ${paths.slice(0, 10).join(", ")}`,
			})),
			...(concluded?.pending == null
				? []
				: [
						{ code: "result_pending", message: `The result is kept and will be committed later: ${concluded.pending}` },
					]),
		],
		human: (style) => runOutcomeLines(receipt, concluded?.files ?? [], style),
		exitCode: exitCodeOf(receipt),
		...(next === null ? {} : { next }),
	};
}

/** The runner itself is in no state to work: what it needs is told by `runner show`. */
const RUNNER_UNFIT: readonly string[] = ["RUNNER_NOT_FOUND", "RUNNER_UNREACHABLE", "AUTH_MISSING"];

function afterFailure({ runId, errorCode, runner }: Receipt): string {
	const logs = `msgcode run logs ${runId}`;
	const isUnfit = RUNNER_UNFIT.includes(errorCode ?? "") && runner.kind !== "shell";
	return isUnfit ? `${logs}, then msgcode runner show ${runner.kind}` : logs;
}

function exitCodeOf(receipt: Receipt): number {
	if (receipt.status === "ok") return 0;
	if (receipt.status === "canceled") return 130;
	return receipt.status === "timeout" ? 124 : 1;
}
