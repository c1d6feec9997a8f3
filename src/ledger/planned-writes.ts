// What a planned write means for the checkout, the index and HEAD, found out before anything is touched.
// Invariant: a file staged with a third content is refused; a file edited by hand is told from one that we wrote.
import { MsgcodeError } from "../core/errors.ts";
import type { Head } from "../git/head.ts";
import { entriesOf, stageOf } from "../git/index-format.ts";
import { readIndex } from "../git/index-lock.ts";
import type { ObjectReader } from "../git/object-reader.ts";
import { writeObject } from "../git/object-writer.ts";
import { entryAt, type TreeEntry } from "../git/tree-edit.ts";
import type { JournalChange } from "./journal.ts";
import type { Ledger } from "./ledger.ts";
import { contentId, readWorkingFile } from "./working-files.ts";
import { fromTop } from "./workspace.ts";

export interface FileWrite {
	/** Relative to the workspace. */
	readonly path: string;
	readonly content: string | Buffer;
	/** The line that this write appends, where it is an append. */
	readonly line?: string;
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
}

/** Compares each planned write with the checkout, the index and HEAD; stores its blob. Throws `staged_differently`. */
export async function describeWrites(
	ledger: Ledger,
	reader: ObjectReader,
	head: Head,
	writes: readonly FileWrite[],
): Promise<DescribedWrite[]> {
	const { workspace, git } = ledger;
	const index = readIndex(workspace);
	const described: DescribedWrite[] = [];
	for (const write of writes) {
		const path = fromTop(workspace, write.path);
		const working = readWorkingFile(workspace, path);
		const workingOid = working === null ? null : await contentId(git, workspace, path, working);
		const entry = await entryAt(reader, head.tree, path);
		const headOid = entry?.oid ?? null;
		for (const staged of index === null ? [] : entriesOf(index, path)) {
			const oid = staged.oid.toString("hex");
			if (stageOf(staged) !== 0 || (oid !== headOid && oid !== workingOid)) {
				throw new MsgcodeError(
					"staged_differently",
					`${path} is staged with other content than the folder or HEAD has.`,
				);
			}
		}
		const content = Buffer.from(write.content);
		const newOid = await storeBlob(ledger, path, content);
		const byHand = workingOid !== null && workingOid !== headOid && workingOid !== newOid;
		const same = newOid === workingOid && newOid === headOid;
		described.push({
			path,
			working,
			workingOid,
			byHand,
			head: entry,
			change: same
				? null
				: {
						path,
						oldOid: workingOid,
						headOid,
						oldMode: entry?.mode ?? null,
						newOid,
						newMode: entry?.mode ?? "100644",
						...(write.line === undefined ? {} : { line: write.line }),
					},
		});
	}
	return described;
}

/** Stores a ledger file's content and returns its id. */
export async function storeBlob(ledger: Ledger, path: string, content: Buffer): Promise<string> {
	if (content.includes(13)) return contentId(ledger.git, ledger.workspace, path, content, true);
	return writeObject(ledger.workspace, "blob", content);
}
