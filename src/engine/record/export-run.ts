// Gathers what the description of a pull request tells of a run: receipt, task, patch, landing.
// Invariant: it only reads; secrets are taken out of every text, and nothing of a sensitive task's words goes along.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { sizedDigest } from "../../core/ids.ts";
import { changedFiles, patchNumbers } from "../../git/patch.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { runFolder } from "../../ledger/paths.ts";
import { type DescribedFile, describePullRequest, type PullRequest } from "../../ledger/runs/pull-request.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import { placeOfRun, readLanding, readRejection } from "../../ledger/runs/runs.ts";
import { lastWordsOf } from "../../ledger/runs/summary.ts";
import { readTask } from "../../ledger/task/store.ts";
import { fromTop } from "../../ledger/workspace.ts";
import { redactSecrets } from "../../trust/secrets.ts";
import { codeOfRun } from "../landing/run-code.ts";

/** The run as a pull request. Never throws for what this clone lacks: it is then left out, and said so. */
export async function pullRequestOf(ledger: Ledger, receipt: Receipt): Promise<PullRequest> {
	const { root } = ledger.workspace;
	const { taskId, runId } = receipt;
	const { title, prompt, sensitive } = readTask(root, taskId).definition;
	const folder = placeOfRun(root, taskId, runId);
	const patch = textAt(root, `${folder}/patch.diff`);
	const summary = textAt(root, `${folder}/summary.md`)?.toString("utf8") ?? "";
	const landing = readLanding(root, taskId, runId);
	return describePullRequest({
		receipt,
		title: redactSecrets(sensitive ? "" : title),
		prompt: sensitive ? null : redactSecrets(prompt),
		promptChanged: receipt.promptDigest?.sha256 !== sizedDigest(prompt).sha256,
		lastWords: sensitive ? "" : redactSecrets(lastWordsOf(summary)),
		files: await filesOf(ledger, receipt, patch),
		landing:
			landing === null
				? null
				: { commit: await landingCommit(ledger, `${runFolder(taskId, runId)}/landing.json`), parent: landing.parent },
		rejection: readRejection(root, taskId, runId),
		patchPath: patch === null ? null : fromTop(ledger.workspace, `${folder}/patch.diff`),
		hidesText: patch !== null && hidesText(patch),
	});
}

/** With kinds and modes from the run's two trees where both are here, else from the patch alone. */
async function filesOf(ledger: Ledger, receipt: Receipt, patch: Buffer | null): Promise<readonly DescribedFile[]> {
	if (receipt.noChanges || receipt.mode === "in-place") return [];
	const { git, workspace } = ledger;
	const reader = ledger.openReader();
	try {
		const { base, result } = await codeOfRun(ledger, reader, receipt);
		return await changedFiles(git, workspace.commonDir, base, result);
	} catch (error) {
		if (!(error instanceof MsgcodeError)) throw error;
		return patch === null ? [] : await patchNumbers(git, workspace.topLevel, patch).catch(() => []);
	} finally {
		reader.close();
	}
}

/** The commit that first brought the record of the landing; null where none here did. An archived one came at its live place. */
async function landingCommit(ledger: Ledger, path: string): Promise<string | null> {
	const args = ["log", "--diff-filter=A", "--format=%H", "--", path];
	const found = await ledger.git(args, { cwd: ledger.workspace.root, accept: [0, 128] });
	return found.stdout.toString("latin1").trim().split("\n").at(-1) || null;
}

/** Control and reordering characters in added lines: code that reads otherwise than it runs. */
function hidesText(patch: Buffer): boolean {
	return patch
		.toString("utf8")
		.split("\n")
		.some(
			(line) =>
				line.startsWith("+") &&
				/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\u{e0000}-\u{e007f}]/u.test(
					line,
				),
		);
}

function textAt(root: string, path: string): Buffer | null {
	const place = join(root, path);
	return existsSync(place) ? readFileSync(place) : null;
}
