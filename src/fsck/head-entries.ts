// What the checked-out commit holds in tasks/, and whether the repository has all of it.
import { readHead } from "../git/head.ts";
import type { ObjectReader } from "../git/object-reader.ts";
import { entryAt, listTree } from "../git/tree-edit.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { fromTop } from "../ledger/workspace.ts";

export interface HeadEntries {
	/** null on an unborn branch. */
	readonly commit: string | null;
	/** Blob ids by path, relative to the workspace. */
	readonly files: ReadonlyMap<string, string>;
	/** Paths whose folder or file the repository lacks, with the object's id. */
	readonly missing: ReadonlyMap<string, string>;
}

/** In a partial clone files are not looked for: git would fetch them. */
export async function readHeadEntries(
	ledger: Ledger,
	reader: ObjectReader,
	options: { readonly partial: boolean },
): Promise<HeadEntries> {
	const head = await readHead(ledger.workspace.gitDir, reader, ledger.git);
	const files = new Map<string, string>();
	const missing = new Map<string, string>();
	const visit = async (oid: string, path: string): Promise<void> => {
		if ((await reader.read(oid)) === null) {
			missing.set(path, oid);
			return;
		}
		const below: Promise<void>[] = [];
		for (const [name, entry] of await listTree(reader, oid)) {
			if (entry.mode === "40000") below.push(visit(entry.oid, `${path}/${name}`));
			else if (entry.mode !== "160000") files.set(`${path}/${name}`, entry.oid);
		}
		await Promise.all(below);
	};
	const top = await entryAt(reader, head.tree, fromTop(ledger.workspace, "tasks"));
	if (top?.mode === "40000") await visit(top.oid, "tasks");
	if (!options.partial) {
		const absent = await absentObjects(ledger, [...files.values()]);
		for (const [path, oid] of files) if (absent.has(oid)) missing.set(path, oid);
	}
	return { commit: head.commit, files, missing };
}

async function absentObjects(ledger: Ledger, oids: readonly string[]): Promise<ReadonlySet<string>> {
	if (oids.length === 0) return new Set();
	const stdin = `${[...new Set(oids)].join("\n")}\n`;
	const result = await ledger.git(["cat-file", "--batch-check"], { stdin });
	const lines = result.stdout.toString("utf8").split("\n");
	return new Set(lines.filter((line) => line.endsWith(" missing")).map((line) => line.split(" ", 1)[0] as string));
}
