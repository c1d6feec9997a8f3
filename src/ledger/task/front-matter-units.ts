// Front matter as a row of units, one for each key: its own lines, and the blank lines and comments above them.
// Invariant: the units and the tail, joined, are the source again, byte for byte.
import { commentsOf, readYaml } from "./yaml.ts";
import { entryEnd, lineStart } from "./yaml-edit.ts";

export interface Unit {
	readonly key: string;
	/** Blank lines and comments between the key before and this one. */
	readonly leading: string;
	readonly own: string;
	readonly value: unknown;
}

export interface Units {
	readonly byKey: ReadonlyMap<string, Unit>;
	/** What stands behind the last key. */
	readonly tail: string;
	readonly data: Readonly<Record<string, unknown>>;
}

/** Null where the source is not a sound map in block style. */
export function splitUnits(source: string): Units | null {
	const { data, problems, entries } = readYaml(source);
	if (problems.length > 0 || entries === null) return null;
	const byKey = new Map<string, Unit>();
	let at = 0;
	for (const entry of entries) {
		const start = lineStart(source, entry.keyStart);
		// Text that keeps its trailing blank lines (|+) owns them.
		const keeps =
			entry.form === "block scalar" && /^[|>][-0-9]*\+/.test(source.slice(entry.valueStart, entry.valueEnd));
		const end = keeps ? Math.max(entryEnd(source, entry), entry.valueEnd) : entryEnd(source, entry);
		if (start < at) return null;
		const { key } = entry;
		byKey.set(key, { key, leading: source.slice(at, start), own: source.slice(start, end), value: data[key] });
		at = end;
	}
	return { byKey, tail: source.slice(at), data };
}

/** The comments that belong to a unit, its leading ones included. */
export function commentsOfUnit(unit: Unit): string[] {
	return [...commentsOf(unit.leading), ...commentsOf(unit.own)];
}
