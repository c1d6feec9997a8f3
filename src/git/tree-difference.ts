// The files that differ between two trees, read in process. Folders that are equal are not entered.
import type { ObjectReader } from "./object-reader.ts";
import { listTree, type TreeEntry } from "./tree-edit.ts";

export interface TreeDifference {
	readonly before: TreeEntry | null;
	readonly after: TreeEntry | null;
}

/** By path. `skipped` is a folder that is not looked into. */
export async function treeDifference(
	reader: ObjectReader,
	before: string | null,
	after: string | null,
	skipped: string,
	folder = "",
): Promise<Map<string, TreeDifference>> {
	const found = new Map<string, TreeDifference>();
	if (before === after) return found;
	const none = new Map<string, TreeEntry>();
	const [old, now] = await Promise.all([before, after].map((tree) => (tree === null ? none : listTree(reader, tree))));
	for (const name of new Set([...(old ?? none).keys(), ...(now ?? none).keys()])) {
		const path = `${folder}${name}`;
		const [was, is] = [old?.get(name) ?? null, now?.get(name) ?? null];
		if (isSameEntry(was, is) || path === skipped) continue;
		const [wasTree, isTree] = [was, is].map((entry) => (entry?.mode === "40000" ? entry.oid : null));
		const below = await treeDifference(reader, wasTree ?? null, isTree ?? null, skipped, `${path}/`);
		for (const [inner, difference] of below) found.set(inner, difference);
		const [wasFile, isFile] = [wasTree == null ? was : null, isTree == null ? is : null];
		if (wasFile !== null || isFile !== null) found.set(path, { before: wasFile, after: isFile });
	}
	return found;
}

export function isSameEntry(one: TreeEntry | null, other: TreeEntry | null): boolean {
	return one?.oid === other?.oid && one?.mode === other?.mode;
}
