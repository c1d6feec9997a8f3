// Task files that a commit moves between homes, and where a file stands now that somebody else moved: a change follows the
// file, as git's own merge follows a rename. Invariant: only homes of one task are looked at, never another's files.
import type { ObjectReader } from "../../git/object-reader.ts";
import { entryAt, listTree } from "../../git/tree-edit.ts";
import { ARCHIVE, isArchiveYear, LIVE, taskPath } from "../paths.ts";
import type { PathChange } from "../sync/unpushed.ts";
import { fromTop, type Workspace } from "../workspace.ts";

export interface FileChange extends PathChange {
	/** Where the change puts the file: `path`, unless it moves it to another home. */
	readonly to: string;
}

/** The changes of a commit, with a file that goes from one home and comes in another as one change. */
export function withMoves(workspace: Pick<Workspace, "prefix">, changes: readonly PathChange[]): FileChange[] {
	const gone = new Map<string, PathChange>();
	for (const change of changes) {
		const name = nameInHome(workspace, change.path);
		if (change.newOid === null && name !== null) gone.set(name, change);
	}
	const moved = new Set<string>();
	const joined = changes.map((change): FileChange => {
		const from = change.oldOid === null ? gone.get(nameInHome(workspace, change.path) ?? "") : undefined;
		if (from === undefined || moved.has(from.path)) return { ...change, to: change.path };
		moved.add(from.path);
		return { ...change, path: from.path, oldMode: from.oldMode, oldOid: from.oldOid, to: change.path };
	});
	return joined.filter((change) => change.newOid !== null || !moved.has(change.path));
}

/** Where in the tree the changed file stands: where the change finds it, where it puts it, or in another home. */
export async function standsAt(
	reader: ObjectReader,
	workspace: Pick<Workspace, "prefix">,
	tree: string,
	change: FileChange,
): Promise<string> {
	for (const path of [change.path, change.to]) if ((await entryAt(reader, tree, path)) !== null) return path;
	const name = nameInHome(workspace, change.path);
	if (name === null || change.oldOid === null || change.newOid === null) return change.path;
	const archive = await entryAt(reader, tree, fromTop(workspace, ARCHIVE));
	const years =
		archive?.mode === "40000" ? [...(await listTree(reader, archive.oid)).keys()].filter(isArchiveYear) : [];
	for (const home of [
		LIVE,
		...years
			.sort()
			.reverse()
			.map((year) => `${ARCHIVE}/${year}`),
	]) {
		const path = fromTop(workspace, `${home}/${name}`);
		if ((await entryAt(reader, tree, path)) !== null) return path;
	}
	return change.path;
}

/** A task file's path below its home, the same in every home; null for any other path. */
function nameInHome(workspace: Pick<Workspace, "prefix">, path: string): string | null {
	const below = fromTop(workspace, "");
	if (!path.startsWith(below)) return null;
	const own = path.slice(below.length);
	const found = taskPath(own);
	return found === null ? null : own.slice(found.home.length + 1);
}
