// `msgcode undo`: takes one command back as a new commit, its fields and, of a landing, its code.
// Invariant: what is undone is chosen once and named; the branch may move meanwhile, the choice does not.
import { MsgcodeError } from "../core/errors.ts";
import { readHead } from "../git/head.ts";
import { refuseWhileBusy } from "../git/operation.ts";
import type { ChangedFile } from "../git/patch.ts";
import { moveLocalEvents } from "../ledger/archive/move-home.ts";
import { type Change, type LedgerView, viewOf } from "../ledger/change/apply.ts";
import { changeLedger } from "../ledger/change/transaction.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { LIVE, taskPath } from "../ledger/paths.ts";
import { readReceipt } from "../ledger/runs/runs.ts";
import { changesBetween, type PathChange } from "../ledger/sync/unpushed.ts";
import { short, subjectOf } from "../ledger/undo/last-command.ts";
import { type ReversedChange, reverseChange, reverseFiles } from "../ledger/undo/reverse-change.ts";
import { findUndoTarget, refused, refuseElsewhere, type UndoTarget } from "../ledger/undo/undo-target.ts";
import { belowRoot, isLedgerPathOf } from "../ledger/workspace.ts";
import { fromHook, type LandingOptions, signsCommits } from "./landing/land.ts";
import { codeChange, inverse, isItsOwn } from "./landing/landing-code.ts";
import { filesOf, type MergedCode } from "./landing/merge-landing.ts";
import { planCode, proveCode, type ReversedCode } from "./landing/reverse-code.ts";
import { readClaim } from "./run/claim.ts";

export interface UndoPreview {
	readonly target: UndoTarget;
	readonly tasks: ReversedChange["tasks"];
	readonly ledgerFiles: readonly string[];
	/** Files of the user's code that change with it. */
	readonly code: readonly ChangedFile[];
}

export interface Undone extends Omit<UndoPreview, "target"> {
	readonly commit: string | null;
}

/** What undoing the command would change now; touches nothing. Throws what `undo` throws before it writes. */
export async function previewUndo(ledger: Ledger, named: string | undefined): Promise<UndoPreview> {
	refuseWhileBusy(ledger.workspace.gitDir);
	const reader = ledger.openReader();
	try {
		const target = await findUndoTarget(ledger, reader, named);
		const head = await readHead(ledger.workspace.gitDir, reader, ledger.git);
		const { value } = await planUndo(ledger, viewOf(ledger, reader, head), target);
		return { target, ...(await shown(ledger, value)) };
	} finally {
		reader.close();
	}
}

/**
 * Takes the command back; `options` are about one that holds code. Throws `undo_conflict`, `patch_conflict`, `worktree_dirty`, `nothing_to_undo`, `undo_refused`,
 * `task_running`, `dependency_cycle` and what changeLedger throws; nothing has changed then.
 */
export async function undo(ledger: Ledger, target: UndoTarget, options: LandingOptions): Promise<Undone> {
	const reader = ledger.openReader();
	try {
		const sign = target.undoing === "landing" ? (options.sign ?? (await signsCommits(ledger))) : false;
		const ofCode = { sign, verify: options.verify };
		const { value, commit } = await changeLedger(ledger, async (view) => {
			await refuseElsewhere(ledger, target, view.head.commit);
			const change = await planUndo(ledger, view, target);
			return { ...change, ...(change.code === undefined ? {} : ofCode) };
		});
		for (const { move } of value.reversed.tasks) {
			if (move.from !== move.to) moveLocalEvents(ledger.workspace.root, move);
		}
		if (commit !== null && value.merged !== null) await proveCode(ledger, reader, commit, value.merged);
		return { ...(await shown(ledger, value)), commit };
	} catch (error) {
		throw fromHook(error, "undo");
	} finally {
		reader.close();
	}
}

interface Planned {
	readonly reversed: ReversedChange;
	readonly merged: MergedCode | null;
}

async function planUndo(ledger: Ledger, view: LedgerView, target: UndoTarget): Promise<Change<Planned>> {
	const { facts, before, summary } = target;
	const paths = await changedPaths(ledger, target);
	const code = paths.code.length === 0 ? null : await planReversedCode(ledger, view, target, paths.ledger);
	const names = paths.ledger.map(({ path }) => path);
	refuseOthersTasks(target, names);
	const reverse = target.undoing === "files" ? reverseFiles : reverseChange;
	const reversed = await reverse(ledger, view, { before, after: facts.tree, summary }, names);
	if (reversed.writes.length === 0 && (code === null || code.code === null)) {
		throw new MsgcodeError("nothing_to_undo", `Nothing is left of ${subjectOf(facts)}: it is all as it was before.`, {
			hint: "To undo an earlier command, name its commit: msgcode undo --op <commit> (msgcode log lists them).",
			details: { commit: facts.oid },
		});
	}
	for (const { id, ends, move } of reversed.tasks) {
		const claim = ends || move.to !== LIVE ? readClaim(ledger.workspace.stateDir, id) : null;
		if (claim !== null)
			throw new MsgcodeError("task_running", `${id} has a live run, ${claim.runId}.`, {
				details: { runId: claim.runId },
			});
	}
	const [taskId] = facts.taskIds;
	const message = {
		op: "undo",
		summary: undoSummary(summary),
		undoes: facts.oid,
		...(taskId === undefined || facts.taskIds.length > 1 ? {} : { taskId }),
		...(facts.runId === null ? {} : { runId: facts.runId }),
	};
	return {
		writes: reversed.writes,
		message,
		...(code === null || code.code === null ? {} : { code: code.code }),
		value: { reversed, merged: code?.merged ?? null },
	};
}

/** Undoing an undo is said as what it is. */
function undoSummary(summary: string): string {
	const [, word, rest] = /^(undo|redo): (.*)$/s.exec(summary) ?? [];
	return word === "undo" ? `redo: ${rest}` : `undo: ${word === "redo" ? rest : summary}`;
}

/** Ledger paths relative to the workspace, and the user's own, relative to the top folder. */
async function changedPaths(
	ledger: Ledger,
	{ facts, before }: UndoTarget,
): Promise<{ readonly ledger: readonly PathChange[]; readonly code: readonly PathChange[] }> {
	const { workspace, git } = ledger;
	const from =
		before ?? (await git(["hash-object", "-t", "tree", "--stdin"], { stdin: "" })).stdout.toString("utf8").trim();
	const own: PathChange[] = [];
	const code: PathChange[] = [];
	for (const change of await changesBetween(git, workspace, from, facts.oid)) {
		if (isLedgerPathOf(workspace, change.path)) own.push({ ...change, path: belowRoot(workspace, change.path) });
		else code.push(change);
	}
	return { ledger: own, code };
}

/** A commit that changes tasks which its trailers do not name was not made by the command that they tell of. */
function refuseOthersTasks({ facts }: UndoTarget, paths: readonly string[]): void {
	if (facts.taskIds.length === 0) return;
	const other = paths
		.map((path) => taskPath(path)?.taskId)
		.find((id) => id !== undefined && !facts.taskIds.includes(id));
	if (other === undefined) return;
	throw refused(
		facts,
		`changes ${other} as well, which it does not name`,
		`git itself reverts it: git revert ${short(facts)}`,
	);
}

async function planReversedCode(
	ledger: Ledger,
	view: LedgerView,
	{ facts, undoing }: UndoTarget,
	paths: readonly PathChange[],
): Promise<ReversedCode> {
	const revert = `git itself reverts it: git revert ${short(facts)}`;
	const landings = paths.filter(({ path }) => path.endsWith("/landing.json"));
	const [landing] = landings;
	if (undoing !== "landing" || landing === undefined || landings.length > 1) {
		throw refused(facts, "changes files that are not the ledger's", revert);
	}
	const brings = landing.oldOid === null;
	const taskId = taskPath(landing.path)?.taskId ?? "";
	const runId = landing.path.split("/").at(-2) ?? "";
	const receipt = readReceipt(ledger.workspace.root, taskId, runId);
	const way = brings ? `Take the landing back alone: msgcode task rollback ${taskId} --landing --run ${runId}` : revert;
	const more = "holds more than the code of one landing";
	if (receipt === null || !(await isItsOwn(ledger, view.reader, facts, receipt, brings)))
		throw refused(facts, more, way);
	const change = await codeChange(ledger, view.reader, facts);
	if (change === null) throw refused(facts, more, way);
	const hint = `Revert it by hand and mend the files: git revert ${short(facts)}`;
	return planCode(ledger, view, inverse(change), { runId, brings: !brings, hint });
}

async function shown(ledger: Ledger, { reversed, merged }: Planned): Promise<Omit<UndoPreview, "target">> {
	const code = merged === null ? [] : await filesOf(ledger, merged);
	return { tasks: reversed.tasks, ledgerFiles: reversed.files, code };
}
