// The contents that taking something back is made from: what git has, and what the checkout has in git's own form.
// Invariant: a file whose line endings the checkout converts counts as what git stores for it.
import { objectId } from "../../git/object-writer.ts";
import { entryAt } from "../../git/tree-edit.ts";
import type { LedgerView } from "../change/apply.ts";
import { contentId } from "../change/working-files.ts";
import type { Ledger } from "../ledger.ts";
import { fromTop } from "../workspace.ts";

/** The commit that is taken back, as trees. */
export interface Reversed {
	/** The tree before it; null where there was none. */
	readonly before: string | null;
	readonly after: string;
	/** What it did, for the reason of a removal. */
	readonly summary: string;
}

/** The file in the checkout (path relative to the workspace); where nobody edited it, as HEAD has it. */
export async function contentNow(ledger: Ledger, view: LedgerView, path: string): Promise<Buffer | null> {
	const working = view.working(path);
	if (working === null || !working.includes(13)) return working;
	const committed = await view.committed(path);
	if (committed === null) return working;
	const id = await contentId(ledger.git, ledger.workspace, fromTop(ledger.workspace, path), working);
	return id === objectId(ledger.workspace, "blob", committed) ? committed : working;
}

export async function blobOf(view: LedgerView, oid: string | undefined): Promise<Buffer | null> {
	return oid === undefined ? null : ((await view.reader.read(oid))?.content ?? null);
}

/** The file at `path`, relative to the workspace, in a tree; null is the tree of no commit. */
export async function contentIn(
	ledger: Ledger,
	view: LedgerView,
	tree: string | null,
	path: string,
): Promise<Buffer | null> {
	const entry = await entryAt(view.reader, tree, fromTop(ledger.workspace, path));
	return entry === null || entry.mode === "40000" ? null : blobOf(view, entry.oid);
}

export function sameContent(a: Buffer | null, b: Buffer | null): boolean {
	return a === null || b === null ? a === b : a.equals(b);
}
