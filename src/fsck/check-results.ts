// Each run's kept result: its ref holds the recorded tree on the recorded base, and its patch makes that tree of that base.
// Invariant: reading in process only ever says yes; before a patch is called wrong, git itself has applied it.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { treeOfCommit } from "../git/head.ts";
import { memoryObjects } from "../git/memory-objects.ts";
import type { ObjectReader } from "../git/object-reader.ts";
import { treeAfterPatch } from "../git/patch.ts";
import { applyInProcess } from "../git/patch-apply.ts";
import { readPatch } from "../git/patch-reader.ts";
import type { TreeChanges } from "../git/tree-edit.ts";
import { commitFacts } from "../ledger/history/commit-facts.ts";
import type { Receipt } from "../ledger/runs/receipt.ts";
import { type Finding, finding, fromHistory } from "./finding.ts";
import type { Look } from "./look.ts";
import { bytesOf, type RunPlace } from "./snapshot.ts";

export interface ProvenResult {
	readonly baseTree: string;
	/** null where only git could work it out. */
	readonly changes: TreeChanges | null;
}

export interface ResultCheck {
	readonly findings: readonly Finding[];
	/** By run id: what the run did, proven. */
	readonly proven: ReadonlyMap<string, ProvenResult>;
}

/** `sound` are the runs whose patch is the one that their receipt describes. */
export async function checkResults(look: Look, sound: ReadonlySet<string>): Promise<ResultCheck> {
	const refs = await runRefs(look);
	const findings: Finding[] = [];
	const proven = new Map<string, ProvenResult>();
	const judge = async (run: RunPlace) => {
		const { receipt } = run;
		if (receipt === null || run.newer || look.isLive(run.runId)) return;
		if (receipt.tree === null || receipt.baseCommit === null) return;
		findings.push(...(await refFindings(look, receipt, refs)));
		const patch = sound.has(run.runId) ? bytesOf(look.ledger.workspace.root, `${run.folder}/patch.diff`) : null;
		if (patch === null) return;
		const result = await provePatch(look, run, receipt, patch);
		if ("code" in result) findings.push(result);
		else proven.set(run.runId, result);
	};
	await inParallel([...look.snapshot.runs.values()], judge);
	return { findings, proven };
}

/** As many runs at once as keep git's conversation busy. */
const AT_ONCE = 16;

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
	const queue = items.values();
	const worker = async () => {
		for (const item of queue) await work(item);
	};
	await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function runRefs({ ledger }: Look): Promise<ReadonlyMap<string, string>> {
	const result = await ledger.git(["for-each-ref", "--format=%(refname) %(objectname)", "refs/msgcode/runs/"]);
	const lines = result.stdout.toString("utf8").split("\n");
	return new Map(
		lines.map((line) => {
			const [name = "", oid = ""] = line.split(" ");
			return [name, oid] as const;
		}),
	);
}

async function refFindings({ reader }: Look, receipt: Receipt, refs: ReadonlyMap<string, string>): Promise<Finding[]> {
	const { runId, taskId, ref, baseCommit, tree, noChanges } = receipt;
	if (ref === null) return [];
	const place = { runId, taskId };
	const oid = refs.get(ref);
	if (oid === undefined) {
		// Without changes the base is the result, and nothing is missed.
		if (noChanges) return [];
		const message = `${ref}, which keeps the result of ${runId}, is not in this clone.`;
		const hint = "It is where the run was made. Fetch refs/msgcode/* from there to have it here.";
		return [finding("ref_absent", { ...place, message, hint })];
	}
	const kept = await reader.read(oid);
	if (kept === null) {
		const message = `${ref} points at ${oid}, which the repository lacks.`;
		return [finding("ref_object_missing", { ...place, commit: oid, message, hint: "git fsck" })];
	}
	const hint = `See what it holds: git show ${ref}`;
	const keptTree = kept.type === "commit" ? treeOfCommit(kept.content) : kept.oid;
	if (keptTree !== tree) {
		const message = `${ref} holds the tree ${keptTree}, the receipt of ${runId} says ${tree}.`;
		return [finding("ref_tree", { ...place, commit: oid, message, hint })];
	}
	const { parents } = commitFacts(oid, kept.content);
	if (parents.length === 1 && parents[0] === baseCommit) return [];
	const message = `${ref} stands on ${parents.join(", ") || "nothing"}, the receipt of ${runId} says ${baseCommit}.`;
	return [finding("ref_parent", { ...place, commit: oid, message, hint })];
}

async function provePatch(look: Look, run: RunPlace, receipt: Receipt, patch: Buffer): Promise<ProvenResult | Finding> {
	const { runId, taskId } = run;
	const base = receipt.baseCommit as string;
	const baseTree = await wholeTree(look.reader, base);
	if (baseTree === null) {
		const message = `${base}, the commit that ${runId} started from, is not in this clone.`;
		const hint = "Fetch the branch that the run was made on, or the whole history.";
		return finding("base_absent", { runId, taskId, commit: base, message, hint });
	}
	const memory = memoryObjects(look.reader, look.ledger.workspace);
	const files = readPatch(patch);
	const applied = files === null ? null : await applyInProcess(memory.reader, memory.store, baseTree, files);
	if (applied !== null && applied.tree === receipt.tree) return { baseTree, changes: applied.changes };
	const scratch = look.scratch();
	const folder = join(scratch.folder, runId);
	const copy = `${folder}.diff`;
	mkdirSync(folder);
	writeFileSync(copy, patch);
	const { git, workspace } = scratch.ledger;
	const tree = await treeAfterPatch(git, workspace.commonDir, base, copy, folder).catch(() => null);
	if (tree === receipt.tree) return { baseTree, changes: null };
	const file = `${run.folder}/patch.diff`;
	const gives = tree === null ? "does not apply to its base" : `gives the tree ${tree} and not ${receipt.tree}`;
	return finding("patch_result", { file, runId, taskId, message: `${file} ${gives}.`, hint: fromHistory(file) });
}

/** A commit's tree, where both are here: a shallow clone may hold one without the other. */
export async function wholeTree(reader: ObjectReader, commit: string): Promise<string | null> {
	const object = await reader.read(commit);
	if (object?.type !== "commit") return null;
	const tree = treeOfCommit(object.content);
	return (await reader.read(tree)) === null ? null : tree;
}
