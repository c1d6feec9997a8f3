// The intent of the one ledger change in flight, written before the first file is touched.
// Invariant: while a journal exists, its commit object holds all that the change would write, so it can be finished or undone.
import { join } from "node:path";
import { readFileIfThere, removeFileIfThere, replaceFile } from "../core/files.ts";

export interface JournalChange {
	/** Relative to the repository's top folder. */
	readonly path: string;
	/** The content in the checkout before the change; null when there was no file. */
	readonly oldOid: string | null;
	/** The content at HEAD, which a hand edit makes differ from the checkout's. */
	readonly headOid: string | null;
	readonly oldMode: string | null;
	readonly newOid: string | null;
	readonly newMode: string | null;
	/** The line that the change appends, where it is an append: it can be repeated on any later content. */
	readonly line?: string;
}

export interface Journal {
	readonly schemaVersion: 1;
	/** Finish with a commit, with a staged change, or with files only (`ledger.commit`). */
	readonly mode: "auto" | "stage" | "off";
	readonly ref: string | null;
	readonly parent: string | null;
	readonly commit: string;
	readonly message: string;
	readonly sign: boolean;
	/** Paths of the user's code that a landing changes; their files are made by git, with its filters. */
	readonly code: readonly JournalChange[];
	readonly ledger: readonly JournalChange[];
}

function journalPath(stateDir: string): string {
	return join(stateDir, "journal.json");
}

export function readJournal(stateDir: string): Journal | null {
	const content = readFileIfThere(journalPath(stateDir));
	if (content === null) return null;
	try {
		const journal = JSON.parse(content.toString("utf8")) as Journal;
		return journal.schemaVersion === 1 && Array.isArray(journal.ledger) ? journal : null;
	} catch {
		return null; // written by atomic replacement: unreadable means that somebody else made it
	}
}

export function writeJournal(stateDir: string, journal: Journal): void {
	replaceFile(journalPath(stateDir), JSON.stringify(journal), { mode: 0o600 });
}

export function clearJournal(stateDir: string): void {
	removeFileIfThere(journalPath(stateDir));
}
