// `--carry`: the checkout's uncommitted work as a commit of its own, so that a run can start from it.
// Invariant: the user's files, index and branch are only read.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { collectTree } from "../../git/collect.ts";
import { writeCommit } from "../../git/head.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { fromTop } from "../../ledger/workspace.ts";
import { carryRef, ledgerPathTest } from "../worktree/worktree.ts";
import type { RunFolder } from "./run-folder.ts";

/** A commit with `base` as its parent and the checkout's tracked and untracked files as its tree; `base` when they are equal. */
export async function carriedBase(ledger: Ledger, base: string, runId: string, folder: RunFolder): Promise<string> {
	const { workspace, git } = ledger;
	const collected = await collectTree(git, {
		worktree: workspace.topLevel,
		commonDir: workspace.commonDir,
		base,
		pristineIndex: null,
		scratch: folder.scratch,
		tasksPath: fromTop(workspace, "tasks"),
		isLedgerPath: ledgerPathTest(workspace),
	});
	rmSync(join(folder.scratch, "collect.index"), { force: true });
	const baseTree = (await git(["rev-parse", `${base}^{tree}`])).stdout.toString("utf8").trim();
	if (collected.tree === baseTree) return base;
	const message = `msgcode: uncommitted work carried into ${runId}\n`;
	const commit = await writeCommit(workspace, git, {
		tree: collected.tree,
		parents: [base],
		message,
		sign: false,
		identity: await ledger.identity(),
	});
	await git(["update-ref", carryRef(runId), commit]);
	return commit;
}
