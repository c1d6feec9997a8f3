// Patches read and applied in process, held against git: random edits of a tree, files of every kind, and nothing that is
// judged though it is not understood.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { memoryObjects } from "../../src/git/memory-objects.ts";
import { openObjectReader } from "../../src/git/object-reader.ts";
import { patchNumbers, treeAfterPatch, writePatch } from "../../src/git/patch.ts";
import { applyHunks, applyInProcess } from "../../src/git/patch-apply.ts";
import { readPatch } from "../../src/git/patch-reader.ts";
import { createGit } from "../../src/git/plumbing.ts";
import { treeDifference } from "../../src/git/tree-difference.ts";
import { type Repo, repo, temporaryFolder } from "../support/repo.ts";
import { shell } from "../support/shell.ts";

const SEEDS = [11, 12, 13, 14, 15, 16, 17, 18];

/** mulberry32. */
function randomFrom(seed: number): (below: number) => number {
	let state = seed;
	return (below) => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
	};
}

async function patchBetween(place: Repo, from: string, to: string): Promise<Buffer> {
	const file = join(temporaryFolder(), "patch");
	await writePatch(createGit(place.env, { cwd: place.path }), join(place.path, ".git"), from, to, file);
	return readFileSync(file);
}

/** The tree that the patch gives in process, and what stays of the repository's own objects. */
async function apply(place: Repo, base: string, patch: Buffer): Promise<string | null> {
	const reader = openObjectReader(place.env, place.path);
	try {
		const files = readPatch(patch);
		const length = place.git("rev-parse", "HEAD").length as 40 | 64;
		const memory = memoryObjects(reader, { commonDir: join(place.path, ".git"), objectIdLength: length });
		const tree = place.git("rev-parse", `${base}^{tree}`);
		return files === null ? null : ((await applyInProcess(memory.reader, memory.store, tree, files))?.tree ?? null);
	} finally {
		reader.close();
	}
}

const some: Record<string, string> = {};
for (const name of ["a.txt", "b c.txt", "d/e.txt", "d/f/g.txt", "ü.txt", 'q"uote.txt', "tab\there.txt"]) {
	some[name] = Array.from({ length: 30 }, (_, at) => `${name} line ${at}\n`).join("");
}

describe("a patch applied in process gives the tree that git gives", () => {
	test.each(SEEDS)("random edits, seed %i", async (seed) => {
		const random = randomFrom(seed);
		const place = await repo({ files: some });
		for (const [name, text] of Object.entries(some)) {
			const lines = text.split("\n");
			const doing = random(6);
			const target = doing === 1 ? `moved ${name.replaceAll("/", "-")}` : name;
			if (doing === 0) place.git("rm", "-q", "--", name);
			else if (doing === 1) place.git("mv", "--", name, target);
			if (doing === 0 || doing === 5) continue;
			for (let edits = random(4); edits > 0; edits -= 1) {
				lines.splice(random(lines.length), random(5), ...Array.from({ length: random(4) }, () => `new ${random(99)}`));
			}
			place.write(target, random(3) === 0 ? lines.join("\n").trimEnd() : lines.join(doing === 2 ? "\r\n" : "\n"));
		}
		place.commitAll("edits");
		const patch = await patchBetween(place, "HEAD~1", "HEAD");
		expect(await apply(place, "HEAD~1", patch)).toBe(place.git("rev-parse", "HEAD^{tree}"));
		const git = createGit(place.env, { cwd: place.path });
		const numbers = (readPatch(patch) ?? []).map(({ newPath, oldPath, insertions, deletions }) => ({
			path: newPath ?? oldPath,
			insertions,
			deletions,
		}));
		expect(numbers).toEqual(await patchNumbers(git, place.path, patch));
	});

	test("modes, links, empty files, missing line ends, a swap of names, a file that becomes a folder", async () => {
		const place = await repo({
			files: {
				...some,
				"run.sh": "x\n",
				link: { link: "a.txt" },
				"one.txt": "1\n".repeat(20),
				"two.txt": "2\n".repeat(20),
			},
		});
		const script =
			"chmod +x run.sh; ln -sfn d link; : >empty; printf end >end.txt; mv one.txt t; mv two.txt one.txt; mv t two.txt";
		shell(place, script);
		place.commitAll("kinds");
		const patch = await patchBetween(place, "HEAD~1", "HEAD");
		expect(await apply(place, "HEAD~1", patch)).toBe(place.git("rev-parse", "HEAD^{tree}"));
	});

	test("a repository with sha-256 ids", async () => {
		const place = await repo({ files: some, init: ["--object-format=sha256"] });
		place.write("a.txt", "another\n");
		place.commitAll("edit");
		const patch = await patchBetween(place, "HEAD~1", "HEAD");
		expect(await apply(place, "HEAD~1", patch)).toBe(place.git("rev-parse", "HEAD^{tree}"));
	});
});

describe("what is not understood, or does not fit, is not judged", () => {
	const changed = async () => {
		const place = await repo({ files: { ...some, "bin.dat": Buffer.from([0, 1, 2]) } });
		place.write("a.txt", (some["a.txt"] ?? "").replace("line 7", "line seven"));
		place.commitAll("edit");
		return { place, patch: (await patchBetween(place, "HEAD~1", "HEAD")).toString("latin1") };
	};

	test("a binary file, though its patch is read", async () => {
		const { place } = await changed();
		place.write("bin.dat", Buffer.from([0, 9, 9]));
		place.commitAll("binary");
		const patch = await patchBetween(place, "HEAD~1", "HEAD");
		expect(readPatch(patch)).toMatchObject([{ newPath: "bin.dat", binary: true, insertions: null, deletions: null }]);
		expect(await apply(place, "HEAD~1", patch)).toBeNull();
	});

	test.each<readonly [string, (patch: string) => string]>([
		["an added line that is another", (patch) => patch.replace("+a.txt line seven", "+a.txt line eight")],
		["a line of context that is another", (patch) => patch.replace("\n a.txt line 5", "\n a.txt line five")],
		["a removed line that is another", (patch) => patch.replace("-a.txt line 7", "-a.txt line 77")],
		["hunks moved by a line", (patch) => patch.replace("@@ -5,", "@@ -6,")],
		["another id of the result", (patch) => patch.replace(/\.\.[0-9a-f]{40}/, `..${"1".repeat(40)}`)],
		["another id of the base", (patch) => patch.replace(/index [0-9a-f]{40}/, `index ${"1".repeat(40)}`)],
		["words in between", (patch) => `From somebody\n${patch}`],
		["words at the end", (patch) => `${patch}more\n`],
		["no line end", (patch) => patch.trimEnd()],
		["cut in a hunk", (patch) => patch.split("\n").slice(0, -3).join("\n").concat("\n")],
		["an abbreviated id", (patch) => patch.replace(/index ([0-9a-f]{7})[0-9a-f]{33}/, "index $1")],
	])("%s", async (_, spoil) => {
		const { place, patch } = await changed();
		const spoiled = spoil(patch);
		expect(spoiled).not.toBe(patch);
		expect(await apply(place, "HEAD~1", Buffer.from(spoiled, "latin1"))).toBeNull();
	});

	test("hunks that overlap, or reach behind the end", () => {
		const content = Buffer.from("a\nb\nc\n");
		const hunk = (oldStart: number, ...lines: string[]) => ({ oldStart, oldCount: lines.length, lines });
		expect(applyHunks(content, [hunk(2, " b\n"), hunk(1, " a\n")])).toBeNull();
		expect(applyHunks(content, [hunk(3, " c\n", " d\n")])).toBeNull();
		expect(applyHunks(content, [hunk(9, " c\n")])).toBeNull();
		expect(applyHunks(content, [hunk(2, "-b\n", "+x\n")])?.toString()).toBe("a\nx\nc\n");
	});

	test("and nothing was written", async () => {
		const { place, patch } = await changed();
		const count = place.git("count-objects", "-v");
		await apply(place, "HEAD~1", Buffer.from(patch, "latin1"));
		expect(place.git("count-objects", "-v")).toBe(count);
	});
});

test("git agrees that a line of context that is another makes no patch", async () => {
	const place = await repo({ files: some });
	const scratch = temporaryFolder();
	writeFileSync(
		join(scratch, "p"),
		"diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-nothing\n+x\n",
	);
	const git = createGit(place.env, { cwd: place.path });
	await expect(treeAfterPatch(git, join(place.path, ".git"), "HEAD", join(scratch, "p"), scratch)).rejects.toThrow();
});

test("the difference of two trees is what git says", async () => {
	const place = await repo({ files: some });
	place.git("rm", "-q", "d/e.txt");
	place.writeAll({ "a.txt": "x\n", "d/f/new.txt": "n\n", "skip/x": "x" });
	place.commitAll("edit");
	const reader = openObjectReader(place.env, place.path);
	const trees = ["HEAD~1", "HEAD"].map((name) => place.git("rev-parse", `${name}^{tree}`));
	const found = await treeDifference(reader, trees[0] ?? "", trees[1] ?? "", "skip");
	reader.close();
	const told = place.git("diff-tree", "-r", "--no-renames", "--name-only", "-z", "HEAD~1", "HEAD").split("\0");
	expect([...found.keys()].sort()).toEqual(told.filter((path) => path !== "" && !path.startsWith("skip")).sort());
});
