// A task's run in a history. As a rule only its record is made: the ending that a program would have left is made up, all
// that follows (kept result, proven patch, receipt, summary, line, commit) is the engine's own work. Some histories run it.

import { isoTime } from "../../src/core/clock.ts";
import { newRunId, sizedDigest } from "../../src/core/ids.ts";
import { ownIdentity } from "../../src/core/process-identity.ts";
import type { Claim } from "../../src/engine/run/claim.ts";
import { concludeRun, keepResult } from "../../src/engine/run/conclude.ts";
import { makeRunFolder, type RunEnding } from "../../src/engine/run/run-folder.ts";
import { readHead } from "../../src/git/head.ts";
import { writeObject } from "../../src/git/object-writer.ts";
import { editTree } from "../../src/git/tree-edit.ts";
import { codeTreeOf } from "../../src/ledger/change/code-tree.ts";
import { readTask } from "../../src/ledger/task/store.ts";
import { runCli } from "../support/cli.ts";
import { type Clone, tick, type World } from "./clone.ts";

export interface RunWish {
	/** The word that the run's new file holds; null for a run that changes nothing. */
	readonly changes: string | null;
	readonly ok: boolean;
}

/** Runs the task, or makes the record of it. Returns the run's id. */
export function runOrRecord(world: World, clone: Clone, taskId: string, run: RunWish): Promise<string> {
	return world.realRuns ? realRun(clone, taskId, run) : recordRun(world, clone, taskId, run);
}

/** By the shell runner, in a worktree. */
async function realRun(clone: Clone, taskId: string, { changes, ok }: RunWish): Promise<string> {
	const msgcode = (...argv: string[]) => runCli(["--json", ...argv], { cwd: clone.path, env: clone.env });
	const approved = await msgcode("task", "approve", taskId, "--yes");
	if (approved.exitCode !== 0) throw new Error(`task approve: ${approved.stdout}${approved.stderr}`);
	const file = changes === null ? "" : `mkdir -p work; echo 'made: ${changes}' > work/${changes}.txt; `;
	const run = await msgcode("task", "run", taskId, "--", "sh", "-c", `${file}exit ${ok ? 0 : 1}`);
	const { data } = run.json();
	if (typeof data?.runId !== "string") throw new Error(`task run: ${run.stdout}${run.stderr}`);
	return data.runId;
}

async function recordRun(world: World, clone: Clone, taskId: string, run: RunWish): Promise<string> {
	const { ledger } = clone;
	const { workspace } = ledger;
	const startedAtMs = tick(world.counters);
	const runId = newRunId(startedAtMs);
	const reader = ledger.openReader();
	try {
		const head = await readHead(workspace.gitDir, reader, ledger.git);
		const blob = (word: string) => writeObject(workspace, "blob", Buffer.from(`made: ${word}\n`));
		const changed = run.changes === null ? null : { path: `work/${run.changes}.txt`, oid: blob(run.changes) };
		const tree =
			changed === null
				? head.tree
				: await editTree(reader, workspace, head.tree, new Map([[changed.path, { mode: "100644", oid: changed.oid }]]));
		const codeTree = await codeTreeOf(workspace, reader, head.tree as string);
		const definition = readTask(workspace.root, taskId).definition;
		const claim: Claim = {
			schemaVersion: 1,
			taskId,
			runId,
			owner: runId,
			attempt: 1,
			identity: ownIdentity(),
			leaseUntilMs: startedAtMs,
			startedAtMs,
			phase: "collecting",
			actor: clone.name,
			mode: "worktree",
			trigger: "manual",
			idempotencyKey: null,
			runner: { kind: "shell", model: null, argv: ["true"] },
			promptDigest: sizedDigest(definition.prompt),
			base: { commit: head.commit as string, codeTree },
			worktree: null,
			sensitive: false,
			session: null,
		};
		if (changed !== null) await keepResult(ledger, claim, tree as string);
		const ending = endingOf(tree as string, startedAtMs, tick(world.counters), run.ok);
		const folder = makeRunFolder(workspace.stateDir, runId);
		const concluded = await concludeRun(ledger, { title: definition.title, claim, folder, ending, events: null });
		if (concluded.commit === null) throw new Error(`the run ${runId} was not committed: ${concluded.pending}`);
		return runId;
	} finally {
		reader.close();
	}
}

function endingOf(tree: string, startedAtMs: number, endedAtMs: number, ok: boolean): RunEnding {
	const status = ok ? "ok" : "error";
	const errorCode = ok ? null : "RUNNER_FAILED";
	const attempt = { attempt: 1, startedAt: isoTime(startedAtMs), endedAt: isoTime(endedAtMs), errorMessage: null };
	return {
		status,
		errorCode,
		details: ok ? {} : { exitCode: 1 },
		endedAtMs,
		tree,
		treeAfterChecks: null,
		checks: [],
		attempts: [{ ...attempt, status, errorCode, retryable: false, willRetry: false }],
		warnings: [],
		resources: { peakRssBytes: null, cpuSeconds: null, survivorsKilled: 0 },
		usage: { inputTokens: null, outputTokens: null, costUsd: null },
		session: null,
		runnerModel: null,
		runnerVersion: null,
		lastWords: "",
		lastWordsDigest: sizedDigest(""),
		close: false,
	};
}
