// From a task file with conflict markers back to the sides, and through the ledger's own merge to one text.
// Invariant: what stands outside the markers stays as it is, whoever typed it; and there is a result only where the merge is
// clean with a base that is known: a base that is not known is never made up.

import { isDeepStrictEqual } from "node:util";
import { type MergeText, mergeLedgerFile } from "../merge/merge-task.ts";
import { parseDocument } from "../task/document.ts";
import { parseRecord } from "../task/record.ts";
import { type ConflictText, parseMarkers, sideText } from "./conflict-text.ts";

/** The three texts that a merge had before it; `base` is null where neither side had the file. */
export interface KnownSides {
	readonly base: string | null;
	readonly ours: string;
	readonly theirs: string;
}

export type Resolution =
	| { readonly text: string }
	/** The fields that the sides disagree on; empty where the markers cannot even be read. */
	| { readonly fields: readonly string[]; readonly why: string };

/** Resolves `text`. `history` tells the sides as they were before the merge, where that is known. */
export async function resolveMarkers(
	path: string,
	text: string,
	history: () => Promise<KnownSides | null>,
	mergeText: MergeText,
): Promise<Resolution> {
	const marked = parseMarkers(text);
	if (marked === "none" || marked === "unclear") return { fields: [], why: "its conflict markers do not pair" };
	const ours = sideText(marked, "ours");
	const theirs = sideText(marked, "theirs");
	let fields: readonly string[] | null = null;
	const attempt = async (base: string | null): Promise<string | null> => {
		const merged = await mergeLedgerFile(path, { base, ours, theirs }, mergeText);
		if (merged.conflicts.length > 0) {
			fields ??= merged.conflicts;
			return null;
		}
		return isSound(path, merged.text) ? merged.text : null;
	};
	const shown = sideText(marked, "base");
	const fromMarkers = shown === null ? null : await attempt(shown);
	if (fromMarkers !== null) return { text: fromMarkers };
	const sides = await history();
	if (sides !== null) {
		// Whatever stands outside the conflicts, typed or merged by git, both sides have: it counts as changed by both alike.
		const belong = belongTo(marked, sides);
		const resolved = belong ? await attempt(sides.base) : null;
		if (resolved !== null) return { text: resolved };
		if (belong) return { fields: fields ?? [], why: "both sides changed the same" };
	}
	if (shown !== null) return { fields: fields ?? [], why: "both sides changed the same" };
	const resolved = await withoutBase(path, ours, theirs, mergeText);
	if (resolved !== null) return { text: resolved };
	await attempt(null);
	return { fields: fields ?? [], why: "what both sides began from is not known here any more" };
}

/** False where what stands between the markers is not what the sides had there: somebody has begun to resolve it. */
export function belongTo({ parts }: ConflictText, sides: KnownSides): boolean {
	const conflicts = parts.filter((part) => typeof part !== "string");
	return conflicts.every(({ ours, theirs }) => sides.ours.includes(ours) && sides.theirs.includes(theirs));
}

/** Where both sides say the same in other writing, what they began from makes no difference. */
async function withoutBase(path: string, ours: string, theirs: string, mergeText: MergeText): Promise<string | null> {
	if (!isDeepStrictEqual(saying(path, ours), saying(path, theirs))) return null;
	const { text, conflicts } = await mergeLedgerFile(path, { base: null, ours, theirs }, mergeText);
	return conflicts.length === 0 && isSound(path, text) ? text : null;
}

/** What a text says, apart from how it is written; a text that cannot be read says nothing but itself. */
function saying(path: string, text: string): unknown {
	if (path.endsWith(".json")) return parseRecord(text, path).record ?? text;
	const { frontMatter, body, diagnostics } = parseDocument(text, path);
	return diagnostics.length === 0 ? { frontMatter, body } : text;
}

function isSound(path: string, text: string): boolean {
	if (parseMarkers(text) !== "none") return false;
	if (path.endsWith(".json")) return parseRecord(text, path).record !== null;
	return parseDocument(text, path).diagnostics.length === 0;
}
