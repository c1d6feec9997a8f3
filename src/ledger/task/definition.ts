// What a person decides about a task, as data, and how it stands in a file. Durations are milliseconds here and `15m` in the
// file; the shapes are those of the schemas.

import { formatDuration } from "../../core/clock.ts";
import { type DefinitionKeyName, definitionKeys } from "./definition-keys.ts";
import type { DefinitionValues } from "./definition-schemas.ts";

export const definitionDefaults = {
	priority: 5,
	labels: [],
	dependsOn: [],
	runIf: "success",
	files: [],
	checks: [],
	sensitive: false,
} satisfies Partial<DefinitionValues>;

type Defaulted = keyof typeof definitionDefaults;

/**
 * What a person decides about a task. timeout, retry.initial, retry.max, retry.delays, schedule.every,
 * runner.idleTimeout and runner.waitForReply are ms.
 */
export type Definition = Readonly<
	Pick<DefinitionValues, Defaulted | "title"> &
		Partial<Omit<DefinitionValues, Defaulted | "title" | "chatGuid">> & {
			/** The body, without the blank lines that it begins with. */
			prompt: string;
			/** Keys of the front matter that msgcode does not know, as they stand. */
			extra: Readonly<Record<string, unknown>>;
		}
>;

/**
 * Keys that every new file has, with or without a value. A plain merge takes changes of different keys from two branches,
 * but not two keys added at the same place: what people change most must therefore be there to be changed.
 */
const ALWAYS_WRITTEN: readonly DefinitionKeyName[] = [
	"title",
	"priority",
	"labels",
	"assignee",
	"dependsOn",
	"runner",
	"files",
	"checks",
	"timeout",
];

/** A new file's front matter in the table's order: what is not default, the keys that all have (null = no value), durations as text. */
export function frontMatterOf(definition: Omit<Definition, "prompt">): Record<string, unknown> {
	const front: Record<string, unknown> = {};
	for (const { key } of definitionKeys) {
		if (key === "chatGuid") continue;
		const value = definition[key];
		if (value !== undefined && (!isDefault(key, value) || ALWAYS_WRITTEN.includes(key))) {
			front[key] = writtenForm(key, value);
		} else if (ALWAYS_WRITTEN.includes(key)) {
			front[key] = null;
		}
	}
	return { ...front, ...definition.extra };
}

/** One value as it stands in a file. */
export function writtenForm(key: DefinitionKeyName, value: unknown): unknown {
	if (key === "timeout") return written(value);
	if (key === "runner") return withWritten(value, ["idleTimeout", "waitForReply"]);
	if (key === "retry") return withWritten(value, ["initial", "max", "delays"]);
	return key === "schedule" ? withWritten(value, ["every"]) : value;
}

function isDefault(key: DefinitionKeyName, value: unknown): boolean {
	if (!Object.hasOwn(definitionDefaults, key)) return false;
	return JSON.stringify(definitionDefaults[key as Defaulted]) === JSON.stringify(value);
}

function withWritten(value: unknown, fields: readonly string[]): unknown {
	const entries = Object.entries(value as Record<string, unknown>);
	return Object.fromEntries(entries.map(([key, item]) => [key, fields.includes(key) ? written(item) : item]));
}

function written(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(written);
	return typeof value === "number" ? formatDuration(value) : value;
}
