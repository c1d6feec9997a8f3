// The record of what a runner can do, needs and risks: one for every runner, shipped or declared.
// Invariant: whoever decides about a runner reads its record, never its code.

import * as z from "zod/mini";
import { execDeclarationSchema } from "../config/exec-declaration.ts";
import shipped from "./capabilities.json" with { type: "json" };

const text = z.string().check(z.minLength(1));

export const capabilitySchema = z.strictObject({
	id: text,
	title: text,
	kind: z.enum(["shell", "exec"]),
	/** How an exec runner is called. */
	exec: z.optional(execDeclarationSchema),
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

/** The records that msgcode brings along, not yet checked. */
export const shippedCapabilities: readonly unknown[] = shipped.capabilities;

/** The record of a program that the user's settings declare. Nothing is known of it, so the worst is assumed. */
export function declaredCapability(id: string, exec: NonNullable<Capability["exec"]>): Capability {
	const binaries = exec.requires?.binaries ?? [exec.argv[0] ?? id];
	return {
		id,
		title: exec.title ?? id,
		kind: "exec",
		exec,
		deps: binaries.map((binary) => ({ binary, minimum: null, tested: null })),
		inputs: ["prompt"],
		outputs: ["patch", "text"],
		sideEffects: ["local-write", "process-control"],
		risk: { level: "high", writes: true, network: true, executesCode: true },
		confirm: "approval",
		evidence: ["receipt", "events", "patch"],
		isolation:
			"None. The program runs with your rights; a worktree is not a sandbox, it only keeps your checkout as it is.",
		probe: null,
		limits: { promptBytes: null, lineBytes: 262_144 },
		resume: { supported: false, by: null },
		fixHint: [`Check runners.${id}.argv in msgcode.toml and install the program that it names.`],
	};
}
