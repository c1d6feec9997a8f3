// Turns a run's result down: its reason is recorded, its worktree goes, its kept commit stays.
// Invariant: a landed run is not rejected, and nothing that is kept nowhere else is removed.
import { MsgcodeError } from "../../core/errors.ts";
import { refuseWhileBusy } from "../../git/operation.ts";
import { changeTask } from "../../ledger/edit/change-task.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { runFolder } from "../../ledger/paths.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import { type Rejection, readRejection } from "../../ledger/runs/runs.ts";
import { refuseLanded } from "../record/choose-run.ts";
import { refuseLiveRun } from "../worktree/remove-worktree.ts";
import { noteSettling, type Settled, settleWorktree } from "../worktree/settle-worktree.ts";

export interface Rejected {
	readonly rejection: Rejection;
	readonly commit: string | null;
	readonly worktree: Settled;
}

/** Throws `git_busy`, `already_landed`, `already_rejected`, `task_running` and what changeLedger throws. */
export async function rejectRun(ledger: Ledger, receipt: Receipt, reason: string): Promise<Rejected> {
	const { taskId, runId } = receipt;
	refuseWhileBusy(ledger.workspace.gitDir);
	refuseLiveRun(ledger, taskId);
	refuseDecided(ledger, receipt);
	noteSettling(ledger, taskId, runId);
	const { value, commit } = await changeTask(ledger, taskId, () => {
		refuseDecided(ledger, receipt);
		const rejection: Rejection = { runId, reason, atMs: ledger.now() };
		const path = `${runFolder(taskId, runId)}/rejection.json`;
		return {
			writes: [{ path, content: `${JSON.stringify(rejection, null, 2)}\n` }],
			message: { op: "reject", taskId, runId, summary: `reject ${runId}: ${reason}` },
			value: rejection,
		};
	});
	return { rejection: value, commit, worktree: await settleWorktree(ledger, taskId, runId) };
}

function refuseDecided(ledger: Ledger, receipt: Receipt): void {
	refuseLanded(ledger, receipt);
	const earlier = readRejection(ledger.workspace.root, receipt.taskId, receipt.runId);
	if (earlier === null) return;
	throw new MsgcodeError("already_rejected", `The run ${receipt.runId} was rejected already: ${earlier.reason}`, {
		details: { runId: receipt.runId, rejection: earlier },
	});
}
