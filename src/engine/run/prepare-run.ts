// Makes the ground of a run: the commit that it starts from and the worktree that it works in.
// Invariant: a failure in here leaves no worktree, no branch and no folder of its own behind.
import { MsgcodeError } from "../../core/errors.ts";
import { failPoint } from "../../core/failpoint.ts";
import type { CollectWarning } from "../../git/collect.ts";
import { treeOfCommit } from "../../git/head.ts";
import { removeWorktree } from "../../git/worktree.ts";
import { codeTreeOf } from "../../ledger/change/code-tree.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { recycleWorktree, whileUnremoved } from "../worktree/remove-worktree.ts";
import { branchOf, continueWorktree, makeTaskWorktree, refuseForeignTop, worktreePath } from "../worktree/worktree.ts";
import { copyIncluded } from "../worktree/worktree-include.ts";
import { carriedBase } from "./carry.ts";
import type { Claim } from "./claim.ts";
import type { RunFolder } from "./run-folder.ts";
import type { Prepared, RunRequest } from "./run-request.ts";

export async function prepareRun(
	ledger: Ledger,
	request: RunRequest,
	runId: string,
	folder: RunFolder,
	update: (change: Partial<Claim>) => void,
): Promise<Prepared> {
	const { git, workspace } = ledger;
	const warnings: CollectWarning[] = [];
	if (request.mode === "in-place") return { worktree: null, warnings };
	if (request.goOn) {
		const { worktree, base } = await whileUnremoved(ledger, request.taskId, () =>
			continueWorktree(ledger, request.taskId),
		);
		await refuseForeignTop(git, worktree.path);
		update({ base: { commit: base, codeTree: await codeTreeAt(ledger, base) }, worktree });
		return { worktree, warnings };
	}
	let commit = await resolveBase(ledger, request.base);
	await recycleWorktree(ledger, request.taskId);
	if (request.carry) commit = await carriedBase(ledger, commit, runId, folder);
	const base = { commit, codeTree: await codeTreeAt(ledger, commit) };
	update({
		base,
		worktree: {
			path: worktreePath(workspace, request.taskId),
			gitDir: "",
			branch: branchOf(request.taskId, runId),
			continued: false,
		},
	});
	try {
		const worktree = await makeTaskWorktree(ledger, request.taskId, runId, commit);
		const [copied] = await Promise.all([
			copyIncluded(git, workspace, worktree.path),
			refuseForeignTop(git, worktree.path),
		]);
		warnings.push(...copied);
		failPoint("run.worktree-ready");
		update({ worktree });
		return { worktree, warnings };
	} catch (error) {
		await dropHalfMade(ledger, request.taskId, runId).catch(() => {});
		throw error;
	}
}

/** Removes a worktree in which nothing has run yet. */
export async function dropHalfMade(ledger: Ledger, taskId: string, runId: string): Promise<void> {
	const { workspace, git } = ledger;
	await removeWorktree(git, workspace.commonDir, worktreePath(workspace, taskId));
	await git(["update-ref", "-d", `refs/heads/${branchOf(taskId, runId)}`]);
}

/** The commit that a run from `revision` starts from, and its code. Throws revision_not_found. */
export async function baseOf(ledger: Ledger, revision: string | null): Promise<{ commit: string; codeTree: string }> {
	const commit = await resolveBase(ledger, revision);
	return { commit, codeTree: await codeTreeAt(ledger, commit) };
}

async function resolveBase(ledger: Ledger, revision: string | null): Promise<string> {
	const name = revision ?? "HEAD";
	const reader = ledger.openReader();
	const object = await (/[\n\r\0]/.test(name) ? null : reader.read(`${name}^{commit}`).finally(() => reader.close()));
	if (object?.type !== "commit") {
		throw new MsgcodeError("revision_not_found", `git knows no commit called ${JSON.stringify(name)} here.`, {
			hint: revision === null ? "Make a first commit." : "Name a branch, tag or commit: `git log --oneline`.",
		});
	}
	return object.oid;
}

async function codeTreeAt(ledger: Ledger, commit: string): Promise<string> {
	const reader = ledger.openReader();
	try {
		const object = await reader.read(commit);
		if (object === null) throw new MsgcodeError("revision_not_found", `The repository lacks the commit ${commit}.`);
		return await codeTreeOf(ledger.workspace, reader, treeOfCommit(object.content));
	} finally {
		reader.close();
	}
}
