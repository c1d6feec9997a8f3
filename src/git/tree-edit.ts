// Makes a tree from another tree and a few changed paths, touching only the folders on the way.
// Invariant: entries that no change names keep their bytes and their order.
import { MsgcodeError } from "../core/errors.ts";
import type { ObjectReader } from "./object-reader.ts";
import { type ObjectStore, writeObject } from "./object-writer.ts";

export interface TreeEntry {
	/** git's mode as written in trees: "100644", "100755", "120000", "160000" or "40000". */
	readonly mode: string;
	readonly oid: string;
}

/** Paths are relative to the tree, with "/" between names; null removes the path. */
export type TreeChanges = ReadonlyMap<string, TreeEntry | null>;

/** Writes the changed tree and returns its id; null when nothing is left in it. Throws `ledger_path_taken` for a path below a file. */
export async function editTree(
	reader: ObjectReader,
	store: ObjectStore,
	tree: string | null,
	changes: TreeChanges,
): Promise<string | null> {
	const here = new Map<string, TreeEntry | null>();
	const below = new Map<string, Map<string, TreeEntry | null>>();
	for (const [path, entry] of changes) {
		const slash = path.indexOf("/");
		if (slash < 0) {
			here.set(path, entry);
			continue;
		}
		const name = path.slice(0, slash);
		const group = below.get(name) ?? new Map<string, TreeEntry | null>();
		group.set(path.slice(slash + 1), entry);
		below.set(name, group);
	}
	const content = tree === null ? Buffer.alloc(0) : await treeContent(reader, tree);
	const rawLength = store.objectIdLength / 2;
	for (const [name, group] of below) {
		const existing = findEntry(content, name, rawLength);
		if (existing !== null && existing.mode !== "40000") {
			// Removing below a file removes nothing; adding below it would take the file away.
			if ([...group.values()].every((entry) => entry === null)) continue;
			throw new MsgcodeError("ledger_path_taken", `The commit holds ${name} as a file, where a folder is needed.`, {
				hint: "Commit its removal first.",
			});
		}
		const subtree = existing?.oid ?? null;
		const edited = await editTree(reader, store, subtree, group);
		here.set(name, edited === null ? null : { mode: "40000", oid: edited });
	}
	const merged = mergeEntries(content, here, rawLength);
	return merged.length === 0 ? null : writeObject(store, "tree", merged);
}

/** The entry at `path` below `tree`, or null. */
export async function entryAt(reader: ObjectReader, tree: string | null, path: string): Promise<TreeEntry | null> {
	let current: TreeEntry | null = tree === null ? null : { mode: "40000", oid: tree };
	for (const name of path.split("/")) {
		if (current === null || current.mode !== "40000") return null;
		const content = await treeContent(reader, current.oid);
		current = findEntry(content, name, current.oid.length / 2);
	}
	return current;
}

/** The entries at many paths at once; each folder on the way is read once. Paths without an entry are left out. */
export async function entriesAt(
	reader: ObjectReader,
	tree: string | null,
	paths: readonly string[],
): Promise<Map<string, TreeEntry>> {
	const found = new Map<string, TreeEntry>();
	const descend = async (oid: string, prefix: string, rests: readonly string[]): Promise<void> => {
		const below = new Map<string, string[]>();
		for (const rest of rests) {
			const slash = rest.indexOf("/");
			const name = slash < 0 ? rest : rest.slice(0, slash);
			if (!below.has(name)) below.set(name, []);
			if (slash >= 0) below.get(name)?.push(rest.slice(slash + 1));
		}
		const content = await treeContent(reader, oid);
		const isWanted = amongNames([...below.keys()], content);
		for (const span of scan(content, oid.length / 2)) {
			if (!isWanted(span)) continue;
			const name = content.toString("utf8", span.nameStart, span.nameEnd);
			const entry = readEntry(content, span);
			found.set(prefix + name, entry);
			const deeper = below.get(name) ?? [];
			if (entry.mode === "40000" && deeper.length > 0) await descend(entry.oid, `${prefix}${name}/`, deeper);
		}
	};
	if (tree !== null && paths.length > 0) await descend(tree, "", paths);
	const wanted = new Set(paths);
	return new Map([...found].filter(([path]) => wanted.has(path)));
}

/** Every file of a tree and of the folders in it, by its path. */
export async function filesIn(reader: ObjectReader, tree: string): Promise<Map<string, TreeEntry>> {
	const files = new Map<string, TreeEntry>();
	const descend = async (oid: string, prefix: string): Promise<void> => {
		for (const [name, entry] of await listTree(reader, oid)) {
			if (entry.mode === "40000") await descend(entry.oid, `${prefix}${name}/`);
			else files.set(prefix + name, entry);
		}
	};
	await descend(tree, "");
	return files;
}

/** The file, link or submodule at `path`; null for a folder, which is no entry of the index. */
export async function fileAt(reader: ObjectReader, tree: string | null, path: string): Promise<TreeEntry | null> {
	const entry = await entryAt(reader, tree, path);
	return entry?.mode === "40000" ? null : entry;
}

/** All entries of one tree, by name. Names that are not UTF-8 come back as latin1 would read them. */
export async function listTree(reader: ObjectReader, tree: string): Promise<Map<string, TreeEntry>> {
	const content = await treeContent(reader, tree);
	const entries = new Map<string, TreeEntry>();
	for (const entry of scan(content, tree.length / 2)) {
		entries.set(content.toString("utf8", entry.nameStart, entry.nameEnd), readEntry(content, entry));
	}
	return entries;
}

async function treeContent(reader: ObjectReader, oid: string): Promise<Buffer> {
	const object = await reader.read(oid);
	if (object === null || object.type !== "tree") {
		throw new MsgcodeError("git_failed", `The repository lacks the tree ${oid}.`, { hint: "git fsck" });
	}
	return object.content;
}

interface EntrySpan {
	readonly start: number;
	readonly nameStart: number;
	readonly nameEnd: number;
	readonly end: number;
	readonly isTree: boolean;
}

function* scan(content: Buffer, rawLength: number): Generator<EntrySpan> {
	let start = 0;
	while (start < content.length) {
		const space = content.indexOf(32, start);
		const nameEnd = content.indexOf(0, space);
		const end = nameEnd + 1 + rawLength;
		yield { start, nameStart: space + 1, nameEnd, end, isTree: content[start] === 0x34 };
		start = end;
	}
}

function readEntry(content: Buffer, span: EntrySpan): TreeEntry {
	return {
		mode: content.toString("latin1", span.start, span.nameStart - 1),
		oid: content.toString("hex", span.nameEnd + 1, span.end),
	};
}

function findEntry(content: Buffer, name: string, rawLength: number): TreeEntry | null {
	const wanted = Buffer.from(name);
	for (const span of scan(content, rawLength)) {
		if (span.nameEnd - span.nameStart !== wanted.length) continue;
		if (content.compare(wanted, 0, wanted.length, span.nameStart, span.nameEnd) === 0) return readEntry(content, span);
	}
	return null;
}

/** git sorts a folder as if its name ended in "/". */
function sortKey(name: Buffer, isTree: boolean): Buffer {
	return isTree ? Buffer.concat([name, Buffer.from("/")]) : name;
}

function mergeEntries(content: Buffer, changes: ReadonlyMap<string, TreeEntry | null>, rawLength: number): Buffer {
	const added = [...changes]
		.filter((change): change is [string, TreeEntry] => change[1] !== null)
		.map(([name, entry]) => {
			const raw = Buffer.from(name);
			const bytes = Buffer.concat([
				Buffer.from(`${entry.mode} `),
				raw,
				Buffer.from([0]),
				Buffer.from(entry.oid, "hex"),
			]);
			return { key: sortKey(raw, entry.mode === "40000"), bytes };
		})
		.sort((a, b) => a.key.compare(b.key));
	const isReplaced = amongNames([...changes.keys()], content);
	const pieces: Buffer[] = [];
	let next = 0;
	let copied = 0; // everything of `content` before this offset is in `pieces` or left out
	for (const span of scan(content, rawLength)) {
		while (next < added.length && compareToSpan((added[next] as { key: Buffer }).key, content, span) <= 0) {
			pieces.push(content.subarray(copied, span.start), (added[next] as { bytes: Buffer }).bytes);
			copied = span.start;
			next += 1;
		}
		if (isReplaced(span)) {
			pieces.push(content.subarray(copied, span.start));
			copied = span.end;
		}
	}
	pieces.push(content.subarray(copied), ...added.slice(next).map((entry) => entry.bytes));
	return Buffer.concat(pieces);
}

/** Tells whether an entry's name is one of `names`: a few are compared as bytes, thousands are looked up. */
function amongNames(names: readonly string[], content: Buffer): (span: EntrySpan) => boolean {
	const raw = names.map((name) => Buffer.from(name));
	if (raw.length <= 8) {
		return (span) => raw.some((name) => content.compare(name, 0, name.length, span.nameStart, span.nameEnd) === 0);
	}
	const known = new Set(raw.map((name) => name.toString("latin1")));
	return (span) => known.has(content.toString("latin1", span.nameStart, span.nameEnd));
}

/** Negative when `key` sorts before the entry. No buffer is made for the common case, a file. */
function compareToSpan(key: Buffer, content: Buffer, span: EntrySpan): number {
	if (!span.isTree) return -content.compare(key, 0, key.length, span.nameStart, span.nameEnd);
	return key.compare(sortKey(content.subarray(span.nameStart, span.nameEnd), true));
}
