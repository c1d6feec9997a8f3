// The values that nearly every task has, passed without building and running their schemas, which takes longer than all
// else that is done with one task. Invariant: what passes here is what the schema gives; every doubt is null.

import { isTaskId } from "../../core/ids.ts";
import type { DefinitionKeyName } from "./definition-keys.ts";
import type { TaskRecord } from "./task.ts";
import { TASK_STATUSES } from "./task-status.ts";

/** What the schema of this key makes of the value, or null where only the schema can tell. */
export function plainValue(key: DefinitionKeyName, value: unknown): { readonly data: unknown } | null {
	switch (key) {
		case "title":
		case "assignee":
			return isShortLine(value) ? { data: value } : null;
		case "priority":
			return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 10 ? { data: value } : null;
		case "sensitive":
		case "worktree":
			return typeof value === "boolean" ? { data: value } : null;
		case "labels":
		case "checks":
			return isListOf(value, isShortLine) ? { data: [...value] } : null;
		case "files":
			return isListOf(value, isInnerPath) ? { data: [...value] } : null;
		case "dependsOn":
			return isListOf(value, isTaskId) ? { data: [...value] } : null;
		case "runner":
			return plainRunner(value);
		default:
			return null;
	}
}

/** What the record's schema makes of the value, or null where only the schema can tell. */
export function plainRecord(value: Readonly<Record<string, unknown>>): TaskRecord | null {
	const { schemaVersion, id, createdAtMs, workspace, salt, route, status, closed, removed, ...others } = value;
	if (Object.keys(others).length > 0 || schemaVersion !== 1 || !isTaskId(id)) return null;
	if (!Number.isSafeInteger(createdAtMs) || (createdAtMs as number) < 0) return null;
	if (route !== null || closed !== null || removed !== null) return null;
	const known = TASK_STATUSES.find((one) => one === status);
	if (known === undefined || typeof workspace !== "object" || workspace === null) return null;
	const { uid, path, ...rest } = workspace as Readonly<Record<string, unknown>>;
	if (typeof uid !== "string" || typeof path !== "string" || Object.keys(rest).length > 0) return null;
	if (salt !== undefined && !(Array.isArray(salt) && salt.every((line) => typeof line === "string"))) return null;
	const salted = salt === undefined ? {} : { salt: [...(salt as string[])] };
	const facts = { createdAtMs: createdAtMs as number, workspace: { uid, path }, ...salted };
	return { schemaVersion, id, ...facts, route, status: known, closed, removed };
}

function plainRunner(value: unknown): { readonly data: unknown } | null {
	if (typeof value !== "object" || value === null) return null;
	const { kind, model, args, ...others } = value as Readonly<Record<string, unknown>>;
	if (Object.keys(others).length > 0 || typeof kind !== "string" || !/^[a-z][a-z0-9_-]{0,63}$/.test(kind)) return null;
	if (model !== undefined && !isShortLine(model)) return null;
	if (args !== undefined && !isListOf(args, isShortLine)) return null;
	return {
		data: { kind, ...(model === undefined ? {} : { model }), ...(args === undefined ? {} : { args: [...args] }) },
	};
}

function isListOf(value: unknown, isElement: (element: unknown) => boolean): value is readonly unknown[] {
	return Array.isArray(value) && value.every(isElement);
}

function isInnerPath(value: unknown): boolean {
	return isShortLine(value) && /^[\w.-]+(?:\/[\w.-]+)*$/.test(value) && !value.split("/").includes("..");
}

/** At most 200 UTF-16 units, which every limit allows, with something in them and no control character. */
function isShortLine(value: unknown): value is string {
	return (
		typeof value === "string" && value.length <= 200 && value.trim() !== "" && !/[\p{Cc}\u2028\u2029]/u.test(value)
	);
}
