// Applies a patch to a tree in process. It says yes only to what it has worked out whole, byte for byte.
// Invariant: null means "not judged here", never "wrong": for that git itself is asked.
import { MsgcodeError } from "../core/errors.ts";
import type { ObjectReader } from "./object-reader.ts";
import { type ObjectStore, objectId } from "./object-writer.ts";
import type { Hunk, PatchFile } from "./patch-reader.ts";
import { editTree, entryAt, type TreeChanges, type TreeEntry } from "./tree-edit.ts";

export interface AppliedPatch {
	readonly tree: string | null;
	/** What the patch makes of each path; null for one that it takes away. */
	readonly changes: TreeChanges;
}

/**
 * The tree after the patch. Trees on the way are given to `store`. Null where a file is binary, is not what the patch
 * begins with, or cannot be read here.
 */
export async function applyInProcess(
	reader: ObjectReader,
	store: ObjectStore,
	tree: string,
	files: readonly PatchFile[],
): Promise<AppliedPatch | null> {
	const removed: [string, null][] = [];
	const written: [string, TreeEntry][] = [];
	for (const file of files) {
		const before = file.oldPath === null ? null : await entryAt(reader, tree, file.oldPath);
		if (!beginsWith(file, before)) return null;
		if (file.oldPath !== null) removed.push([file.oldPath, null]);
		if (file.newPath === null) continue;
		const oid = await newContent(reader, store, file, before);
		const mode = file.newMode ?? before?.mode;
		if (oid === null || mode === undefined) return null;
		written.push([file.newPath, { mode, oid }]);
	}
	const changes = new Map<string, TreeEntry | null>([...removed, ...written]);
	try {
		return { tree: await editTree(reader, store, tree, changes), changes };
	} catch (error) {
		if (error instanceof MsgcodeError) return null; // a file where a folder is needed: the order of steps matters
		throw error;
	}
}

/** The content after the hunks; null where they do not fit exactly. */
export function applyHunks(content: Buffer, hunks: readonly Hunk[]): Buffer | null {
	const lines = content.toString("latin1").match(/[^\n]*\n|[^\n]+$/g) ?? [];
	const result: string[] = [];
	let at = 0;
	for (const { oldStart, oldCount, lines: changed } of hunks) {
		const start = oldCount === 0 ? oldStart : oldStart - 1;
		if (start < at || start > lines.length) return null;
		while (at < start) result.push(lines[at++] as string);
		for (const line of changed) {
			const text = line.slice(1);
			if (line.startsWith("+")) result.push(text);
			else {
				if (lines[at] !== text) return null;
				at += 1;
				if (line.startsWith(" ")) result.push(text);
			}
		}
	}
	while (at < lines.length) result.push(lines[at++] as string);
	return Buffer.from(result.join(""), "latin1");
}

function beginsWith(file: PatchFile, before: TreeEntry | null): boolean {
	if (file.oldPath === null) return true;
	if (before === null || before.mode === "40000" || before.mode === "160000") return false;
	if (file.oldMode !== null && file.oldMode !== before.mode) return false;
	return file.oldOid === null || file.oldOid === before.oid;
}

async function newContent(
	reader: ObjectReader,
	store: ObjectStore,
	file: PatchFile,
	before: TreeEntry | null,
): Promise<string | null> {
	if (file.binary || file.newMode === "160000") return null;
	if (file.newOid === null) return before?.oid ?? null;
	const old = before === null ? Buffer.alloc(0) : (await reader.read(before.oid))?.content;
	const content = old === undefined ? null : applyHunks(old, file.hunks);
	if (content === null) return null;
	const oid = objectId(store, "blob", content);
	return oid === file.newOid ? oid : null;
}
