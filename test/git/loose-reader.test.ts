// The reader that looks for itself first gives git's answers, and leaves to git whatever it cannot be sure of.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { openLooseFirst } from "../../src/git/loose-reader.ts";
import { type ObjectReader, openObjectReader } from "../../src/git/object-reader.ts";
import { openWorkspace } from "../../src/ledger/workspace.ts";
import { type Repo, type RepoOptions, repo } from "../support/repo.ts";

async function madeWith(options: RepoOptions = {}): Promise<Repo> {
	return await repo({
		files: { "a.txt": "a\n", "folder/b.bin": Uint8Array.from([0, 255, 10, 13]) },
		ledger: true,
		...options,
	});
}

/** The answers to the names, and whether git had to be asked. */
async function ask(made: Repo, names: readonly string[], willAsk = false) {
	let asked = 0;
	const open = (): ObjectReader => {
		asked += 1;
		return openObjectReader(made.env, made.path);
	};
	const reader = openLooseFirst(openWorkspace(made.path), open, willAsk);
	const answers = [];
	for (const name of names) answers.push(await reader.read(name));
	reader.close();
	return { answers, asked };
}

async function byGit(made: Repo, names: readonly string[]) {
	const reader = openObjectReader(made.env, made.path);
	const answers = [];
	for (const name of names) answers.push(await reader.read(name));
	reader.close();
	return answers;
}

function everyObject(made: Repo): string[] {
	return made.git("rev-list", "--objects", "--all", "--no-object-names").split("\n");
}

describe("without a git process", () => {
	test("every loose object and the branch are read as git reads them", async () => {
		const made = await madeWith();
		const names = ["refs/heads/main", ...everyObject(made), "refs/heads/main"];
		const { answers, asked } = await ask(made, names, true);
		expect(answers).toEqual(await byGit(made, names));
		expect(asked).toBe(0);
	});

	test("the branch is read anew each time", async () => {
		const made = await madeWith();
		const reader = openLooseFirst(openWorkspace(made.path), () => openObjectReader(made.env, made.path), false);
		const before = await reader.read("refs/heads/main");
		made.git("commit", "--quiet", "--allow-empty", "-m", "next");
		expect((await reader.read("refs/heads/main"))?.oid).toBe(made.git("rev-parse", "main"));
		expect(before?.oid).not.toBe(made.git("rev-parse", "main"));
		reader.close();
	});

	test("objects named by SHA-256", async () => {
		const made = await madeWith({ init: ["--object-format=sha256"] });
		const names = ["refs/heads/main", ...everyObject(made)];
		const { answers, asked } = await ask(made, names);
		expect(answers).toEqual(await byGit(made, names));
		expect(asked).toBe(0);
	});
});

describe("with git", () => {
	test.each<[string, (made: Repo) => void]>([
		["packed objects", (made) => void made.git("gc", "--quiet")],
		["packed refs", (made) => void made.git("pack-refs", "--all")],
		[
			"an object replaced by another",
			(made) => {
				const other = made.git("commit-tree", "-m", "another", "HEAD^{tree}");
				made.git("replace", made.git("rev-parse", "HEAD"), other);
			},
		],
		[
			"a replacement that is packed",
			(made) => {
				const other = made.git("commit-tree", "-m", "another", "HEAD^{tree}");
				made.git("replace", made.git("rev-parse", "HEAD"), other);
				made.git("pack-refs", "--all");
			},
		],
		[
			"a branch that stands for another",
			(made) => {
				made.git("branch", "-m", "main", "other");
				made.git("symbolic-ref", "refs/heads/main", "refs/heads/other");
			},
		],
		["a detached HEAD", (made) => void made.git("switch", "--quiet", "--detach")],
	])("%s", async (_, change) => {
		const made = await madeWith();
		change(made);
		const names = ["refs/heads/main", "HEAD", "refs/heads/none", "0".repeat(40), ...everyObject(made)];
		const { answers, asked } = await ask(made, names);
		expect(answers).toEqual(await byGit(made, names));
		expect(asked).toBe(1);
	});

	test("is started at once where the checkout's commit is packed", async () => {
		const made = await madeWith();
		made.git("gc", "--quiet");
		expect((await ask(made, [], true)).asked).toBe(1);
		expect((await ask(made, [], false)).asked).toBe(0);
	});

	test("objects borrowed from another repository", async () => {
		const made = await madeWith();
		const borrower = made.clone("--shared");
		const names = ["refs/heads/main", ...everyObject(borrower)];
		expect((await ask(borrower, names)).answers).toEqual(await byGit(made, names));
	});

	test.each<[string, (bytes: Buffer) => Buffer]>([
		["cut off", (bytes) => bytes.subarray(0, bytes.length - 6)],
		["empty", () => Buffer.alloc(0)],
		["not compressed", () => Buffer.from("blob 1\0a")],
		["of another length than it says", () => deflateSync(Buffer.from("blob 5\0a"))],
		["of no type", () => deflateSync(Buffer.from("thing 1\0a"))],
	])("a loose object that is %s is git's to judge", async (_, spoil) => {
		const made = await madeWith();
		const oid = made.git("rev-parse", "HEAD:a.txt");
		const path = join(made.path, ".git", "objects", oid.slice(0, 2), oid.slice(2));
		writeFileSync(`${path}.new`, spoil(readFileSync(path)));
		renameSync(`${path}.new`, path);
		const reader = openLooseFirst(openWorkspace(made.path), () => silent, false);
		expect(await reader.read(oid)).toBeNull();
	});
});

const silent: ObjectReader = { ended: false, read: async () => null, close() {} };

test.each([
	"refs/heads/../../HEAD",
	"refs/heads/main.lock",
	"refs/heads/",
	"refs/heads/.hidden",
	"refs/heads//main",
	"main",
])("%s is no name that is looked up in a file", async (name) => {
	const made = await madeWith();
	made.write(".git/refs/heads/main.lock", `${"1".repeat(40)}\n`);
	made.write(".git/refs/heads/.hidden", `${"1".repeat(40)}\n`);
	const reader = openLooseFirst(openWorkspace(made.path), () => silent, false);
	expect(await reader.read(name)).toBeNull();
});
