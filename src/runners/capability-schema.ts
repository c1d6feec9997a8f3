// The shape of a runner's record. Loaded to check records that are not our own; the shipped ones are checked by a test.

import * as z from "zod/mini";
import { execDeclarationSchema } from "../config/exec-declaration.ts";

const text = z.string().check(z.minLength(1));

export const capabilitySchema = z.strictObject({
	id: text,
	title: text,
	kind: z.enum(["shell", "exec"]),
	/** How an exec runner is called. */
	exec: z.optional(execDeclarationSchema()),
	/** Programs that have to be installed; versions are null where any will do or none was tried. */
	deps: z.array(z.strictObject({ binary: text, minimum: z.nullable(text), tested: z.nullable(text) })),
	inputs: z.array(text),
	outputs: z.array(text),
	sideEffects: z.array(z.enum(["read-only", "local-write", "message-send", "process-control"])),
	risk: z.strictObject({
		level: z.enum(["low", "medium", "high"]),
		writes: z.boolean(),
		network: z.boolean(),
		executesCode: z.boolean(),
	}),
	/** "approval": what it would execute must have been approved on this machine. "each-run": asked every time. */
	confirm: z.enum(["none", "approval", "each-run"]),
	/** What a run leaves behind for a reviewer. */
	evidence: z.array(text),
	isolation: text,
	/** A harmless argv that shows whether the program works and in which version; null = nothing to try. */
	probe: z.nullable(z.array(text).check(z.minLength(1))),
	limits: z.strictObject({
		/** Longest prompt, bytes; null = none of its own. */
		promptBytes: z.nullable(z.int()),
		/** Longest line of output that is kept, bytes. */
		lineBytes: z.int(),
	}),
	/** Whether an interrupted run can go on in the program's own session. */
	resume: z.strictObject({ supported: z.boolean(), by: z.nullable(text) }),
	fixHint: z.array(text).check(z.minLength(1)),
});

export type Capability = z.output<typeof capabilitySchema>;
