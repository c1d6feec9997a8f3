// Collects what a run left in its worktree and keeps it on refs, whether the run ended by itself or its process was killed.
// Invariant: a worktree that cannot be read yields no tree and a warning, and stays as it is.
import { relative } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { failPoint } from "../../core/failpoint.ts";
import type { CollectWarning } from "../../git/collect.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { afterChecksRef, agentHeadRef, collectWorktree, runRef, worktreeHead } from "../worktree/worktree.ts";
import type { Claim } from "./claim.ts";
import { keepResult } from "./conclude.ts";
import type { RunFolder } from "./run-folder.ts";

export interface CollectedWork {
	/** null where there is no worktree, or none that can be read. */
	readonly tree: string | null;
	readonly error: MsgcodeError | null;
	readonly warnings: readonly CollectWarning[];
}

export async function collectWork(ledger: Ledger, claim: Claim, folder: RunFolder): Promise<CollectedWork> {
	if (claim.worktree === null || claim.base === null) return { tree: null, error: null, warnings: [] };
	const { path, continued } = claim.worktree;
	const base = claim.base.commit;
	try {
		const collected = await collectWorktree(ledger, path, base, folder, continued ? null : folder.pristineIndex);
		await keepResult(ledger, claim, collected.tree);
		const head = await worktreeHead(ledger, path);
		if (head !== null && head !== base) await ledger.git(["update-ref", agentHeadRef(claim.runId), head]);
		failPoint("run.collected");
		return { tree: collected.tree, error: null, warnings: collected.warnings };
	} catch (error) {
		if (!(error instanceof MsgcodeError) || error.code !== "worktree_unreadable") throw error;
		const message = error.message.replaceAll(path, relative(ledger.workspace.root, path));
		return { tree: null, error, warnings: [{ code: "collect_failed", message }] };
	}
}

/** The tree once more, after the checks, kept by a ref of its own where they changed something; null where it cannot be read. */
export async function treeAfterChecks(ledger: Ledger, claim: Claim, folder: RunFolder): Promise<string | null> {
	if (claim.worktree === null || claim.base === null) return null;
	const { path, continued } = claim.worktree;
	const pristine = continued ? null : folder.pristineIndex;
	try {
		const { tree } = await collectWorktree(ledger, path, claim.base.commit, folder, pristine);
		const result = await ledger.git(["rev-parse", "--verify", `${runRef(claim.runId)}^{tree}`]);
		if (result.stdout.toString("utf8").trim() !== tree) {
			await ledger.git(["update-ref", afterChecksRef(claim.runId), tree]);
		}
		return tree;
	} catch {
		return null;
	}
}
