// Whether runs.jsonl, with its rotated parts, and the run folders tell the same: every line whole, every run in both places, no run told twice.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Finding, problem, warning } from "../../core/health.ts";
import { rotatedLogs, tasksWithRuns } from "../archive/archive-places.ts";
import { FIX_HINT } from "../fixes/fix.ts";
import { RUNS_FILE } from "../paths.ts";
import type { Receipt, RunLine } from "./receipt.ts";
import { parseRunLine, placeOfRun, readReceipt, readRunLog, runIdsOf } from "./runs.ts";

export interface RunLogHealth {
	readonly findings: readonly Finding[];
	readonly details: {
		readonly runs: number;
		/** Lines that stand there more than once, word for word: what a union merge leaves, and readers fold. */
		readonly repeatedLines: number;
	};
}

/** `isLive` tells a run that has not ended yet: its folder may stand without a line. */
export function examineRunLog(
	root: string,
	isTask: (id: string) => boolean,
	isLive: (runId: string) => boolean,
): RunLogHealth {
	const files = [...rotatedLogs(root), RUNS_FILE].map((file) => join(root, file)).filter((path) => existsSync(path));
	const { lines, diagnostics } = readRunLog(root);
	const findings: Finding[] = diagnostics.map(({ severity, file, line, message, hint }) =>
		(severity === "error" ? problem : warning)(`${file}:${line}: ${message}`, hint),
	);
	const { repeatedLines, contradictions } = repetitions(
		files.map((path) => readFileSync(path, "utf8")).join("\n"),
		root,
	);
	for (const runId of contradictions) {
		findings.push(problem(`${RUNS_FILE} tells the run ${runId} in different words.`, FIX_HINT));
	}
	const told = new Set(lines.map(({ runId }) => runId));
	for (const { runId, taskId } of lines) {
		if (readReceipt(root, taskId, runId) !== null) continue;
		const folder = placeOfRun(root, taskId, runId);
		findings.push(
			existsSync(join(root, folder, "run_receipt.json"))
				? problem(`${folder}/run_receipt.json cannot be read.`, `git log -- ${folder}`)
				: warning(`${RUNS_FILE} tells of ${runId}, but ${folder} has no receipt.`, `git log -- ${folder}`),
		);
	}
	for (const taskId of tasksWithRuns(root)) {
		if (!isTask(taskId)) findings.push(warning(`tasks/runs/${taskId} belongs to no task here.`, "git log --all"));
		for (const runId of runIdsOf(root, taskId)) {
			const receipt = join(root, placeOfRun(root, taskId, runId), "run_receipt.json");
			if (told.has(runId) || isLive(runId) || !existsSync(receipt)) continue;
			findings.push(warning(`The run ${runId} of ${taskId} has a folder, but no line in ${RUNS_FILE}.`, FIX_HINT));
		}
	}
	return { findings, details: { runs: lines.length, repeatedLines } };
}

/**
 * Two lines of one run that readers may fold: the same, or one from before and one from after its patch was released.
 * `receipt` is the run's own.
 */
export function sameRun(one: RunLine, other: RunLine, receipt: Receipt | null): boolean {
	const released = receipt?.secretsAllowed !== undefined;
	const text = (line: RunLine) => {
		const keys = Object.entries(line).filter(([key]) => !(released && CHANGED_BY_RELEASE.has(key)));
		return JSON.stringify(keys.sort(([a], [b]) => (a < b ? -1 : 1)));
	};
	return text(one) === text(other);
}

const CHANGED_BY_RELEASE = new Set(["status", "errorCode", "errorMessage", "details"]);

function repetitions(text: string, root: string): { repeatedLines: number; contradictions: readonly string[] } {
	const first = new Map<string, { readonly row: string; readonly line: RunLine }>();
	const contradictions = new Set<string>();
	let repeatedLines = 0;
	for (const row of text.split("\n")) {
		const line = row.trim() === "" ? null : parseRunLine(row);
		if (line === null) continue;
		const known = first.get(line.runId);
		if (known === undefined) first.set(line.runId, { row, line });
		else if (known.row === row) repeatedLines += 1;
		else if (!sameRun(known.line, line, readReceipt(root, line.taskId, line.runId))) contradictions.add(line.runId);
	}
	return { repeatedLines, contradictions: [...contradictions] };
}
