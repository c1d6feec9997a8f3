// The record of what a runner can do, needs and risks: one for every runner, shipped or declared.
// Invariant: whoever decides about a runner reads its record, never its code.

import shipped from "./capabilities.json" with { type: "json" };
import type { Capability } from "./capability-schema.ts";
import { placeholdersIn } from "./placeholders.ts";

export type { Capability } from "./capability-schema.ts";

/** The records that msgcode brings along. A test checks them, so that no command has to. */
export const shippedCapabilities = shipped.capabilities as readonly Capability[];

/** The record of a program that the user's settings declare. Nothing is known of it, so the worst is assumed. */
export function declaredCapability(id: string, exec: NonNullable<Capability["exec"]>): Capability {
	const binaries = exec.requires?.binaries ?? [exec.argv[0] ?? id];
	return {
		id,
		version: 1,
		title: exec.title ?? id,
		kind: "exec",
		exec,
		deps: binaries.map((binary) => ({ binary, minimum: null, tested: null })),
		inputs: inputsOf(exec),
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
		configKeys: [`runners.${id}`],
		fixHint: [`Check runners.${id}.argv in msgcode.toml and install the program that it names.`],
	};
}

/** What the declaration names of the task: the text for an agent goes before the task's own words. */
function inputsOf({ argv, env = {}, stdin, protocol }: NonNullable<Capability["exec"]>): string[] {
	const named = [...argv, ...Object.values(env)].flatMap(placeholdersIn);
	const files = named.includes("INPUT") ? ["files"] : [];
	if (protocol !== undefined || stdin === "prompt" || named.includes("PROMPT")) return ["prompt", ...files];
	return stdin === "text" || named.includes("TEXT") ? ["text", ...files] : files;
}
