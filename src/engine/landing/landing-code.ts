// What a landing, or its reversal, did to the code: told from its commit, and believed only where the commit did no more.
// Invariant: a commit that holds other work as well (a squash, a rebase that was mended by hand) is never taken for a landing.
import { join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { readFileIfThere } from "../../core/files.ts";
import { digest } from "../../core/ids.ts";
import { treeOfCommit } from "../../git/head.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import { changedFiles, patchNumbers } from "../../git/patch.ts";
import { codeTreeOf } from "../../ledger/change/code-tree.ts";
import { type CommitFacts, commitFacts } from "../../ledger/history/commit-facts.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import { patchFile } from "../../ledger/runs/runs.ts";
import { mergeCode } from "./merge-landing.ts";
import { codeOfRun, type RunCode } from "./run-code.ts";

/** A commit's change as two code trees; null where its parent, or a tree, is not here. */
export async function codeChange(ledger: Ledger, reader: ObjectReader, facts: CommitFacts): Promise<RunCode | null> {
	const [parent] = facts.parents;
	const before = facts.parents.length === 1 ? await reader.read(parent as string) : null;
	if (before === null || before.type !== "commit") return null;
	const trees = [treeOfCommit(before.content), facts.tree];
	for (const tree of trees) if ((await reader.read(tree)) === null) return null;
	const [base, result] = await Promise.all(trees.map((tree) => codeTreeOf(ledger.workspace, reader, tree)));
	return { base: base as string, result: result as string };
}

export function inverse({ base, result }: RunCode): RunCode {
	return { base: result, result: base };
}

/** True when the commit's change of code is that of the run's landing (`brings`) or of taking it back, and nothing else. */
export async function isItsOwn(
	ledger: Ledger,
	reader: ObjectReader,
	facts: CommitFacts,
	receipt: Receipt,
	brings: boolean,
): Promise<boolean> {
	const change = await codeChange(ledger, reader, facts);
	if (change === null) return false;
	const expected = await expectedChanges(ledger, reader, facts, receipt, brings);
	for (const delta of expected) {
		const merged = await mergeCode(ledger, change.base, delta);
		if ("tree" in merged && merged.tree === change.result) return true;
	}
	return expected.length === 0 && (await staysInPatch(ledger, change, receipt));
}

/** The changes that the commit may have been made from: the run's own, and the one that it says it undoes. */
async function expectedChanges(
	ledger: Ledger,
	reader: ObjectReader,
	facts: CommitFacts,
	receipt: Receipt,
	brings: boolean,
): Promise<RunCode[]> {
	const expected: RunCode[] = [];
	const undone = facts.undoes === null ? null : await reader.read(facts.undoes);
	if (undone?.type === "commit") {
		const change = await codeChange(ledger, reader, commitFacts(undone.oid, undone.content));
		if (change !== null) expected.push(inverse(change));
	}
	const run = await codeOfRun(ledger, reader, receipt).catch(unlessRefused);
	if (run !== null) expected.push(brings ? run : inverse(run));
	return expected;
}

/** Where this clone cannot make the run's result again: no file beside the patch's own may have changed. */
async function staysInPatch(ledger: Ledger, change: RunCode, receipt: Receipt): Promise<boolean> {
	const { workspace, git } = ledger;
	const patch =
		receipt.patch === null ? null : readFileIfThere(join(workspace.root, patchFile(workspace.root, receipt)));
	if (patch === null || digest(patch) !== `sha256:${receipt.patch?.sha256}`) return false;
	const paths = new Set((await patchNumbers(git, workspace.topLevel, patch)).map(({ path }) => path));
	const changed = await changedFiles(git, workspace.commonDir, change.base, change.result);
	return changed.every(({ path }) => paths.has(path));
}

export function unlessRefused(error: unknown): null {
	if (error instanceof MsgcodeError) return null;
	throw error;
}
