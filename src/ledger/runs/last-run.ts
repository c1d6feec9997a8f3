// How the last run of a task ended, as the task itself tells it: the code, its message and the facts beside it.
// Invariant: it is taken from the receipt, never stored again.

import type { Receipt } from "./receipt.ts";

export interface LastRun extends Pick<Receipt, "runId" | "status" | "durationMs" | "endedAt"> {
	readonly errorCode: string | null;
	readonly errorMessage: string | null;
	readonly details: Receipt["details"];
}

/** Null without a receipt. What a receipt of another version leaves out is empty. */
export function lastRunOf(receipt: Receipt | null): LastRun | null {
	if (receipt === null) return null;
	const { runId, status, durationMs, endedAt } = receipt;
	const { errorCode = null, errorMessage = null, details = {} } = receipt as Partial<Receipt>;
	return { runId, status, errorCode, errorMessage, details, durationMs, endedAt };
}
