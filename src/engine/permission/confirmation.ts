// What a person confirms before a run of a runner that asks for it each time: a plan, by its digest.
// Invariant: a plan says all that decides what the run does; it is data, and permits nothing by itself.

import type { Spec } from "../../trust/approvals.ts";

export interface RunPlan {
	readonly taskId: string;
	readonly runner: string;
	/** What is executed, as it is approved: argv, environment, checks … */
	readonly command: Spec;
	readonly mode: "worktree" | "in-place";
	/** Of the code that it starts from, without the ledger; null where it goes on in what an earlier run left. */
	readonly baseCodeTree: string | null;
	/** Of the text that the runner is sent; null where it is sent none. */
	readonly prompt: { readonly sha256: string; readonly length: number } | null;
}

export interface PreparedPlan {
	readonly plan: RunPlan;
	/** `sha256:…` */
	readonly digest: string;
	readonly preparedAtMs: number;
	readonly actor: string;
}

export interface Confirmation {
	readonly prepared: PreparedPlan;
	readonly confirmedAtMs: number;
	readonly actor: string;
}
