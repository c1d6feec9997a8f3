// What a planned write means for the checkout, the index and HEAD, found out before anything is touched.
// Invariant: a file staged with a third content is refused; a file edited by hand is told from one that we wrote.
import { MsgcodeError } from "../../core/errors.ts";
import type { Head } from "../../git/head.ts";
import { readStaged, type Staged } from "../../git/index-lock.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import { objectId, writeObject } from "../../git/object-writer.ts";
import { entriesAt, type TreeEntry } from "../../git/tree-edit.ts";
import type { Ledger } from "../ledger.ts";
import { fromTop } from "../workspace.ts";
import type { JournalChange } from "./journal.ts";
import { contentId, readWorkingFile } from "./working-files.ts";

export interface FileWrite {
	/** Relative to the workspace. */
	readonly path: string;
	/** null removes the file. */
	readonly content: string | Buffer | null;
	/** The line that this write appends, where it is an append. */
	readonly line?: string;
	/** The content that this write was made from, where that need not be HEAD's. */
	readonly from?: Buffer | null;
}

export interface DescribedWrite {
	/** null when the file has that content already. */
	readonly change: JournalChange | null;
	/** The file in the checkout differs from HEAD: somebody edited it. */
	readonly byHand: boolean;
	readonly path: string;
	readonly head: TreeEntry | null;
	readonly working: Buffer | null;
	readonly workingOid: string | null;
	/** What was staged at the path; null where nothing was. */
	readonly stagedOid: string | null;
}

/** Compares each planned write with the checkout, the index and HEAD; stores its blob. Throws `staged_differently`, `ledger_path_taken`. */
export async function describeWrites(
	ledger: Ledger,
	reader: ObjectReader,
	head: Head,
	writes: readonly FileWrite[],
): Promise<DescribedWrite[]> {
	const { workspace, git } = ledger;
	const staged = await readStaged(
		workspace,
		git,
		writes.map((write) => fromTop(workspace, write.path)),
	);
	const paths = writes.map((write) => fromTop(workspace, write.path));
	const entries = await entriesAt(reader, head.tree, paths);
	// A file that moves keeps its object, which may be in a pack: a second, loose one would only take room.
	const known = new Set([...entries.values()].map(({ oid }) => oid));
	const described: DescribedWrite[] = [];
	for (const [position, write] of writes.entries()) {
		const path = paths[position] as string;
		const working = readWorkingFile(workspace, path);
		const workingOid = working === null ? null : await contentId(git, workspace, path, working);
		const entry = entries.get(path) ?? null;
		const headOid = entry?.oid ?? null;
		const isGone = write.content === null && workingOid === null;
		refuseStaged(path, staged, [headOid, workingOid], headOid !== null && !isGone);
		const newOid = await storeContent(ledger, path, write.content, known);
		// What is only in the checkout so far must outlive the change, should it be taken back.
		if (working !== null && workingOid !== headOid && workingOid !== newOid) await storeBlob(ledger, path, working);
		// A tracked file that differs from HEAD was edited by hand, even where the plan would keep it as it is.
		const byHand = workingOid !== null && workingOid !== headOid && (workingOid !== newOid || headOid !== null);
		const same = newOid === workingOid && newOid === headOid;
		const mode = entry?.mode ?? null;
		const line = write.line === undefined ? {} : { line: write.line };
		const stagedOid = staged.get(path)?.[0]?.oid ?? null;
		const former = { oldOid: workingOid, headOid, indexOid: stagedOid, oldMode: mode };
		const newMode = newOid === null ? null : (mode ?? "100644");
		const change = { path, ...former, newOid, newMode, ...line };
		described.push({ path, working, workingOid, stagedOid, byHand, head: entry, change: same ? null : change });
	}
	return described;
}

/** Throws when committing the path would take something out of the index that the user put there. `isNeeded`: it must have an entry. */
function refuseStaged(path: string, staged: Staged, known: readonly (string | null)[], isNeeded: boolean): void {
	for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
		const folder = path.slice(0, slash);
		if ((staged.get(folder) ?? []).length === 0) continue;
		throw new MsgcodeError("ledger_path_taken", `${folder} is staged as a file, and the ledger needs it as a folder.`);
	}
	const entries = staged.get(path) ?? [];
	const removed = isNeeded && entries.length === 0;
	const differs = entries.some(({ oid, stage, announced }) => stage !== 0 || (!announced && !known.includes(oid)));
	if (!removed && !differs) return;
	const how = removed ? "for removal" : "with other content than the folder or HEAD has";
	throw new MsgcodeError("staged_differently", `${path} is staged ${how}.`);
}

/** The id that the path has afterwards, its content stored unless it is `known`; null where the write removes the file. */
export async function storeContent(
	ledger: Ledger,
	path: string,
	content: FileWrite["content"],
	known: ReadonlySet<string> = new Set(),
): Promise<string | null> {
	if (content === null) return null;
	const bytes = Buffer.from(content);
	const oid = bytes.includes(13) ? null : objectId(ledger.workspace, "blob", bytes);
	return oid !== null && known.has(oid) ? oid : storeBlob(ledger, path, bytes);
}

/** Stores a ledger file's content and returns its id. */
export async function storeBlob(ledger: Ledger, path: string, content: Buffer): Promise<string> {
	if (content.includes(13)) return contentId(ledger.git, ledger.workspace, path, content, true);
	return writeObject(ledger.workspace, "blob", content);
}
