// What preflight says of the workspace: that there is one, that its ledger is sound and that its state can be written.

import { existsSync } from "node:fs";
import { dirname } from "node:path";
import type { HealthCheck } from "../../core/health.ts";
import { checkLedger, checkWorkspace } from "../../ledger/health.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { listClaims } from "../run/claim.ts";
import { checkedItem, type Prepared, resultOf } from "./preflight.ts";
import { lookFor } from "./preflight-item.ts";

export async function preflightWorkspace(ledger: Ledger): Promise<Prepared[]> {
	const { root, tasksDir, stateDir } = ledger.workspace;
	const live = new Set(listClaims(stateDir, ledger.now()).map(({ claim }) => claim.runId));
	const state = { name: "state folder", kind: "fs_write", target: stateDir } as const;
	// Before the first command that needs it, it is made below git's own folder.
	const written = { ...state, target: existsSync(stateDir) ? stateDir : dirname(stateDir) };
	const look = await lookFor(written, { env: ledger.env, root });
	return [
		requiredCheck({ name: "workspace", kind: "fs_exists", target: root }, await checkWorkspace(ledger)),
		requiredCheck(
			{ name: "ledger", kind: "fs_read", target: tasksDir },
			await checkLedger(ledger, (runId) => live.has(runId)),
		),
		{ group: "requiredForStart", result: resultOf(state, look, "Make the repository's .git folder writable.") },
	];
}

export function requiredCheck(item: Parameters<typeof checkedItem>[0], check: HealthCheck): Prepared {
	return { group: "requiredForStart", result: checkedItem(item, check) };
}
