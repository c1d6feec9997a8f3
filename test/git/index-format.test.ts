// The index parser and writer against indexes that git itself made: what no change names keeps every byte.
import { lstatSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
	changeIndex,
	emptyIndex,
	entriesOf,
	formatIndex,
	type IndexChange,
	type IndexFile,
	modeOf,
	parseIndex,
	skipPaths,
	stageOf,
} from "../../src/git/index-format.ts";
import { type Repo, repo } from "../support/repo.ts";

const SHA1 = { name: "sha1", init: [] as string[], rawLength: 20, hexLength: 40 };
const SHA256 = { name: "sha256", init: ["--object-format=sha256"], rawLength: 32, hexLength: 64 };
const FORMATS = [SHA1, SHA256];
const VERSIONS = [2, 3, 4] as const;
const CASES = [
	...VERSIONS.map((version) => ({ ...SHA1, version })),
	{ ...SHA256, version: 2 as const },
	{ ...SHA256, version: 4 as const },
];

/** A repository whose index holds every kind of entry. */
async function variedRepo(init: readonly string[], version: number): Promise<Repo> {
	const made = await repo({
		init,
		files: {
			"a.txt": "a\n",
			"bin/run.sh": { executable: "#!/bin/sh\n" },
			"deep/er/and/deeper/file": "deep\n",
			"deep/er.txt": "sorts before the folder\n",
			link: { link: "a.txt" },
			'odd "quotes"\nnewline 漢字': "odd\n",
			[`${"long/".repeat(20)}${"n".repeat(200)}`]: "long\n",
			"zz/last": "last\n",
		},
	});
	made.write("intent.txt", "only announced\n");
	made.git("add", "--intent-to-add", "intent.txt");
	made.git("update-index", "--assume-unchanged", "a.txt");
	made.git("update-index", "--skip-worktree", "zz/last");
	if (version !== 3) {
		// Version 3 is what git takes by itself for extended flags; without them it goes back to 2.
		made.git("update-index", `--index-version=${version}`);
	}
	if (version === 2) {
		made.git("update-index", "--no-skip-worktree", "zz/last");
		made.git("reset", "--quiet", "--", "intent.txt");
	}
	return made;
}

const indexOf = (made: Repo) => readFileSync(join(made.path, ".git", "index"));
const parse = (made: Repo, rawLength = 20) => parseIndex(indexOf(made), rawLength) as IndexFile;
const debugLines = (made: Repo) => made.gitBytes("ls-files", "--stage", "--debug", "-z").toString("latin1");
const blob = (made: Repo, text: string) => {
	made.write("../blob", text);
	return made.git("hash-object", "-w", "../blob");
};

/** Puts the index in place of the repository's and lets git say what is in it. */
function install(made: Repo, index: IndexFile, rawLength: number): void {
	writeFileSync(join(made.path, ".git", "index"), formatIndex(index, rawLength));
}

describe.each(CASES)("an index of version $version with $name ids", ({ init, rawLength, hexLength, version }) => {
	test("is written byte for byte as git wrote it", async () => {
		const made = await variedRepo(init, version);
		made.git("write-tree"); // fills the TREE extension where nothing is only announced
		const bytes = indexOf(made);
		expect(bytes.readUInt32BE(4)).toBe(version);
		const index = parseIndex(bytes, rawLength) as IndexFile;
		expect(index.entries.length).toBeGreaterThan(7);
		expect(formatIndex(index, rawLength).equals(bytes)).toBe(true);
	});

	test("takes changes that git reads back, with all other entries as they were", async () => {
		const made = await variedRepo(init, version);
		const before = new Map(debugBlocks(made).map((block) => [pathOfBlock(block), block]));
		const oid = blob(made, "new\n");
		expect(oid).toHaveLength(hexLength);
		const entry = { mode: 0o100644, oid, stat: null };
		const changes: IndexChange[] = [
			{ path: "0 first", entry },
			{ path: "deep/er/new", entry: { ...entry, mode: 0o100755 } },
			{ path: "deep/er.txt", entry: null },
			{ path: "zzz", entry },
			{ path: "bin/run.sh", entry },
		];
		install(made, changeIndex(parse(made, rawLength), changes), rawLength);
		const after = new Map(debugBlocks(made).map((block) => [pathOfBlock(block), block]));
		const changed = new Set(changes.map(({ path }) => path));
		for (const [path, block] of before) if (!changed.has(path)) expect(after.get(path)).toBe(block);
		expect(after.has("deep/er.txt")).toBe(false);
		expect([...after.keys()].filter((path) => !before.has(path)).sort()).toEqual(["0 first", "deep/er/new", "zzz"]);
		expect(after.get("deep/er/new")).toContain("100755");
		expect(after.get("bin/run.sh")).toMatch(/^100644/);
		made.git("fsck", "--no-dangling");
	});
});

/** `ls-files --debug` prints "<mode> <oid> <stage>\t<path>\0" and then five lines. */
function debugBlocks(made: Repo): string[] {
	const output = debugLines(made);
	return output.split(/(?=^\d{6} [0-9a-f]{40,64} \d\t)/m).filter((block) => block !== "");
}

function pathOfBlock(block: string): string {
	return Buffer.from(block.slice(block.indexOf("\t") + 1, block.indexOf("\0")), "latin1").toString("utf8");
}

describe("the cached tree of the index", () => {
	test("is forgotten for the folders of a change, so that the next commit holds it", async () => {
		const made = await repo({ files: { "a/b/c": "1\n", "a/d": "2\n", "e/f": "3\n" } });
		made.git("write-tree");
		const index = parse(made);
		expect(index.extensions.map(({ signature }) => signature)).toContain("TREE");
		const oid = blob(made, "changed\n");
		const changed = changeIndex(index, [{ path: "a/b/c", entry: { mode: 0o100644, oid, stat: null } }]);
		install(made, changed, 20);
		const tree = made.git("write-tree");
		expect(made.git("ls-tree", "-r", tree)).toContain(`${oid}\ta/b/c`);
		// Untouched folders keep their cached ids: that is what makes the user's next commit fast.
		const cached = changed.extensions.find(({ signature }) => signature === "TREE")?.data.toString("latin1") ?? "";
		expect(cached).toMatch(/^\x00-1 2\n/);
		expect(cached).toMatch(/e\x001 0\n/);
	});

	test.each(FORMATS)(
		"survives random changes with $name ids: git writes the tree that a fresh index gives",
		async ({ init, rawLength }) => {
			const made = await repo({ init });
			const oids = ["one\n", "two\n", "three\n"].map((text) => blob(made, text));
			const names = ["a", "a.b", "a0", "b/c", "b/c/d".replace("c/", "x/"), "b/y", "z/1/2/3", "z/1/4", "é", "漢/字"];
			let seed = 42;
			const random = (below: number) => {
				seed = (seed * 1103515245 + 12345) % 2147483648;
				return seed % below;
			};
			const wanted = new Map<string, string>();
			let index: IndexFile = emptyIndex();
			for (let round = 0; round < 12; round += 1) {
				const changes: IndexChange[] = [];
				for (let i = 0; i <= random(4); i += 1) {
					const path = names[random(names.length)] as string;
					if (changes.some((change) => change.path === path)) continue;
					const oid = oids[random(oids.length)] as string;
					const gone = random(3) === 0;
					changes.push({ path, entry: gone ? null : { mode: 0o100644, oid, stat: null } });
					if (gone) wanted.delete(path);
					else wanted.set(path, oid);
				}
				index = changeIndex(index, changes);
				install(made, index, rawLength);
				const tree = made.git("write-tree"); // also writes the TREE extension, which the next round has to heed
				index = parse(made, rawLength);
				const listed = made.git("ls-tree", "-r", "-z", tree);
				const expected = [...wanted].map(([path, oid]) => `100644 blob ${oid}\t${path}`);
				expect(listed.split("\0").filter(Boolean).sort()).toEqual(expected.sort());
			}
		},
	);
});

describe("entries", () => {
	test.each(FORMATS)("can all go and come again, with $name ids", async ({ init, rawLength }) => {
		const made = await repo({ init, files: { "a/f": "f\n" } });
		made.git("write-tree");
		install(made, changeIndex(parse(made, rawLength), [{ path: "a/f", entry: null }]), rawLength);
		expect(made.git("ls-files")).toBe("");
		const empty = made.git("write-tree");
		const entry = { mode: 0o100644, oid: blob(made, "g\n"), stat: null };
		install(made, changeIndex(parse(made, rawLength), [{ path: "b/g", entry }]), rawLength);
		expect(made.git("write-tree")).not.toBe(empty);
		expect(made.git("ls-files")).toBe("b/g");
	});

	test("of a path in conflict are all replaced by one", async () => {
		const made = await repo({ files: { "f.txt": "base\n" } });
		made.git("switch", "--quiet", "-c", "side");
		made.write("f.txt", "side\n");
		made.commitAll("side");
		made.git("switch", "--quiet", "main");
		made.write("f.txt", "main\n");
		made.commitAll("main");
		expect(() => made.git("merge", "side")).toThrow();
		const index = parse(made);
		expect(entriesOf(index, "f.txt").map(stageOf)).toEqual([1, 2, 3]);
		const oid = blob(made, "resolved\n");
		const changed = changeIndex(index, [{ path: "f.txt", entry: { mode: 0o100644, oid, stat: null } }]);
		expect(entriesOf(changed, "f.txt").map(stageOf)).toEqual([0]);
		install(made, changed, 20);
		expect(made.git("ls-files", "--unmerged")).toBe("");
	});

	test("get the stat data that git itself would store", async () => {
		const made = await repo({ files: { "f.txt": "content\n", "run.sh": { executable: "#!/bin/sh\n" } } });
		made.git("update-index", "--refresh");
		const before = debugLines(made);
		const index = parse(made);
		const changes = ["f.txt", "run.sh"].map((path) => {
			const [entry] = entriesOf(index, path);
			const stat = lstatSync(join(made.path, path), { bigint: true });
			const mode = modeOf(entry as NonNullable<typeof entry>);
			return { path, entry: { mode, oid: (entry as NonNullable<typeof entry>).oid.toString("hex"), stat } };
		});
		install(made, changeIndex(index, changes), 20);
		expect(debugLines(made)).toBe(before);
	});

	test("of names longer than the length field are kept", async () => {
		const made = await repo();
		const long = `${"d/".repeat(2100)}f`;
		const oid = blob(made, "x\n");
		install(made, changeIndex(emptyIndex(), [{ path: long, entry: { mode: 0o100644, oid, stat: null } }]), 20);
		expect(made.git("ls-files")).toBe(long);
		const again = parse(made);
		expect(formatIndex(again, 20).equals(indexOf(made))).toBe(true);
	});

	test("are marked as skipped where asked, in a version that can say so", async () => {
		const made = await repo({ files: { "a.txt": "a\n", "b.txt": "b\n" } });
		install(
			made,
			skipPaths(parse(made), (path) => path === "b.txt"),
			20,
		);
		expect(made.git("ls-files", "-t")).toBe("H a.txt\nS b.txt");
		expect(indexOf(made).readUInt32BE(4)).toBe(3);
	});
});

describe("an index that only git may change", () => {
	test("is one that is split", async () => {
		const made = await repo({ files: { "a.txt": "a\n" } });
		made.git("update-index", "--split-index");
		expect(parseIndex(indexOf(made), 20)).toBeNull();
	});

	test("is one that is sparse", async () => {
		const made = await repo({ files: { "a/f": "a\n", "b/f": "b\n" } });
		made.git("sparse-checkout", "set", "--cone", "--sparse-index", "a");
		expect(made.git("ls-files", "--sparse")).toContain("b/");
		expect(parseIndex(indexOf(made), 20)).toBeNull();
	});

	test("is one of a version that came later, or with an extension that must be understood", () => {
		const bytes = formatIndex(emptyIndex(), 20);
		const later = Buffer.from(bytes);
		later.writeUInt32BE(5, 4);
		expect(parseIndex(later, 20)).toBeNull();
		const required = Buffer.concat([bytes.subarray(0, 12), Buffer.from("next\0\0\0\0", "latin1"), Buffer.alloc(20)]);
		expect(parseIndex(required, 20)).toBeNull();
		const unknown = Buffer.concat([bytes.subarray(0, 12), Buffer.from("NEXT\0\0\0\0", "latin1"), Buffer.alloc(20)]);
		expect(parseIndex(unknown, 20)).toBeNull();
	});

	test("keeps an empty checksum empty", () => {
		const unhashed = formatIndex({ ...emptyIndex(), hashed: false }, 20);
		expect(unhashed.subarray(-20).every((byte) => byte === 0)).toBe(true);
		expect((parseIndex(unhashed, 20) as IndexFile).hashed).toBe(false);
	});
});

describe("a damaged index", () => {
	test("is refused wherever it is cut off, and never read as a shorter one", async () => {
		for (const version of [2, 4]) {
			const made = await variedRepo([], version);
			const bytes = indexOf(made);
			for (let length = 0; length < bytes.length; length += 7) {
				let outcome: unknown;
				try {
					outcome = parseIndex(bytes.subarray(0, length), 20);
				} catch (error) {
					outcome = error;
				}
				expect(outcome, `cut at ${length}`).toMatchObject({ code: "git_failed" });
			}
		}
	});

	test("is refused when a byte of it has flipped", async () => {
		const made = await variedRepo([], 2);
		const bytes = Buffer.from(indexOf(made));
		bytes[60] = (bytes[60] as number) ^ 1;
		expect(() => parseIndex(bytes, 20)).toThrow(expect.objectContaining({ code: "git_failed" }));
	});

	test("is refused when it is something else", () => {
		expect(() => parseIndex(Buffer.from("not an index at all, though long enough"), 20)).toThrow(/damaged/);
	});
});
