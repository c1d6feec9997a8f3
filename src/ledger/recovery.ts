// Finishes or undoes what a killed command left, under the lock.
// Invariant: afterwards there is no journal, no lock file of ours, and every ledger file is as HEAD or its editor left it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readLock } from "../core/lock.ts";
import { liveness } from "../core/process-identity.ts";
import { type Head, moveHead, readHead, writeCommit } from "../git/head.ts";
import { removeStaleIndexLock, updateIndex } from "../git/index-lock.ts";
import type { ObjectReader } from "../git/object-reader.ts";
import { operationInProgress } from "../git/operation.ts";
import { entryAt } from "../git/tree-edit.ts";
import { treeWith } from "./apply.ts";
import { clearJournal, type Journal, readJournal } from "./journal.ts";
import type { Ledger } from "./ledger.ts";
import { keepPending } from "./pending.ts";
import { codeInState, takeBack } from "./take-back.ts";
import { indexChanges, writeCodeFiles, writeLedgerFiles } from "./working-files.ts";

/** True when a command died in the middle of a change: a journal is there and nobody alive holds the lock. */
export function needsRecovery(ledger: Ledger): boolean {
	const { stateDir } = ledger.workspace;
	if (!existsSync(join(stateDir, "journal.json"))) return false;
	const holder = readLock(join(stateDir, "ledger.lock"));
	return holder === null || liveness(holder, holder.leaseUntilMs, ledger.now()) === "dead";
}

/** Brings a change in flight to its end. Call it while holding the lock; does nothing while git is in the middle of something. */
export async function finishJournal(ledger: Ledger, reader: ObjectReader): Promise<void> {
	const { workspace } = ledger;
	removeStaleIndexLock(workspace.gitDir);
	const journal = readJournal(workspace.stateDir);
	if (journal === null || operationInProgress(workspace.gitDir) !== null) return;
	const head = await readHead(workspace.gitDir, reader, ledger.git);
	if (await holds(reader, head, journal, "new")) {
		clearJournal(workspace.stateDir);
		return;
	}
	const sameBranch = head.ref === journal.ref && (head.commit === journal.parent || journal.code.length === 0);
	if (journal.mode !== "auto" || (sameBranch && (await holds(reader, head, journal, "old")))) {
		await finish(ledger, reader, head, journal);
		return;
	}
	await takeBack(ledger, reader, journal);
	if (journal.code.length === 0) await keepPending(ledger, journal, "the branch changed before the command ended");
}

async function finish(ledger: Ledger, reader: ObjectReader, head: Head, journal: Journal): Promise<void> {
	const { workspace, git } = ledger;
	const left = await writeLedgerFiles(git, workspace, reader, journal.ledger);
	await writeCodeFiles(git, workspace, journal.commit, await codeInState(ledger, journal.code, "old"));
	if (journal.mode !== "off") {
		await updateIndex(
			workspace,
			indexChanges(workspace, [...journal.ledger, ...journal.code], left),
			git,
			ledger.settings.lockTimeoutMs,
		);
	}
	if (journal.mode === "auto") {
		let commit = journal.commit;
		if (head.commit !== journal.parent) {
			const tree = await treeWith(ledger, reader, head.tree, journal.ledger);
			const { message, sign } = journal;
			const parents = head.commit === null ? [] : [head.commit];
			commit = await writeCommit(workspace, git, { tree, parents, message, sign, identity: await ledger.identity() });
		}
		const moved = await moveHead(git, head, commit, "msgcode: finish an interrupted command");
		if (!moved) return; // the branch moves right now: the journal stays, the next command sees to it
	}
	clearJournal(workspace.stateDir);
}

async function holds(reader: ObjectReader, head: Head, journal: Journal, side: "old" | "new"): Promise<boolean> {
	for (const change of [...journal.ledger, ...journal.code]) {
		const wanted = side === "new" ? change.newOid : change.headOid;
		const entry = await entryAt(reader, head.tree, change.path);
		if ((entry?.oid ?? null) !== wanted) return false;
	}
	return true;
}
