// The ledger as the checkout holds it, read once for all checks: tasks in every home, run logs line by line, run folders.
// Invariant: reading only; what cannot be read is there as null, for a check to say so.
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rotatedLogs, taskIdsLike, tasksWithRuns } from "../ledger/archive/archive-places.ts";
import type { Diagnostic } from "../ledger/diagnostic.ts";
import { RUNS_FILE } from "../ledger/paths.ts";
import { parseReceipt, type Receipt, type RunLine } from "../ledger/runs/receipt.ts";
import { isSoundReceipt, parseRunLine, parseRunLog, placeOfRun, runIdsOf } from "../ledger/runs/runs.ts";
import { readTask, type StoredTask } from "../ledger/task/store.ts";

export interface LogLine {
	readonly file: string;
	/** 1-based. */
	readonly line: number;
	readonly value: RunLine;
}

export interface RunPlace {
	readonly taskId: string;
	readonly runId: string;
	/** Relative to the workspace. */
	readonly folder: string;
	/** Names of the files in it. */
	readonly names: ReadonlySet<string>;
	/** null where there is none that can be used. */
	readonly receipt: Receipt | null;
	/** The receipt's format is newer than ours, so that nothing else of the run is judged. */
	readonly newer: boolean;
}

export interface Snapshot {
	readonly tasks: ReadonlyMap<string, StoredTask>;
	readonly lines: readonly LogLine[];
	readonly logDiagnostics: readonly Diagnostic[];
	/** Runs that are named in lines which are no records. */
	readonly namedInBadLines: ReadonlySet<string>;
	/** Rotated run logs, relative to the workspace. */
	readonly rotated: readonly string[];
	readonly runs: ReadonlyMap<string, RunPlace>;
}

export function readSnapshot(root: string): Snapshot {
	const ids = taskIdsLike(root, "tsk_");
	const tasks = new Map(ids.map((id) => [id, readTask(root, id)]));
	const rotated = rotatedLogs(root);
	const lines: LogLine[] = [];
	const logDiagnostics: Diagnostic[] = [];
	const namedInBadLines = new Set<string>();
	for (const file of [...rotated, RUNS_FILE]) {
		const read = readLog(root, file);
		for (const line of read.lines) lines.push(line);
		logDiagnostics.push(...read.diagnostics);
		for (const runId of read.namedInBadLines) namedInBadLines.add(runId);
	}
	const runs = new Map<string, RunPlace>();
	for (const taskId of tasksWithRuns(root)) {
		for (const runId of runIdsOf(root, taskId)) runs.set(runId, readRun(root, taskId, runId));
	}
	return { tasks, lines, logDiagnostics, namedInBadLines, rotated, runs };
}

/** A file's bytes; null where it is none, or cannot be read. */
export function bytesOf(root: string, path: string): Buffer | null {
	try {
		const file = join(root, path);
		return lstatSync(file).isFile() ? readFileSync(file) : null;
	} catch {
		return null;
	}
}

function readLog(root: string, file: string) {
	const text = bytesOf(root, file)?.toString("utf8") ?? "";
	const rows = text.split("\n");
	const lines: LogLine[] = [];
	const namedInBadLines: string[] = [];
	for (const [at, row] of rows.entries()) {
		const value = row.trim() === "" ? null : parseRunLine(row);
		if (value === null) namedInBadLines.push(...runIdsIn(row));
		else lines.push({ file, line: at + 1, value });
	}
	const diagnostics = parseRunLog(text, file).diagnostics.map((diagnostic): Diagnostic => {
		const torn = diagnostic.code === "run_line_invalid" && isTorn(rows[diagnostic.line - 1] ?? "");
		return { ...diagnostic, ...(torn ? { code: "torn_line", message: "The line is cut off." } : {}) };
	});
	return { lines, diagnostics, namedInBadLines };
}

/** Every run id in a text. */
export function runIdsIn(text: string): readonly string[] {
	return text.match(/run_\d{8}T\d{6}Z_[0-9a-f]{8}/g) ?? [];
}

/** A run record's beginning, or its end: no JSON by itself. */
function isTorn(row: string): boolean {
	if (!/^\{"|\}$/.test(row.trim())) return false;
	try {
		JSON.parse(row);
		return false;
	} catch {
		return true;
	}
}

function readRun(root: string, taskId: string, runId: string): RunPlace {
	const folder = placeOfRun(root, taskId, runId);
	const names = new Set(namesIn(join(root, folder)));
	const text = bytesOf(root, `${folder}/run_receipt.json`)?.toString("utf8") ?? null;
	const parsed = text === null ? null : parseReceipt(text);
	const newer = Number((parsed as { schemaVersion?: unknown } | null)?.schemaVersion) > 1;
	const sound = parsed?.taskId === taskId && parsed.runId === runId && (newer || isSoundReceipt(parsed));
	return { taskId, runId, folder, names, receipt: sound ? parsed : null, newer };
}

function namesIn(folder: string): string[] {
	try {
		return readdirSync(folder).sort();
	} catch {
		return [];
	}
}
