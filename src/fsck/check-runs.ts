// Whether run logs, receipts and run folders tell the same: each run once, in both places, in the same words.

import { RUN_FILES } from "../ledger/paths.ts";
import type { Receipt, RunLine } from "../ledger/runs/receipt.ts";
import { sameRun } from "../ledger/runs/run-log-health.ts";
import { type Finding, finding, fromHistory, ofDiagnostic } from "./finding.ts";
import type { Look } from "./look.ts";
import { hasLineAt, type RunHistory } from "./run-history.ts";
import { bytesOf, type LogLine, type RunPlace } from "./snapshot.ts";

export async function checkRuns(look: Look, told: RunHistory): Promise<Finding[]> {
	const { snapshot, isLive, ledger } = look;
	const lines = Map.groupBy(snapshot.lines, ({ value }) => value.runId);
	const findings: Finding[] = snapshot.logDiagnostics.flatMap((diagnostic) => ofDiagnostic(diagnostic, {}) ?? []);
	for (const [runId, ofRun] of lines) {
		const run = snapshot.runs.get(runId) ?? null;
		findings.push(...contradictions(runId, ofRun, run?.receipt ?? null));
		if (run === null || !run.names.has("run_receipt.json")) findings.push(withoutReceipt(ofRun[0] as LogLine));
		else if (run.receipt !== null && !run.newer) findings.push(...disagreements(ofRun, run.receipt, run));
	}
	for (const run of snapshot.runs.values()) {
		if (isLive(run.runId) || !RUN_FILES.some((name) => run.names.has(name))) continue;
		findings.push(...folderFindings(ledger.workspace.root, run, snapshot.tasks.has(run.taskId)));
		if (lines.has(run.runId) || snapshot.namedInBadLines.has(run.runId)) continue;
		if (run.names.has("run_receipt.json")) findings.push(await withoutLine(look, run, told));
		else findings.push(receiptMissing(run));
	}
	return [...findings, ...lost(look, told, new Set(lines.keys()))];
}

function contradictions(runId: string, lines: readonly LogLine[], receipt: Receipt | null): Finding[] {
	const [first, ...others] = lines;
	if (first === undefined) return [];
	const wrong = others.find((line) => !sameRun(first.value, line.value, receipt));
	if (wrong === undefined) return [];
	const { file, line } = wrong;
	const message = `${first.file}:${first.line} and ${file}:${line} tell the run ${runId} in different words.`;
	const hint = "Compare them with the run's run_receipt.json.";
	return [finding("lines_contradict", { file, line, runId, taskId: first.value.taskId, message, hint })];
}

function withoutReceipt({ file, line, value: { runId, taskId } }: LogLine): Finding {
	const message = `${file} tells of ${runId}, but there is no receipt of it.`;
	const hint = `See what became of it: git log -- tasks/runs/${taskId}/${runId}`;
	return finding("receipt_missing", { file, line, runId, taskId, message, hint });
}

function receiptMissing({ runId, taskId, folder }: RunPlace): Finding {
	const message = `${folder} holds files of a run, but no receipt.`;
	return finding("receipt_missing", { file: folder, runId, taskId, message, hint: fromHistory(folder) });
}

/** What the line and the receipt both say. A released patch leaves the line from before; one that agrees is enough. */
function disagreements(lines: readonly LogLine[], receipt: Receipt, run: RunPlace): Finding[] {
	const differences = lines.map((line) => ({ line, keys: differingKeys(line.value, receipt) }));
	const wrong = differences.find(({ keys }) => keys.length > 0);
	// Beside a line that agrees, another one is a contradiction, and told as such.
	if (wrong === undefined || differences.some(({ keys }) => keys.length === 0)) return [];
	const { file, line } = wrong.line;
	const message = `${file}:${line} and ${run.folder}/run_receipt.json disagree about ${wrong.keys.join(", ")}.`;
	const hint = `Which of the two was changed: git log -p -- ${file} ${run.folder}`;
	return [finding("line_disagrees", { file, line, runId: receipt.runId, taskId: receipt.taskId, message, hint })];
}

function differingKeys(line: RunLine, receipt: Receipt): string[] {
	const pairs: [string, unknown, unknown][] = [
		["taskId", line.taskId, receipt.taskId],
		["status", line.status, receipt.status],
		["errorCode", line.errorCode, receipt.errorCode],
		["ts", line.ts, receipt.endedAt],
		["baseCommit", line.baseCommit, receipt.baseCommit],
		["patchSha256", line.patchSha256, receipt.patch?.sha256],
	];
	return pairs.filter(([, a = null, b = null]) => a !== b).map(([key]) => key);
}

function folderFindings(root: string, run: RunPlace, hasTask: boolean): Finding[] {
	const { runId, taskId, folder, names, receipt, newer } = run;
	const place = { runId, taskId };
	const findings: Finding[] = [];
	if (!hasTask) {
		const message = `${folder} belongs to no task here.`;
		const hint = `See where the task went: git log --all -- tasks/${taskId}.md`;
		findings.push(finding("run_without_task", { ...place, file: folder, message, hint }));
	}
	if (!names.has("run_receipt.json")) return findings;
	const file = `${folder}/run_receipt.json`;
	if (newer) {
		const message = `${file} was written by a newer version of the format.`;
		findings.push(finding("format_newer", { ...place, file, message, hint: "Install a newer msgcode." }));
	} else if (receipt === null) {
		const what = bytesOf(root, file) === null ? "cannot be read" : `is not a receipt of ${runId}`;
		findings.push(finding("receipt_invalid", { ...place, file, message: `${file} ${what}.`, hint: fromHistory(file) }));
	} else if (bytesOf(root, `${folder}/summary.md`) === null) {
		const summary = `${folder}/summary.md`;
		const message = `${summary} is not there.`;
		findings.push(finding("summary_missing", { ...place, file: summary, message, hint: fromHistory(summary) }));
	}
	return findings;
}

async function withoutLine(look: Look, run: RunPlace, told: RunHistory): Promise<Finding> {
	const { runId, taskId, folder } = run;
	const birth = told.born.get(runId)?.commit;
	const held = told.droppedLines.has(runId) || (birth !== undefined && (await hasLineAt(look.reader, birth, runId)));
	const place = { file: `${folder}/run_receipt.json`, runId, taskId };
	if (held) return lineLost(runId, taskId, told);
	const message = `The run ${runId} of ${taskId} has a receipt, but no line in tasks/runs.jsonl.`;
	const hint = `What the run was: msgcode run show ${runId}.`;
	return finding("line_missing", { ...place, message, hint });
}

function lineLost(runId: string, taskId: string | undefined, told: RunHistory): Finding {
	const commit = told.droppedLines.get(runId);
	return finding("line_lost", {
		file: "tasks/runs.jsonl",
		runId,
		...(taskId === undefined ? {} : { taskId }),
		...(commit === undefined ? {} : { commit }),
		message: `The line of ${runId} was in tasks/runs.jsonl and is gone.`,
		hint: `See where it went: git log -S${runId} -- tasks/runs.jsonl tasks/archive`,
	});
}

/** Runs of history that the checkout knows nothing of any more, and lines that never had a folder. */
function lost({ snapshot, head }: Look, told: RunHistory, withLine: ReadonlySet<string>): Finding[] {
	if (head.commit === null) return [];
	const gone = (runId: string) =>
		!withLine.has(runId) && !snapshot.namedInBadLines.has(runId) && !told.takenBack.has(runId);
	const hasReceipt = (runId: string) => snapshot.runs.get(runId)?.names.has("run_receipt.json") === true;
	const runs = [...told.born].filter(([runId]) => gone(runId) && !hasReceipt(runId));
	const lines = [...told.droppedLines.keys()].filter(
		(runId) => gone(runId) && !hasReceipt(runId) && !told.born.has(runId),
	);
	return [
		...runs.map(([runId, { taskId, commit }]) => {
			const file = `tasks/runs/${taskId}/${runId}`;
			const message = `The run ${runId} of ${taskId} is in history, and neither its receipt nor its line is here.`;
			const hint = `See where it went: git log --stat -- ${file}`;
			return finding("run_lost", { file, runId, taskId, commit: commit.facts.oid, message, hint });
		}),
		...lines.map((runId) => lineLost(runId, undefined, told)),
	];
}
