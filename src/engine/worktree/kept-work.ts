// Whether everything in a task's worktree is kept elsewhere: the question before any removal.
// Invariant: what cannot be read, or whose beginning nobody knows, is not kept.
import { lstatSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { temporaryName } from "../../core/temporary-files.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import type { Git } from "../../git/plumbing.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { runFolderAt } from "../run/run-folder.ts";
import {
	afterChecksRef,
	collectWorktree,
	makerOf,
	receiptOfWorktree,
	registeredWorktree,
	runRef,
	worktreePath,
	worktreeReceipts,
} from "./worktree.ts";

export interface KeptVerdict {
	readonly kept: boolean;
	/** Why not, or what keeps it: a sentence. */
	readonly reason: string;
	/** The run that made the worktree, where that is known. */
	readonly madeBy: string | null;
	/** The runs that recorded exactly what the worktree holds. */
	readonly keptBy: readonly string[];
}

export async function isWorkKept(ledger: Ledger, taskId: string): Promise<KeptVerdict> {
	const reader = ledger.openReader();
	return judge(ledger, taskId, reader).finally(() => reader.close());
}

async function judge(ledger: Ledger, taskId: string, reader: ObjectReader): Promise<KeptVerdict> {
	const { workspace, git } = ledger;
	const path = worktreePath(workspace, taskId);
	const known = await registeredWorktree(ledger, path);
	const receipt = receiptOfWorktree(ledger, taskId, known);
	const madeBy = receipt?.runId ?? makerOf(known);
	const answer = (kept: boolean, reason: string, keptBy: readonly string[] = []) => ({ kept, reason, madeBy, keptBy });
	const stat = lstatSync(path, { throwIfNoEntry: false });
	if (stat === undefined) return answer(true, "The folder is gone already.");
	if (!stat.isDirectory()) return answer(false, "It is no folder.");
	const head = known?.head == null || /^0+$/.test(known.head) ? null : known.head;
	const recorded = receipt?.baseCommit ?? (madeBy === null ? null : await idOf(reader, `${runRef(madeBy)}^`));
	const base = recorded ?? head;
	if (base === null) return answer(false, "git cannot tell what it started from.");
	if (head !== null && (head !== base || recorded === null) && !(await isHeldElsewhere(git, head))) {
		return answer(false, `Commits made in it (${head.slice(0, 12)}) are on no other branch.`);
	}
	const tree = await treeOfWorktree(ledger, path, base, madeBy);
	if (typeof tree !== "string") return answer(false, tree.message);
	if (tree === (await idOf(reader, `${base}^{tree}`))) return answer(true, "It holds nothing but its base.");
	const runIds = worktreeReceipts(ledger, taskId).map(({ runId }) => runId);
	const keptBy: string[] = [];
	for (const runId of new Set(madeBy === null ? runIds : [...runIds, madeBy])) {
		const names = [runRef(runId), afterChecksRef(runId)];
		const trees = await Promise.all(names.map((name) => idOf(reader, `${name}^{tree}`)));
		if (trees.includes(tree)) keptBy.push(runId);
	}
	if (keptBy.length > 0) return answer(true, `The run ${keptBy[0]} keeps it.`, keptBy);
	return answer(false, "It holds changes that no run has recorded.");
}

async function treeOfWorktree(
	ledger: Ledger,
	path: string,
	base: string,
	madeBy: string | null,
): Promise<string | Error> {
	const { stateDir } = ledger.workspace;
	const scratch = join(stateDir, temporaryName());
	mkdirSync(scratch, { recursive: true, mode: 0o700 });
	try {
		const pristine = madeBy === null ? null : runFolderAt(stateDir, madeBy).pristineIndex;
		return (await collectWorktree(ledger, path, base, { scratch }, pristine)).tree;
	} catch (error) {
		return error as Error;
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
}

/** True when a ref that is no worktree's own branch holds the commit. */
export async function isHeldElsewhere(git: Git, commit: string): Promise<boolean> {
	const result = await git(["for-each-ref", "--contains", commit, "--format=%(refname)"], { accept: [0, 129] });
	const names = result.stdout.toString("utf8").split("\n");
	return result.code === 0 && names.some((name) => name !== "" && !name.startsWith("refs/heads/msgcode/"));
}

/** The id of the object that `name` stands for, or null. */
async function idOf(reader: ObjectReader, name: string): Promise<string | null> {
	return (await reader.read(name))?.oid ?? null;
}
