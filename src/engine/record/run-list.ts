// The runs of a workspace as a list: recorded ones from runs.jsonl and the run folders, live ones from their claims.
// Invariant: a run that a merge lost from runs.jsonl is still listed, from its own folder.
import { isoTime, now } from "../../core/clock.ts";
import { tasksWithRuns } from "../../ledger/archive/archive-places.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { type RunLine, runLineOf } from "../../ledger/runs/receipt.ts";
import { readLanding, readReceipt, readRejection, readRunLog, runIdsOf } from "../../ledger/runs/runs.ts";
import { type Claim, listClaims } from "../run/claim.ts";
import type { Progress } from "../run/progress.ts";

export interface ListedRun {
	readonly runId: string;
	readonly taskId: string;
	/** `running` or `waiting_human`, or how it ended. */
	readonly status: string;
	readonly errorCode: string | null;
	readonly errorMessage: string | null;
	/** ISO-8601 UTC. */
	readonly startedAt: string;
	readonly endedAt: string | null;
	readonly durationMs: number;
	readonly attempts: number;
	readonly trigger: string;
	readonly baseCommit: string | null;
	readonly patchSha256: string | null;
	/** What came of its patch. */
	readonly decision: "landed" | "rejected" | null;
	/** How far a live run is, where its runner says so. */
	readonly progress: Progress | null;
}

export interface RunFilters {
	readonly taskId?: string | undefined;
	readonly status?: readonly string[] | undefined;
	readonly limit?: number | undefined;
}

/** The newest first. `all` counts the matches before the limit. */
export function listRuns(ledger: Ledger, filters: RunFilters): { readonly runs: ListedRun[]; readonly all: number } {
	const { root, stateDir } = ledger.workspace;
	const { taskId, status, limit } = filters;
	const wanted = (run: Pick<ListedRun, "taskId" | "status">) =>
		(taskId === undefined || run.taskId === taskId) && (status === undefined || status.includes(run.status));
	const { lines } = readRunLog(root, taskId);
	const seen = new Set(lines.map(({ runId }) => runId));
	const recorded = new Map<string, RunLine>(lines.filter(wanted).map((line) => [line.runId, line]));
	for (const id of taskId === undefined ? tasksWithRuns(root) : [taskId]) {
		for (const runId of runIdsOf(root, id)) {
			if (seen.has(runId)) continue;
			const receipt = readReceipt(root, id, runId);
			if (receipt !== null && wanted(receipt)) recorded.set(runId, runLineOf(receipt, { sha256: "", length: 0 }));
		}
	}
	const live = listClaims(stateDir, ledger.now())
		.map(({ claim }) => liveRun(claim))
		.filter((run) => wanted(run) && !recorded.has(run.runId));
	const everything = [...live, ...recorded.values()].sort((a, b) => startOf(b) - startOf(a));
	const chosen = limit === undefined ? everything : everything.slice(0, limit);
	return { runs: chosen.map((run) => ("ts" in run ? endedRun(root, run) : run)), all: everything.length };
}

function startOf(run: ListedRun | RunLine): number {
	return "ts" in run ? Date.parse(run.ts) - run.durationMs : Date.parse(run.startedAt);
}

function endedRun(root: string, line: RunLine): ListedRun {
	const { ts, runId, taskId, durationMs } = line;
	const landed = readLanding(root, taskId, runId) !== null;
	const rejected = !landed && readRejection(root, taskId, runId) !== null;
	return {
		runId,
		taskId,
		status: line.status,
		errorCode: line.errorCode,
		errorMessage: line.errorMessage,
		startedAt: isoTime(startOf(line)),
		endedAt: ts,
		durationMs,
		attempts: line.attempts,
		trigger: line.trigger,
		baseCommit: line.baseCommit,
		patchSha256: line.patchSha256,
		decision: landed ? "landed" : rejected ? "rejected" : null,
		progress: null,
	};
}

function liveRun(claim: Claim): ListedRun {
	return {
		runId: claim.runId,
		taskId: claim.taskId,
		status: liveStatus(claim),
		errorCode: null,
		errorMessage: null,
		startedAt: isoTime(claim.startedAtMs),
		endedAt: null,
		durationMs: Math.max(0, now() - claim.startedAtMs),
		attempts: claim.attempt,
		trigger: claim.trigger,
		baseCommit: claim.base?.commit ?? null,
		patchSha256: null,
		decision: null,
		progress: claim.progress ?? null,
	};
}

/** What a list says of a run that has not ended. */
export function liveStatus({ phase }: Pick<Claim, "phase">): "running" | "waiting_human" {
	return phase === "waiting_human" ? phase : "running";
}
