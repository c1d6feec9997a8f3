// A run's result as two trees without ledger paths: what it started from and what it made of that.
// Invariant: both are proven against the receipt's tree ids, wherever they come from; nothing unproven is landed.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { temporaryName } from "../../core/temporary-files.ts";
import { treeOfCommit } from "../../git/head.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import { fileDigest, treeAfterPatch } from "../../git/patch.ts";
import { codeTreeOf } from "../../ledger/change/code-tree.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import { patchFile } from "../../ledger/runs/runs.ts";

/** How far back in HEAD's history the base is looked for when its commit is not here. */
const SEARCHED_COMMITS = 500;

export interface RunCode {
	/** Code tree of the base. */
	readonly base: string;
	/** Code tree of the result. */
	readonly result: string;
}

/** From the run's ref; in a clone that lacks it, from the tracked patch. Throws `revision_not_found`, `ledger_damaged`. */
export async function codeOfRun(ledger: Ledger, reader: ObjectReader, receipt: Receipt): Promise<RunCode> {
	const base = await baseCode(ledger, reader, receipt);
	const kept = receipt.ref === null ? null : await codeTreeAt(ledger, reader, receipt.ref);
	if (kept !== null && kept === receipt.codeTree) return { base, result: kept };
	return { base, result: await fromPatch(ledger, receipt, base) };
}

/** The base by its commit, or by its code tree: rebased ledger commits leave that as it was. */
async function baseCode(ledger: Ledger, reader: ObjectReader, receipt: Receipt): Promise<string> {
	const direct = receipt.baseCommit === null ? null : await codeTreeAt(ledger, reader, receipt.baseCommit);
	if (direct !== null && direct === receipt.baseCodeTree) return direct;
	const listed = await ledger.git(["log", `--max-count=${SEARCHED_COMMITS}`, "--format=%T", "HEAD"], {
		accept: [0, 128],
	});
	for (const tree of new Set(listed.stdout.toString("utf8").split("\n"))) {
		if (tree === "") continue;
		const code = await codeTreeOf(ledger.workspace, reader, tree);
		if (code === receipt.baseCodeTree) return code;
	}
	throw new MsgcodeError(
		"revision_not_found",
		`This clone lacks ${receipt.baseCommit}, the commit that ${receipt.runId} started from, and HEAD holds no equal one.`,
		{ hint: "Fetch the branch that the run was made on, then apply again." },
	);
}

/** The code of a commit by any name; null where this clone does not have it whole. */
export async function codeTreeAt(ledger: Ledger, reader: ObjectReader, name: string): Promise<string | null> {
	const commit = await reader.read(name);
	if (commit === null || commit.type !== "commit") return null;
	const tree = treeOfCommit(commit.content);
	// A shallow or partial clone may hold the commit without its tree.
	return (await reader.read(tree)) === null ? null : codeTreeOf(ledger.workspace, reader, tree);
}

async function fromPatch(ledger: Ledger, receipt: Receipt, base: string): Promise<string> {
	const { workspace, git } = ledger;
	const { patch, runId } = receipt;
	if (patch === null || patch.withheld !== undefined) {
		throw new MsgcodeError("patch_withheld", `The patch of ${runId} is not in the ledger (${patch?.withheld}).`, {
			hint: "Its result is kept in the clone where it ran: land it there.",
		});
	}
	const path = patchFile(workspace.root, receipt);
	const file = join(workspace.root, path);
	const damaged = (what: string) =>
		new MsgcodeError("ledger_damaged", `${path} ${what}, so nothing of it is landed.`, {
			hint: `Bring it back from history: git log -- ${path}`,
		});
	const { sha256 } = await fileDigest(file).catch((cause: unknown) => {
		throw damaged(`cannot be read (${(cause as Error).message})`);
	});
	if (sha256 !== patch.sha256) throw damaged("is not the patch that the receipt describes");
	const scratch = join(workspace.stateDir, temporaryName());
	mkdirSync(scratch, { recursive: true, mode: 0o700 });
	try {
		const tree = await treeAfterPatch(git, workspace.commonDir, base, file, scratch);
		if (tree !== receipt.codeTree) throw damaged("does not give the tree that the receipt describes");
		return tree;
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
}
