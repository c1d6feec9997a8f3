// A text with the markers of a merge in it, taken apart: what stands outside the conflicts, and the sides of each.
// Invariant: a side put together again is that side byte for byte; markers that can be read in two ways are not read at all.

export interface Conflict {
	readonly ours: string;
	/** Only where the markers show it (merge.conflictStyle diff3 or zdiff3). */
	readonly base: string | null;
	readonly theirs: string;
}

export interface ConflictText {
	/** Text outside conflicts, and conflicts, in the order of the file. */
	readonly parts: readonly (string | Conflict)[];
	/** What the markers call the sides: "HEAD", "main", "1a2b3c4 (subject)". */
	readonly labels: { readonly ours: string; readonly theirs: string };
}

/** The parts; "none" where there are no conflicts, "unclear" where the markers do not pair. */
export function parseMarkers(text: string): ConflictText | "none" | "unclear" {
	if (!/^(?:<{7} |>{7} )/m.test(text)) return "none";
	const parts: (string | Conflict)[] = [];
	let labels: ConflictText["labels"] | null = null;
	let outside = "";
	let open: Open | null = null;
	for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
		const bare = line.replace(/\r?\n$/, "");
		if (/^<{7} /.test(bare)) {
			if (open !== null) return "unclear";
			open = { part: "ours", ours: "", base: null, theirs: "", label: bare.slice(8) };
		} else if (open === null) {
			if (/^>{7} /.test(bare)) return "unclear";
			outside += line;
		} else if (/^\|{7}(?: |$)/.test(bare)) {
			if (open.part !== "ours") return "unclear";
			open.part = "base";
			open.base = "";
		} else if (bare === "=======") {
			// A second one may be a heading's underline in either side: nobody can tell which.
			if (open.part === "theirs") return "unclear";
			open.part = "theirs";
		} else if (/^>{7} /.test(bare)) {
			if (open.part !== "theirs") return "unclear";
			parts.push(outside, { ours: open.ours, base: open.base, theirs: open.theirs });
			labels ??= { ours: open.label, theirs: bare.slice(8) };
			outside = "";
			open = null;
		} else {
			open[open.part] = `${open[open.part] ?? ""}${line}`;
		}
	}
	if (open !== null || labels === null) return "unclear";
	parts.push(outside);
	return { parts, labels };
}

interface Open {
	part: "ours" | "base" | "theirs";
	readonly label: string;
	ours: string;
	base: string | null;
	theirs: string;
}

/** The whole text as one side has it; null for a base that the markers do not show. */
export function sideText({ parts }: ConflictText, side: "ours" | "theirs"): string;
export function sideText({ parts }: ConflictText, side: "ours" | "base" | "theirs"): string | null;
export function sideText({ parts }: ConflictText, side: "ours" | "base" | "theirs"): string | null {
	let text = "";
	for (const part of parts) {
		const piece = typeof part === "string" ? part : part[side];
		if (piece === null) return null;
		text += piece;
	}
	return text;
}
