// What a three-way merge gets and gives, and the one way to ask for a merge of plain text.
// Invariant: swapping the sides changes neither a clean result nor whether it is clean.

export interface Sides {
	/** What both sides began with; null where the file was born on both. */
	readonly base: string | null;
	readonly ours: string;
	readonly theirs: string;
	/** Length of conflict markers; 7 unless told. */
	readonly markerSize?: number;
	/** What stands behind the markers; `ours` and `theirs` unless told. */
	readonly labels?: { readonly ours: string; readonly theirs: string };
}

export interface Merged {
	readonly text: string;
	/** Fields that both sides changed differently, e.g. "title", "prompt", "closed"; empty when clean. */
	readonly conflicts: readonly string[];
}

/** Text three-way as git does it, injected (git merge-file). */
export type MergeText = (sides: Sides) => Promise<{ readonly text: string; readonly clean: boolean }>;

/** What needs no merge: both sides are the same, or only one has changed; null otherwise. */
export function settled<T>(
	base: T,
	ours: T,
	theirs: T,
	same: (a: T, b: T) => boolean = Object.is,
): { value: T } | null {
	if (same(ours, theirs) || same(base, theirs)) return { value: ours };
	return same(base, ours) ? { value: theirs } : null;
}

/** The text merge, asked for in an order of the sides that does not depend on which is whose. */
export async function mergeEvenly(sides: Sides, mergeText: MergeText): Promise<{ text: string; clean: boolean }> {
	const { base, ours, theirs } = sides;
	const known = settled<string | null>(base, ours, theirs)?.value;
	if (known != null) return { text: known, clean: true };
	if (ours < theirs) return mergeText(sides);
	const { ours: oursLabel, theirs: theirsLabel } = labelsOf(sides);
	const labels = { ours: theirsLabel, theirs: oursLabel };
	const swapped = await mergeText({ ...sides, ours: theirs, theirs: ours, labels });
	if (swapped.clean) return swapped;
	const asAsked = await mergeText(sides);
	return asAsked.clean ? swapped : asAsked;
}

/** Lines of both sides between git's markers. Both texts end with a newline, or are empty. */
export function conflictHunk(sides: Sides, ours: string, theirs: string, lineEnd: "\n" | "\r\n"): string {
	const size = sides.markerSize ?? 7;
	const labels = labelsOf(sides);
	const [open, middle, close] = ["<", "=", ">"].map((sign) => sign.repeat(size));
	return `${open} ${labels.ours}${lineEnd}${ours}${middle}${lineEnd}${theirs}${close} ${labels.theirs}${lineEnd}`;
}

function labelsOf(sides: Sides): { ours: string; theirs: string } {
	return sides.labels ?? { ours: "ours", theirs: "theirs" };
}
