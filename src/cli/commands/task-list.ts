// `msgcode task list`: tasks by urgency, from the index or straight from the files.

import type { App } from "../../app.ts";
import { EXIT, MsgcodeError } from "../../core/errors.ts";
import { listClaims } from "../../engine/run/claim.ts";
import { readArchived } from "../../ledger/archive/archived-tasks.ts";
import { joinedTexts, type ListedTask, listedTask, summaryOf } from "../../ledger/listing/listed-task.ts";
import { readListed } from "../../ledger/listing/task-index.ts";
import type { CommandContext, CommandResult, Notice } from "../command.ts";
import { openFor } from "../open.ts";
import { renderTable } from "../table.ts";

export interface TaskFilters {
	readonly status?: readonly string[];
	readonly label?: readonly string[];
	readonly limit?: number;
	readonly all?: boolean;
	readonly removed?: boolean;
	readonly at?: string;
	readonly archived?: boolean;
}

/** Rows of a table that fit a screen; machine formats give all unless --limit says otherwise. */
const SHOWN = 50;
const STATUSES = ["open", "running", "blocked", "done", "canceled"];

export async function run(
	context: CommandContext,
	_args: readonly string[],
	options: TaskFilters,
): Promise<CommandResult> {
	const app = await openFor(context, "task list");
	const archived = options.archived === true;
	return taskListResult(
		"task.list",
		select(await wantedTasks(context, app, options.at, archived), {
			...options,
			all: options.all === true || archived,
		}),
		options,
	);
}

async function wantedTasks(context: CommandContext, app: App, at: string | undefined, archived: boolean) {
	if (at === undefined) return archived ? await readArchived(app.ledger) : await tasksWithLiveRuns(app);
	const { tasksAt } = await import("../task-at-revision.ts");
	return await tasksAt(context, app.ledger, at, archived);
}

/** All tasks, with the status of those that have a live run. */
export async function tasksWithLiveRuns(app: App): Promise<readonly ListedTask[]> {
	const tasks = await readListed(app.ledger);
	const live = new Map(
		listClaims(app.workspace.stateDir, app.ledger.now()).map(({ claim }) => [claim.taskId, claim.runId]),
	);
	if (live.size === 0) return tasks;
	return tasks.map((task) => {
		const runId = live.get(task.id);
		return runId === undefined ? task : listedTask({ ...summaryOf(task), status: "running", running: runId });
	});
}

/** The tasks that the filters let pass, in their order. */
export function select(tasks: readonly ListedTask[], filters: TaskFilters): ListedTask[] {
	for (const status of filters.status ?? []) {
		if (!STATUSES.includes(status)) {
			throw new MsgcodeError("usage", `${JSON.stringify(status)} is no status of a task.`, {
				hint: `Known: ${STATUSES.join(", ")}.`,
			});
		}
	}
	const wanted = filters.status ?? (filters.all === true ? STATUSES : ["open", "running", "blocked"]);
	const { label: labels = [], removed = false } = filters;
	return tasks.filter(
		(task) =>
			wanted.includes(task.status) &&
			(removed || !task.removed) &&
			(labels.length === 0 || labels.every((label) => task.labels.includes(label))),
	);
}

export function taskListResult(kind: string, tasks: readonly ListedTask[], options: TaskFilters): CommandResult {
	const chosen = options.limit === undefined ? tasks : tasks.slice(0, options.limit);
	const broken = tasks.filter((task) => task.broken);
	return {
		kind,
		get data() {
			return chosen.map(summaryOf);
		},
		rendered: () => joinedTexts(chosen),
		// The others are listed and work; the exit code says that not all is well.
		exitCode: broken.length > 0 ? EXIT.damaged : EXIT.ok,
		warnings: [...broken.flatMap(notices), ...cutNotice(chosen.length, tasks.length)],
		human: (style) => {
			if (tasks.length === 0) return "No tasks.\n";
			const shown = chosen.slice(0, options.limit ?? SHOWN);
			const rows = shown.map((task) => [
				task.id,
				{ text: task.broken ? "broken" : task.status, paint: task.broken ? style.red : paintOf(task.status, style) },
				String(task.priority),
				task.runner ?? "-",
				task.title,
			]);
			const columns = [
				{ title: "ID" },
				{ title: "STATUS" },
				{ title: "PRIO", align: "right" as const },
				{ title: "RUNNER" },
				{ title: "TITLE", flexible: true },
			];
			const more = chosen.length - shown.length;
			return `${renderTable(columns, rows, style)}${more > 0 ? `… and ${more} more (--limit ${chosen.length})\n` : ""}`;
		},
		plain: () => chosen.map((task) => [task.id, task.status, task.priority, task.runner ?? "", task.title]),
	};
}

function notices(task: ListedTask): Notice[] {
	return summaryOf(task)
		.diagnostics.filter((diagnostic) => diagnostic.severity === "error")
		.map(({ code, message, hint, file, line }) => ({ code, message, hint, file, line }));
}

function cutNotice(shown: number, all: number): Notice[] {
	return shown < all ? [{ code: "list_cut", message: `${all - shown} of ${all} tasks are left out by --limit.` }] : [];
}

function paintOf(
	status: ListedTask["status"],
	style: {
		green: (text: string) => string;
		yellow: (text: string) => string;
		dim: (text: string) => string;
		cyan: (text: string) => string;
	},
) {
	if (status === "running") return style.cyan;
	if (status === "blocked") return style.yellow;
	return status === "open" ? style.green : style.dim;
}
