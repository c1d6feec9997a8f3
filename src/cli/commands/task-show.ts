// `msgcode task show`: one task whole, with what it would execute.
import type { App } from "../../app.ts";
import { liveStatus } from "../../engine/record/run-list.ts";
import { readClaim } from "../../engine/run/claim.ts";
import type { Progress } from "../../engine/run/progress.ts";
import { readTask, resolveTaskId, viewTask } from "../../ledger/task/store.ts";
import type { TaskView } from "../../ledger/task/task-view.ts";
import type { Style } from "../color.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { heldPermission } from "../permission.ts";
import { factsIn, progressText } from "../run-text.ts";
import { visible } from "../terminal-text.ts";

export async function run(
	context: CommandContext,
	args: readonly string[],
	options: { readonly at?: string },
): Promise<CommandResult> {
	const app = await openFor(context, "task show");
	if (options.at !== undefined) return await asItWas(context, app, args[0] as string, options.at);
	const id = resolveTaskId(app.workspace.tasksDir, args[0] as string);
	const { view, held } = await wholeTask(app, id);
	const live = liveRunOf(app, id);
	const broken = view.diagnostics.filter((diagnostic) => diagnostic.severity === "error");
	return {
		kind: "task.show",
		data: { ...view, live },
		warnings: view.diagnostics.map(({ code, message, hint, file, line }) => ({ code, message, hint, file, line })),
		human: (style) => describe(view, { held, live }, style),
		exitCode: broken.length > 0 ? 7 : 0,
	};
}

/** The task in a commit: nothing of the checkout takes part. */
async function asItWas(context: CommandContext, app: App, word: string, at: string): Promise<CommandResult> {
	const { taskAt } = await import("../task-at-revision.ts");
	const { view, commit, subject } = await taskAt(context, app.ledger, word, at);
	return {
		kind: "task.show",
		data: { ...view, at: commit },
		warnings: view.diagnostics.map(({ code, message, hint, file, line }) => ({ code, message, hint, file, line })),
		human: (style) =>
			`${style.dim(`as of ${commit.slice(0, 10)}  ${visible(subject)}`)}\n${describe(view, { held: null, live: null }, style)}`,
		exitCode: view.broken ? 7 : 0,
	};
}

async function wholeTask(
	app: App,
	id: string,
): Promise<{ view: TaskView; held: { digest: string; reason: string | null } | null }> {
	const task = readTask(app.workspace.root, id);
	const claim = readClaim(app.workspace.stateDir, id);
	const held = await heldPermission(app, id, task.definition);
	const view = await viewTask(app.ledger, task, { liveRunId: claim?.runId ?? null, held: held !== null });
	return { view, held };
}

interface LiveRun {
	readonly runId: string;
	readonly status: "running" | "waiting_human";
	readonly progress: Progress | null;
}

function liveRunOf({ workspace }: App, id: string): LiveRun | null {
	const claim = readClaim(workspace.stateDir, id);
	if (claim === null) return null;
	return { runId: claim.runId, status: liveStatus(claim), progress: claim.progress ?? null };
}

interface Standing {
	readonly held: { readonly digest: string; readonly reason: string | null } | null;
	readonly live: LiveRun | null;
}

function describe(view: TaskView, { held, live }: Standing, style: Style): string {
	const rows: [string, string][] = [
		["status", view.broken ? `${view.status} (broken)` : view.status],
		["priority", String(view.priority)],
	];
	const add = (name: string, value: string | null | undefined) => {
		if (value !== null && value !== undefined && value !== "") rows.push([name, value]);
	};
	add("labels", view.labels.join(", "));
	add("assignee", view.assignee);
	add("depends on", view.dependsOn.join(", "));
	add("deferred", view.deferUntil);
	add("runner", runnerText(view));
	add("route", view.route === null ? null : `${view.route.channel}:${view.route.target}`);
	add("files", view.inputs.files.join(", "));
	for (const check of view.checks) add("check", typeof check === "string" ? check : JSON.stringify(check));
	add("timeout", view.timeout);
	add("limits", objectText(view.limits));
	add("blocked", view.blocked?.reason);
	add("closed", view.closed === null ? null : (view.closed.reason ?? new Date(view.closed.atMs).toISOString()));
	add("removed", view.removed === null ? null : (view.removed.reason ?? "yes"));
	add("runs", view.runs === 0 ? null : String(view.runs));
	add("last run", view.lastRun === null ? null : endOf(view.lastRun));
	add("running", live === null ? null : liveText(live));
	add("landed", view.landings.map((landing) => landing.runId).join(", "));
	if (held !== null) add("held", `${held.reason}; digest ${held.digest}`);
	const width = Math.max(...rows.map(([name]) => name.length));
	const lines = rows.map(([name, value]) => `${style.dim(name.padEnd(width))}  ${visible(value)}`);
	const prompt = view.inputs.prompt.trim() === "" ? [] : ["", visibleLines(view.inputs.prompt.trimEnd())];
	return `${style.bold(visible(view.title))}  ${style.dim(view.id)}\n${[...lines, ...prompt].join("\n")}\n`;
}

function endOf({ runId, status, errorCode, errorMessage, details }: NonNullable<TaskView["lastRun"]>): string {
	if (errorCode === null) return `${status}  ${runId}`;
	const facts = factsIn(details);
	return `${status}  ${runId}  ${errorCode}: ${errorMessage ?? ""}${facts === "" ? "" : ` (${facts})`}`;
}

function liveText({ runId, status, progress }: LiveRun): string {
	return [runId, status, progressText(progress)].filter((part) => part !== null).join("  ");
}

function objectText(value: unknown): string | null {
	if (typeof value !== "object" || value === null) return null;
	return Object.entries(value)
		.map(([key, one]) => `${key}=${String(one)}`)
		.join(", ");
}

function runnerText(view: TaskView): string | null {
	const runner = view.runner;
	if (runner == null) return null;
	const command =
		runner.args === undefined
			? (runner.script ?? "")
			: runner.args.map((word) => (/^[\w./:=@%+-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
	return [runner.kind, runner.model === undefined ? "" : `(${runner.model})`, command]
		.filter((part) => part !== "")
		.join(" ");
}

function visibleLines(text: string): string {
	return text.split("\n").map(visible).join("\n");
}
