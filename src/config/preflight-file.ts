// The user's own list of what has to be there before work starts: `<config dir>/deps.json`.
// Invariant: it adds to what msgcode itself looks for and moves items between groups; it can name no program to run.

import * as z from "zod/mini";
import { once } from "../core/lazy.ts";

export const PREFLIGHT_GROUPS = ["requiredForStart", "requiredForJobs", "optional"] as const;

export const PREFLIGHT_KINDS = ["bin", "env_set", "fs_read", "fs_write", "fs_exists", "http", "model_loaded"] as const;

export type PreflightGroup = (typeof PREFLIGHT_GROUPS)[number];

export interface PreflightItem {
	readonly name: string;
	readonly kind: (typeof PREFLIGHT_KINDS)[number];
	/** A program, a variable, a path or an address. */
	readonly target: string;
	/** Of model_loaded: its id; any, unless told. */
	readonly model?: string | undefined;
	readonly fixHint?: string | undefined;
}

/** `{"requiredForJobs": [{"name": "jq", "kind": "bin", "target": "jq"}], "optional": [{"name": "runner gemini"}]}`. */
export const preflightFileSchema = once(() => {
	const text = z.string().check(z.minLength(1), z.maxLength(4096));
	const item = z.strictObject({
		name: text,
		/** Left out with `target`: the item of that name is moved to this group. */
		kind: z.optional(z.enum(PREFLIGHT_KINDS)),
		target: z.optional(text),
		model: z.optional(text),
		fixHint: z.optional(text),
	});
	const group = z.optional(z.array(item).check(z.maxLength(200)));
	return z.strictObject({
		$schema: z.optional(z.string()),
		version: z.optional(z.literal(1)),
		requiredForStart: group,
		requiredForJobs: group,
		optional: group,
		/** Names of items that are not looked for. */
		ignored: z.optional(z.array(text)),
	});
});

export type PreflightFile = z.output<ReturnType<typeof preflightFileSchema>>;
