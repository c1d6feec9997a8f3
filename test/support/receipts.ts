// A receipt and a changed file as a run leaves them, with whatever a test wants otherwise.
import type { ChangedFile } from "../../src/git/patch.ts";
import type { Receipt } from "../../src/ledger/runs/receipt.ts";

export const ID = "tsk_0000000001";
export const RUN = "run_20260102T030405Z_0badcafe";

export function receipt(more: Partial<Receipt> = {}): Receipt {
	return {
		schemaVersion: 1,
		runId: RUN,
		taskId: ID,
		scheduledAt: null,
		status: "ok",
		errorCode: null,
		errorMessage: null,
		details: {},
		startedAt: "2026-01-02T03:04:05.000Z",
		endedAt: "2026-01-02T03:04:07.500Z",
		durationMs: 2500,
		trigger: "manual",
		actor: "Ann",
		mode: "worktree",
		runner: { kind: "shell", model: null, version: null, argv: ["true"] },
		baseCommit: "1".repeat(40),
		baseCodeTree: "2".repeat(40),
		tree: "3".repeat(40),
		codeTree: "4".repeat(40),
		treeAfterChecks: null,
		ref: `refs/msgcode/runs/${RUN}`,
		patch: {
			path: `tasks/runs/${ID}/${RUN}/patch.diff`,
			sha256: "5".repeat(64),
			bytes: 10,
			files: 1,
			insertions: 2,
			deletions: 1,
		},
		noChanges: false,
		checks: [],
		attempts: [],
		usage: { inputTokens: null, outputTokens: null, costUsd: null },
		resources: { peakRssBytes: null, cpuSeconds: null, survivorsKilled: 0 },
		artifacts: [],
		events: null,
		approvalsRequested: [],
		secrets: [],
		warnings: [],
		promptDigest: { sha256: "6".repeat(64), length: 12 },
		session: null,
		...more,
	};
}

export const file = (more: Partial<ChangedFile> = {}): ChangedFile =>
	({
		status: "modified",
		path: "src/a.ts",
		oldMode: "100644",
		newMode: "100644",
		insertions: 2,
		deletions: 1,
		...more,
	}) as ChangedFile;
