// `msgcode task rollback --landing`: takes the code of a landing back, and its record with it, in one commit.
// Invariant: only the landing's own change goes, whatever its commit holds besides; a refusal changes nothing.
import { MsgcodeError } from "../../core/errors.ts";
import { readHead } from "../../git/head.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import { refuseWhileBusy } from "../../git/operation.ts";
import type { ChangedFile } from "../../git/patch.ts";
import { type Change, type LedgerView, viewOf } from "../../ledger/change/apply.ts";
import { placedFilesAt } from "../../ledger/change/placed-files.ts";
import { changeTask } from "../../ledger/edit/change-task.ts";
import { type CommitFacts, commitFacts } from "../../ledger/history/commit-facts.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { ARCHIVE, LIVE, runFolder } from "../../ledger/paths.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import { type Landing, readLanding } from "../../ledger/runs/runs.ts";
import { readTask } from "../../ledger/task/store.ts";
import { globPathspec } from "../../ledger/workspace.ts";
import { findRun } from "../record/find-run.ts";
import { worktreeReceipts } from "../worktree/worktree.ts";
import { fromHook, type LandingOptions, signsCommits } from "./land.ts";
import { codeChange, inverse, isItsOwn } from "./landing-code.ts";
import { filesOf, type MergedCode } from "./merge-landing.ts";
import { planCode, proveCode } from "./reverse-code.ts";
import { codeOfRun, type RunCode } from "./run-code.ts";

export interface LandingRollback {
	/** The landing's commit; null where none holds it alone: then the run's own change is taken back. */
	readonly landed: string | null;
	readonly files: readonly ChangedFile[];
}

export interface RolledBackLanding extends LandingRollback {
	/** null when `ledger.commit` is not auto. */
	readonly commit: string | null;
}

/** The run whose landing is meant: the one named, or the task's last that landed. Throws `run_not_found`, `nothing_to_undo`. */
export function landedRun(ledger: Ledger, taskId: string, named: string | undefined): Receipt {
	const { root } = ledger.workspace;
	if (named !== undefined) {
		const { runId, receipt } = findRun(ledger, named, taskId);
		if (receipt !== null && readLanding(root, taskId, runId) !== null) return receipt;
		throw new MsgcodeError("nothing_to_undo", `The run ${runId} has not landed on this branch.`, {
			hint: `msgcode task runs ${taskId}`,
		});
	}
	const landed = worktreeReceipts(ledger, taskId).flatMap((receipt) => {
		const landing = readLanding(root, taskId, receipt.runId);
		return landing === null ? [] : [{ receipt, landing }];
	});
	const [last] = landed.sort((a, b) => b.landing.atMs - a.landing.atMs);
	if (last !== undefined) return last.receipt;
	throw new MsgcodeError("nothing_to_undo", `No run of ${taskId} has landed on this branch.`, {
		hint: `msgcode task runs ${taskId}`,
	});
}

/** What taking the landing back would change now. Throws what rollBackLanding throws before it writes. */
export async function previewLandingRollback(ledger: Ledger, receipt: Receipt): Promise<LandingRollback> {
	refuseWhileBusy(ledger.workspace.gitDir);
	const reader = ledger.openReader();
	try {
		const head = await readHead(ledger.workspace.gitDir, reader, ledger.git);
		const { value } = await planRollback(ledger, viewOf(ledger, reader, head), receipt);
		return { landed: value.landed, files: await filesOf(ledger, value.merged) };
	} finally {
		reader.close();
	}
}

/** Throws `patch_conflict`, `worktree_dirty`, `nothing_to_undo`, `undo_refused`, `hook_failed`, `signing_failed`; nothing has changed then. */
export async function rollBackLanding(
	ledger: Ledger,
	receipt: Receipt,
	options: LandingOptions,
): Promise<RolledBackLanding> {
	const sign = options.sign ?? (await signsCommits(ledger));
	const reader = ledger.openReader();
	try {
		const plan = (view: LedgerView) => planRollback(ledger, view, receipt);
		const { value, commit } = await changeTask(ledger, receipt.taskId, async (view) => ({
			...(await plan(view)),
			sign,
			verify: options.verify,
		}));
		if (commit !== null) await proveCode(ledger, reader, commit, value.merged);
		return { landed: value.landed, files: await filesOf(ledger, value.merged), commit };
	} catch (error) {
		throw fromHook(error, "rollback");
	} finally {
		reader.close();
	}
}

interface Planned {
	readonly landed: string | null;
	readonly merged: MergedCode;
}

async function planRollback(ledger: Ledger, view: LedgerView, receipt: Receipt): Promise<Change<Planned>> {
	const { taskId, runId } = receipt;
	const landing = readLanding(ledger.workspace.root, taskId, runId);
	if (landing === null) throw new MsgcodeError("nothing_to_undo", `The landing of ${runId} was taken back already.`);
	const found = await landingCommit(ledger, view.reader, receipt);
	const delta = found?.delta ?? (await ownDelta(ledger, view.reader, receipt, landing));
	const hint =
		found === null
			? "Revert it by hand: the run's commit is under refs/msgcode/runs."
			: `Revert it by hand and mend the files: git revert ${found.facts.oid.slice(0, 12)}`;
	const { merged, code } = await planCode(ledger, view, delta, { runId, brings: false, hint });
	const task = readTask(ledger.workspace.root, taskId);
	const summary = `take back the landing of ${JSON.stringify(task.definition.title)}`;
	return {
		writes: [{ path: `${runFolder(taskId, runId)}/landing.json`, content: null }],
		message: { op: "rollback", taskId, runId, summary, ...(found === null ? {} : { undoes: found.facts.oid }) },
		...(code === null ? {} : { code }),
		value: { landed: found?.facts.oid ?? null, merged },
	};
}

/** Where no commit is the landing alone (a squash, a rebase): what the run itself did, from its ref or its tracked patch. */
async function ownDelta(
	ledger: Ledger,
	reader: ObjectReader,
	{ runId, ...rest }: Receipt,
	landing: Landing,
): Promise<RunCode> {
	try {
		return inverse(await codeOfRun(ledger, reader, { runId, ...rest }));
	} catch (cause) {
		if (!(cause instanceof MsgcodeError)) throw cause;
		throw new MsgcodeError(
			"undo_refused",
			`No commit of this branch is the landing of ${runId} alone, and its own change cannot be told here: ${cause.message}`,
			{ hint: cause.hint, details: { runId, parent: landing.parent }, cause },
		);
	}
}

/** The commit of HEAD's history that brought the landing last and did nothing else to the code. */
async function landingCommit(
	ledger: Ledger,
	reader: ObjectReader,
	receipt: Receipt,
): Promise<{ readonly facts: CommitFacts; readonly delta: RunCode } | null> {
	const { workspace, git } = ledger;
	const { taskId, runId } = receipt;
	const file = `${runFolder(taskId, runId, "")}/landing.json`;
	const pathspecs = [LIVE, `${ARCHIVE}/*`].map((home) => globPathspec(workspace, `${home}${file}`));
	const how = ["--full-history", "--no-merges", "--diff-filter=A", "--no-renames", "--format=%H"];
	const listed = await git(["log", ...how, "HEAD", "--", ...pathspecs], { cwd: workspace.topLevel, accept: [0, 128] });
	for (const oid of listed.stdout.toString("utf8").split("\n")) {
		const object = oid === "" ? null : await reader.read(oid);
		if (object === null) continue;
		const facts = commitFacts(object.oid, object.content);
		// Moved there with its task, it was there before.
		const [parent] = facts.parents;
		const before = parent === undefined ? null : await treeOf(reader, parent);
		const former = await placedFilesAt(reader, workspace, before, taskId);
		if (former.files.has(`${file.slice(1)}`)) continue;
		const change = await codeChange(ledger, reader, facts);
		if (change === null || !(await isItsOwn(ledger, reader, facts, receipt, true))) return null;
		return { facts, delta: inverse(change) };
	}
	return null;
}

async function treeOf(reader: ObjectReader, commit: string): Promise<string | null> {
	return (await reader.read(`${commit}^{tree}`))?.oid ?? null;
}
