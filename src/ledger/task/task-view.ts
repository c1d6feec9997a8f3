// The whole task as `task show --json`, the index and the API give it: the two files and what is derived from runs, put
// together. Pure: nothing here reads a file or a clock, and nothing derived is ever stored in a tracked file.

import { type Diagnostic, isBroken } from "../diagnostic.ts";
import type { LastRun } from "../runs/last-run.ts";
import type { Landing } from "../runs/runs.ts";
import { type Definition, writtenForm } from "./definition.ts";
import type { Route, TaskRecord } from "./task.ts";
import type { TaskStatus } from "./task-status.ts";

/** What a task's run folders say. Paths are relative to the workspace. */
export interface RunFacts {
	readonly count: number;
	readonly artifacts: readonly string[];
	readonly patches: readonly string[];
	/** Of the latest finished run; empty where there is none. */
	readonly lastSummary: string;
	readonly landings: readonly Landing[];
	/** Null where its receipt cannot be read. */
	readonly lastRun: LastRun | null;
}

export const NO_RUNS: RunFacts = {
	count: 0,
	artifacts: [],
	patches: [],
	lastSummary: "",
	landings: [],
	lastRun: null,
};

export interface TaskFacts {
	readonly id: string;
	readonly definition: Definition;
	/** Null for a Markdown file alone, and for a record that cannot be read (then a diagnostic says so). */
	readonly record: TaskRecord | null;
	/** For a task without a record: when git first saw the file. */
	readonly createdAtMs: number;
	/** For a task without a record. */
	readonly workspace: { readonly uid: string; readonly path: string };
	readonly runs: RunFacts;
	/** Modification times of the two files, epoch ms; null for one that is not there. */
	readonly mtimes: { readonly definitionMs: number | null; readonly recordMs: number | null };
	/** The run that holds a live claim. */
	readonly liveRunId: string | null;
	/** True where what the task would execute awaits approval; left out where that was not asked. */
	readonly held?: boolean;
	readonly diagnostics: readonly Diagnostic[];
}

/** Keys of the roadmap's task object first, then msgcode's own. Durations are text, as in the file; times are epoch ms. */
export interface TaskView {
	readonly id: string;
	readonly title: string;
	/** The stored status, or running while a live claim exists; open for a record that cannot be read. */
	readonly status: TaskStatus | "running";
	readonly createdAtMs: number;
	readonly updatedAtMs: number;
	readonly workspace: { readonly uid: string; readonly path: string };
	readonly route: (Route & { readonly chatGuid?: string }) | null;
	readonly runner: Definition["runner"] | null;
	readonly inputs: { readonly prompt: string; readonly files: readonly string[] };
	readonly outputs: { readonly artifacts: readonly string[]; readonly patches: readonly string[] };
	readonly notes: { readonly lastSummary: string };
	readonly priority: number;
	readonly labels: readonly string[];
	readonly assignee: string | null;
	readonly convoy: string | null;
	readonly dependsOn: readonly string[];
	readonly runIf: Definition["runIf"];
	readonly deferUntil: string | null;
	readonly worktree: boolean | null;
	readonly checks: Definition["checks"];
	readonly timeout: string | null;
	readonly retry: unknown;
	readonly limits: unknown;
	readonly schedule: unknown;
	readonly notify: unknown;
	readonly delivery: unknown;
	readonly sensitive: boolean;
	readonly closeOn: "success" | null;
	readonly template: string | null;
	readonly with: unknown;
	readonly closed: TaskRecord["closed"];
	readonly blocked: NonNullable<TaskRecord["blocked"]> | null;
	readonly removed: TaskRecord["removed"];
	/** The live run's id. */
	readonly running: string | null;
	/** How many runs the task has had. */
	readonly runs: number;
	readonly lastRun: LastRun | null;
	readonly landings: readonly Landing[];
	readonly held?: boolean;
	/** True where a diagnostic is an error: such a task is listed, not run. */
	readonly broken: boolean;
	readonly diagnostics: readonly Diagnostic[];
	readonly extra: Readonly<Record<string, unknown>>;
}

/** The same without the prompt: what index.json holds. */
export type TaskSummary = Omit<TaskView, "inputs"> & { readonly inputs: { readonly files: readonly string[] } };

/** Puts a task together. */
export function taskView(facts: TaskFacts): TaskView {
	const { definition, record, runs, mtimes } = facts;
	const createdAtMs = record?.createdAtMs ?? facts.createdAtMs;
	const endedAtMs = runs.lastRun === null ? null : Date.parse(runs.lastRun.endedAt);
	const changes = [createdAtMs, mtimes.definitionMs, mtimes.recordMs, endedAtMs];
	const written = (key: "timeout" | "retry" | "schedule" | "runner") => {
		return definition[key] === undefined ? null : writtenForm(key, definition[key]);
	};
	return {
		id: facts.id,
		title: definition.title,
		status: facts.liveRunId === null ? (record?.status ?? "open") : "running",
		createdAtMs,
		updatedAtMs: Math.floor(Math.max(...changes.map((ms) => ms ?? 0))),
		workspace: record?.workspace ?? facts.workspace,
		route: withChat(definition.route ?? record?.route ?? null),
		runner: written("runner") as TaskView["runner"],
		inputs: { prompt: definition.prompt, files: definition.files },
		outputs: { artifacts: runs.artifacts, patches: runs.patches },
		notes: { lastSummary: runs.lastSummary },
		priority: definition.priority,
		labels: definition.labels,
		assignee: definition.assignee ?? null,
		convoy: definition.convoy ?? null,
		dependsOn: definition.dependsOn,
		runIf: definition.runIf,
		deferUntil: definition.deferUntil ?? null,
		worktree: definition.worktree ?? null,
		checks: definition.checks,
		timeout: written("timeout") as string | null,
		retry: written("retry"),
		limits: definition.limits ?? null,
		schedule: written("schedule"),
		notify: definition.notify ?? null,
		delivery: definition.delivery ?? null,
		sensitive: definition.sensitive,
		closeOn: definition.closeOn ?? null,
		template: definition.template ?? null,
		with: definition.with ?? null,
		closed: record?.closed ?? null,
		blocked: record?.blocked ?? null,
		removed: record?.removed ?? null,
		running: facts.liveRunId,
		runs: runs.count,
		lastRun: runs.lastRun,
		landings: runs.landings,
		...(facts.held === undefined ? {} : { held: facts.held }),
		broken: isBroken(facts.diagnostics),
		diagnostics: facts.diagnostics,
		extra: definition.extra,
	};
}

/** A view without its prompt. */
export function withoutPrompt(view: TaskView): TaskSummary {
	return { ...view, inputs: { files: view.inputs.files } };
}

function withChat(route: Route | null): TaskView["route"] {
	return route?.channel === "tmux" ? { ...route, chatGuid: route.target } : route;
}
