// What a run's result amounts to: its changed files, its proven patch, and what the patch cannot carry.
// Invariant: a patch goes into the ledger only when it was proven, is small enough and holds nothing that looks like a secret.
import { readFileSync, writeFileSync } from "node:fs";
import { failPoint } from "../../core/failpoint.ts";
import { ensureFolder } from "../../core/files.ts";
import { treeOfCommit } from "../../git/head.ts";
import { type ChangedFile, changedFiles, fileDigest, provePatch, writePatch } from "../../git/patch.ts";
import { codeTreeOf } from "../../ledger/change/code-tree.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { LIMITS } from "../../ledger/limits.ts";
import { runFolder } from "../../ledger/paths.ts";
import type { PatchFacts, Receipt, SecretPlace } from "../../ledger/runs/receipt.ts";
import { scanPatchForSecrets } from "../../trust/secrets.ts";
import { runRef } from "../worktree/worktree.ts";
import type { Claim } from "./claim.ts";
import type { RunFolder } from "./run-folder.ts";

export interface RunResult {
	readonly codeTree: string | null;
	readonly files: readonly ChangedFile[];
	readonly patch: PatchFacts | null;
	readonly secrets: readonly SecretPlace[];
	readonly warnings: Receipt["warnings"];
}

/** The result of a run whose work was collected as `tree`; nothing where it was not collected. */
export async function describeResult(
	ledger: Ledger,
	claim: Claim,
	folder: RunFolder,
	tree: string | null,
): Promise<RunResult> {
	if (tree === null || claim.base === null)
		return { codeTree: null, files: [], patch: null, secrets: [], warnings: [] };
	const { codeTree, unchanged } = await compareTrees(ledger, claim.base.commit, tree);
	const { files, proven } = unchanged ? emptyPatch(folder) : await makePatch(ledger, claim.base.commit, tree, folder);
	failPoint("run.patch-written");
	const { sha256, bytes } = await fileDigest(folder.patch);
	const tooLarge = bytes > LIMITS.patchBytes;
	const found = tooLarge || bytes === 0 ? [] : scanPatchForSecrets(readFileSync(folder.patch));
	const secrets = found.map(({ rule, file, line }) => ({ rule, file, line }));
	const withheld = tooLarge ? "too_large" : !proven ? "unproven" : secrets.length > 0 ? "secret" : null;
	const sum = (pick: (file: ChangedFile) => number | null) =>
		files.reduce((total, file) => total + (pick(file) ?? 0), 0);
	const patch: PatchFacts = {
		path: `${runFolder(claim.taskId, claim.runId)}/patch.diff`,
		sha256,
		bytes,
		files: files.length,
		insertions: sum((file) => file.insertions),
		deletions: sum((file) => file.deletions),
		...(withheld === null ? {} : { withheld }),
	};
	const warnings = await statedLimits(ledger, files);
	const kept = `the result is kept under ${runRef(claim.runId)}.`;
	if (withheld === "too_large") {
		const message = `The patch has ${bytes} bytes, more than the ledger takes; ${kept}`;
		warnings.push({ code: "patch_too_large", message });
	}
	if (withheld === "unproven") {
		warnings.push({
			code: "patch_unproven",
			message: `The patch could not be proven, so it is not in the ledger; ${kept}`,
		});
	}
	return { codeTree, files, patch, secrets, warnings };
}

async function compareTrees(
	ledger: Ledger,
	base: string,
	tree: string,
): Promise<{ readonly codeTree: string; readonly unchanged: boolean }> {
	const reader = ledger.openReader();
	try {
		const commit = await reader.read(base);
		const codeTree = await codeTreeOf(ledger.workspace, reader, tree);
		return { codeTree, unchanged: commit !== null && treeOfCommit(commit.content) === tree };
	} finally {
		reader.close();
	}
}

interface MadePatch {
	readonly files: readonly ChangedFile[];
	readonly proven: boolean;
}

function emptyPatch(folder: RunFolder): MadePatch {
	writeFileSync(folder.patch, "");
	return { files: [], proven: true };
}

async function makePatch(ledger: Ledger, base: string, tree: string, folder: RunFolder): Promise<MadePatch> {
	const { git, workspace } = ledger;
	ensureFolder(folder.scratch, 0o700);
	const [files] = await Promise.all([
		changedFiles(git, workspace.commonDir, base, tree),
		writePatch(git, workspace.commonDir, base, tree, folder.patch),
	]);
	const proven = await provePatch(git, workspace.commonDir, base, tree, folder.patch, folder.scratch).then(
		() => true,
		() => false,
	);
	return { files, proven };
}

/** What a patch cannot carry is said, not lost in silence: submodules' own commits, contents behind a filter. */
async function statedLimits(ledger: Ledger, files: readonly ChangedFile[]): Promise<Receipt["warnings"][number][]> {
	const warnings: Receipt["warnings"][number][] = [];
	const submodules = files
		.filter((file) => file.newMode === "160000" || file.oldMode === "160000")
		.map((file) => file.path);
	if (submodules.length > 0) {
		const message =
			"A submodule points at another commit. The patch records the pointer only: push the submodule's commit itself.";
		warnings.push({ code: "submodule_changed", message, paths: submodules });
	}
	const plain = files.filter((file) => file.newMode.startsWith("100")).map((file) => file.path);
	if (plain.length > 0) {
		const asked = await ledger.git(["check-attr", "--stdin", "-z", "filter"], {
			cwd: ledger.workspace.topLevel,
			stdin: plain.map((path) => `${path}\0`).join(""),
		});
		const fields = asked.stdout.toString("utf8").split("\0");
		const filtered = plain.filter(
			(_, position) => !["unspecified", "unset", ""].includes(fields[position * 3 + 2] ?? ""),
		);
		if (filtered.length > 0) {
			const message =
				"These files go through a filter such as Git LFS: the patch holds what git stores (a pointer), not the content.";
			warnings.push({ code: "filtered_content", message, paths: filtered });
		}
	}
	return warnings;
}
