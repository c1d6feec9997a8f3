// The door through which every change of the ledger goes: refuse while git is busy, take the lock, recover, then change.
// Invariant: one writer at a time in a repository, whatever checkout it stands in.
import { join } from "node:path";
import { fileError, MsgcodeError } from "../../core/errors.ts";
import { failPoint } from "../../core/failpoint.ts";
import { ensureFolder } from "../../core/files.ts";
import { acquireLock } from "../../core/lock.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import { refuseWhileBusy } from "../../git/operation.ts";
import type { Ledger } from "../ledger.ts";
import { type ChangeResult, commitPlanned, type Plan } from "./apply.ts";
import { settlePending } from "./pending.ts";
import { finishJournal } from "./recovery.ts";

/**
 * Runs `plan` under the ledger's lock and makes its change durable. `plan` may run again when the branch moves meanwhile.
 * Throws `git_busy`, `ledger_locked`, `index_locked`, `staged_differently`, `disk_full`, `read_only`, `branch_moved`.
 */
export async function changeLedger<T>(ledger: Ledger, plan: Plan<T>): Promise<ChangeResult<T>> {
	const result = await inLedger(ledger, (reader) => commitPlanned(ledger, reader, plan));
	failPoint("ledger.done");
	return result;
}

/** Takes the lock, recovers what an earlier command left, and runs `work`. Refuses while git is in the middle of something. */
export async function inLedger<T>(ledger: Ledger, work: (reader: ObjectReader) => Promise<T>): Promise<T> {
	refuseWhileBusy(ledger.workspace.gitDir);
	return withLock(ledger, async (reader) => {
		refuseWhileBusy(ledger.workspace.gitDir);
		await finishJournal(ledger, reader);
		await settlePending(ledger, reader);
		return work(reader);
	});
}

/** The lock and an object reader for `work`, with nothing refused or recovered. */
export async function withLock<T>(ledger: Ledger, work: (reader: ObjectReader) => Promise<T>): Promise<T> {
	const { workspace } = ledger;
	const reader = ledger.openReader();
	void ledger.identity().catch(() => {}); // asked early, so that the answer is there when the commit is made
	try {
		ensureFolder(workspace.stateDir, 0o700);
		const path = join(workspace.stateDir, "ledger.lock");
		const lock = await acquireLock(path, { command: ledger.command, timeoutMs: ledger.settings.lockTimeoutMs });
		try {
			failPoint("ledger.locked");
			return await work(reader);
		} finally {
			lock.release();
		}
	} catch (error) {
		throw withPlace(error, workspace.root);
	} finally {
		reader.close();
	}
}

/** A file system's refusal in the middle of the work as an error that names the place; every other error as it is. */
function withPlace(error: unknown, root: string): unknown {
	const { code, path } = error as NodeJS.ErrnoException;
	if (error instanceof MsgcodeError || typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) return error;
	return fileError("change", path ?? root, error);
}
