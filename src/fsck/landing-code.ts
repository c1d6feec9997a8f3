// Whether the commit of a landing holds exactly what the run's changes give on its parent, ledger paths aside.
// Invariant: reading in process only ever says yes; before a landing is called wrong, git itself has merged it.
import { MsgcodeError } from "../core/errors.ts";
import { mergeOntoHead } from "../engine/landing/merge-landing.ts";
import { codeOfRun } from "../engine/landing/run-code.ts";
import { isSameEntry, treeDifference } from "../git/tree-difference.ts";
import { entryAt, type TreeEntry } from "../git/tree-edit.ts";
import { codeTreeOf } from "../ledger/change/code-tree.ts";
import { isLedgerPath, runFolder } from "../ledger/paths.ts";
import type { Receipt } from "../ledger/runs/receipt.ts";
import { fromTop } from "../ledger/workspace.ts";
import { type ProvenResult, wholeTree } from "./check-results.ts";
import { kindOf } from "./commit-kind.ts";
import { type Finding, finding } from "./finding.ts";
import type { WalkedCommit } from "./history-walk.ts";
import type { Look } from "./look.ts";

/** `parent` is what landing.json says; null where the commit holds what it should. */
export async function landingCodeFinding(
	look: Look,
	receipt: Receipt,
	parent: string,
	commit: WalkedCommit,
	proven: ProvenResult | null,
): Promise<Finding | null> {
	const { runId, taskId } = receipt;
	const { oid, parents, op } = commit.facts;
	const file = `${runFolder(taskId, runId)}/landing.json`;
	const hint = `See what it holds: git show --stat ${oid.slice(0, 12)}`;
	const found = (code: Finding["code"], message: string) =>
		finding(code, { file, runId, taskId, commit: oid, message, hint });
	const [first] = parents;
	const [parentTree, tree] = await Promise.all([
		first === undefined ? null : wholeTree(look.reader, first),
		wholeTree(look.reader, oid),
	]);
	if (commit.isEdge || parentTree === null || tree === null) {
		return found("landing_unprovable", `The commit that ${runId} landed on is not in this clone.`);
	}
	const trees = { parentTree, tree };
	if (proven?.changes != null && (await holdsJustThat(look, commit, trees, proven))) return null;
	const same = await mergedByGit(look, receipt, trees);
	if (same === true) return null;
	if (same === null) return found("landing_unprovable", `What ${runId} changed cannot be told in this clone.`);
	const kind = kindOf(commit);
	if (op !== "apply" || kind === "unknown" || kind === "merge") {
		return found("landing_squashed", `The landing of ${runId} came with other changes, in ${oid.slice(0, 12)}.`);
	}
	if (first !== parent) {
		return found("landing_moved", `The landing of ${runId} was moved to another parent, as ${oid.slice(0, 12)}.`);
	}
	return found("landing_code", `${oid.slice(0, 12)} does not hold what the changes of ${runId} give on its parent.`);
}

interface Trees {
	readonly parentTree: string;
	readonly tree: string;
}

/** True where each of the run's files was as in its base, and the commit changed these files and no other. */
async function holdsJustThat(
	look: Look,
	commit: WalkedCommit,
	{ parentTree, tree }: Trees,
	{ baseTree, changes }: ProvenResult,
): Promise<boolean> {
	const { reader, ledger } = look;
	const tasks = fromTop(ledger.workspace, "tasks");
	const actual = new Map<string, string | null>();
	for (const [path, { after }] of await treeDifference(reader, parentTree, tree, tasks)) actual.set(path, idOf(after));
	for (const { path, after } of commit.changes) {
		if (!isLedgerPath(path)) actual.set(fromTop(ledger.workspace, path), after);
	}
	for (const [path, entry] of changes ?? []) {
		const was = await entryAt(reader, parentTree, path);
		if (isSameEntry(was, entry)) continue;
		if (!isSameEntry(was, await entryAt(reader, baseTree, path))) return false;
		if (!actual.has(path) || !isSameEntry(entry, await entryAt(reader, tree, path))) return false;
		actual.delete(path);
	}
	return actual.size === 0;
}

function idOf(entry: TreeEntry | null): string | null {
	return entry?.oid ?? null;
}

/** null where what has to be merged is not here. */
async function mergedByGit(look: Look, receipt: Receipt, { parentTree, tree }: Trees): Promise<boolean | null> {
	const { ledger, reader } = look.scratch();
	try {
		const code = await codeOfRun(ledger, reader, receipt);
		const head = { ref: null, commit: null, tree: parentTree };
		const { mergedCode } = await mergeOntoHead(ledger, reader, head, code, receipt.runId);
		return mergedCode === (await codeTreeOf(ledger.workspace, reader, tree));
	} catch (error) {
		if (!(error instanceof MsgcodeError)) throw error;
		return error.code === "patch_conflict" ? false : null;
	}
}
