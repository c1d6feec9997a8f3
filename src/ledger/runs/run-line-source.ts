// The line of runs.jsonl that belongs to a run: as its commit had it, else made from the receipt with the facts that this one
// holds. Invariant: a line counts only where it says, key by key, what the receipt says.
import { isDeepStrictEqual } from "node:util";
import type { ObjectReader } from "../../git/object-reader.ts";
import type { Ledger } from "../ledger.ts";
import { RUNS_FILE, runFolder } from "../paths.ts";
import { fromTop, pathspec } from "../workspace.ts";
import { type Receipt, type RunLine, runLineOf } from "./receipt.ts";
import { placeOfRun } from "./runs.ts";

/** What only the runner's own words could tell; a receipt does not hold it. */
const NOT_IN_RECEIPT: readonly string[] = ["textDigest", "textLength"];

/** Whether a row is a line of the receipt's run and says nothing else than the receipt. */
export function agreesWith(row: string, receipt: Receipt): boolean {
	const line = rowData(row);
	if (line === null) return false;
	return Object.entries(lineFromReceipt(receipt)).every(
		([key, value]) => NOT_IN_RECEIPT.includes(key) || isDeepStrictEqual(line[key], value),
	);
}

/** The run that a row tells of, whatever else it says. */
export function runIdOfRow(row: string): string | null {
	const runId = rowData(row)?.runId;
	return typeof runId === "string" ? runId : null;
}

/** The row for a run that runs.jsonl does not tell of. `digest` is what is known of the runner's last words. */
export async function rowOf(
	ledger: Ledger,
	reader: ObjectReader,
	receipt: Receipt,
	digest: Pick<RunLine, "textDigest" | "textLength"> | null = null,
): Promise<string> {
	const fromHistory = await committedRow(ledger, reader, receipt);
	return fromHistory ?? JSON.stringify({ ...lineFromReceipt(receipt), ...digest });
}

/** In the order of the file's other lines; what the receipt does not hold is null. */
export function lineFromReceipt(receipt: Receipt): RunLine {
	return { ...runLineOf(receipt, { sha256: "", length: 0 }), textDigest: null, textLength: null };
}

/** A run's line came into the ledger with its receipt: one of the commits that wrote that has it. */
async function committedRow(ledger: Ledger, reader: ObjectReader, receipt: Receipt): Promise<string | null> {
	const { git, workspace } = ledger;
	const { taskId, runId } = receipt;
	// Where it stands, and where it stood before its task was archived.
	const places = new Set([runFolder(taskId, runId), placeOfRun(workspace.root, taskId, runId)]);
	const paths = [...places].map((place) => pathspec(workspace, `${place}/run_receipt.json`));
	const args = ["log", "--format=%H", "--no-renames", "--", ...paths];
	const commits = await git(args, { cwd: workspace.topLevel, accept: [0, 128] });
	for (const commit of commits.stdout.toString("utf8").split("\n")) {
		if (commit === "") continue;
		const blob = await reader.read(`${commit}:${fromTop(workspace, RUNS_FILE)}`);
		const rows = blob?.content.toString("utf8").split("\n") ?? [];
		const row = rows.find((one) => one.includes(receipt.runId) && agreesWith(one, receipt));
		if (row !== undefined) return row;
	}
	return null;
}

function rowData(row: string): Record<string, unknown> | null {
	if (!row.startsWith("{")) return null;
	try {
		return JSON.parse(row) as Record<string, unknown>;
	} catch {
		return null;
	}
}
