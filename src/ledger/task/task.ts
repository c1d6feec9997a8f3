// A task's stored half: the shape of its record.

import * as z from "zod/mini";
import { LAST_TIME_MS } from "../../core/clock.ts";
import { isTaskId } from "../../core/ids.ts";
import { once } from "../../core/lazy.ts";
import { sha256 } from "../../core/sha256.ts";
import { TASK_STATUSES } from "./task-status.ts";

const time = once(() =>
	z
		.int({ error: "must be a whole number of milliseconds since 1970" })
		.check(
			z.gte(0, { error: "must not be negative" }),
			z.lte(LAST_TIME_MS, { error: "must not be later than the year 9999" }),
		),
);
const text = once(() => z.string({ error: "must be text" }));

const routeSchema = once(() =>
	z.looseObject({ channel: text(), target: text() }, { error: "must be {channel, target} or null" }),
);

/** `<taskId>.json`. Times are epoch ms; keys that are not named here are kept. */
export const taskRecordSchema = once(() =>
	z.looseObject(
		{
			schemaVersion: z.literal(1, { error: "must be 1" }),
			id: z.string({ error: "must be a task id" }).check(z.refine(isTaskId, { error: "must be a task id" })),
			createdAtMs: time(),
			workspace: z.looseObject({ uid: text(), path: text() }, { error: "must be {uid, path}" }),
			salt: z.optional(z.array(text(), { error: "must be a list of texts" })),
			route: z.nullable(routeSchema()),
			status: z.enum(TASK_STATUSES, { error: `must be one of ${TASK_STATUSES.join(", ")}` }),
			blocked: z.optional(
				z.nullable(z.looseObject({ atMs: time(), reason: text() }, { error: "must be {atMs, reason}" })),
			),
			closed: z.nullable(
				z.looseObject(
					{ atMs: time(), reason: z.nullable(text()), evidence: z.nullable(z.unknown()) },
					{ error: "must be {atMs, reason, evidence} or null" },
				),
			),
			removed: z.nullable(
				z.looseObject({ atMs: time(), reason: z.nullable(text()) }, { error: "must be {atMs, reason} or null" }),
			),
		},
		{ error: "must be an object" },
	),
);

export type TaskRecord = z.infer<ReturnType<typeof taskRecordSchema>>;

export type Route = z.infer<ReturnType<typeof routeSchema>>;

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
		salt: saltOf(facts.id),
		route: facts.route ?? null,
		status: "open",
		closed: null,
		removed: null,
	};
}

/** Four lines keep two records under half alike, and a record and its own closed form above it. */
const SALT_LINES = 4;

/**
 * Text that makes a task's record unlike every other's. Records are boilerplate around an id: git, which pairs a file that
 * has gone with the new one most like it, took one task's archived record for another task's new one, and merged a change
 * of the first into the second. It comes from the id, so that a record born on two branches is one record.
 */
function saltOf(id: string): string[] {
	return Array.from({ length: SALT_LINES }, (_, line) => sha256(Buffer.from(`${id}/${line}`)));
}
