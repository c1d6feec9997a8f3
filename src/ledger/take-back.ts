// Undoes the files and index entries of a change whose branch did not move.
// Invariant: only content that the change itself wrote is taken away; anything else is somebody's work.
import { lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { entriesOf } from "../git/index-format.ts";
import { readIndex, updateIndex } from "../git/index-lock.ts";
import type { ObjectReader } from "../git/object-reader.ts";
import { objectId } from "../git/object-writer.ts";
import { clearJournal, type Journal, type JournalChange } from "./journal.ts";
import type { Ledger } from "./ledger.ts";
import { indexChanges, writeCodeFiles, writeLedgerFiles } from "./working-files.ts";

export async function takeBack(ledger: Ledger, reader: ObjectReader, journal: Journal): Promise<void> {
	const { workspace, git } = ledger;
	const ledgerBack = journal.ledger.filter((change) => change.oldOid !== change.newOid).map(inverse);
	await writeLedgerFiles(git, workspace, reader, ledgerBack);
	const code = await codeInState(ledger, journal.code, "new");
	if (journal.parent !== null) await writeCodeFiles(git, workspace, journal.parent, code.map(inverse));
	const index = readIndex(workspace);
	if (index !== null && journal.mode !== "off") {
		const ours = [...journal.ledger, ...journal.code].filter((change) => {
			const staged = entriesOf(index, change.path)[0]?.oid.toString("hex") ?? null;
			return staged === change.newOid && change.headOid !== change.newOid;
		});
		const back = ours.map((change) => ({ ...inverse(change), newOid: change.headOid }));
		await updateIndex(workspace, indexChanges(workspace, back), git, ledger.settings.lockTimeoutMs);
	}
	clearJournal(workspace.stateDir);
}

/** The changes of code files whose content in the checkout is the one before (absent included) or the one after the change. */
export async function codeInState(
	ledger: Ledger,
	changes: readonly JournalChange[],
	state: "old" | "new",
): Promise<JournalChange[]> {
	const found: JournalChange[] = [];
	for (const change of changes) {
		const wanted = state === "old" ? change.oldOid : change.newOid;
		if ((await codeFileId(ledger, change)) === wanted) found.push(change);
	}
	return found;
}

async function codeFileId(ledger: Ledger, change: JournalChange): Promise<string | null> {
	const { workspace, git } = ledger;
	const absolute = join(workspace.topLevel, change.path);
	const stat = lstatSync(absolute, { throwIfNoEntry: false });
	if (stat === undefined) return null;
	if (stat.isSymbolicLink()) return objectId(workspace, "blob", Buffer.from(readlinkSync(absolute)));
	if (!stat.isFile()) return null;
	const result = await git(["hash-object", "--", change.path], { cwd: workspace.topLevel });
	return result.stdout.toString("utf8").trim();
}

function inverse(change: JournalChange): JournalChange {
	const { path, oldOid, oldMode, newOid, newMode } = change;
	return { path, oldOid: newOid, headOid: newOid, oldMode: newMode, newOid: oldOid, newMode: oldMode };
}
