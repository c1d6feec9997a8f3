// A task's stored half: its record, its status and the limits of its files. Status changes only along the table below;
// `running` is never stored, it is derived from a live claim.

import * as z from "zod/mini";
import { MsgcodeError } from "../core/errors.ts";
import { isTaskId } from "../core/ids.ts";

/** What the ledger accepts. Sizes are bytes of UTF-8, except the title's, which are characters. */
export const LIMITS = {
	titleCharacters: 500,
	frontMatterBytes: 64 * 1024,
	bodyBytes: 1024 * 1024,
	recordBytes: 1024 * 1024,
	patchBytes: 32 * 1024 * 1024,
	eventBytes: 256 * 1024,
} as const;

export const TASK_STATUSES = ["open", "blocked", "done", "canceled"] as const;

export type TaskStatus = (typeof TASK_STATUSES)[number];

const transitions: Readonly<Record<TaskStatus, readonly TaskStatus[]>> = {
	open: ["blocked", "done", "canceled"],
	blocked: ["open", "done", "canceled"],
	done: ["open"],
	canceled: ["open"],
};

export function isTransitionLegal(from: TaskStatus, to: TaskStatus): boolean {
	return transitions[from].includes(to);
}

/** Throws task_transition unless a task may go from one status to the other. A status is no successor of itself. */
export function assertTransition(from: TaskStatus, to: TaskStatus): void {
	if (isTransitionLegal(from, to)) return;
	if (from === to) throw new MsgcodeError("task_transition", `The task is ${from} already.`);
	throw new MsgcodeError("task_transition", `A task that is ${from} cannot become ${to}.`, {
		hint: "Open it again first: `msgcode task reopen <id>`.",
	});
}

const time = z
	.int({ error: "must be a whole number of milliseconds since 1970" })
	.check(z.gte(0, { error: "must not be negative" }));
const text = z.string({ error: "must be text" });

const routeSchema = z.looseObject({ channel: text, target: text }, { error: "must be {channel, target} or null" });

/** `<taskId>.json`. Times are epoch ms; keys that are not named here are kept. */
export const taskRecordSchema = z.looseObject(
	{
		schemaVersion: z.literal(1, { error: "must be 1" }),
		id: z.string({ error: "must be a task id" }).check(z.refine(isTaskId, { error: "must be a task id" })),
		createdAtMs: time,
		workspace: z.looseObject({ uid: text, path: text }, { error: "must be {uid, path}" }),
		route: z.nullable(routeSchema),
		status: z.enum(TASK_STATUSES, { error: `must be one of ${TASK_STATUSES.join(", ")}` }),
		blocked: z.optional(z.nullable(z.looseObject({ atMs: time, reason: text }, { error: "must be {atMs, reason}" }))),
		closed: z.nullable(
			z.looseObject(
				{ atMs: time, reason: z.nullable(text), evidence: z.nullable(z.unknown()) },
				{ error: "must be {atMs, reason, evidence} or null" },
			),
		),
		removed: z.nullable(
			z.looseObject({ atMs: time, reason: z.nullable(text) }, { error: "must be {atMs, reason} or null" }),
		),
	},
	{ error: "must be an object" },
);

export type TaskRecord = z.infer<typeof taskRecordSchema>;

export type Route = z.infer<typeof routeSchema>;

/** The record of a task that was just added, or that so far is a Markdown file alone. */
export function newRecord(facts: {
	readonly id: string;
	readonly createdAtMs: number;
	readonly workspace: { readonly uid: string; readonly path: string };
	readonly route?: Route | null;
}): TaskRecord {
	return {
		schemaVersion: 1,
		id: facts.id,
		createdAtMs: facts.createdAtMs,
		workspace: { ...facts.workspace },
		route: facts.route ?? null,
		status: "open",
		closed: null,
		removed: null,
	};
}
