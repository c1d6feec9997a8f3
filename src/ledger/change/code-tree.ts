// A tree without the ledger's paths: what stays the same when ledger commits are rebased, and what tells whether code differs.
// Invariant: only paths that the ledger owns are left out; a user's own files in tasks/ stay in.
import type { ObjectReader } from "../../git/object-reader.ts";
import { editTree, entryAt, listTree, type TreeEntry } from "../../git/tree-edit.ts";
import { isLedgerPath } from "../paths.ts";
import { fromTop, type Workspace } from "../workspace.ts";

/** The id of `tree` with every ledger path taken out. */
export async function codeTreeOf(workspace: Workspace, reader: ObjectReader, tree: string): Promise<string> {
	const tasks = await entryAt(reader, tree, fromTop(workspace, "tasks"));
	if (tasks?.mode !== "40000") return tree;
	const changes = new Map<string, TreeEntry | null>();
	await collectLedgerPaths(reader, tasks.oid, "tasks", (path) => changes.set(fromTop(workspace, path), null));
	const edited = changes.size === 0 ? tree : await editTree(reader, workspace, tree, changes);
	return edited ?? (await emptyTree(reader, workspace));
}

/** Folders that are the ledger's whole are named once, not file by file. */
async function collectLedgerPaths(
	reader: ObjectReader,
	tree: string,
	folder: string,
	found: (path: string) => void,
): Promise<void> {
	for (const [name, entry] of await listTree(reader, tree)) {
		const path = `${folder}/${name}`;
		if (entry.mode !== "40000") {
			if (isLedgerPath(path)) found(path);
		} else if (isWhole(path)) {
			found(path);
		} else if (
			path === "tasks/runs" ||
			path === "tasks/archive" ||
			path === "tasks/templates" ||
			path.startsWith("tasks/runs/")
		) {
			await collectLedgerPaths(reader, entry.oid, path, found);
		}
	}
}

function isWhole(folder: string): boolean {
	return /^tasks\/runs\/[^/]+\/[^/]+$/.test(folder) || /^tasks\/archive\/[^/]+$/.test(folder)
		? isLedgerPath(`${folder}/any`)
		: false;
}

async function emptyTree(reader: ObjectReader, workspace: Workspace): Promise<string> {
	const known = {
		40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
		64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
	};
	return (await reader.read(known[workspace.objectIdLength]))?.oid ?? known[workspace.objectIdLength];
}
