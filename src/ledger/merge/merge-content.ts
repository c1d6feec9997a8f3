// Brings a ledger file's change onto a content that moved on meanwhile, as the merge driver would.
// Invariant: a result holds both sides, or there is none.
import type { Ledger } from "../ledger.ts";
import { mergeBytes } from "./merge-bytes.ts";

export interface MergeSides {
	/** The file's name, which tells how it is merged. */
	readonly path: string;
	readonly base: Buffer | null;
	/** What is there now. */
	readonly current: Buffer | null;
	/** What the change made of `base`. */
	readonly ours: Buffer;
	/** The line that the change appends, where it is an append. */
	readonly line?: string | undefined;
}

/** The merged content, or what both sides changed differently. */
export type MergedContent =
	| { readonly content: Buffer; readonly conflicts: null }
	| { readonly content: null; readonly conflicts: readonly string[] };

export async function mergeContent(
	ledger: Pick<Ledger, "git" | "workspace">,
	sides: MergeSides,
): Promise<MergedContent> {
	const { path, base, current, ours, line } = sides;
	if (current === null || (base !== null && current.equals(base))) return clean(ours);
	if (current.equals(ours)) return clean(current);
	if (line !== undefined) return clean(withLine(current, line));
	const place = { git: ledger.git, folder: ledger.workspace.stateDir };
	const merged = await mergeBytes(path, { base, ours: current, theirs: ours }, place);
	return merged.conflicts.length === 0 ? clean(merged.content) : { content: null, conflicts: merged.conflicts };
}

function clean(content: Buffer): MergedContent {
	return { content, conflicts: null };
}

/** The content with the line at its end, on a line of its own; unchanged where it holds the line already. */
export function withLine(content: Buffer, line: string): Buffer {
	const text = content.toString("utf8");
	if (text.split("\n").includes(line)) return content;
	const gap = content.length > 0 && content.at(-1) !== 10 ? "\n" : "";
	return Buffer.concat([content, Buffer.from(`${gap}${line}\n`)]);
}
