// The code of a landing taken back, or brought again, on top of HEAD: worked out on objects, then carried by a ledger change.
// Invariant: a conflict, or the user's own work in those places, refuses before anything is written.
import { MsgcodeError } from "../../core/errors.ts";
import { failPoint } from "../../core/failpoint.ts";
import { treeOfCommit } from "../../git/head.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import type { CodeChanges, LedgerView } from "../../ledger/change/apply.ts";
import { codeTreeOf } from "../../ledger/change/code-tree.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { refuseInTheWay } from "../worktree/in-the-way.ts";
import { codeOfHead, landingChanges, landingTree, type MergedCode, mergeCode } from "./merge-landing.ts";
import type { RunCode } from "./run-code.ts";

export interface ReversedCode {
	readonly merged: MergedCode;
	/** null where HEAD's code is as it would be already. */
	readonly code: CodeChanges | null;
}

export interface ReversalWords {
	readonly runId: string;
	/** The landing comes again: what is taken back had taken it back. */
	readonly brings: boolean;
	/** The way out of a conflict. */
	readonly hint: string;
}

/** Throws `patch_conflict`, `worktree_dirty`. */
export async function planCode(
	ledger: Ledger,
	view: LedgerView,
	delta: RunCode,
	{ runId, brings, hint }: ReversalWords,
): Promise<ReversedCode> {
	const headCode = await codeOfHead(ledger, view.reader, view.head);
	const result = await mergeCode(ledger, headCode, delta);
	if ("files" in result) {
		const { files } = result;
		throw new MsgcodeError(
			"patch_conflict",
			`The landing of ${runId} cannot be ${brings ? "brought again" : "taken back"}: later changes of ${files.join(", ") || "its folders"} stand on top of it.`,
			{ hint: `Nothing was changed. ${hint}`, details: { runId, files } },
		);
	}
	const merged = { headCode, mergedCode: result.tree };
	failPoint("rollback.merged");
	const changes = await landingChanges(ledger, merged);
	if (changes.length === 0) return { merged, code: null };
	await refuseInTheWay(ledger, changes, brings ? "Landing it again" : "Taking the landing back");
	const tree = await landingTree(ledger, view.reader, view.head, changes, merged);
	return { merged, code: { tree, changes } };
}

/** The commit holds the code that was worked out, and no other. */
export async function proveCode(
	ledger: Ledger,
	reader: ObjectReader,
	commit: string,
	merged: MergedCode,
): Promise<void> {
	const object = await reader.read(commit);
	const tree = object === null ? null : treeOfCommit(object.content);
	if (tree !== null && (await codeTreeOf(ledger.workspace, reader, tree)) === merged.mergedCode) return;
	throw new MsgcodeError("git_failed", `The commit ${commit} does not hold the code that it was to hold.`, {
		hint: "Compare with `git show`; the run's result stays under refs/msgcode/runs.",
	});
}
