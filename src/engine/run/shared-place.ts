// Which parts of the repository beside its worktree a run is watched for, and what of them is msgcode's own doing.
import type { SharedPlace } from "../../git/shared-state.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { ledgerPathTest } from "../worktree/worktree.ts";

export function sharedPlace(ledger: Ledger, taskId: string): SharedPlace {
	const { commonDir, gitDir, topLevel } = ledger.workspace;
	const isOwnRef = (name: string) =>
		name.startsWith("refs/msgcode/") || name.startsWith(`refs/heads/msgcode/${taskId}/`);
	const isLedger = ledgerPathTest(ledger.workspace);
	const isTasksFolder = (path: string) => path.endsWith("/") && isLedger(`${path}ledger.json`);
	return { commonDir, gitDir, topLevel, isOwnRef, isLedgerPath: (path) => isLedger(path) || isTasksFolder(path) };
}
