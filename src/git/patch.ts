// A run's result as a patch: written so that any configuration gives the same bytes, and proven by applying it.
// Invariant: a patch counts only once applying it to its base has given the tree that it was made from.
import { createHash } from "node:crypto";
import { createReadStream, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../core/errors.ts";
import type { Git } from "./plumbing.ts";

export interface ChangedFile {
	readonly path: string;
	/** The former path of a rename. */
	readonly from?: string;
	readonly status: "added" | "deleted" | "modified" | "renamed" | "copied" | "type-changed";
	readonly oldMode: string;
	readonly newMode: string;
	readonly oldOid: string;
	readonly newOid: string;
	/** null for a binary file. */
	readonly insertions: number | null;
	readonly deletions: number | null;
}

const DIFF_FORM: readonly string[] = [
	"--binary",
	"--full-index",
	"--find-renames",
	"--no-ext-diff",
	"--no-textconv",
	"--no-color",
	"--no-relative",
	"--src-prefix=a/",
	"--dst-prefix=b/",
	"--unified=3",
	"--inter-hunk-context=0",
	"--submodule=short",
	"--ignore-submodules=none",
	"--diff-algorithm=myers",
	"-O/dev/null",
];

/** Writes the patch from one tree-ish to another; an empty file when they are equal. */
export async function writePatch(git: Git, commonDir: string, from: string, to: string, file: string): Promise<void> {
	writeFileSync(file, "");
	const config = { "core.quotePath": "true", "diff.suppressBlankEmpty": "false" };
	await git(["diff-tree", "-r", "-p", ...DIFF_FORM, `--output=${file}`, from, to], { gitDir: commonDir, config });
}

/** The same patch as bytes, of some paths only where they are given. */
export async function patchText(
	git: Git,
	commonDir: string,
	from: string,
	to: string,
	paths: readonly string[] = [],
): Promise<Buffer> {
	const config = { "core.quotePath": "true", "diff.suppressBlankEmpty": "false" };
	const only = paths.length === 0 ? [] : ["--", ...paths.map((path) => `:(top,literal)${path}`)];
	return (await git(["diff-tree", "-r", "-p", ...DIFF_FORM, from, to, ...only], { gitDir: commonDir, config })).stdout;
}

/** The files that differ between two tree-ishes. */
export async function changedFiles(
	git: Git,
	commonDir: string,
	from: string,
	to: string,
	renames = true,
): Promise<ChangedFile[]> {
	const find = renames ? "--find-renames" : "--no-renames";
	const form = [
		"diff-tree",
		"-r",
		"-z",
		find,
		"--no-ext-diff",
		"--ignore-submodules=none",
		"--raw",
		"--numstat",
		from,
		to,
	];
	return parseChanges((await git(form, { gitDir: commonDir })).stdout.toString("utf8").split("\0"));
}

/** Each file of a patch with its numbers of lines (null for a binary file), read from the patch alone. */
export async function patchNumbers(
	git: Git,
	topLevel: string,
	patch: Uint8Array,
): Promise<Pick<ChangedFile, "path" | "insertions" | "deletions">[]> {
	if (patch.length === 0) return [];
	// Below the top folder git would leave out what lies beside.
	const listed = await git(["apply", "--numstat", "-z", "-"], { cwd: topLevel, stdin: patch });
	const files = new Map<string, Pick<ChangedFile, "path" | "insertions" | "deletions">>();
	for (const line of listed.stdout.toString("utf8").split("\0")) {
		const found = /^(\S+)\t(\S+)\t(.*)$/s.exec(line);
		if (found === null) continue;
		const [, added = "-", removed = "-", path = ""] = found;
		// A file that changed its type comes twice: removed, then added.
		const sum = (text: string, before: number | null | undefined) =>
			text === "-" || before === null ? null : Number(text) + (before ?? 0);
		const former = files.get(path);
		files.set(path, { path, insertions: sum(added, former?.insertions), deletions: sum(removed, former?.deletions) });
	}
	return [...files.values()];
}

/** The tree that results from applying the patch to the base, made in a temporary index. */
export async function treeAfterPatch(
	git: Git,
	commonDir: string,
	base: string,
	patch: string,
	scratch: string,
): Promise<string> {
	const indexFile = join(scratch, "proof.index");
	const call = { cwd: scratch, gitDir: commonDir, workTree: scratch, indexFile, config: { "core.bare": "false" } };
	try {
		await git(["read-tree", base], call);
		if (statSync(patch).size > 0) await git(["apply", "--cached", "--whitespace=nowarn", "-p1", patch], call);
		return (await git(["write-tree"], call)).stdout.toString("utf8").trim();
	} finally {
		rmSync(indexFile, { force: true });
	}
}

/** Throws `git_failed` unless applying the patch to `base` gives `tree`. */
export async function provePatch(
	git: Git,
	commonDir: string,
	base: string,
	tree: string,
	patch: string,
	scratch: string,
): Promise<void> {
	const result = await treeAfterPatch(git, commonDir, base, patch, scratch);
	if (result === tree) return;
	throw new MsgcodeError(
		"git_failed",
		`The patch does not give back the tree that it was made from (${result} instead of ${tree}).`,
		{
			hint: "The result itself is safe: it is kept as a commit under refs/msgcode/runs.",
		},
	);
}

export async function fileDigest(path: string): Promise<{ sha256: string; bytes: number }> {
	const hash = createHash("sha256");
	let bytes = 0;
	for await (const chunk of createReadStream(path)) {
		hash.update(chunk as Buffer);
		bytes += (chunk as Buffer).length;
	}
	return { sha256: hash.digest("hex"), bytes };
}

const STATUS = { A: "added", D: "deleted", M: "modified", R: "renamed", C: "copied", T: "type-changed" } as const;

/** git prints all raw records first, then one numstat record for each, in the same order. */
function parseChanges(fields: string[]): ChangedFile[] {
	const raw: Omit<ChangedFile, "insertions" | "deletions">[] = [];
	let at = 0;
	while (fields[at]?.startsWith(":") === true) {
		const [oldMode = "", newMode = "", oldOid = "", newOid = "", letter = "M"] = (fields[at] as string)
			.slice(1)
			.split(" ");
		const status = STATUS[letter[0] as keyof typeof STATUS] ?? "modified";
		const moved = status === "renamed" || status === "copied";
		const first = fields[at + 1] ?? "";
		const shared = { status, oldMode, newMode, oldOid, newOid };
		raw.push(moved ? { ...shared, from: first, path: fields[at + 2] ?? "" } : { ...shared, path: first });
		at += moved ? 3 : 2;
	}
	return raw.map((change) => {
		const [added = "-", removed = "-", path = ""] = (fields[at] ?? "").split("\t");
		at += path === "" ? 3 : 1;
		const count = (text: string) => (text === "-" ? null : Number(text));
		return { ...change, insertions: count(added), deletions: count(removed) };
	});
}
