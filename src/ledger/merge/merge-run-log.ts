// runs.jsonl of two branches as one: whole lines, each once.
// Invariant: a line that either side holds is there afterwards, and the order does not depend on the side.
import { type Merged, type Sides, settled } from "./merge-sides.ts";

/** The base's lines first, in its order; then what was added, by time and run id. */
export function mergeRunLog(sides: Sides): Merged {
	const { base, ours, theirs } = sides;
	const known = settled<string | null>(base, ours, theirs)?.value;
	if (known != null) return { text: known, conflicts: [] };
	const held = new Set([...linesOf(ours), ...linesOf(theirs)]);
	const first = [...new Set(linesOf(base ?? ""))].filter((line) => held.delete(line));
	const added = [...held].map((line) => ({ line, place: placeOf(line) })).sort((a, b) => (a.place < b.place ? -1 : 1));
	const lines = [...first, ...added.map(({ line }) => line)];
	return { text: lines.map((line) => `${line}\n`).join(""), conflicts: [] };
}

function linesOf(text: string): string[] {
	return text.split("\n").filter((line) => line.trim() !== "");
}

/** Lines that are no records stand before the others. */
function placeOf(line: string): string {
	try {
		const { ts, runId } = JSON.parse(line) as { ts?: unknown; runId?: unknown };
		return `${String(ts)} ${String(runId)} ${line}`;
	} catch {
		return ` ${line}`;
	}
}
