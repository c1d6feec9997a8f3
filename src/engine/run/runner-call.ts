// What the runner of a run would start: the request in the form that runners get, made into their plan.
// Invariant: pure but for what the runner's own plan looks at; asked before anything is claimed, so that a bad request leaves no trace.

import type { Ledger } from "../../ledger/ledger.ts";
import { definitionPath } from "../../ledger/paths.ts";
import type { RunnerPlan } from "../../runners/runner.ts";
import { workingFolder, worktreePath } from "../worktree/worktree.ts";
import type { RunFolder } from "./run-folder.ts";
import type { RunRequest } from "./run-request.ts";
import { programFiles } from "./runner-request.ts";

/** The folder that the run's programs work in. */
export function folderOf({ workspace }: Ledger, request: RunRequest): string {
	const inPlace = request.mode === "in-place";
	return inPlace ? workspace.root : workingFolder(workspace, worktreePath(workspace, request.taskId));
}

export interface PlanFacts {
	readonly runId: string;
	readonly folder: RunFolder;
	readonly cwd: string;
	/** What the runner is sent; null where it is sent no text. */
	readonly prompt: string | null;
	readonly resume: string | null;
	readonly baseCommit: string | null;
}

/** What the runner would start. */
export function planOf({ workspace }: Ledger, request: RunRequest, facts: PlanFacts): RunnerPlan {
	const { runId, folder, cwd, prompt, resume, baseCommit } = facts;
	return request.runner.prepare({
		kind: request.runner.kind,
		workspacePath: cwd,
		payload: { ...request.payload, prompt: prompt ?? request.payload.prompt },
		constraints: { timeoutMs: request.timeoutMs, ...request.constraints },
		context: {
			taskId: request.taskId,
			runId,
			attempt: 1,
			taskFile: `${workspace.root}/${definitionPath(request.taskId)}`,
			runDir: folder.artifacts,
			...programFiles(request.payload.files, cwd, folder.artifacts),
			modelRoot: request.modelRoot ?? undefined,
			route: request.route,
			resume,
			baseCommit,
		},
	});
}
