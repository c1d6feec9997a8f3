// The door for a change of one task that may be archived: whatever changes a task brings it home in the same commit.
// Invariant: no command writes a task's files anywhere but in the live folder.

import { archivedHomes, moveLocalEvents, withHome } from "../archive/move-home.ts";
import type { ChangeResult, Plan } from "../change/apply.ts";
import { changeLedger } from "../change/transaction.ts";
import type { Ledger } from "../ledger.ts";
import { LIVE } from "../paths.ts";

/** changeLedger for a change of one task: what the archive holds of it comes home in the same commit. */
export async function changeTask<T>(ledger: Ledger, id: string, plan: Plan<T>): Promise<ChangeResult<T>> {
	const { root } = ledger.workspace;
	const result = await changeLedger(ledger, async (view) => {
		const change = await plan(view);
		return { ...change, writes: await withHome(ledger, view, id, change.writes) };
	});
	for (const from of archivedHomes(root, id)) moveLocalEvents(root, { id, from, to: LIVE });
	return result;
}
