// Finishes or undoes what a killed command left, under the lock.
// Invariant: afterwards there is no journal, no lock file of ours, and every ledger file is as HEAD or its editor left it.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { removeLeftoverTemporaries } from "../../core/files.ts";
import { isLockAbandoned } from "../../core/lock.ts";
import { type Head, moveHead, readHead, writeCommit } from "../../git/head.ts";
import { removeStaleIndexLock, updateIndex } from "../../git/index-lock.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import { operationInProgress } from "../../git/operation.ts";
import { entriesAt } from "../../git/tree-edit.ts";
import type { Ledger } from "../ledger.ts";
import { parseMessage } from "../message.ts";
import { treeWith } from "./apply.ts";
import { codeInState, writeCodeFiles } from "./code-files.ts";
import { clearJournal, hasJournal, type Journal, readJournal } from "./journal.ts";
import { hasLeftovers, removeLeftovers } from "./leftovers.ts";
import { keepPending } from "./pending.ts";
import { takeBack } from "./take-back.ts";
import { indexChanges, writeLedgerFiles } from "./working-files.ts";

/** True when a command died: a journal, a lock or a temporary file is there and nobody alive holds the lock. */
export function needsRecovery(ledger: Ledger): boolean {
	const { stateDir } = ledger.workspace;
	const lock = join(stateDir, "ledger.lock");
	if (existsSync(lock)) return isLockAbandoned(lock, ledger.now());
	return hasJournal(ledger.workspace) || hasLeftovers(stateDir, ledger.now());
}

/** Brings a change in flight to its end. Call it while holding the lock; does nothing while git is in the middle of something. */
export async function finishJournal(ledger: Ledger, reader: ObjectReader): Promise<void> {
	const { workspace } = ledger;
	removeStaleIndexLock(workspace.gitDir);
	await removeLeftovers(workspace, ledger.now());
	const found = readJournal(workspace);
	const folders = new Set(found?.journal.ledger.map((change) => dirname(join(workspace.topLevel, change.path))));
	for (const folder of folders) removeLeftoverTemporaries(folder);
	if (found === null || operationInProgress(workspace.gitDir) !== null) return;
	const { journal, fate } = found;
	const head = await readHead(workspace.gitDir, reader, ledger.git);
	if (await holds(reader, head, journal, "new")) {
		clearJournal(workspace);
		return;
	}
	if (fate === "undo") {
		await takeBack(ledger, reader, journal);
		return;
	}
	const sameBranch =
		head.ref === journal.ref &&
		(head.commit === journal.parent || journal.code.length === 0) &&
		(await isUndisturbed(ledger, journal.code));
	if (journal.mode !== "auto" || (sameBranch && (await holds(reader, head, journal, "old")))) {
		await finish(ledger, reader, head, journal);
		return;
	}
	// What only moves tasks to the archive is left to be done again.
	const isUpkeep = parseMessage(journal.message).op === "archive";
	if (journal.code.length === 0 && !isUpkeep)
		await keepPending(ledger, journal, "the branch changed before the command ended");
	await takeBack(ledger, reader, journal);
}

/** True when nobody edited one of the landing's files since: over an edit it is undone, not finished. */
async function isUndisturbed(ledger: Ledger, code: Journal["code"]): Promise<boolean> {
	const waiting = await codeInState(ledger.git, ledger.workspace, code, "old");
	const written = await codeInState(ledger.git, ledger.workspace, code, "new");
	return new Set([...waiting, ...written]).size === code.length;
}

async function finish(ledger: Ledger, reader: ObjectReader, head: Head, journal: Journal): Promise<void> {
	const { workspace, git } = ledger;
	const left = await writeLedgerFiles(git, workspace, reader, journal.ledger);
	const waiting = await codeInState(git, workspace, journal.code, "old");
	await writeCodeFiles(git, workspace, journal.commit, waiting);
	const written = new Set(await codeInState(git, workspace, journal.code, "new"));
	left.push(...journal.code.filter((change) => !written.has(change)).map((change) => change.path));
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
	clearJournal(workspace);
}

async function holds(reader: ObjectReader, head: Head, journal: Journal, side: "old" | "new"): Promise<boolean> {
	const changes = [...journal.ledger, ...journal.code];
	const paths = changes.map(({ path }) => path);
	const entries = await entriesAt(reader, head.tree, paths);
	return changes.every((change) => {
		const entry = entries.get(change.path);
		const oid = entry === undefined || entry.mode === "40000" ? null : entry.oid;
		return oid === (side === "new" ? change.newOid : change.headOid);
	});
}
