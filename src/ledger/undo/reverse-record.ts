// Takes back what a change did to a record, key by key, and leaves alone what was changed elsewhere since.
// Invariant: pure; a key that both sides changed differently is named, never decided; what comes out is a legal record.
import { editRecord, readRecordEntries } from "../task/record.ts";

export interface Reversal {
	readonly text: string;
	/** Keys that were changed again since; empty when the text is good. */
	readonly conflicts: readonly string[];
}

/** Keys that say one thing together: no mixture of two states of them is a state. */
const STATE_KEYS: readonly string[] = ["status", "blocked", "closed"];

/** `base` is the record as the change left it, `theirs` as it was before that, `ours` as it is now. */
export function reverseRecord(sides: {
	readonly base: string;
	readonly ours: string;
	readonly theirs: string;
}): Reversal {
	if (sides.ours === sides.base) return { text: sides.theirs, conflicts: [] };
	const [base, ours, theirs] = [sides.base, sides.ours, sides.theirs].map(readRecordEntries);
	if (base == null || ours == null || theirs == null) {
		return { text: sides.ours, conflicts: sides.base === sides.theirs ? [] : ["record"] };
	}
	const now = Object.fromEntries(ours);
	const changes: Record<string, unknown> = {};
	const conflicts: string[] = [];
	for (const key of new Set([...base.keys(), ...theirs.keys()])) {
		const [was, is, before] = [base, ours, theirs].map((entries) => JSON.stringify(entries.get(key)));
		if (was === before || is === before) continue;
		if (is !== was) conflicts.push(key);
		else changes[key] = theirs.get(key);
	}
	if (conflicts.length === 0 && isConsistent(now) && !isConsistent({ ...now, ...changes })) {
		conflicts.push(...STATE_KEYS.filter((key) => key in changes));
	}
	const text = Object.keys(changes).length === 0 ? sides.ours : editRecord(sides.ours, changes);
	return { text, conflicts };
}

/** Blocked says why, closed says when, and open says neither. */
function isConsistent({ status, blocked, closed }: Readonly<Record<string, unknown>>): boolean {
	const isClosed = status === "done" || status === "canceled";
	return (status === "blocked") === (blocked != null) && isClosed === (closed != null);
}
