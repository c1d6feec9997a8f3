// The finished runs of a workspace, as runs.jsonl, its rotated parts and the run folders tell them, archived ones as well.
// Invariant: reading changes nothing: a torn or doubled line is reported or folded, never rewritten.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isRunId, isTaskId } from "../../core/ids.ts";
import { rotatedLogs, runFoldersOf, runHome, tasksWithRuns } from "../archive/archive-places.ts";
import { type Diagnostic, diagnose } from "../diagnostic.ts";
import { RUNS_FILE, runFolder } from "../paths.ts";
import { parseReceipt, type Receipt, type RunLine } from "./receipt.ts";

export interface RunLog {
	/** One entry for each run id, in file order; a line that two merged branches both hold counts once. */
	readonly lines: readonly RunLine[];
	readonly diagnostics: readonly Diagnostic[];
}

/** All lines, the rotated ones first, or those of one task. A later line about a run takes the place of an earlier one. */
export function readRunLog(root: string, taskId = ""): RunLog {
	const newest = ({ lines }: RunLog) => lines.reduce((atMs, { ts }) => Math.max(atMs, Date.parse(ts)), 0);
	const rotated = rotatedLogs(root)
		.map((file) => parseRunLog(textOf(root, file), file, taskId))
		.sort((a, b) => newest(a) - newest(b));
	const logs = [...rotated, parseRunLog(textOf(root, RUNS_FILE), RUNS_FILE, taskId)];
	const byId = new Map(logs.flatMap(({ lines }) => lines.map((line): [string, RunLine] => [line.runId, line])));
	return { lines: [...byId.values()], diagnostics: logs.flatMap(({ diagnostics }) => diagnostics) };
}

function textOf(root: string, file: string): string {
	const path = join(root, file);
	return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** `taskId` leaves out, unread, the lines that do not name it. */
export function parseRunLog(text: string, file: string = RUNS_FILE, taskId = ""): RunLog {
	const byId = new Map<string, RunLine>();
	const diagnostics: Diagnostic[] = [];
	const rows = text.split("\n");
	for (const [position, row] of rows.entries()) {
		if (row.trim() === "" || !row.includes(taskId)) continue;
		const line = parseRunLine(row);
		if (line !== null) {
			byId.set(line.runId, line);
			continue;
		}
		diagnostics.push(lineDiagnostic(row, { file, line: position + 1 }, position === rows.length - 1));
	}
	return { lines: [...byId.values()], diagnostics };
}

/** The run folders of a task, oldest first. */
export function runIdsOf(root: string, taskId: string): string[] {
	const ids = runFoldersOf(root, taskId).sort();
	// An id holds the second of the start; runs of one second are told apart by their receipts.
	const second = (runId: string) => runId.slice(0, runId.lastIndexOf("_"));
	const crowded = ids.some((runId, position) => position > 0 && second(runId) === second(ids[position - 1] ?? ""));
	if (!crowded) return ids;
	const started = new Map(ids.map((runId) => [runId, readReceipt(root, taskId, runId)?.startedAt ?? ""]));
	const key = (runId: string) => `${second(runId)} ${started.get(runId)} ${runId}`;
	return ids.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Where a run's files stand, relative to the workspace: in the live folder, or in the archive. */
export function placeOfRun(root: string, taskId: string, runId: string): string {
	return runFolder(taskId, runId, runHome(root, taskId, runId));
}

/** Where the patch of a recorded run stands now; its receipt names the place where it was made. */
export function patchFile(root: string, { taskId, runId }: Pick<Receipt, "taskId" | "runId">): string {
	return `${placeOfRun(root, taskId, runId)}/patch.diff`;
}

/** The receipt of a run; null where there is none, or one that is damaged or another run's. */
export function readReceipt(root: string, taskId: string, runId: string): Receipt | null {
	const path = join(root, placeOfRun(root, taskId, runId), "run_receipt.json");
	const receipt = existsSync(path) ? parseReceipt(readFileSync(path, "utf8")) : null;
	return receipt?.taskId === taskId && receipt.runId === runId && isSoundReceipt(receipt) ? receipt : null;
}

/** The receipts of all runs on record, each task's oldest first. */
export function allReceipts(root: string): Receipt[] {
	return tasksWithRuns(root).flatMap((taskId) =>
		runIdsOf(root, taskId).flatMap((runId) => readReceipt(root, taskId, runId) ?? []),
	);
}

/** What every reader takes for granted. Other keys may be missing or unknown: another version wrote them. */
export function isSoundReceipt(receipt: Receipt): boolean {
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
	return readJson<Landing>(join(root, placeOfRun(root, taskId, runId), "landing.json"));
}

export interface Rejection {
	readonly runId: string;
	readonly reason: string;
	readonly atMs: number;
}

export function readRejection(root: string, taskId: string, runId: string): Rejection | null {
	return readJson<Rejection>(join(root, placeOfRun(root, taskId, runId), "rejection.json"));
}

function readJson<T>(path: string): T | null {
	if (!existsSync(path)) return null;
	try {
		return JSON.parse(readFileSync(path, "utf8")) as T;
	} catch {
		return null;
	}
}

/** One line of a run log; null for what is no run record. */
export function parseRunLine(row: string): RunLine | null {
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

function lineDiagnostic(row: string, place: { file: string; line: number }, isLast: boolean): Diagnostic {
	if (/^(<{7}|={7}|>{7})/.test(row)) {
		const hint = "`msgcode doctor --fix` keeps the lines of both sides, without the markers.";
		return diagnose("conflict_markers", { ...place, message: "A merge left conflict markers.", hint });
	}
	const hint = "The run's own folder, where it is there, holds the same facts.";
	if (isLast) {
		const message = "The last line is cut off; the next run starts on a line of its own.";
		return diagnose("torn_line", { ...place, message, hint });
	}
	return diagnose("run_line_invalid", { ...place, message: "The line is not a run record.", hint });
}
