// The shape of a declared program: how to call it and when its end is a success. Settings and shipped records share it.
// Invariant: it is data only; what it can express is all that a declared runner can do.

import * as z from "zod/mini";
import { once } from "../core/lazy.ts";
import { ENVIRONMENT_PATTERN } from "./environment.ts";

const LONGEST_ARGUMENT = 32_768;

/** Made at its first use: most commands have no declaration to check. */
const shapes = once(() => {
	const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

	/** Keys are paths into the JSON object, with dots: `usage.input_tokens`. */
	const jsonLine = z.object({
		/** Which lines of stdout count: every path has this value. The last such line decides. */
		match: z.record(z.string(), scalar),
		/** What that line has to say. */
		require: z.record(z.string(), scalar),
		/** Where it holds the program's last words. */
		preview: z.optional(z.string()),
		usage: z.optional(
			z.object({
				inputTokens: z.optional(z.string()),
				outputTokens: z.optional(z.string()),
				costUsd: z.optional(z.string()),
			}),
		),
	});

	const success = z.object({
		/** Exit codes that are no failure; [0] unless told. */
		exit_codes: z.optional(z.array(z.int().check(z.minimum(0), z.maximum(255))).check(z.minLength(1))),
		jsonLine: z.optional(jsonLine),
	});

	const keys = {
		/** Program and arguments, with placeholders. */
		argv: z.array(z.string().check(z.maxLength(LONGEST_ARGUMENT))).check(z.minLength(1), z.maxLength(256)),
		title: z.optional(z.string().check(z.maxLength(200))),
		/** "prompt": the program reads what an agent would: the task with where it is. "text": it reads the task's own words. */
		stdin: z.optional(z.enum(["prompt", "text", "none"])),
		/** "runner-1": it speaks the runner protocol on stdin and stdout; docs/writing-a-runner.md. */
		protocol: z.optional(z.literal("runner-1")),
		env: z.optional(z.record(z.string().check(z.regex(ENVIRONMENT_PATTERN)), z.string())),
		/** Variables of the user's environment that the program may see. */
		passEnv: z.optional(z.array(z.string().check(z.regex(ENVIRONMENT_PATTERN)))),
		requires: z.optional(z.object({ binaries: z.optional(z.array(z.string())) })),
		success: z.optional(z.union([z.literal("exit_code"), success])),
	};
	return { keys, jsonLine };
});

/** Keys that it does not know are kept: a newer msgcode may. */
export const execDeclarationSchema = once(() => z.looseObject(shapes().keys));

export function isExecDeclarationKey(name: string): boolean {
	return Object.hasOwn(shapes().keys, name);
}

export type ExecDeclaration = z.output<ReturnType<typeof execDeclarationSchema>>;
export type JsonLineRule = z.output<ReturnType<typeof shapes>["jsonLine"]>;
