// The end of a run: its ending becomes a kept commit, a proven patch, a receipt, a summary and one ledger commit.
// Invariant: the same code ends a run that went well and one whose process was killed; nothing is released before it is kept.
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { isoTime } from "../../core/clock.ts";
import { type ErrorCode, errorRow, MsgcodeError } from "../../core/errors.ts";
import { failPoint } from "../../core/failpoint.ts";
import { ensureFolder, replaceFile } from "../../core/files.ts";
import { readHead, writeCommit } from "../../git/head.ts";
import type { ChangedFile } from "../../git/patch.ts";
import { archiveHomes, taskHome } from "../../ledger/archive/archive-places.ts";
import { withHome } from "../../ledger/archive/move-home.ts";
import { commitPlanned, type LedgerView } from "../../ledger/change/apply.ts";
import { keepWritesPending } from "../../ledger/change/pending.ts";
import type { FileWrite } from "../../ledger/change/planned-writes.ts";
import { inLedger, withLock } from "../../ledger/change/transaction.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { withLine } from "../../ledger/merge/merge-content.ts";
import type { CommitMessage } from "../../ledger/message.ts";
import { definitionPath, LIVE, RUNS_FILE, recordPath, runFolder } from "../../ledger/paths.ts";
import { formatReceipt, type Receipt, runLineOf } from "../../ledger/runs/receipt.ts";
import { runLogWrites } from "../../ledger/runs/rotate-run-log.ts";
import { formatSummary } from "../../ledger/runs/summary.ts";
import { fromTop } from "../../ledger/workspace.ts";
import { redactSecrets } from "../../trust/secrets.ts";
import { runRef } from "../worktree/worktree.ts";
import type { Claim } from "./claim.ts";
import { closedRecord } from "./close-on-success.ts";
import type { RunEnding, RunFolder } from "./run-folder.ts";
import { describeResult } from "./run-result.ts";
import { settleMainSession } from "./run-session.ts";

/** Events beyond this stay in the run's local folder only. */
const EVENTS_BYTES = 64 * 1024 * 1024;

export interface ConcludedRun {
	readonly receipt: Receipt;
	/** The ledger commit; null when it waits because git is busy or the branch does not hold the task. */
	readonly commit: string | null;
	/** Why the commit waits. */
	readonly pending: string | null;
	readonly files: readonly ChangedFile[];
}

export interface ConcludeFacts {
	readonly title: string;
	readonly claim: Claim;
	readonly folder: RunFolder;
	readonly ending: RunEnding;
	readonly events: { readonly sha256: string; readonly lines: number } | null;
}

/** Keeps a result tree as a commit on the run's own ref, so that no maintenance takes it away. */
export async function keepResult(ledger: Ledger, claim: Claim, tree: string): Promise<void> {
	const base = claim.base;
	if (base === null) return;
	const message = `msgcode result of ${claim.runId}\n\nMsgcode-Task: ${claim.taskId}\nMsgcode-Run: ${claim.runId}\n`;
	const identity = await ledger.identity();
	const commit = await writeCommit(ledger.workspace, ledger.git, {
		tree,
		parents: [base.commit],
		message,
		sign: false,
		identity,
	});
	await ledger.git(["update-ref", runRef(claim.runId), commit]);
}

/** Makes the run's patch, receipt and summary from its ending and commits them. */
export async function concludeRun(ledger: Ledger, facts: ConcludeFacts): Promise<ConcludedRun> {
	const { claim, ending } = facts;
	const result = await describeResult(ledger, claim, facts.folder, ending.tree);
	const secrets = result.secrets;
	const found = secrets.length > 0;
	const status = found && ending.status === "ok" ? "error" : ending.status;
	const errorCode = (
		found && (ending.errorCode === null || ending.errorCode === "CHECKS_FAILED") ? "SECRET_FOUND" : ending.errorCode
	) as ErrorCode | null;
	const receipt: Receipt = {
		schemaVersion: 1,
		runId: claim.runId,
		taskId: claim.taskId,
		scheduledAt: null,
		status,
		errorCode,
		errorMessage: errorCode === null ? null : errorRow(errorCode).means,
		details: ending.details,
		startedAt: isoTime(claim.startedAtMs),
		endedAt: isoTime(ending.endedAtMs),
		durationMs: Math.max(0, ending.endedAtMs - claim.startedAtMs),
		trigger: claim.trigger,
		...(claim.idempotencyKey === null ? {} : { idempotencyKey: claim.idempotencyKey }),
		actor: claim.actor,
		mode: claim.mode,
		runner: {
			...claim.runner,
			model: ending.runnerModel ?? claim.runner.model,
			version: ending.runnerVersion ?? claim.runner.version ?? null,
		},
		baseCommit: claim.base?.commit ?? null,
		baseCodeTree: claim.base?.codeTree ?? null,
		tree: ending.tree,
		codeTree: result.codeTree,
		treeAfterChecks: ending.treeAfterChecks,
		ref: ending.tree === null ? null : runRef(claim.runId),
		patch: result.patch,
		noChanges: result.files.length === 0,
		checks: ending.checks,
		attempts: ending.attempts,
		usage: ending.usage,
		resources: ending.resources,
		artifacts:
			result.patch === null || result.patch.withheld !== undefined ? ["summary.md"] : ["patch.diff", "summary.md"],
		...(ending.evidence === undefined ? {} : { evidence: ending.evidence }),
		events: facts.events,
		approvalsRequested: claim.confirmed === undefined ? [] : [`each-run ${claim.confirmed}`],
		secrets,
		warnings: [...ending.warnings, ...result.warnings],
		promptDigest: claim.promptDigest,
		promptSent: claim.promptSent ?? null,
		session: ending.session,
	};
	settleMainSession(ledger.workspace.stateDir, claim, ending.session, ending.endedAtMs);
	const written = await writeRun(ledger, facts, receipt, result.files);
	failPoint("run.committed");
	return { receipt, files: result.files, ...written };
}

async function writeRun(
	ledger: Ledger,
	facts: ConcludeFacts,
	receipt: Receipt,
	files: readonly ChangedFile[],
): Promise<{ commit: string | null; pending: string | null }> {
	const { ending, folder } = facts;
	const { root } = ledger.workspace;
	const where = runFolder(receipt.taskId, receipt.runId);
	const line = JSON.stringify(runLineOf(receipt, ending.lastWordsDigest));
	const summary = redactSecrets(formatSummary(receipt, { title: facts.title, lastWords: ending.lastWords, files }));
	const fixed: FileWrite[] = [
		{ path: `${where}/run_receipt.json`, content: formatReceipt(receipt) },
		{ path: `${where}/summary.md`, content: summary },
	];
	if (receipt.patch !== null && receipt.patch.withheld === undefined) {
		fixed.push({ path: `${where}/patch.diff`, content: readFileSync(folder.patch) });
	}
	// A sensitive task's events hold the runner's words, which stay out of every tracked file.
	if (ledger.settings.events === "commit" && !facts.claim.sensitive && hasEvents(facts)) {
		fixed.push({ path: `${where}/events.jsonl`, content: readFileSync(folder.events) });
	}
	const message: CommitMessage = {
		op: "run",
		taskId: receipt.taskId,
		runId: receipt.runId,
		summary: runSubject(receipt),
	};
	const writesFor = (logged: readonly FileWrite[], record: Buffer | null): FileWrite[] => {
		const writes: FileWrite[] = [...fixed, ...logged];
		const closed = ending.close && receipt.status === "ok" ? closedRecord(ledger, receipt, record) : null;
		if (closed !== null) writes.push({ path: recordPath(receipt.taskId), content: closed, from: record });
		return writes;
	};
	try {
		const result = await inLedger(ledger, (reader) =>
			commitPlanned(ledger, reader, async (view) => {
				await refuseWithoutTask(ledger, view, receipt.taskId);
				const record = view.working(recordPath(receipt.taskId, taskHome(root, receipt.taskId) ?? LIVE));
				const writes = writesFor(runLogWrites(root, view.working(RUNS_FILE), line), record);
				return { writes: await withHome(ledger, view, receipt.taskId, writes), message, value: null };
			}),
		);
		keepEvents(ledger, facts, where);
		return { commit: result.commit, pending: null };
	} catch (error) {
		if (!(error instanceof MsgcodeError) || (error.code !== "git_busy" && error !== ledgerElsewhere(error)))
			throw error;
		await withLock(ledger, async (reader) => {
			const head = await readHead(ledger.workspace.gitDir, reader, ledger.git);
			const at = async (tree: string | null | undefined, path: string) =>
				tree == null ? null : ((await reader.read(`${tree}:${fromTop(ledger.workspace, path)}`))?.content ?? null);
			// The commit that git stands at in the middle of a rebase may not hold the task; the run's base does.
			const path = recordPath(receipt.taskId);
			const record = (await at(head.tree, path)) ?? (await at(facts.claim.base?.commit, path));
			await keepWritesPending(
				ledger,
				reader,
				// A later command appends the line to what is there by then; that is not the moment to rotate.
				writesFor(
					[{ path: RUNS_FILE, content: withLine((await at(head.tree, RUNS_FILE)) ?? Buffer.alloc(0), line), line }],
					record,
				),
				message,
				error.message,
			);
		});
		return { commit: null, pending: error.message };
	}
}

function ledgerElsewhere(error: MsgcodeError): MsgcodeError | null {
	return error.code === "task_not_found" ? error : null;
}

async function refuseWithoutTask(ledger: Ledger, view: LedgerView, taskId: string): Promise<void> {
	if (ledger.settings.commit !== "auto") return;
	const homes = [LIVE, ...archiveHomes(ledger.workspace.root)];
	for (const path of homes.flatMap((home) => [definitionPath(taskId, home), recordPath(taskId, home)])) {
		if ((await view.committed(path)) !== null || view.working(path) !== null) return;
	}
	throw new MsgcodeError("task_not_found", `The checked-out branch does not hold ${taskId}.`);
}

/** The events stay on this machine, beside the receipt, under a name that tasks/.gitignore leaves out. */
export function keepEvents(ledger: Ledger, facts: Pick<ConcludeFacts, "events" | "folder">, where: string): void {
	if (ledger.settings.events === "commit" || !hasEvents(facts)) return;
	const target = `${ledger.workspace.root}/${where}/events.jsonl`;
	ensureFolder(dirname(target));
	replaceFile(target, readFileSync(facts.folder.events), { mode: 0o600 });
}

function hasEvents(facts: Pick<ConcludeFacts, "events" | "folder">): boolean {
	return facts.events !== null && existsSync(facts.folder.events) && statSync(facts.folder.events).size <= EVENTS_BYTES;
}

function runSubject(receipt: Receipt): string {
	const what = receipt.noChanges
		? "no changes"
		: `${receipt.patch?.files ?? 0} file${receipt.patch?.files === 1 ? "" : "s"} changed`;
	return receipt.status === "ok" ? `run ok, ${what}` : `run ${receipt.status} (${receipt.errorCode}), ${what}`;
}
