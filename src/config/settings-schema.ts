// The shape of every setting, section by section: the only source of the Settings type and of every check.
// Loaded only when a layer beyond the defaults says something.

import * as z from "zod/mini";
import { parseDuration } from "../core/clock.ts";
import { ENVIRONMENT_PATTERN } from "./environment.ts";
import type { ExecDeclaration } from "./exec-declaration.ts";

/** Milliseconds, written as a duration. The bounds are milliseconds too. */
function duration(least: number, most: number) {
	const written = z.union([z.string(), z.number()]);
	const milliseconds = z.transform((value: string | number, context) => {
		try {
			return parseDuration(value);
		} catch {
			context.issues.push({ code: "custom", message: "not a duration", input: value });
			return z.NEVER;
		}
	});
	return z.pipe(z.pipe(written, milliseconds), z.number().check(z.minimum(least), z.maximum(most)));
}

export const RUNNER_ID = /^[a-z][a-z0-9-]{0,39}$/;

/** One row per key: its schema, and the words of the error when a value does not fit. */
export const settingsShape = {
	ledger: {
		commit: { schema: z.enum(["auto", "stage", "off"]), expects: "must be auto, stage or off" },
		lock_timeout: { schema: duration(0, 600_000), expects: "must be a duration of at most 10m, like 10s" },
		sign: { schema: z.boolean(), expects: "must be true or false" },
		events: { schema: z.enum(["local", "commit"]), expects: "must be local or commit" },
		archive_after: {
			schema: z.union([z.literal("off"), duration(0, 3650 * 86_400_000)]),
			expects: "must be off, or a duration of at most 3650d, like 30d",
		},
	},
	runner: {
		default: {
			schema: z.nullable(z.string().check(z.regex(RUNNER_ID))),
			expects: "must be the id of a runner, like shell, or auto",
		},
		sandbox: {
			schema: z.enum(["off", "bubblewrap", "systemd-run"]),
			expects: "must be off, bubblewrap or systemd-run",
		},
		model_root: {
			schema: z.nullable(z.string().check(z.minLength(1), z.maxLength(4096))),
			expects: "must be the path of a folder",
		},
		session_timeout: {
			schema: duration(1000, 30 * 86_400_000),
			expects: "must be a duration from 1s to 30d, like 1h",
		},
	},
	run: {
		timeout: { schema: duration(1000, 86_400_000), expects: "must be a duration from 1s to 24h, like 15m" },
		idle_timeout: {
			schema: z.nullable(z.union([z.literal("off"), duration(1000, 86_400_000)])),
			expects: "must be off, or a duration from 1s to 24h, like 10m",
		},
	},
	workspace: {
		default: {
			schema: z.nullable(z.string().check(z.minLength(1), z.maxLength(4096))),
			expects: "must be the path of a folder",
		},
	},
	env: {
		allow: {
			schema: z.array(z.string().check(z.regex(ENVIRONMENT_PATTERN))).check(z.maxLength(200)),
			expects: "must be a list of names of environment variables, like FOO or FOO_*",
		},
	},
} as const;

type Shape = typeof settingsShape;

/** Every setting. Durations are milliseconds. */
export type Settings = {
	readonly [Section in keyof Shape]: {
		readonly [Key in keyof Shape[Section]]: Shape[Section][Key] extends { schema: infer S extends z.ZodMiniType }
			? z.output<S>
			: never;
	};
} & { readonly runners: Readonly<Record<string, ExecDeclaration>> };
