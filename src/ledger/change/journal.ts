// The intent of the one ledger change in flight, written before the first file is touched.
// Invariant: while a journal exists, its commit object holds all that the change would write, so it can be finished or undone.
import { existsSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { readFileIfThere, removeFileIfThere, replaceFile } from "../../core/files.ts";
import type { Workspace } from "../workspace.ts";

export interface JournalChange {
	/** Relative to the repository's top folder. */
	readonly path: string;
	/** The content in the checkout before the change; null when there was no file. */
	readonly oldOid: string | null;
	/** The content at HEAD, which a hand edit makes differ from the checkout's. */
	readonly headOid: string | null;
	/** The content staged before the change; left out where that was HEAD's. */
	readonly indexOid?: string | null;
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

/** What the next command does with a journal that it finds: bring the change to its end, or take it back. */
export type JournalFate = "finish" | "undo";

type Place = Pick<Workspace, "stateDir" | "gitDir" | "linked">;

/** Each checkout has its own: a change in one worktree is not another worktree's to finish. */
function journalPath(place: Place, fate: JournalFate): string {
	const checkout = place.linked ? `-${basename(place.gitDir)}` : "";
	return join(place.stateDir, `journal${checkout}${fate === "undo" ? ".undo" : ""}.json`);
}

export function hasJournal(place: Place): boolean {
	return existsSync(journalPath(place, "finish")) || existsSync(journalPath(place, "undo"));
}

export function readJournal(place: Place): { readonly journal: Journal; readonly fate: JournalFate } | null {
	const undo = readOne(journalPath(place, "undo"));
	if (undo !== null) return { journal: undo, fate: "undo" };
	const finish = readOne(journalPath(place, "finish"));
	return finish === null ? null : { journal: finish, fate: "finish" };
}

function readOne(path: string): Journal | null {
	const content = readFileIfThere(path);
	if (content === null) return null;
	try {
		const journal = JSON.parse(content.toString("utf8")) as Journal;
		return journal.schemaVersion === 1 && Array.isArray(journal.ledger) ? journal : null;
	} catch {
		return null; // written by atomic replacement: unreadable means that somebody else made it
	}
}

export function writeJournal(place: Place, journal: Journal): void {
	replaceFile(journalPath(place, "finish"), JSON.stringify(journal), { mode: 0o600 });
}

/** Marks the change as one to be undone. A rename needs no space, so this works on a full disk. */
export function condemnJournal(place: Place): void {
	try {
		renameSync(journalPath(place, "finish"), journalPath(place, "undo"));
	} catch {
		// A read-only state folder: then the journal could not be written either, or the change is finished later.
	}
}

export function clearJournal(place: Place): void {
	removeFileIfThere(journalPath(place, "finish"));
	removeFileIfThere(journalPath(place, "undo"));
}
