// Where a task's files stand in a tree of some commit, in whatever home, with the names that they keep when they move.
// Invariant: only tree objects are read; the live folder comes first, then the archive's years, newest first.
import type { ObjectReader } from "../../git/object-reader.ts";
import { entryAt, listTree, type TreeEntry } from "../../git/tree-edit.ts";
import { ARCHIVE, definitionPath, isArchiveYear, LIVE, recordPath, runsFolder } from "../paths.ts";
import { fromTop, type Workspace } from "../workspace.ts";

export interface PlacedFiles {
	/** null where the tree has no such task. */
	readonly home: string | null;
	/** By their path below the home: `tsk_….md`, `runs/tsk_…/run_…/landing.json`. */
	readonly files: ReadonlyMap<string, TreeEntry>;
}

const NOWHERE: PlacedFiles = { home: null, files: new Map() };

/** The task's files in `tree`; null is the tree of no commit. */
export async function placedFilesAt(
	reader: ObjectReader,
	workspace: Workspace,
	tree: string | null,
	id: string,
): Promise<PlacedFiles> {
	if (tree === null) return NOWHERE;
	for (const home of await homesIn(reader, workspace, tree)) {
		const files = new Map<string, TreeEntry>();
		for (const path of [definitionPath(id, home), recordPath(id, home)]) {
			const entry = await entryAt(reader, tree, fromTop(workspace, path));
			if (entry !== null && entry.mode !== "40000") files.set(path.slice(home.length + 1), entry);
		}
		if (files.size === 0) continue;
		const runs = runsFolder(id, home);
		const folder = await entryAt(reader, tree, fromTop(workspace, runs));
		if (folder?.mode === "40000") await collect(reader, folder.oid, runs.slice(home.length + 1), files);
		return { home, files };
	}
	return NOWHERE;
}

async function homesIn(reader: ObjectReader, workspace: Workspace, tree: string): Promise<string[]> {
	const archive = await entryAt(reader, tree, fromTop(workspace, ARCHIVE));
	if (archive?.mode !== "40000") return [LIVE];
	const years = [...(await listTree(reader, archive.oid))].filter(([name]) => isArchiveYear(name));
	const names = years.map(([name]) => `${ARCHIVE}/${name}`);
	return [LIVE, ...names.sort().reverse()];
}

async function collect(
	reader: ObjectReader,
	tree: string,
	folder: string,
	files: Map<string, TreeEntry>,
): Promise<void> {
	for (const [name, entry] of await listTree(reader, tree)) {
		const path = `${folder}/${name}`;
		if (entry.mode === "40000") await collect(reader, entry.oid, path, files);
		else files.set(path, entry);
	}
}
