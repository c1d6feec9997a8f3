// What a run is asked to do, and what is known of it while it is under way.
import type { Settings } from "../../config/settings.ts";
import type { RunEvent } from "../../core/event.ts";
import type { CollectWarning } from "../../git/collect.ts";
import type { SharedState } from "../../git/shared-state.ts";
import type { Definition } from "../../ledger/task/definition.ts";
import type { Runner, RunnerPlan, RunnerRequest } from "../../runners/runner.ts";
import type { Confirmation } from "../permission/confirmation.ts";
import type { TaskWorktree } from "../worktree/worktree.ts";
import type { Claim } from "./claim.ts";
import type { RunFolder } from "./run-folder.ts";
import type { RunnerWishes } from "./runner-request.ts";

export interface RunRequest {
	readonly taskId: string;
	readonly title: string;
	readonly prompt: string;
	readonly runner: Runner;
	readonly payload: RunnerRequest["payload"];
	readonly constraints: RunnerWishes["constraints"];
	readonly route: RunnerWishes["route"];
	/** "main": in the runner's one long session of this folder. */
	readonly session: "main" | "isolated";
	/** After this long without use a main session is not resumed. */
	readonly sessionTimeoutMs: number;
	readonly modelRoot: string | null;
	readonly checks: readonly (string | readonly string[])[];
	readonly timeoutMs: number;
	/** How long the runner may neither say anything nor change a file; null = for ever. */
	readonly idleTimeoutMs: number | null;
	readonly limits: Definition["limits"];
	/** What encloses the runner: the setting runner.sandbox. */
	readonly sandbox: Settings["runner"]["sandbox"];
	readonly mode: "worktree" | "in-place";
	/** A revision to start from; null means HEAD. */
	readonly base: string | null;
	readonly goOn: boolean;
	readonly carry: boolean;
	/** Close the task when the run succeeds. */
	readonly close: boolean;
	readonly sensitive: boolean;
	readonly idempotencyKey: string | null;
	/** Of this very run, for a runner that asks for one each time. */
	readonly confirmation: Confirmation | null;
	/** Names of the user's variables that the runner gets beyond the standard ones. */
	readonly allowEnv: readonly string[];
}

export interface RunControls {
	readonly cancel: AbortSignal;
	readonly kill: AbortSignal;
	readonly onEvent: (event: Pick<RunEvent, "type" | "data">) => void;
	/** Called once the run exists, with its id. */
	readonly onStart: (runId: string) => void;
}

/** In which session of its runner a run works. */
export interface RunSession {
	/** The runner's own session that goes on; null begins a new one. */
	readonly resume: string | null;
	/** The main session that the run holds. */
	readonly key: string | null;
	readonly warnings: readonly CollectWarning[];
}

export interface Prepared {
	readonly worktree: TaskWorktree | null;
	readonly warnings: CollectWarning[];
}

export interface Running extends Prepared {
	readonly plan: RunnerPlan;
	readonly session: RunSession;
	/** What the run can reach beside its worktree, looked at before it starts. */
	readonly before: Promise<SharedState>;
	readonly runId: string;
	readonly folder: RunFolder;
	readonly claim: () => Claim;
	readonly update: (change: Partial<Claim>) => void;
}
