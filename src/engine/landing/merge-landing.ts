// What HEAD's code becomes when a run's delta is merged into it, worked out on objects alone.
// Invariant: only the run's own delta takes part, whatever lies between its base and HEAD; no file, index or ref is touched.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { temporaryName } from "../../core/temporary-files.ts";
import { type Head, writeCommit } from "../../git/head.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import { type ChangedFile, changedFiles } from "../../git/patch.ts";
import { codeTreeOf } from "../../ledger/change/code-tree.ts";
import type { JournalChange } from "../../ledger/change/journal.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { RunCode } from "./run-code.ts";

export interface MergedCode {
	/** Code trees of HEAD and of the result. */
	readonly headCode: string;
	readonly mergedCode: string;
}

/** Merges three-way. Throws `patch_conflict` naming the files. */
export async function mergeOntoHead(
	ledger: Ledger,
	reader: ObjectReader,
	head: Head,
	run: RunCode,
	runId: string,
): Promise<MergedCode> {
	const headCode = await codeOfHead(ledger, reader, head);
	const merged = await mergeCode(ledger, headCode, run);
	if ("tree" in merged) return { headCode, mergedCode: merged.tree };
	throw new MsgcodeError(
		"patch_conflict",
		`The patch of ${runId} conflicts with the checked-out branch in ${merged.files.join(", ") || "its folders"}.`,
		{
			hint: "Nothing was changed. Run the task again from here, or merge by hand: the run's commit is under refs/msgcode/runs.",
			details: { runId, files: merged.files },
		},
	);
}

/** HEAD's tree without ledger paths. Throws `revision_not_found` on an unborn branch. */
export async function codeOfHead(ledger: Ledger, reader: ObjectReader, head: Head): Promise<string> {
	if (head.tree === null) throw new MsgcodeError("revision_not_found", "The checked-out branch has no commit yet.");
	return codeTreeOf(ledger.workspace, reader, head.tree);
}

/** What the code tree `onto` becomes with the delta made, or the files in which that clashes. */
export async function mergeCode(
	ledger: Ledger,
	onto: string,
	delta: RunCode,
): Promise<{ readonly tree: string } | { readonly files: readonly string[] }> {
	if (onto === delta.base) return { tree: delta.result };
	// A merge base made for the purpose: git would otherwise take the commits between the base and HEAD into account.
	const base = await syntheticCommit(ledger, delta.base, []);
	const ours = await syntheticCommit(ledger, onto, [base]);
	const theirs = await syntheticCommit(ledger, delta.result, [base]);
	const merged = await ledger.git(["merge-tree", "--write-tree", "-z", "--name-only", "--messages", ours, theirs], {
		cwd: ledger.workspace.topLevel,
		accept: [0, 1],
	});
	const [tree = "", ...rest] = merged.stdout.toString("utf8").split("\0");
	return merged.code === 0 ? { tree } : { files: rest.slice(0, rest.indexOf("")) };
}

/** A commit that no history shows; the same trees give the same commit, so that a second look writes nothing. */
async function syntheticCommit(ledger: Ledger, tree: string, parents: readonly string[]): Promise<string> {
	const nobody = { name: "msgcode", signature: "msgcode <msgcode>", zone: "+0000", fixedSeconds: 0 };
	const message = "msgcode landing\n";
	const identity = { author: nobody, committer: nobody };
	return writeCommit(ledger.workspace, ledger.git, { tree, parents, message, sign: false, identity });
}

/** The code files that the landing changes, as the ledger's door takes them. Throws `patch_conflict` for names that are not UTF-8. */
export async function landingChanges(ledger: Ledger, { headCode, mergedCode }: MergedCode): Promise<JournalChange[]> {
	const files = await changedFiles(ledger.git, ledger.workspace.commonDir, headCode, mergedCode, false);
	const none = (text: string) => (/^0+$/.test(text) ? null : text);
	return files.map((file) => ({
		path: file.path,
		oldOid: none(file.oldOid),
		headOid: none(file.oldOid),
		oldMode: none(file.oldMode),
		newOid: none(file.newOid),
		newMode: none(file.newMode),
	}));
}

/** The user's files that change. */
export function filesOf(ledger: Ledger, { headCode, mergedCode }: MergedCode): Promise<ChangedFile[]> {
	return changedFiles(ledger.git, ledger.workspace.commonDir, headCode, mergedCode);
}

/** HEAD's tree with the changes made. Throws `patch_conflict` when that is not the merged code. */
export async function landingTree(
	ledger: Ledger,
	reader: ObjectReader,
	head: Head,
	changes: readonly JournalChange[],
	{ mergedCode }: MergedCode,
): Promise<string> {
	const { workspace, git } = ledger;
	const scratch = join(workspace.stateDir, temporaryName());
	mkdirSync(scratch, { recursive: true, mode: 0o700 });
	const zero = "0".repeat(workspace.objectIdLength);
	// Removals first: a file may make room for a folder of its name.
	const ordered = [...changes].sort((a, b) => Number(a.newOid !== null) - Number(b.newOid !== null));
	const lines = ordered.map(({ path, newOid, newMode }) => `${newMode ?? 0} ${newOid ?? zero}\t${path}\0`);
	try {
		const call = { gitDir: workspace.commonDir, indexFile: join(scratch, "index") };
		await git(["read-tree", head.tree as string], call);
		await git(["update-index", "-z", "--index-info"], { ...call, stdin: lines.join("") });
		const tree = (await git(["write-tree"], call)).stdout.toString("utf8").trim();
		if ((await codeTreeOf(workspace, reader, tree)) === mergedCode) return tree;
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
	throw new MsgcodeError(
		"patch_conflict",
		"The patch has file names that are not UTF-8; msgcode does not write those.",
		{
			hint: "Apply it with git: `git apply` takes the same patch.",
		},
	);
}
