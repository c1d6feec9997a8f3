// How a list of runs reads: for `run list` and `task runs`.
import { createHash } from "node:crypto";
import type { App } from "../app.ts";
import { MsgcodeError } from "../core/errors.ts";
import { type ListedRun, listRuns, type RunFilters } from "../engine/record/run-list.ts";
import type { CommandResult } from "./command.ts";
import { duration, paintStatus, progressText } from "./run-text.ts";
import { renderTable } from "./table.ts";

/** Rows of a table that fit a screen; machine formats give all unless --limit says otherwise. */
const SHOWN = 50;
const STATUSES = ["running", "waiting_human", "ok", "error", "canceled", "timeout", "stuck", "skipped"];

export function runListResult(app: App, kind: string, filters: RunFilters): CommandResult {
	for (const status of filters.status ?? []) {
		if (!STATUSES.includes(status)) {
			throw new MsgcodeError("usage", `${JSON.stringify(status)} is no status of a run.`, {
				hint: `Known: ${STATUSES.join(", ")}.`,
			});
		}
	}
	const { runs, all } = listRuns(app.ledger, filters);
	const left = all - runs.length;
	return {
		kind,
		data: runs,
		warnings: left > 0 ? [{ code: "list_cut", message: `${left} of ${all} runs are left out by --limit.` }] : [],
		human: (style) => {
			if (runs.length === 0) return "No runs.\n";
			const shown = runs.slice(0, filters.limit ?? SHOWN);
			const rows = shown.map((run) => [
				run.runId,
				run.taskId,
				{ text: run.status, paint: (text: string) => paintStatus(run.status, style).replace(run.status, text) },
				duration(run.durationMs),
				run.decision ?? resultText(run),
				run.errorCode ?? "",
			]);
			const columns = [
				{ title: "RUN" },
				{ title: "TASK" },
				{ title: "STATUS" },
				{ title: "TOOK", align: "right" as const },
				{ title: "RESULT" },
				{ title: "ERROR", flexible: true },
			];
			const more = runs.length - shown.length;
			return `${renderTable(columns, rows, style)}${more > 0 ? `… and ${more} more (--limit ${runs.length})\n` : ""}`;
		},
		plain: () =>
			runs.map((run) => [
				run.runId,
				run.taskId,
				run.status,
				run.startedAt,
				run.durationMs,
				run.decision ?? "",
				run.errorCode ?? "",
			]),
	};
}

const EMPTY_PATCH = createHash("sha256").digest("hex");

function resultText({ decision, patchSha256, progress }: ListedRun): string {
	if (decision !== null) return decision;
	if (patchSha256 === null) return progressText(progress) ?? "-";
	return patchSha256 === EMPTY_PATCH ? "no change" : "patch";
}
