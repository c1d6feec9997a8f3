// `msgcode task rollback --to`: a task's definition and record as they were in a commit, byte for byte, as a new commit.
// Invariant: its runs and everything else stay; the record never goes, and a text that is broken is not brought back.
import { MsgcodeError } from "../../core/errors.ts";
import { readHead } from "../../git/head.ts";
import { type Change, type LedgerView, viewOf } from "../change/apply.ts";
import { placedFilesAt } from "../change/placed-files.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { changeTask } from "../edit/change-task.ts";
import type { CommitFacts } from "../history/commit-facts.ts";
import type { Ledger } from "../ledger.ts";
import { refreshIndex } from "../listing/task-index.ts";
import { definitionPath, LIVE, recordPath } from "../paths.ts";
import type { Definition } from "../task/definition.ts";
import { refuseNewCycle } from "../task/dependencies.ts";
import { editRecord, parseRecord } from "../task/record.ts";
import { decodeText } from "../task/source-text.ts";
import { parseTaskFile } from "../task/task-file.ts";
import { blobOf, sameContent } from "./reverse-content.ts";
import { AS_BORN, type Contents, currentContents, describeTask, type RewrittenTask } from "./task-rewrite.ts";

export interface RolledBack {
	/** null where the task is as it was then already. */
	readonly task: RewrittenTask | null;
	readonly commit: string | null;
}

/** What going back to the commit would change now; touches nothing. Throws what rollBackTask throws before it writes. */
export async function previewRollback(ledger: Ledger, id: string, to: CommitFacts): Promise<RewrittenTask | null> {
	const reader = ledger.openReader();
	try {
		const head = await readHead(ledger.workspace.gitDir, reader, ledger.git);
		return (await planRollback(ledger, viewOf(ledger, reader, head), id, to)).value;
	} finally {
		reader.close();
	}
}

/** Throws `task_not_found` where the commit has no such task, `task_invalid_spec` where it was broken there, `dependency_cycle`. */
export async function rollBackTask(ledger: Ledger, id: string, to: CommitFacts): Promise<RolledBack> {
	const { value, commit } = await changeTask(ledger, id, (view) => planRollback(ledger, view, id, to));
	await refreshIndex(ledger, [id]);
	return { task: value, commit };
}

async function planRollback(
	ledger: Ledger,
	view: LedgerView,
	id: string,
	to: CommitFacts,
): Promise<Change<RewrittenTask | null>> {
	const then = await placedFilesAt(view.reader, ledger.workspace, to.tree, id);
	const [definitionName, recordName] = [`${id}.md`, `${id}.json`];
	const definition = await blobOf(view, then.files.get(definitionName)?.oid);
	if (definition === null) {
		throw new MsgcodeError("task_not_found", `There was no task ${id} in ${to.oid.slice(0, 12)}.`, {
			hint: `The commits that it is in: msgcode task log ${id}`,
			details: { commit: to.oid },
		});
	}
	const parsed = soundDefinition(id, definition, to);
	const now = await placedFilesAt(view.reader, ledger.workspace, view.head.tree, id);
	const move = { id, from: now.home ?? LIVE, to: LIVE };
	const contents = await currentContents(ledger, view, id, now, []);
	const current = (name: string) => contents.get(name) ?? null;
	refuseNewCycle(ledger.workspace, id, parsed.dependsOn, current(definitionName)?.toString("utf8") ?? "");
	const result: Contents = new Map();
	if (!sameContent(current(definitionName), definition)) result.set(definitionName, definition);
	const record = recordThen(await blobOf(view, then.files.get(recordName)?.oid), current(recordName), id, to);
	if (record !== null && !sameContent(current(recordName), record)) result.set(recordName, record);
	const writes = [...result].map(([name, content]) => ({ path: `${LIVE}/${name}`, content }));
	return {
		writes,
		message: { op: "rollback", taskId: id, summary: `go back to ${to.oid.slice(0, 12)}` },
		value: writes.length === 0 ? null : describeTask(ledger, move, contents, result),
	};
}

/** The record as it was; a task that had none was open, and the record that it has by now says so. */
function recordThen(then: Buffer | null, now: Buffer | null, id: string, to: CommitFacts): Buffer | null {
	if (then === null) {
		if (now === null) return null;
		return Buffer.from(editRecord(now.toString("utf8"), AS_BORN));
	}
	const [problem] = parseRecord(then.toString("utf8"), recordPath(id)).diagnostics;
	if (problem !== undefined) throw broken(problem, to);
	return then;
}

function soundDefinition(id: string, content: Buffer, to: CommitFacts): Definition {
	const decoded = decodeText(content, definitionPath(id));
	const { definition, diagnostics } = parseTaskFile(decoded.text, definitionPath(id));
	const problem = [...decoded.diagnostics, ...diagnostics].find(({ severity }) => severity === "error");
	if (problem !== undefined) throw broken(problem, to);
	return definition;
}

function broken({ file, line, message }: Diagnostic, to: CommitFacts): MsgcodeError {
	return new MsgcodeError(
		"task_invalid_spec",
		`In ${to.oid.slice(0, 12)} the task was broken: ${file}, line ${line}: ${message}`,
		{
			hint: `See it with git show ${to.oid.slice(0, 12)}:${file}; go back to another commit.`,
			details: { file, line },
		},
	);
}
