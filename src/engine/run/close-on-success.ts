// The record of a task that a successful run closes, where the task or the command asked for that.

import type { Ledger } from "../../ledger/ledger.ts";
import { recordPath } from "../../ledger/paths.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import { editRecord, formatRecord, parseRecord } from "../../ledger/task/record.ts";
import { newRecord } from "../../ledger/task/task.ts";

/** The changed record's text; null when the task cannot be closed any more (somebody closed it, or its record is broken). */
export function closedRecord(ledger: Ledger, receipt: Receipt, current: Buffer | null): string | null {
	const closed = { atMs: ledger.now(), reason: `run ${receipt.runId} succeeded`, evidence: { runId: receipt.runId } };
	if (current === null) {
		const workspace = { uid: ledger.workspace.uid, path: "." };
		return formatRecord({
			...newRecord({ id: receipt.taskId, createdAtMs: ledger.now(), workspace }),
			status: "done",
			closed,
		});
	}
	const text = current.toString("utf8");
	const { record } = parseRecord(text, recordPath(receipt.taskId));
	if (record === null || (record.status !== "open" && record.status !== "blocked")) return null;
	return editRecord(text, { status: "done", blocked: undefined, closed });
}
