// The claim: the lease that makes a run the only one of its task, and the notes by which its end can be told if we die.
// Invariant: exactly one live owner per task; a dead owner's claim is only ever taken away by the one who holds its lock.

import { randomUUID } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { createFile, ensureFolder, readFileIfThere, removeFileIfThere, replaceFile } from "../../core/files.ts";
import { isTaskId } from "../../core/ids.ts";
import { liveness, ownIdentity, type ProcessIdentity } from "../../core/process-identity.ts";
import type { Progress } from "./progress.ts";

/** How long an owner that cannot be looked at (another machine, another container) is believed without renewal. */
export const CLAIM_LEASE_MS = 120_000;

export type RunPhase = "claimed" | "preparing" | "running" | "waiting_human" | "collecting";

export interface Claim {
	readonly schemaVersion: 1;
	readonly taskId: string;
	readonly runId: string;
	/** Of this claim alone: what ends a run names it, so that a stale owner changes nothing. */
	readonly owner: string;
	readonly attempt: number;
	readonly identity: ProcessIdentity;
	readonly leaseUntilMs: number;
	readonly startedAtMs: number;
	readonly phase: RunPhase;
	readonly actor: string;
	readonly mode: "worktree" | "in-place";
	readonly trigger: "manual";
	readonly idempotencyKey: string | null;
	readonly runner: {
		readonly kind: string;
		readonly model: string | null;
		readonly version?: string | null;
		readonly argv: readonly string[];
		readonly sandbox?: string;
	};
	readonly promptDigest: { readonly sha256: string; readonly length: number };
	/** Of the whole text that the runner is sent; null where it is sent none. */
	readonly promptSent?: { readonly sha256: string; readonly length: number } | null;
	readonly base: { readonly commit: string; readonly codeTree: string } | null;
	readonly worktree: {
		readonly path: string;
		readonly gitDir: string;
		readonly branch: string;
		readonly continued: boolean;
	} | null;
	readonly sensitive: boolean;
	/** By what the runner's session can go on. */
	readonly session: string | null;
	/** The digest of the plan that a person confirmed for this run. */
	readonly confirmed?: string;
	/** The main session that the run holds. */
	readonly mainSession?: string | null;
	/** How far the runner says that it is. */
	readonly progress?: Progress | null;
}

export type ClaimState = { readonly claim: Claim; readonly owner: "alive" | "dead" | "unknown" };

function claimsFolder(stateDir: string): string {
	return join(stateDir, "claims");
}

function claimPath(stateDir: string, taskId: string): string {
	return join(claimsFolder(stateDir), `${taskId}.json`);
}

/** Takes the claim; null when the task has one already. */
export function takeClaim(
	stateDir: string,
	claim: Omit<Claim, "schemaVersion" | "owner" | "identity" | "leaseUntilMs">,
	nowMs: number,
): Claim | null {
	ensureFolder(claimsFolder(stateDir), 0o700);
	const full: Claim = {
		schemaVersion: 1,
		owner: randomUUID(),
		identity: ownIdentity(),
		leaseUntilMs: nowMs + CLAIM_LEASE_MS,
		...claim,
	};
	const written = createFile(claimPath(stateDir, claim.taskId), JSON.stringify(full), {
		mode: 0o600,
		temporaryIn: stateDir,
	});
	return written ? full : null;
}

/** Writes what changed into the claim and renews its lease. Throws `task_running` when the claim is somebody else's by now. */
export function updateClaim(stateDir: string, claim: Claim, change: Partial<Claim>, nowMs: number): Claim {
	const held = readClaim(stateDir, claim.taskId);
	if (held?.owner !== claim.owner) {
		throw new MsgcodeError(
			"task_running",
			`The run ${claim.runId} is not this process's any more; its result is left to the new owner.`,
		);
	}
	const next: Claim = { ...claim, ...change, leaseUntilMs: nowMs + CLAIM_LEASE_MS };
	replaceFile(claimPath(stateDir, claim.taskId), JSON.stringify(next), { mode: 0o600, temporaryIn: stateDir });
	return next;
}

/** Gives the task free, if the claim is still this one. */
export function releaseClaim(stateDir: string, claim: Pick<Claim, "taskId" | "owner">): void {
	if (readClaim(stateDir, claim.taskId)?.owner === claim.owner) removeFileIfThere(claimPath(stateDir, claim.taskId));
}

export function readClaim(stateDir: string, taskId: string): Claim | null {
	const content = readFileIfThere(claimPath(stateDir, taskId));
	if (content === null) return null;
	try {
		const claim = JSON.parse(content.toString("utf8")) as Claim;
		return claim.schemaVersion === 1 && claim.taskId === taskId ? claim : null;
	} catch {
		return null;
	}
}

/** All claims with what is known of their owners. */
export function listClaims(stateDir: string, nowMs: number): ClaimState[] {
	const folder = claimsFolder(stateDir);
	if (!existsSync(folder)) return [];
	return readdirSync(folder)
		.map((name) => name.replace(/\.json$/, ""))
		.filter(isTaskId)
		.flatMap((taskId) => {
			const claim = readClaim(stateDir, taskId);
			return claim === null ? [] : [{ claim, owner: ownerState(claim, nowMs) }];
		});
}

export function ownerState(claim: Claim, nowMs: number): ClaimState["owner"] {
	return liveness(claim.identity, claim.leaseUntilMs, nowMs);
}
