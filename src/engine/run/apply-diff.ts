// The work of a runner that cannot write into the worktree: a diff, checked and then applied for it.
// Invariant: a diff that does not apply whole, or reaches where a task has no business, changes nothing; the run is then no
// success, and the diff stays in the run's folder.

import { closeSync, constants, fstatSync, openSync, realpathSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { EventData, EventType } from "../../core/event.ts";
import { applyToFiles } from "../../git/apply-to-files.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { LIMITS } from "../../ledger/limits.ts";
import { fromTop } from "../../ledger/workspace.ts";
import { failed } from "../../runners/process-verdict.ts";
import type { RunnerOutcome, RunnerPermission } from "../../runners/runner.ts";
import { ledgerPathTest, type TaskWorktree } from "../worktree/worktree.ts";
import type { RunFolder } from "./run-folder.ts";

export interface DiffPlace {
	readonly folder: RunFolder;
	/** Null for a run in the checkout itself. */
	readonly worktree: Pick<TaskWorktree, "path"> | null;
	readonly emit: (type: EventType, data: EventData) => void;
	readonly permission: RunnerPermission | undefined;
}

/** The outcome as it stands once the diff that it names is in the files; any other outcome as it is. */
export async function applyHandedDiff(
	ledger: Ledger,
	{ folder, worktree, emit, permission }: DiffPlace,
	outcome: RunnerOutcome,
): Promise<RunnerOutcome> {
	if (outcome.status !== "ok" || outcome.diffFile === null) return outcome;
	const refuse = (reason: string, said: string): RunnerOutcome => {
		if (said !== "") emit("run.log", { stream: "apply", text: said.trimEnd() });
		const artifacts = [...outcome.artifacts, ...(outcome.diffFile === null ? [] : [outcome.diffFile])];
		return { ...outcome, ...failed("error", "RUNNER_OUTPUT_INVALID", { reason }), artifacts };
	};
	if (permission === "read-only") return refuse("read_only", "");
	const problem = problemOf(folder, outcome.diffFile);
	if (problem !== null) return refuse(problem, "");
	const { workspace, git } = ledger;
	const isLedger = ledgerPathTest(workspace);
	const result = await applyToFiles(git, {
		file: join(folder.artifacts, outcome.diffFile),
		top: worktree?.path ?? workspace.topLevel,
		below: workspace.prefix,
		gitDir: workspace.commonDir,
		indexFile: join(folder.scratch, "apply.index"),
		refusal(path) {
			if (isLedger(path)) return "ledger_path";
			// The worktrees of tasks lie in the checkout, and are no part of it.
			return path.startsWith(`${fromTop(workspace, "worktrees")}/`) ? "path_outside" : null;
		},
	});
	return result.applied ? outcome : refuse(result.reason, result.said);
}

/** Why the file cannot be the diff; null where it can. */
function problemOf({ path, artifacts }: RunFolder, name: string): string | null {
	let handle: number;
	try {
		// No link, neither the file nor a folder above it: what is read must be the run's own.
		const own = join(realpathSync(path), relative(path, artifacts));
		if (!realpathSync(join(artifacts, name)).startsWith(`${own}${sep}`)) return "diff_missing";
		handle = openSync(join(artifacts, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	} catch {
		return "diff_missing";
	}
	try {
		const stat = fstatSync(handle);
		if (!stat.isFile()) return "diff_missing";
		if (stat.size === 0) return "no_diff";
		return stat.size > LIMITS.patchBytes ? "too_large" : null;
	} finally {
		closeSync(handle);
	}
}
