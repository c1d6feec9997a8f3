// The ledger's paths that a merge, rebase, cherry-pick or stash left in conflict in the index.
// Invariant: read from the index itself, so that a path whose conflict was staged away is none.
import type { Ledger } from "../ledger.ts";
import { isLedgerPath, LIVE } from "../paths.ts";
import { belowRoot, pathspec } from "../workspace.ts";
import type { Stages } from "./fix.ts";

/** By path, relative to the workspace. */
export async function unmergedPaths(ledger: Ledger): Promise<ReadonlyMap<string, Stages>> {
	const { workspace, git } = ledger;
	const listed = await git(["ls-files", "--unmerged", "-z", "--full-name", "--", pathspec(workspace, LIVE)], {
		cwd: workspace.topLevel,
	});
	const found = new Map<string, Stages>();
	for (const line of listed.stdout.toString("utf8").split("\0")) {
		const [, oid, stage, full] = /^\d+ ([0-9a-f]+) ([123])\t(.*)$/s.exec(line) ?? [];
		if (oid === undefined || full === undefined) continue;
		const path = belowRoot(workspace, full);
		if (!isLedgerPath(path)) continue;
		const side = stage === "1" ? "base" : stage === "2" ? "ours" : "theirs";
		found.set(path, { ...(found.get(path) ?? NO_SIDE), [side]: oid });
	}
	return found;
}

const NO_SIDE: Stages = { base: null, ours: null, theirs: null };
