// Releases a patch that was withheld because of what looked like a secret.
// Invariant: what is committed is byte for byte the patch that the receipt describes, and who released it is on record.
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isoTime } from "../../core/clock.ts";
import { errorRow, MsgcodeError } from "../../core/errors.ts";
import { temporaryName } from "../../core/temporary-files.ts";
import { changedFiles, fileDigest, writePatch } from "../../git/patch.ts";
import type { FileWrite } from "../../ledger/change/planned-writes.ts";
import { changeTask } from "../../ledger/edit/change-task.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { withLine } from "../../ledger/merge/merge-content.ts";
import { RUNS_FILE, runFolder } from "../../ledger/paths.ts";
import { formatReceipt, type Receipt } from "../../ledger/runs/receipt.ts";
import { readReceipt, readRunLog } from "../../ledger/runs/runs.ts";
import { formatSummary } from "../../ledger/runs/summary.ts";
import { readTask } from "../../ledger/task/store.ts";
import { redactSecrets } from "../../trust/secrets.ts";
import { readEnding, runFolderAt } from "../run/run-folder.ts";

/** Commits the withheld patch. Throws `nothing_withheld`, `patch_withheld` (the patch is not on this machine). */
export async function allowSecret(
	ledger: Ledger,
	taskId: string,
	runId: string,
): Promise<{ readonly receipt: Receipt; readonly commit: string | null }> {
	const { root } = ledger.workspace;
	const patch = await withheldPatch(ledger, withheldReceipt(ledger, taskId, runId));
	const actor = await ledger.actor();
	const { value, commit } = await changeTask(ledger, taskId, async (view) => {
		const receipt = released(withheldReceipt(ledger, taskId, runId), isoTime(ledger.now()), actor);
		const where = runFolder(taskId, runId);
		const writes: FileWrite[] = [
			{ path: `${where}/patch.diff`, content: patch },
			{ path: `${where}/run_receipt.json`, content: formatReceipt(receipt) },
		];
		const summary = await newSummary(ledger, receipt);
		if (summary !== null) writes.push({ path: `${where}/summary.md`, content: summary });
		const former = readRunLog(root).lines.find((line) => line.runId === runId);
		if (former !== undefined) {
			const { status, errorCode, errorMessage, details } = receipt;
			const line = JSON.stringify({ ...former, status, errorCode, errorMessage, details });
			const content = withLine(view.working(RUNS_FILE) ?? Buffer.alloc(0), line);
			writes.push({ path: RUNS_FILE, content, line });
		}
		const summaryLine = "release a patch that was withheld because of a secret";
		return { writes, message: { op: "allow-secret", taskId, runId, summary: summaryLine }, value: receipt };
	});
	return { receipt: value, commit };
}

/** The run's receipt; throws `nothing_withheld` unless a secret holds its patch back. */
export function withheldReceipt(ledger: Ledger, taskId: string, runId: string): Receipt {
	const receipt = readReceipt(ledger.workspace.root, taskId, runId);
	if (receipt?.patch?.withheld === "secret") return receipt;
	throw new MsgcodeError("nothing_withheld", `No patch of ${runId} is withheld because of a secret.`, {
		hint: `msgcode run show ${runId}`,
	});
}

/** The run's patch from its local folder, or made again from its kept result; the digest decides. */
export async function withheldPatch(ledger: Ledger, receipt: Receipt): Promise<Buffer> {
	const { workspace, git } = ledger;
	const wanted = receipt.patch?.sha256;
	const local = runFolderAt(workspace.stateDir, receipt.runId).patch;
	if (existsSync(local) && (await fileDigest(local)).sha256 === wanted) return readFileSync(local);
	const scratch = join(workspace.stateDir, temporaryName());
	const again = join(scratch, "patch.diff");
	mkdirSync(scratch, { recursive: true, mode: 0o700 });
	try {
		await writePatch(git, workspace.commonDir, `${receipt.baseCommit}`, `${receipt.ref}`, again);
		if ((await fileDigest(again)).sha256 === wanted) return readFileSync(again);
	} catch (error) {
		if (!(error instanceof MsgcodeError) || error.code !== "git_failed") throw error;
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
	throw new MsgcodeError("patch_withheld", `The withheld patch of ${receipt.runId} is not on this machine.`, {
		hint: "Release it in the clone where the run was made.",
	});
}

/** The secret was the only thing wrong with the run, unless a check failed as well. */
function released(receipt: Receipt, at: string, actor: string): Receipt {
	const { withheld: _, ...patch } = receipt.patch as NonNullable<Receipt["patch"]>;
	const shared: Receipt = {
		...receipt,
		patch,
		artifacts: [...new Set(["patch.diff", ...receipt.artifacts])].sort(),
		secretsAllowed: { at, actor },
	};
	if (receipt.errorCode !== "SECRET_FOUND") return shared;
	const failed = receipt.checks.find(({ status }) => status !== "ok");
	if (failed === undefined) return { ...shared, status: "ok", errorCode: null, errorMessage: null };
	const errorMessage = errorRow("CHECKS_FAILED").means;
	const details = { check: failed.command, exitCode: failed.exitCode };
	return { ...shared, status: "error", errorCode: "CHECKS_FAILED", errorMessage, details };
}

/** null where this machine does not know what the runner said: the old summary then stays. */
async function newSummary(ledger: Ledger, receipt: Receipt): Promise<string | null> {
	const ending = readEnding(runFolderAt(ledger.workspace.stateDir, receipt.runId));
	if (ending === null || receipt.baseCommit === null || receipt.tree === null) return null;
	const { definition } = readTask(ledger.workspace.root, receipt.taskId);
	const title = definition.sensitive ? "" : definition.title;
	const files = await changedFiles(ledger.git, ledger.workspace.commonDir, receipt.baseCommit, receipt.tree);
	return redactSecrets(formatSummary(receipt, { title, lastWords: ending.lastWords, files }));
}
