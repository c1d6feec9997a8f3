// The receipt of a finished run and its line in runs.jsonl: what they hold, and how they are written and read.
// Invariant: digests and lengths of what was said, never the words; no absolute path, host or user name but the actor's.
import type { CollectWarning } from "../../git/collect.ts";

export type RunStatus = "ok" | "error" | "canceled" | "timeout" | "stuck" | "skipped";

export interface CheckResult {
	readonly command: string;
	readonly status: "ok" | "failed" | "timeout" | "canceled";
	readonly exitCode: number | null;
	readonly durationMs: number;
	/** sha-256 of what it printed. */
	readonly outputSha256: string;
	readonly outputBytes: number;
}

export interface AttemptResult {
	readonly attempt: number;
	readonly status: RunStatus;
	readonly startedAt: string;
	readonly endedAt: string;
	readonly errorCode: string | null;
	readonly errorMessage: string | null;
	readonly retryable: boolean;
	readonly willRetry: boolean;
}

export interface PatchFacts {
	/** Relative to the workspace. */
	readonly path: string;
	readonly sha256: string;
	readonly bytes: number;
	readonly files: number;
	readonly insertions: number;
	readonly deletions: number;
	/** Why the file is not in the ledger, though the result is kept under `ref`. */
	readonly withheld?: "secret" | "too_large" | "unproven";
}

export interface SecretPlace {
	readonly rule: string;
	readonly file: string;
	readonly line: number;
}

/** A file of the run's evidence folder, which stays on the machine where the run was made. */
export interface EvidenceFile {
	readonly path: string;
	/** Null where it could not be read. */
	readonly sha256: string | null;
	readonly bytes: number;
}

/** The limits of the run and what saw to each: the kernel, a look now and then, or nothing but a warning. */
export interface KeptLimits {
	readonly memory?: { readonly mb: number; readonly by: "cgroup" | "polling" | "none" };
	readonly cpu?: { readonly percent: number; readonly by: "cgroup" | "none" };
	readonly disk?: { readonly mb: number; readonly by: "polling" | "none" };
}

export interface Receipt {
	readonly schemaVersion: 1;
	readonly runId: string;
	readonly taskId: string;
	readonly scheduledAt: string | null;
	readonly status: RunStatus;
	readonly errorCode: string | null;
	readonly errorMessage: string | null;
	readonly details: Readonly<Record<string, unknown>>;
	readonly startedAt: string;
	readonly endedAt: string;
	readonly durationMs: number;
	readonly trigger: "manual" | "schedule" | "convoy" | "api";
	readonly idempotencyKey?: string;
	readonly actor: string;
	readonly mode: "worktree" | "in-place";
	readonly runner: {
		readonly kind: string;
		readonly model: string | null;
		readonly version: string | null;
		/** Secrets and the prompt's text taken out. */
		readonly argv: readonly string[];
		/** What enclosed it; left out where nothing did. */
		readonly sandbox?: string;
	};
	readonly baseCommit: string | null;
	readonly baseCodeTree: string | null;
	readonly tree: string | null;
	/** The tree without the ledger's paths: the same before and after ledger commits are rebased. */
	readonly codeTree: string | null;
	readonly treeAfterChecks: string | null;
	readonly ref: string | null;
	readonly patch: PatchFacts | null;
	readonly noChanges: boolean;
	readonly checks: readonly CheckResult[];
	readonly attempts: readonly AttemptResult[];
	readonly usage: {
		readonly inputTokens: number | null;
		readonly outputTokens: number | null;
		readonly costUsd: number | null;
	};
	readonly resources: {
		readonly peakRssBytes: number | null;
		readonly cpuSeconds: number | null;
		readonly survivorsKilled: number;
		readonly limits?: KeptLimits;
	};
	readonly artifacts: readonly string[];
	/** What proves the run, for a runner whose record asks for evidence. */
	readonly evidence?: readonly EvidenceFile[];
	readonly events: { readonly sha256: string; readonly lines: number } | null;
	readonly approvalsRequested: readonly string[];
	readonly secrets: readonly SecretPlace[];
	readonly secretsAllowed?: { readonly at: string; readonly actor: string };
	readonly warnings: readonly CollectWarning[];
	readonly promptDigest: { readonly sha256: string; readonly length: number };
	/** Of the whole text that the runner was sent, which stays where the run was made; null where it was sent none. */
	readonly promptSent?: { readonly sha256: string; readonly length: number } | null;
	readonly session: string | null;
}

/** The receipt's file: keys sorted at every level, so that two writers never differ by order alone. */
export function formatReceipt(receipt: Receipt): string {
	return `${JSON.stringify(sorted(receipt), null, 2)}\n`;
}

/** The receipt back from its file, or null when it is none. */
export function parseReceipt(text: string): Receipt | null {
	try {
		const data = JSON.parse(text) as Receipt;
		return data !== null &&
			typeof data === "object" &&
			typeof data.runId === "string" &&
			typeof data.taskId === "string"
			? data
			: null;
	} catch {
		return null;
	}
}

/** One line of runs.jsonl. */
export interface RunLine {
	readonly ts: string;
	readonly runId: string;
	readonly taskId: string;
	readonly status: RunStatus;
	readonly errorCode: string | null;
	readonly errorMessage: string | null;
	readonly details: Readonly<Record<string, unknown>>;
	readonly durationMs: number;
	readonly attempts: number;
	readonly trigger: string;
	readonly scheduledAt: string | null;
	/** Digest and length of what the runner said last; null in a line that was made again from the receipt alone. */
	readonly textDigest: string | null;
	readonly textLength: number | null;
	readonly baseCommit: string | null;
	readonly patchSha256: string | null;
}

/** `text` is what the runner said last: only its digest and length are taken. */
export function runLineOf(receipt: Receipt, text: { readonly sha256: string; readonly length: number }): RunLine {
	return {
		ts: receipt.endedAt,
		runId: receipt.runId,
		taskId: receipt.taskId,
		status: receipt.status,
		errorCode: receipt.errorCode,
		errorMessage: receipt.errorMessage,
		details: receipt.details,
		durationMs: receipt.durationMs,
		attempts: receipt.attempts.length,
		trigger: receipt.trigger,
		scheduledAt: receipt.scheduledAt,
		textDigest: `sha256:${text.sha256}`,
		textLength: text.length,
		baseCommit: receipt.baseCommit,
		patchSha256: receipt.patch?.sha256 ?? null,
	};
}

function sorted(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(sorted);
	if (value === null || typeof value !== "object") return value;
	const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
	return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
