// Two versions of a ledger file as bytes: what is not UTF-8 is merged as text, byte for byte.
// Invariant: no byte is written that neither side holds, but for conflict markers and what the merge by key writes.

import { decodeText } from "../task/source-text.ts";
import { mergeLedgerFile, type Sides } from "./merge-task.ts";
import { gitMergeText, type MergePlace } from "./merge-text.ts";

export interface ByteSides extends Pick<Sides, "markerSize" | "labels"> {
	readonly base: Buffer | null;
	readonly ours: Buffer;
	readonly theirs: Buffer;
}

/** As mergeLedgerFile, for file contents. */
export async function mergeBytes(
	path: string,
	sides: ByteSides,
	place: Pick<MergePlace, "git" | "folder">,
): Promise<{ readonly content: Buffer; readonly conflicts: readonly string[] }> {
	const { base, ours, theirs, ...asked } = sides;
	const isText = [base, ours, theirs].every(
		(bytes) => bytes === null || decodeText(bytes, path).diagnostics.length === 0,
	);
	const encoding = isText ? "utf8" : "latin1";
	const texts = {
		base: base?.toString(encoding) ?? null,
		ours: ours.toString(encoding),
		theirs: theirs.toString(encoding),
	};
	// The lines of a run log are told apart whatever their bytes; the rest is read by key only where it is text.
	const name = isText || path.endsWith(".jsonl") ? path : "";
	const { text, conflicts } = await mergeLedgerFile(name, { ...asked, ...texts }, gitMergeText({ ...place, encoding }));
	return { content: Buffer.from(text, encoding), conflicts };
}
