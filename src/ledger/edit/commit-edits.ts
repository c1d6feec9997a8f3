// Commits what a person did to the ledger's files by hand, each task on its own, and nothing else of the checkout.
// Invariant: what is not valid is named and left as it is; a file that is gone is told, never taken for a removal.
import { basename } from "node:path/posix";
import { MsgcodeError } from "../../core/errors.ts";
import { changeLedger } from "../change/transaction.ts";
import type { Ledger } from "../ledger.ts";
import { refreshIndex } from "../listing/task-index.ts";
import { INDEX_FILE, isLedgerPath, LIVE, RUNS_FILE, rightTaskFileName, taskPath } from "../paths.ts";
import { parseRunLog } from "../runs/runs.ts";
import type { Definition } from "../task/definition.ts";
import { refuseCycle } from "../task/dependencies.ts";
import { readTask } from "../task/store.ts";
import { belowRoot, pathspec } from "../workspace.ts";

export interface CommittedEdit {
	/** null for the ledger's other files (templates, runs.jsonl, .gitattributes, .gitignore), which share one commit. */
	readonly taskId: string | null;
	readonly title: string | null;
	/** Relative to the workspace. */
	readonly files: readonly string[];
	/** null with --dry-run. */
	readonly commit: string | null;
	readonly definition: Definition | null;
}

export interface SkippedEdit {
	readonly taskId: string | null;
	readonly files: readonly string[];
	readonly error: MsgcodeError;
}

export interface CommittedEdits {
	readonly committed: readonly CommittedEdit[];
	readonly skipped: readonly SkippedEdit[];
	/** Files that HEAD has and the folder has not. */
	readonly missing: readonly string[];
	/** Changed files that only msgcode writes. */
	readonly machineWritten: readonly string[];
}

/** Commits the hand edits that are there. Throws what changeLedger throws for the ledger as a whole. */
export async function commitHandEdits(ledger: Ledger, options: { readonly dryRun: boolean }): Promise<CommittedEdits> {
	// The command's purpose is the commit, whatever `ledger.commit` says of the other commands.
	const committing: Ledger = { ...ledger, settings: { ...ledger.settings, commit: "auto" } };
	const found = await findEdits(ledger);
	const committed: CommittedEdit[] = [];
	const skipped: SkippedEdit[] = [];
	const groups: [string | null, readonly string[]][] = [...found.tasks];
	if (found.others.length > 0) groups.push([null, found.others]);
	for (const [taskId, files] of groups) {
		try {
			const edit = await commitGroup(committing, taskId, files, options.dryRun);
			if (edit !== null) committed.push(edit);
		} catch (error) {
			if (!(error instanceof MsgcodeError) || !OF_ONE_TASK.has(error.code)) throw error;
			skipped.push({ taskId, files, error });
		}
	}
	if (committed.length > 0 && !options.dryRun) await refreshIndex(ledger);
	return { committed, skipped, missing: found.missing, machineWritten: found.machineWritten };
}

/** Failures that are one task's own: the others are committed all the same. */
const OF_ONE_TASK: ReadonlySet<string> = new Set([
	"task_invalid_spec",
	"dependency_cycle",
	"task_not_found",
	"staged_differently",
	"ledger_path_taken",
	"path_outside",
]);

interface FoundEdits {
	readonly tasks: ReadonlyMap<string, readonly string[]>;
	readonly others: readonly string[];
	readonly missing: readonly string[];
	readonly machineWritten: readonly string[];
}

async function findEdits(ledger: Ledger): Promise<FoundEdits> {
	const { workspace } = ledger;
	const how = ["--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignored=traditional"];
	const status = await ledger.git(["status", ...how, "--", pathspec(workspace, LIVE)], { cwd: workspace.topLevel });
	const tasks = new Map<string, string[]>();
	const others: string[] = [];
	const missing: string[] = [];
	const machineWritten: string[] = [];
	const there = new Set<string>();
	for (const line of status.stdout.toString("utf8").split("\0")) {
		const path = belowRoot(workspace, line.slice(3));
		if (line === "" || !isLedgerPath(path) || path === INDEX_FILE || rightTaskFileName(basename(path)) !== null)
			continue;
		const letters = line.slice(0, 2);
		const place = taskPath(path);
		const taskId = place === null || place.kind === "run" ? null : place.taskId;
		if (letters[1] === "D" || letters === "D ") missing.push(path);
		else if (taskId !== null) tasks.set(taskId, [...(tasks.get(taskId) ?? []), path]);
		else if (isWrittenByPeople(path)) others.push(path);
		else if (letters !== "!!") machineWritten.push(path);
		if (letters[1] !== "D" && letters !== "D ") there.add(path);
	}
	return { tasks, others, missing: missing.filter((path) => !there.has(path)), machineWritten };
}

/** runs.jsonl among them: after a merge its conflict markers are taken out by hand. */
function isWrittenByPeople(path: string): boolean {
	const mine = [RUNS_FILE, "tasks/.gitattributes", "tasks/.gitignore"];
	return mine.includes(path) || path.startsWith("tasks/templates/");
}

async function commitGroup(
	ledger: Ledger,
	taskId: string | null,
	files: readonly string[],
	dryRun: boolean,
): Promise<CommittedEdit | null> {
	const definition = taskId === null ? null : checkedDefinition(ledger, taskId);
	const title = definition?.title ?? null;
	if (dryRun) return { taskId, title, files, commit: null, definition };
	const heads: (string | null)[] = [];
	const result = await changeLedger(ledger, (view) => {
		heads.push(view.head.commit);
		if (taskId !== null) checkedDefinition(ledger, taskId);
		const writes = files.flatMap((path) => {
			const content = view.working(path);
			if (path === RUNS_FILE && content !== null) refuseBadRunLog(content);
			return content === null ? [] : [{ path, content }];
		});
		const message = { op: "edit-by-hand", summary: "edited by hand", ...(taskId === null ? {} : { taskId }) };
		return { writes, message, value: null };
	});
	// A tracked file's edit is committed before the plan's own change, which then has nothing left to do.
	const last = heads.at(-1) ?? null;
	const commit = result.commit ?? (last === heads[0] ? null : last);
	return commit === null ? null : { taskId, title, files, commit, definition };
}

function checkedDefinition(ledger: Ledger, taskId: string): Definition {
	const { root } = ledger.workspace;
	const { definition, diagnostics } = readTask(root, taskId);
	const problem = diagnostics.find(({ severity }) => severity === "error");
	if (problem !== undefined) {
		const { file, line, message, hint } = problem;
		throw new MsgcodeError("task_invalid_spec", `${file}, line ${line}: ${message}`, { hint, details: { file, line } });
	}
	const known = definition.dependsOn.filter((parent) => parent === taskId || exists(root, parent));
	refuseCycle(ledger.workspace, taskId, known);
	return definition;
}

/** A task that it depends on may come with the next pull: that it is not here yet spoils nothing. */
function exists(root: string, taskId: string): boolean {
	try {
		return readTask(root, taskId).definitionText !== null;
	} catch {
		return false;
	}
}

function refuseBadRunLog(content: Buffer): void {
	const [problem] = parseRunLog(content.toString("utf8")).diagnostics;
	if (problem === undefined) return;
	const { file, line, message, hint } = problem;
	throw new MsgcodeError("task_invalid_spec", `${file}, line ${line}: ${message}`, { hint, details: { file, line } });
}
