// Where a task's files stand in a tree of some commit, in whatever home, with the names that they keep when they move.
// Invariant: only tree objects are read; the live folder comes first, then the archive's years, newest first.
import type { ObjectReader } from "../../git/object-reader.ts";
import { entryAt, filesIn, listTree, type TreeEntry } from "../../git/tree-edit.ts";
import { ARCHIVE, definitionPath, isArchiveYear, LIVE, recordPath, runsFolder } from "../paths.ts";
import { fromTop, type Workspace } from "../workspace.ts";

export interface PlacedFiles {
	/** The first home that holds one of the task's two files; null where the tree has no such task. */
	readonly home: string | null;
	/** By their path below a home: `tsk_….md`, `runs/tsk_…/run_…/landing.json`. A merge may leave runs in two homes. */
	readonly files: ReadonlyMap<string, TreeEntry>;
	/** The home in which each of them stands. */
	readonly places: ReadonlyMap<string, string>;
}

const NOWHERE: PlacedFiles = { home: null, files: new Map(), places: new Map() };

/** The task's files in `tree`; null is the tree of no commit. */
export async function placedFilesAt(
	reader: ObjectReader,
	workspace: Workspace,
	tree: string | null,
	id: string,
): Promise<PlacedFiles> {
	if (tree === null) return NOWHERE;
	let found: string | null = null;
	const files = new Map<string, TreeEntry>();
	const places = new Map<string, string>();
	const put = (home: string, path: string, entry: TreeEntry) => {
		if (files.has(path)) return;
		files.set(path, entry);
		places.set(path, home);
	};
	for (const home of await homesIn(reader, workspace, tree)) {
		for (const path of [definitionPath(id, home), recordPath(id, home)]) {
			const entry = await entryAt(reader, tree, fromTop(workspace, path));
			if (entry === null || entry.mode === "40000") continue;
			put(home, path.slice(home.length + 1), entry);
			found ??= home;
		}
		const runs = runsFolder(id, home);
		const folder = await entryAt(reader, tree, fromTop(workspace, runs));
		if (folder?.mode !== "40000") continue;
		for (const [name, entry] of await filesIn(reader, folder.oid))
			put(home, `${runs.slice(home.length + 1)}/${name}`, entry);
	}
	return found === null ? NOWHERE : { home: found, files, places };
}

async function homesIn(reader: ObjectReader, workspace: Workspace, tree: string): Promise<string[]> {
	const archive = await entryAt(reader, tree, fromTop(workspace, ARCHIVE));
	if (archive?.mode !== "40000") return [LIVE];
	const years = [...(await listTree(reader, archive.oid))].filter(([name]) => isArchiveYear(name));
	const names = years.map(([name]) => `${ARCHIVE}/${name}`);
	return [LIVE, ...names.sort().reverse()];
}
