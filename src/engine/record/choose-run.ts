// Which run's result a task's diff, landing or rejection is about.
// Invariant: without a run named, only the newest result counts: an older one never takes the place of one that landed or was rejected.
import { MsgcodeError } from "../../core/errors.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import { readLanding, readRejection } from "../../ledger/runs/runs.ts";
import { refuseLiveRun } from "../worktree/remove-worktree.ts";
import { worktreeReceipts } from "../worktree/worktree.ts";
import { findRun } from "./find-run.ts";

/** The run named, or the task's last one that changed something. Throws `run_not_found`, `task_running`, `nothing_to_land`. */
export function runWithChanges(ledger: Ledger, taskId: string, named: string | undefined): Receipt {
	if (named !== undefined) return namedRun(ledger, taskId, named);
	const changed = worktreeReceipts(ledger, taskId).find(hasChanges);
	if (changed === undefined) throw nothing(ledger, taskId);
	return changed;
}

/**
 * The run to land: the one named, or the task's last one that is ok and changed something. Throws `task_running`,
 * `run_not_found`, `nothing_to_land`, `already_landed`, `patch_withheld`.
 */
export function runToLand(ledger: Ledger, taskId: string, named: string | undefined): Receipt {
	refuseLiveRun(ledger, taskId);
	const receipt = named === undefined ? lastGoodRun(ledger, taskId) : namedRun(ledger, taskId, named);
	refuseLanded(ledger, receipt);
	if (!hasChanges(receipt)) throw new MsgcodeError("nothing_to_land", `The run ${receipt.runId} changed nothing.`);
	if (receipt.patch?.withheld === "secret") throw withheld(receipt);
	const rejection = named === undefined ? readRejection(ledger.workspace.root, taskId, receipt.runId) : null;
	if (rejection !== null) {
		throw new MsgcodeError(
			"nothing_to_land",
			`The last good run, ${receipt.runId}, was rejected: ${rejection.reason}`,
			{
				hint: `Land it all the same with --run ${receipt.runId}, or run the task again.`,
			},
		);
	}
	return receipt;
}

/** Throws `already_landed` for a run whose landing the checkout has on record. */
export function refuseLanded(ledger: Ledger, receipt: Receipt): void {
	const landing = readLanding(ledger.workspace.root, receipt.taskId, receipt.runId);
	if (landing === null) return;
	throw new MsgcodeError("already_landed", `The run ${receipt.runId} has landed already.`, {
		hint: `See where: msgcode task log ${receipt.taskId}`,
		details: { runId: receipt.runId, parent: landing.parent },
	});
}

export function withheld(receipt: Receipt): MsgcodeError {
	const places = receipt.secrets.map(({ file, line }) => `${file}:${line}`).join(", ");
	return new MsgcodeError("patch_withheld", `The patch of ${receipt.runId} is withheld: secrets at ${places}.`, {
		hint: `After a look, release it: msgcode run allow-secret ${receipt.runId}`,
		details: { runId: receipt.runId, secrets: receipt.secrets },
	});
}

function namedRun(ledger: Ledger, taskId: string, named: string): Receipt {
	const { runId, live, receipt } = findRun(ledger, named, taskId);
	if (live !== null) throw new MsgcodeError("task_running", `The run ${runId} has not ended.`, { details: { runId } });
	if (receipt === null) {
		throw new MsgcodeError("run_not_found", `The checked-out branch has no record of ${runId}.`, {
			hint: "Its result waits to be committed; `msgcode doctor` says why.",
		});
	}
	if (receipt.mode === "in-place") {
		throw new MsgcodeError("nothing_to_land", `The run ${runId} worked in the checkout itself; it has no patch.`);
	}
	return receipt;
}

function lastGoodRun(ledger: Ledger, taskId: string): Receipt {
	const receipts = worktreeReceipts(ledger, taskId).filter(hasChanges);
	const good = receipts.find(({ status }) => status === "ok");
	if (good !== undefined) return good;
	const [last] = receipts;
	if (last?.patch?.withheld === "secret") throw withheld(last);
	if (last === undefined) throw nothing(ledger, taskId);
	throw new MsgcodeError("nothing_to_land", `No run of ${taskId} that changed something ended well.`, {
		hint: `The last one is ${last.runId} (${last.errorCode}); land it all the same with --run ${last.runId}.`,
	});
}

function nothing(ledger: Ledger, taskId: string): MsgcodeError {
	const [last] = worktreeReceipts(ledger, taskId);
	return last === undefined
		? new MsgcodeError("nothing_to_land", `${taskId} has no run with a patch.`, { hint: `msgcode task run ${taskId}` })
		: new MsgcodeError("nothing_to_land", `No run of ${taskId} changed anything.`);
}

function hasChanges(receipt: Receipt): boolean {
	return !receipt.noChanges && receipt.patch !== null;
}
