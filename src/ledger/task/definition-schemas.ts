// The shapes of a task's definition, key by key, so that one bad key spoils only itself. Durations are milliseconds here and
// `15m` in the file; paths are relative to the workspace and never leave it.

import * as z from "zod/mini";
import { formatDuration, parseDuration } from "../../core/clock.ts";
import { isTaskId } from "../../core/ids.ts";
import { lazily, once } from "../../core/lazy.ts";
import { LIMITS } from "../limits.ts";
import type { DefinitionKeyName } from "./definition-keys.ts";

const HOUR_MS = 3_600_000;

const text = once(() => z.string({ error: "must be text (in quotes, if it looks like a number, true or false)" }));
const flag = once(() => z.boolean({ error: "must be true or false" }));

/** Text on one line without control characters; zero-width and bidirectional controls are left to the reader's terminal. */
const line = once(() =>
	text().check(
		z.refine((value) => value.trim() !== "", { error: "must not be empty" }),
		z.refine((value) => !/[\p{Cc}\u2028\u2029]/u.test(value), { error: "must be one line without control characters" }),
	),
);

const name = once(() =>
	line().check(z.refine((value) => value.length <= 200, { error: "must be at most 200 characters" })),
);

/** No NUL: such text cannot be an argument, an environment value or a path. */
const argument = once(() =>
	text().check(z.refine((value) => !value.includes("\0"), { error: "must not hold a NUL byte" })),
);

const identifier = once(() =>
	text().check(z.regex(/^[A-Za-z0-9][\w.-]{0,99}$/, { error: "must be a name of letters, digits, '.', '_' or '-'" })),
);

const path = once(() => line().check(z.refine(isInnerPath, { error: "must be a relative path without '..'" })));

function whole(low: number, high: number) {
	const error = `must be a whole number from ${low} to ${high}`;
	return z.int({ error }).check(z.gte(low, { error }), z.lte(high, { error }));
}

function amount(low: number, high: number) {
	const error = `must be a number from ${low} to ${high}`;
	return z.number({ error }).check(z.gte(low, { error }), z.lte(high, { error }));
}

/** Milliseconds, a whole number of seconds, from `90s`, `15m`, `1h30m` or a number of seconds. */
function duration(lowMs: number, highMs: number) {
	const error = `must be a duration from ${formatDuration(lowMs)} to ${formatDuration(highMs)}, like 90s, 15m or 1h30m`;
	return z.pipe(
		z.union([z.string(), z.number()], { error }),
		z.transform((value, context): number => {
			const ms = durationOrNull(value);
			if (ms !== null && ms >= lowMs && ms <= highMs && ms % 1000 === 0) return ms;
			context.issues.push({ code: "custom", message: error, input: value });
			return z.NEVER;
		}),
	);
}

/** A list; a single element may stand without the brackets. */
function list<T extends z.core.$ZodType>(element: T) {
	return z.pipe(
		z.transform((value) => (Array.isArray(value) ? value : [value])),
		z.array(element, { error: "must be a list" }),
	);
}

const object = "must be a map of keys";

const runner = once(() =>
	z.pipe(
		z.transform((value) => (typeof value === "string" ? { kind: value } : value)),
		z.looseObject(
			{
				kind: text().check(z.regex(/^[a-z][a-z0-9_-]{0,63}$/, { error: "must be the id of a runner, like shell" })),
				model: z.optional(name()),
				args: z.optional(z.array(argument(), { error: "must be a list of texts" })),
				script: z.optional(argument()),
				shell: z.optional(line()),
				permission: z.optional(z.enum(["read-only", "edit", "full"], { error: "must be read-only, edit or full" })),
				session: z.optional(z.enum(["main", "isolated"], { error: "must be main or isolated" })),
				mode: z.optional(z.enum(["text", "diff"], { error: "must be text or diff" })),
				maxTurns: z.optional(whole(1, 10_000)),
				idleTimeout: z.optional(
					z.union([z.literal("off"), duration(1000, 24 * HOUR_MS)], {
						error: "must be a duration from 1s to 24h, like 90s, 15m or 1h30m, or off",
					}),
				),
				waitForReply: z.optional(duration(1000, 24 * HOUR_MS)),
				env: z.optional(
					z.record(z.string().check(z.regex(/^[A-Za-z_]\w*$/, { error: "must be a variable's name" })), argument(), {
						error: "must be a map of NAME: value",
					}),
				),
			},
			{ error: "must be the id of a runner or a map with kind" },
		),
	),
);

const retry = once(() =>
	z
		.looseObject(
			{
				maxAttempts: z.optional(whole(1, 10)),
				strategy: z.optional(
					z.enum(["fixed", "linear", "exponential", "custom"], {
						error: "must be fixed, linear, exponential or custom",
					}),
				),
				initial: z.optional(duration(1000, 24 * HOUR_MS)),
				max: z.optional(duration(1000, 24 * HOUR_MS)),
				multiplier: z.optional(amount(1, 100)),
				jitter: z.optional(flag()),
				delays: z.optional(list(duration(0, 24 * HOUR_MS))),
			},
			{ error: object },
		)
		.check(
			z.refine((value) => value.strategy !== "custom" || (value.delays?.length ?? 0) > 0, {
				error: "needs delays, a list of durations, with strategy custom",
				path: ["strategy"],
			}),
		),
);

/** `2026-01-02T03:04Z`, with seconds, fractions and an offset if wanted; the day must exist. */
const time = once(() =>
	text().check(
		z.refine(isInstant, { error: "must be an ISO-8601 time with Z or an offset, like 2026-01-02T03:04:05Z" }),
	),
);

const schedule = once(() =>
	z
		.looseObject(
			{
				cron: z.optional(
					line().check(
						z.regex(/^\s*(?:[\w*,/?#-]+\s+){4}[\w*,/?#-]+\s*$/, { error: "must be a cron line of 5 fields" }),
					),
				),
				tz: z.optional(
					line().check(z.regex(/^[A-Za-z][\w+/-]{0,63}$/, { error: "must be an IANA zone like Europe/Berlin" })),
				),
				every: z.optional(duration(1000, 366 * 24 * HOUR_MS)),
				at: z.optional(time()),
				enabled: z.optional(flag()),
				misfire: z.optional(
					z.union([z.enum(["skip", "latest", "all"]), whole(0, 100)], {
						error: "must be skip, latest, all, or a number of missed runs up to 100",
					}),
				),
			},
			{ error: object },
		)
		.check(
			z.refine((value) => [value.cron, value.every, value.at].filter((kind) => kind !== undefined).length === 1, {
				error: "must have exactly one of cron, every and at",
			}),
			z.refine((value) => value.cron === undefined || value.tz !== undefined, {
				error: "needs a time zone beside cron: add tz, or use the flag --tz <IANA zone>",
				path: ["cron"],
			}),
			z.refine((value) => value.cron !== undefined || value.tz === undefined, {
				error: "has no meaning without cron",
				path: ["tz"],
			}),
		),
);

const route = once(() =>
	z.pipe(
		z.transform((value) => {
			const parts = typeof value === "string" ? /^([^:]+):(.+)$/s.exec(value) : null;
			return parts === null ? value : { channel: parts[1], target: parts[2] };
		}),
		z.looseObject({ channel: identifier(), target: line() }, { error: "must be channel:target" }),
	),
);

/** One schema per key of the table; each takes what stands in the file. */
export const definitionSchemas = lazily({
	title: () =>
		line().check(
			z.refine((value) => [...value].length <= LIMITS.titleCharacters, {
				error: `must be at most ${LIMITS.titleCharacters} characters`,
			}),
		),
	priority: () => whole(1, 10),
	labels: () => list(name()),
	assignee: () => name(),
	convoy: () => identifier(),
	dependsOn: () => list(text().check(z.refine(isTaskId, { error: "must be a task id" }))),
	runIf: () => z.enum(["success", "failure", "always"], { error: "must be success, failure or always" }),
	deferUntil: () => time(),
	runner,
	files: () => list(path()),
	worktree: () => flag(),
	checks: () =>
		list(
			z.union([line(), z.array(argument()).check(z.minLength(1, { error: "must name a command" }))], {
				error: "must be a command, as text or as a list of texts",
			}),
		),
	timeout: () => duration(1000, 24 * HOUR_MS),
	retry,
	limits: () =>
		z.looseObject(
			{
				memoryMb: z.optional(whole(1, 1_048_576)),
				cpuPercent: z.optional(amount(1, 100_000)),
				diskMb: z.optional(whole(1, 1_073_741_824)),
			},
			{ error: object },
		),
	schedule,
	notify: () =>
		z.looseObject(
			{
				onStart: z.optional(flag()),
				onSuccess: z.optional(flag()),
				onFailure: z.optional(flag()),
				onComplete: z.optional(flag()),
				channels: z.optional(list(identifier())),
			},
			{ error: object },
		),
	delivery: () =>
		z.looseObject(
			{ mode: z.optional(identifier()), bestEffort: z.optional(flag()), maxChars: z.optional(whole(1, 1_000_000)) },
			{ error: object },
		),
	sensitive: () => flag(),
	closeOn: () => z.literal("success", { error: "must be success" }),
	template: () => identifier(),
	with: () =>
		z.record(
			z.string(),
			z.union([argument(), z.number(), flag()], { error: "must be text, a number, true or false" }),
			{ error: object },
		),
	route,
	chatGuid: () => line(),
} satisfies Record<DefinitionKeyName, () => z.core.$ZodType>);

/** What the schemas give. */
export type DefinitionValues = { [Key in DefinitionKeyName]: z.infer<(typeof definitionSchemas)[Key]> };

function durationOrNull(value: string | number): number | null {
	try {
		return parseDuration(value);
	} catch {
		return null;
	}
}

function isInnerPath(value: string): boolean {
	return !value.startsWith("/") && !/^[A-Za-z]:[\\/]/.test(value) && !value.split(/[\\/]/).includes("..");
}

function isInstant(value: string): boolean {
	const parts = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/.exec(value);
	if (parts === null || Number.isNaN(Date.parse(value))) return false;
	// Date.parse rolls 31 February over into March.
	const [, year, month, day] = parts.map(Number);
	return new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day)).getUTCDate() === day;
}
