// Undoes the files and index entries of a change whose branch did not move.
// Invariant: only content that the change itself wrote is taken away; anything else is somebody's work.

import { type Head, readHead } from "../../git/head.ts";
import { modeOf, stageOf } from "../../git/index-format.ts";
import { readIndex, updateIndex } from "../../git/index-lock.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import { fileAt } from "../../git/tree-edit.ts";
import type { Ledger } from "../ledger.ts";
import { codeInState, writeCodeFiles } from "./code-files.ts";
import { clearJournal, type Journal, type JournalChange } from "./journal.ts";
import { indexChanges, writeLedgerFiles } from "./working-files.ts";

export async function takeBack(ledger: Ledger, reader: ObjectReader, journal: Journal): Promise<void> {
	const { workspace, git } = ledger;
	const ledgerBack = journal.ledger.filter((change) => change.oldOid !== change.newOid).map(inverse);
	const left = await writeLedgerFiles(git, workspace, reader, ledgerBack);
	const written = await codeInState(git, workspace, journal.code, "new");
	if (journal.parent !== null) await writeCodeFiles(git, workspace, journal.parent, written.map(inverse));
	if (journal.mode !== "off") {
		const former = new Set(await codeInState(git, workspace, journal.code, "old"));
		left.push(...journal.code.filter((change) => !former.has(change)).map((change) => change.path));
		const staged = await stagedEntries(ledger);
		const ours = [...journal.ledger, ...journal.code].filter((change) => {
			const now = staged.get(change.path);
			const after = change.newOid === null ? undefined : `${change.newMode} ${change.newOid}`;
			const before = change.headOid === null ? undefined : `${change.oldMode} ${change.headOid}`;
			return now === after && after !== before;
		});
		const head = await readHead(workspace.gitDir, reader, git);
		const back: JournalChange[] = [];
		for (const change of ours) back.push({ ...inverse(change), ...(await formerlyStaged(reader, head, change)) });
		await updateIndex(workspace, indexChanges(workspace, back, left), git, ledger.settings.lockTimeoutMs);
	}
	clearJournal(workspace);
}

/** What the index goes back to: its own content before the change, or HEAD's, where HEAD has moved on meanwhile. */
async function formerlyStaged(
	reader: ObjectReader,
	head: Head,
	change: JournalChange,
): Promise<Pick<JournalChange, "newOid" | "newMode">> {
	const entry = await fileAt(reader, head.tree, change.path);
	if ((entry?.oid ?? null) !== change.headOid) return { newOid: entry?.oid ?? null, newMode: entry?.mode ?? null };
	return { newOid: change.indexOid === undefined ? change.headOid : change.indexOid, newMode: change.oldMode };
}

/** The index by path, as "mode oid"; paths in conflict are left out. */
async function stagedEntries(ledger: Ledger): Promise<Map<string, string>> {
	const index = readIndex(ledger.workspace);
	if (index !== null) {
		const whole = index.entries.filter((entry) => stageOf(entry) === 0);
		return new Map(
			whole.map((entry) => [entry.path.toString("utf8"), `${modeOf(entry).toString(8)} ${entry.oid.toString("hex")}`]),
		);
	}
	const listed = await ledger.git(["ls-files", "--stage", "-z"], { cwd: ledger.workspace.topLevel });
	const lines = listed.stdout.toString("utf8").split("\0");
	return new Map(
		lines.flatMap((line): [string, string][] => {
			const found = /^(\d+) ([0-9a-f]+) 0\t(.*)$/s.exec(line);
			return found === null ? [] : [[found[3] as string, `${found[1]} ${found[2]}`]];
		}),
	);
}

function inverse(change: JournalChange): JournalChange {
	const { path, oldOid, oldMode, newOid, newMode } = change;
	return { path, oldOid: newOid, headOid: newOid, oldMode: newMode, newOid: oldOid, newMode: oldMode };
}
