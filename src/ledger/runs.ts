// The finished runs of a workspace, as runs.jsonl and the run folders tell them.
// Invariant: reading changes nothing: a torn or doubled line is reported or folded, never rewritten.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isRunId, isTaskId } from "../core/ids.ts";
import { type Diagnostic, diagnose } from "./diagnostic.ts";
import { RUNS_FILE, runFolder } from "./paths.ts";
import { parseReceipt, type Receipt, type RunLine } from "./receipt.ts";

export interface RunLog {
	/** One entry for each run id, in file order; a line that two merged branches both hold counts once. */
	readonly lines: readonly RunLine[];
	readonly diagnostics: readonly Diagnostic[];
}

/** All lines of runs.jsonl. */
export function readRunLog(root: string): RunLog {
	const path = join(root, RUNS_FILE);
	if (!existsSync(path)) return { lines: [], diagnostics: [] };
	return parseRunLog(readFileSync(path, "utf8"));
}

export function parseRunLog(text: string): RunLog {
	const byId = new Map<string, RunLine>();
	const diagnostics: Diagnostic[] = [];
	const rows = text.split("\n");
	for (const [position, row] of rows.entries()) {
		if (row.trim() === "") continue;
		const line = parseLine(row);
		if (line !== null) {
			byId.set(line.runId, line);
			continue;
		}
		diagnostics.push(lineDiagnostic(row, position, rows.length));
	}
	return { lines: [...byId.values()], diagnostics };
}

/** The run folders of a task, oldest first. */
export function runIdsOf(root: string, taskId: string): string[] {
	const ids = foldersIn(join(root, "tasks", "runs", taskId))
		.filter(isRunId)
		.sort();
	// An id holds the second of the start; runs of one second are told apart by their receipts.
	const second = (runId: string) => runId.slice(0, runId.lastIndexOf("_"));
	const crowded = ids.some((runId, position) => position > 0 && second(runId) === second(ids[position - 1] ?? ""));
	if (!crowded) return ids;
	const started = new Map(ids.map((runId) => [runId, readReceipt(root, taskId, runId)?.startedAt ?? ""]));
	const key = (runId: string) => `${second(runId)} ${started.get(runId)} ${runId}`;
	return ids.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Ids of all tasks that have run folders. */
export function tasksWithRuns(root: string): string[] {
	return foldersIn(join(root, "tasks", "runs")).filter(isTaskId);
}

/** The receipt of a run; null where there is none, or one that is damaged or another run's. */
export function readReceipt(root: string, taskId: string, runId: string): Receipt | null {
	const path = join(root, runFolder(taskId, runId), "run_receipt.json");
	const receipt = existsSync(path) ? parseReceipt(readFileSync(path, "utf8")) : null;
	return receipt?.taskId === taskId && receipt.runId === runId && isSound(receipt) ? receipt : null;
}

/** What every reader takes for granted. Other keys may be missing or unknown: another version wrote them. */
function isSound(receipt: Receipt): boolean {
	const { status, startedAt, endedAt, durationMs, runner, checks, attempts, warnings, secrets, artifacts } = receipt;
	return (
		typeof status === "string" &&
		[startedAt, endedAt].every((time) => typeof time === "string" && !Number.isNaN(Date.parse(time))) &&
		Number.isFinite(durationMs) &&
		typeof runner?.kind === "string" &&
		[runner.argv, checks, attempts, warnings, secrets, artifacts].every(Array.isArray)
	);
}

export interface Landing {
	readonly runId: string;
	readonly parent: string;
	readonly patchSha256: string;
	readonly atMs: number;
}

/** The landing of a run, or null while it has not landed. */
export function readLanding(root: string, taskId: string, runId: string): Landing | null {
	return readJson<Landing>(join(root, runFolder(taskId, runId), "landing.json"));
}

export interface Rejection {
	readonly runId: string;
	readonly reason: string;
	readonly atMs: number;
}

export function readRejection(root: string, taskId: string, runId: string): Rejection | null {
	return readJson<Rejection>(join(root, runFolder(taskId, runId), "rejection.json"));
}

function readJson<T>(path: string): T | null {
	if (!existsSync(path)) return null;
	try {
		return JSON.parse(readFileSync(path, "utf8")) as T;
	} catch {
		return null;
	}
}

function foldersIn(path: string): string[] {
	if (!existsSync(path)) return [];
	return readdirSync(path, { withFileTypes: true })
		.filter((entry) => entry.isDirectory())
		.map((entry) => entry.name);
}

function parseLine(row: string): RunLine | null {
	try {
		const line = JSON.parse(row) as RunLine | null;
		const sound =
			isRunId(line?.runId) &&
			isTaskId(line.taskId) &&
			typeof line.status === "string" &&
			!Number.isNaN(Date.parse(line.ts)) &&
			Number.isFinite(line.durationMs);
		return sound ? line : null;
	} catch {
		return null;
	}
}

function lineDiagnostic(row: string, position: number, count: number): Diagnostic {
	const place = { file: RUNS_FILE, line: position + 1 };
	if (/^(<{7}|={7}|>{7})/.test(row)) {
		const hint = "Delete the marker lines; keep the lines of both sides.";
		return diagnose("conflict_markers", { ...place, message: "A merge left conflict markers.", hint });
	}
	const hint = "The run's own folder, where it is there, holds the same facts.";
	if (position === count - 1) {
		const message = "The last line is cut off; the next run starts on a line of its own.";
		return diagnose("torn_line", { ...place, message, hint });
	}
	return diagnose("run_line_invalid", { ...place, message: "The line is not a run record.", hint });
}
