// Edited trees against those that `git mktree` and a real index make of the same content.
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type ObjectReader, openObjectReader } from "../../src/git/object-reader.ts";
import { editTree, entryAt, listTree, type TreeEntry } from "../../src/git/tree-edit.ts";
import { type Repo, repo } from "../support/repo.ts";
import { shell } from "../support/shell.ts";

const FORMATS = [
	{ name: "sha1", init: [], objectIdLength: 40 as const },
	{ name: "sha256", init: ["--object-format=sha256"], objectIdLength: 64 as const },
];

const readers: ObjectReader[] = [];
afterEach(() => {
	for (const reader of readers.splice(0)) reader.close();
});

function readerOf(made: Repo): ObjectReader {
	const reader = openObjectReader(made.env, made.path);
	readers.push(reader);
	return reader;
}

const storeOf = (made: Repo, objectIdLength: 40 | 64 = 40) => ({ commonDir: join(made.path, ".git"), objectIdLength });

function blob(made: Repo, text: string): TreeEntry {
	made.write("../blob", text);
	return { mode: "100644", oid: made.git("hash-object", "-w", "../blob") };
}

/** The tree that git itself makes of the paths, by way of an index of its own. */
function treeByGit(made: Repo, entries: ReadonlyMap<string, TreeEntry>): string {
	const env = { GIT_INDEX_FILE: join(made.home, "other.index") };
	const lines = [...entries].map(([path, { mode, oid }]) => `${mode.padStart(6, "0")} ${oid}\t${path}\n`).join("");
	made.write("../lines", lines);
	const script = `rm -f "$GIT_INDEX_FILE"; git update-index --index-info <"${join(made.home, "lines")}" && git write-tree`;
	return shell(made, script, env);
}

describe.each(FORMATS)("with $name ids, an edit", ({ init, objectIdLength }) => {
	test("gives the trees that git gives, through random additions, changes and removals", async () => {
		const made = await repo({ init });
		const reader = readerOf(made);
		const blobs = ["one\n", "two\n", "three\n"].map((text) => blob(made, text));
		// Names that sort differently as files and as folders, and names beyond ASCII.
		const names = ["a", "a-b", "a.b", "a0", "ab/c", "ab/d/e", "ab-c", "b/x", "b.x", "é", "漢/字", "z/1/2/3", "z/1/4"];
		let seed = 7;
		const random = (below: number) => {
			seed = (seed * 1103515245 + 12345) % 2147483648;
			return seed % below;
		};
		const wanted = new Map<string, TreeEntry>();
		let tree: string | null = null;
		for (let round = 0; round < 14; round += 1) {
			const changes = new Map<string, TreeEntry | null>();
			for (let i = 0; i <= random(5); i += 1) {
				const path = names[random(names.length)] as string;
				const entry = random(3) === 0 ? null : (blobs[random(blobs.length)] as TreeEntry);
				changes.set(path, entry);
				if (entry === null) wanted.delete(path);
				else wanted.set(path, entry);
			}
			tree = await editTree(reader, storeOf(made, objectIdLength), tree, changes);
			if (wanted.size === 0) expect(tree).toBeNull();
			else expect(tree).toBe(treeByGit(made, wanted));
		}
		made.git("fsck", "--strict", "--no-dangling");
	});
});

describe("an edit", () => {
	test("keeps modes, links, submodules and names that are not UTF-8", async () => {
		const made = await repo({
			files: { "run.sh": { executable: "#!/bin/sh\n" }, link: { link: "run.sh" }, "d/f": "f\n" },
		});
		const commit = made.git("rev-parse", "HEAD");
		made.git("update-index", "--add", "--cacheinfo", `160000,${commit},sub`);
		shell(made, `printf '100644 %s\\tlatin-\\351\\n' "$(git rev-parse HEAD:d/f)" | git update-index --index-info`);
		const before = made.git("write-tree");
		const entry = blob(made, "new\n");
		const after = await editTree(readerOf(made), storeOf(made), before, new Map([["d/new", entry]]));
		expect(made.git("diff-tree", "-r", before, after as string)).toBe(
			`:000000 100644 ${"0".repeat(40)} ${entry.oid} A\td/new`,
		);
	});

	test("of thousands of paths in one folder is as exact as one of a few, and quick", async () => {
		const made = await repo();
		const reader = readerOf(made);
		const one = blob(made, "one\n");
		const two = blob(made, "two\n");
		const all = new Map(Array.from({ length: 4_000 }, (_, at): [string, TreeEntry] => [`tasks/é${at}`, one]));
		const tree = treeByGit(made, all);
		const changes = new Map<string, TreeEntry | null>();
		for (const [at, path] of [...all.keys()].entries()) if (at % 3 > 0) changes.set(path, at % 3 === 1 ? null : two);
		const wanted = new Map(
			[...all].map(([path, entry]) => [path, changes.has(path) ? changes.get(path) : entry] as const),
		);
		const left = new Map([...wanted].filter((item): item is [string, TreeEntry] => item[1] != null));
		const before = performance.now();
		expect(await editTree(reader, storeOf(made), tree, changes)).toBe(treeByGit(made, left));
		expect(performance.now() - before).toBeLessThan(2_000);
	});

	test("of nothing keeps the tree, and the removal of all leaves none", async () => {
		const made = await repo({ files: { "a/b/c": "c\n" } });
		const tree = made.git("rev-parse", "HEAD^{tree}");
		const edit = (changes: [string, TreeEntry | null][]) =>
			editTree(readerOf(made), storeOf(made), tree, new Map(changes));
		expect(await edit([])).toBe(tree);
		expect(await edit([["a/b/missing", null]])).toBe(tree);
		expect(await edit([["a/b/c/below a file", null]])).toBe(tree);
		expect(await edit([["a/b/c", null]])).toBeNull();
	});

	test("never takes a file away to make a folder of its name", async () => {
		const made = await repo({ files: { tasks: "a file of the user's\n" } });
		const tree = made.git("rev-parse", "HEAD^{tree}");
		const changes = new Map([["tasks/tsk_0000000000.md", blob(made, "x\n")]]);
		await expect(editTree(readerOf(made), storeOf(made), tree, changes)).rejects.toMatchObject({
			code: "ledger_path_taken",
			message: expect.stringContaining("tasks"),
		});
	});

	test("of a tree that the repository lacks says so", async () => {
		const made = await repo();
		const changes = new Map([["a", blob(made, "x\n")]]);
		await expect(editTree(readerOf(made), storeOf(made), "1".repeat(40), changes)).rejects.toMatchObject({
			code: "git_failed",
		});
	});
});

describe("a look into a tree", () => {
	test("finds files, folders and nothing", async () => {
		const made = await repo({ files: { "a/b": "b\n", "a.txt": "a\n" } });
		const reader = readerOf(made);
		const tree = made.git("rev-parse", "HEAD^{tree}");
		expect(await entryAt(reader, tree, "a/b")).toEqual({ mode: "100644", oid: made.git("rev-parse", "HEAD:a/b") });
		expect(await entryAt(reader, tree, "a")).toEqual({ mode: "40000", oid: made.git("rev-parse", "HEAD:a") });
		expect(await entryAt(reader, tree, "a/b/c")).toBeNull();
		expect(await entryAt(reader, tree, "nothing")).toBeNull();
		expect(await entryAt(reader, null, "a")).toBeNull();
		expect([...(await listTree(reader, tree)).keys()]).toEqual(["a.txt", "a"]);
	});
});
