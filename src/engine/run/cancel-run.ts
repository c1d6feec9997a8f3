// Asks a live run to end and waits until it has, recording it ourselves should its owner die meanwhile.
// Invariant: only the run's owner signals its programs; this asks, waits and reads.
import { setTimeout as sleep } from "node:timers/promises";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import { readReceipt } from "../../ledger/runs/runs.ts";
import { type Claim, ownerState, readClaim } from "./claim.ts";
import { recoverRuns } from "./recover-runs.ts";
import { type RunEnding, readEnding, requestCancel, runFolderAt } from "./run-folder.ts";

const POLL_MS = 50;

export interface Ended {
	/** null while the result waits to be committed. */
	readonly receipt: Receipt | null;
	readonly ending: RunEnding | null;
}

/** Resolves when the run's claim is gone; null when `stop` came first. */
export async function cancelRun(ledger: Ledger, claim: Claim, stop: AbortSignal): Promise<Ended | null> {
	const { root, stateDir } = ledger.workspace;
	const { taskId, runId } = claim;
	const folder = runFolderAt(stateDir, runId);
	requestCancel(folder);
	for (let held = readClaim(stateDir, taskId); held?.runId === runId; held = readClaim(stateDir, taskId)) {
		if (stop.aborted) return null;
		if (ownerState(held, ledger.now()) === "dead") await recoverRuns(ledger);
		else await sleep(POLL_MS, undefined, { signal: stop }).catch(() => {});
	}
	return { receipt: readReceipt(root, taskId, runId), ending: readEnding(folder) };
}
