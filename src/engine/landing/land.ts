// Lands a run's result on the checked-out branch: one commit with the code and landing.json, proven by tree.
// Invariant: a refusal or a conflict leaves checkout, index and branch exactly as they were; only the run's own delta lands.
import { join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { failPoint } from "../../core/failpoint.ts";
import { readHead, treeOfCommit } from "../../git/head.ts";
import { type ObjectReader, openObjectReader } from "../../git/object-reader.ts";
import type { ChangedFile } from "../../git/patch.ts";
import { entryAt } from "../../git/tree-edit.ts";
import type { Change, LedgerView } from "../../ledger/change/apply.ts";
import { codeTreeOf } from "../../ledger/change/code-tree.ts";
import { changeTask } from "../../ledger/edit/change-task.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { runFolder } from "../../ledger/paths.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import type { Landing } from "../../ledger/runs/runs.ts";
import { readTask } from "../../ledger/task/store.ts";
import { fromTop } from "../../ledger/workspace.ts";
import { refuseLanded } from "../record/choose-run.ts";
import { refuseInTheWay } from "../worktree/in-the-way.ts";
import { forgetSettling, noteSettling, settleWorktree } from "../worktree/settle-worktree.ts";
import { filesOf, landingChanges, landingTree, type MergedCode, mergeOntoHead } from "./merge-landing.ts";
import { codeOfRun, type RunCode } from "./run-code.ts";

export interface LandingPreview {
	/** The branch that it would land on; null when HEAD is detached. */
	readonly branch: string | null;
	readonly files: readonly ChangedFile[];
}

export interface LandingOptions {
	/** Sign the commit; undefined asks git's commit.gpgsign. */
	readonly sign?: boolean | undefined;
	/** Let the repository's pre-commit hook decide. */
	readonly verify: boolean;
}

export interface Landed {
	/** null when `ledger.commit` is not auto: the landing is in the checkout, to be committed by its owner. */
	readonly commit: string | null;
	readonly landing: Landing;
	readonly files: readonly ChangedFile[];
	/** Whether the run's worktree and branch are gone, and why not. */
	readonly worktree: { readonly removed: boolean; readonly reason: string | null };
}

/** What landing the run would change now. Touches nothing. Throws what landRun throws before it writes. */
export async function previewLanding(ledger: Ledger, receipt: Receipt): Promise<LandingPreview> {
	const { workspace, git } = ledger;
	const reader = openObjectReader(ledger.env, workspace.topLevel);
	try {
		const head = await readHead(workspace.gitDir, reader, git);
		const merged = await mergeOntoHead(ledger, reader, head, await codeOfRun(ledger, reader, receipt), receipt.runId);
		await refuseInTheWay(ledger, await changesOf(ledger, merged, receipt));
		return { branch: head.ref?.replace(/^refs\/heads\//, "") ?? null, files: await filesOf(ledger, merged) };
	} finally {
		reader.close();
	}
}

/**
 * Lands the run, then removes its worktree and branch. Throws `patch_conflict`, `worktree_dirty`, `nothing_to_land`,
 * `already_landed`, `hook_failed`, `signing_failed` and what changeLedger throws; nothing has changed then.
 */
export async function landRun(ledger: Ledger, receipt: Receipt, options: LandingOptions): Promise<Landed> {
	const { taskId, runId } = receipt;
	const { title } = readTask(ledger.workspace.root, taskId).definition;
	const sign = options.sign ?? (await signsCommits(ledger));
	const reader = openObjectReader(ledger.env, ledger.workspace.topLevel);
	noteSettling(ledger, taskId, runId);
	try {
		const code = await codeOfRun(ledger, reader, receipt);
		const plan = (view: LedgerView) => planLanding(ledger, view, receipt, code);
		const { value, commit } = await changeTask(ledger, taskId, async (view) => ({
			...(await plan(view)),
			message: { op: "apply", taskId, runId, summary: `land ${JSON.stringify(title)}` },
			sign,
			verify: options.verify,
		}));
		if (commit !== null) await proveLanding(ledger, reader, commit, value.merged, receipt);
		failPoint("apply.landed");
		const files = await filesOf(ledger, value.merged);
		const landed = { commit, landing: value.landing, files };
		if (commit === null) {
			forgetSettling(ledger, taskId);
			return { ...landed, worktree: { removed: false, reason: "The landing is not committed yet." } };
		}
		const worktree = await settleWorktree(ledger, taskId, runId);
		failPoint("apply.cleaned");
		return { ...landed, worktree };
	} catch (error) {
		forgetSettling(ledger, taskId);
		throw fromHook(error, "landing");
	} finally {
		reader.close();
	}
}

interface Planned {
	readonly landing: Landing;
	readonly merged: MergedCode;
}

async function planLanding(
	ledger: Ledger,
	view: LedgerView,
	receipt: Receipt,
	code: RunCode,
): Promise<Omit<Change<Planned>, "message">> {
	refuseLanded(ledger, receipt);
	const merged = await mergeOntoHead(ledger, view.reader, view.head, code, receipt.runId);
	failPoint("apply.merged");
	const changes = await changesOf(ledger, merged, receipt);
	await refuseInTheWay(ledger, changes);
	const tree = await landingTree(ledger, view.reader, view.head, changes, merged);
	const landing: Landing = {
		runId: receipt.runId,
		parent: view.head.commit as string,
		patchSha256: receipt.patch?.sha256 ?? "",
		atMs: ledger.now(),
	};
	const path = landingPath(receipt);
	const content = `${JSON.stringify(landing, null, 2)}\n`;
	return { writes: [{ path, content }], code: { tree, changes }, value: { landing, merged } };
}

async function changesOf(ledger: Ledger, merged: MergedCode, receipt: Receipt) {
	const changes = await landingChanges(ledger, merged);
	if (changes.length > 0) return changes;
	throw new MsgcodeError("nothing_to_land", `The checked-out branch holds all that ${receipt.runId} changed already.`);
}

/** The commit holds the merged code and the record of the landing, and nothing else of the code changed. */
async function proveLanding(
	ledger: Ledger,
	reader: ObjectReader,
	commit: string,
	merged: MergedCode,
	receipt: Receipt,
): Promise<void> {
	const object = await reader.read(commit);
	const tree = object === null ? null : treeOfCommit(object.content);
	const record = await entryAt(reader, tree, fromTop(ledger.workspace, landingPath(receipt)));
	if (tree !== null && record !== null && (await codeTreeOf(ledger.workspace, reader, tree)) === merged.mergedCode)
		return;
	throw new MsgcodeError("git_failed", `The commit ${commit} does not hold the code that was to land.`, {
		hint: "The run's worktree and its result under refs/msgcode/runs stay as they are: compare with `git show`.",
	});
}

/** What git's commit.gpgsign says: a commit that holds code is signed as the user's own are. */
export async function signsCommits(ledger: Ledger): Promise<boolean> {
	const answer = await ledger.git(["config", "--type=bool", "commit.gpgsign"], { accept: [0, 1] });
	return answer.stdout.toString("utf8").trim() === "true";
}

export function fromHook(error: unknown, what: string): unknown {
	if (!(error instanceof MsgcodeError) || error.details?.command !== "git hook") return error;
	const words = String(error.details.stderr ?? "").trim();
	return new MsgcodeError(
		"hook_failed",
		`The pre-commit hook refused the ${what}${words === "" ? "." : `: ${words}`}`,
		{
			hint: "Nothing was changed. Without --verify no hook runs.",
			details: error.details,
			cause: error,
		},
	);
}

function landingPath(receipt: Receipt): string {
	return join(runFolder(receipt.taskId, receipt.runId), "landing.json");
}
