// After a landing or a rejection the run's worktree and branch go; a note made before makes that true across a crash.
// Invariant: the worktree goes only once the landing or the rejection is on record, and only if it holds that run's work.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { ensureFolder, readFileIfThere, removeFileIfThere, replaceFile } from "../../core/files.ts";
import { isTaskId } from "../../core/ids.ts";
import { liveness, ownIdentity, type ProcessIdentity } from "../../core/process-identity.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { readLanding, readRejection } from "../../ledger/runs/runs.ts";
import { discardWorktree } from "./remove-worktree.ts";

/** A process that cannot be looked at (another container) is believed this long. */
const NOTE_LEASE_MS = 600_000;

interface Note {
	readonly schemaVersion: 1;
	readonly taskId: string;
	readonly runId: string;
	readonly owner: ProcessIdentity;
	readonly leaseUntilMs: number;
}

export interface Settled {
	readonly removed: boolean;
	/** Why the worktree stays; null when it is gone. */
	readonly reason: string | null;
}

/** To be called before the change that decides about the run. */
export function noteSettling(ledger: Ledger, taskId: string, runId: string): void {
	const note: Note = {
		schemaVersion: 1,
		taskId,
		runId,
		owner: ownIdentity(),
		leaseUntilMs: ledger.now() + NOTE_LEASE_MS,
	};
	ensureFolder(folderOf(ledger), 0o700);
	const temporaryIn = ledger.workspace.stateDir;
	replaceFile(noteOf(ledger, taskId), JSON.stringify(note), { mode: 0o600, temporaryIn });
}

export function forgetSettling(ledger: Ledger, taskId: string): void {
	removeFileIfThere(noteOf(ledger, taskId));
}

/** Removes the worktree of a run that was decided about. What keeps it there is an answer, not a failure. */
export async function settleWorktree(ledger: Ledger, taskId: string, runId: string): Promise<Settled> {
	const settled = await discardWorktree(
		ledger,
		taskId,
		({ kept, keptBy }) => !kept || keptBy.length === 0 || keptBy.includes(runId),
	).then(
		({ removed, verdict }) => ({ removed, reason: removed ? null : verdict.reason }),
		(error: unknown) => {
			if (!(error instanceof MsgcodeError)) throw error;
			const gone = error.code === "worktree_not_found";
			return { removed: gone, reason: gone ? null : error.message };
		},
	);
	forgetSettling(ledger, taskId);
	return settled;
}

/** True when a process died between a landing and the removal of its worktree. */
export function hasUnsettled(ledger: Ledger): boolean {
	return existsSync(folderOf(ledger)) && unsettled(ledger).length > 0;
}

/** Does what is left to do of them. Call it after the ledger's own recovery. */
export async function finishSettling(ledger: Ledger): Promise<void> {
	for (const { taskId, runId } of unsettled(ledger)) {
		const { root } = ledger.workspace;
		const decided = readLanding(root, taskId, runId) ?? readRejection(root, taskId, runId);
		if (decided === null) forgetSettling(ledger, taskId);
		else await settleWorktree(ledger, taskId, runId);
	}
}

function unsettled(ledger: Ledger): Note[] {
	return readdirSync(folderOf(ledger)).flatMap((name) => {
		const taskId = name.replace(/\.json$/, "");
		const note = isTaskId(taskId) ? readNote(ledger, taskId) : null;
		return note !== null && liveness(note.owner, note.leaseUntilMs, ledger.now()) === "dead" ? [note] : [];
	});
}

function readNote(ledger: Ledger, taskId: string): Note | null {
	const content = readFileIfThere(noteOf(ledger, taskId));
	if (content === null) return null;
	try {
		const note = JSON.parse(content.toString("utf8")) as Note;
		return note.schemaVersion === 1 && note.taskId === taskId ? note : null;
	} catch {
		return null;
	}
}

function folderOf(ledger: Ledger): string {
	return join(ledger.workspace.stateDir, "settling");
}

function noteOf(ledger: Ledger, taskId: string): string {
	return join(folderOf(ledger), `${taskId}.json`);
}
