// Keeps runs.jsonl short: once it is large, the run that comes next moves the older lines into a file of the archive.
// Invariant: a line is in runs.jsonl, in a rotated file, or in both after a merge; a line that a rotated file has is not
// archived again; what is no run record stays where a person finds it.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dateable } from "../../core/clock.ts";
import { keeperWrites, rotatedLogs } from "../archive/archive-places.ts";
import type { FileWrite } from "../change/planned-writes.ts";
import { withLine } from "../merge/merge-content.ts";
import { archiveHome, RUNS_FILE, rotatedLogPath } from "../paths.ts";
import { parseRunLog } from "./runs.ts";

/** Every run writes the file anew, so its size is what each run adds to the repository. */
export const ROTATE_BYTES = 1024 * 1024;

/** What appending a run's line to `log` writes; where that makes it too large, its older lines move in the same change. */
export function runLogWrites(root: string, log: Buffer | null, line: string, atBytes = ROTATE_BYTES): FileWrite[] {
	const whole = withLine(log ?? Buffer.alloc(0), line);
	const plain: FileWrite[] = [{ path: RUNS_FILE, content: whole, line }];
	if (log === null || whole.length <= atBytes) return plain;
	const rows = log
		.toString("utf8")
		.split("\n")
		.filter((row) => row.trim() !== "" && row !== line);
	const isRecord = (row: string) => parseRunLog(row).lines.length === 1;
	const older = [...new Set(rows.filter(isRecord))];
	// Where most of the file is no run record, rotating would leave it as long as it was, and each run would try again.
	if (older.reduce((sum, row) => sum + Buffer.byteLength(row) + 1, 0) < atBytes / 2) return plain;
	const stays = [...rows.filter((row) => !isRecord(row)), line].map((row) => `${row}\n`).join("");
	const archived = archivedRows(root);
	const moves = older.filter((row) => !archived.has(row));
	return [{ path: RUNS_FILE, content: stays, line }, ...(moves.length === 0 ? [] : rotated(root, moves))];
}

function rotated(root: string, rows: readonly string[]): FileWrite[] {
	const content = rows.map((row) => `${row}\n`).join("");
	const newest = parseRunLog(content).lines.reduce((latest, { ts }) => Math.max(latest, Date.parse(ts)), 0);
	const digest = createHash("sha256").update(content).digest("hex");
	const year = new Date(dateable(newest)).getUTCFullYear();
	return [{ path: rotatedLogPath(year, digest), content }, ...keeperWrites(root, archiveHome(year))];
}

/** A union merge with a branch that had not rotated yet brings lines back that are archived already. */
function archivedRows(root: string): ReadonlySet<string> {
	return new Set(rotatedLogs(root).flatMap((file) => readFileSync(join(root, file), "utf8").split("\n")));
}
