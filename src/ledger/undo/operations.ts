// What each kind of ledger command is to `msgcode undo`: the operations that a commit's Msgcode-Op can name.
// Invariant: an operation that is not in this table is never undone; nobody guesses what it means.

export type Undoing =
	/** Its fields and files go back to how they were. */
	| "fields"
	/** Its files go back as files, byte for byte: before it they need not even have been readable. */
	| "files"
	/** It carries code with it: the landing, or its reversal. */
	| "landing"
	/** It happened, and a later commit does not make it not have happened. */
	| "run"
	| "allow-secret"
	| "init";

export const OPERATIONS = {
	add: "fields",
	adopt: "fields",
	"allow-secret": "allow-secret",
	apply: "landing",
	archive: "fields",
	block: "fields",
	close: "fields",
	edit: "fields",
	"edit-by-hand": "fields",
	fix: "files",
	init: "init",
	reject: "fields",
	remove: "fields",
	reopen: "fields",
	rollback: "landing",
	run: "run",
	unblock: "fields",
	undo: "landing",
} as const satisfies Record<string, Undoing>;

/** null for an operation of another version, or of nobody. */
export function undoingOf(op: string): Undoing | null {
	return Object.hasOwn(OPERATIONS, op) ? OPERATIONS[op as keyof typeof OPERATIONS] : null;
}
