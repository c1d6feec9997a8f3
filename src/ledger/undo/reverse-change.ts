// Takes back what a commit did to the ledger's files, from how they are now: three-way, field by field, each task on its own.
// Invariant: a task's files are never deleted (a birth is taken back by `removed`), but those that a fix had brought; and what
// was changed again since is named, never overwritten.
import { MsgcodeError } from "../../core/errors.ts";
import { isKeeper } from "../archive/archive-places.ts";
import type { LedgerView } from "../change/apply.ts";
import type { FileWrite } from "../change/planned-writes.ts";
import type { Ledger } from "../ledger.ts";
import { mergeContent } from "../merge/merge-content.ts";
import { taskPath } from "../paths.ts";
import { contentIn, contentNow, type Reversed, sameContent } from "./reverse-content.ts";
import { reverseTask } from "./reverse-task.ts";
import type { RewrittenTask } from "./task-rewrite.ts";

export interface ReversedChange {
	readonly writes: readonly FileWrite[];
	readonly tasks: readonly RewrittenTask[];
	/** The other ledger files that change: runs.jsonl, templates … */
	readonly files: readonly string[];
}

export interface Conflict {
	/** null for the ledger's other files. */
	readonly taskId: string | null;
	readonly fields: readonly string[];
}

/** `paths` are the ledger paths that the commit changed, relative to the workspace. Throws `undo_conflict`. */
export async function reverseChange(
	ledger: Ledger,
	view: LedgerView,
	reversed: Reversed,
	paths: readonly string[],
): Promise<ReversedChange> {
	const conflicts: Conflict[] = [];
	const writes: FileWrite[] = [];
	const tasks: RewrittenTask[] = [];
	const files: string[] = [];
	const taskIds = new Set(paths.flatMap((path) => taskPath(path)?.taskId ?? []));
	for (const id of [...taskIds].sort()) {
		const result = await reverseTask(ledger, view, reversed, id);
		if (result.conflicts.length > 0) conflicts.push({ taskId: id, fields: result.conflicts });
		if (result.task === null) continue;
		tasks.push(result.task);
		writes.push(...result.writes);
	}
	for (const path of paths.filter((one) => taskPath(one) === null && !isKeeper(one))) {
		const write = await reverseFile(ledger, view, reversed, path);
		if (write === "conflict") conflicts.push({ taskId: null, fields: [path] });
		else if (write !== null) {
			writes.push(write);
			files.push(path);
		}
	}
	if (conflicts.length > 0) throw conflictError(conflicts);
	return { writes, tasks, files };
}

/** The same for a commit that is taken back as files alone: what it brought goes, what it took out comes back. */
export async function reverseFiles(
	ledger: Ledger,
	view: LedgerView,
	reversed: Reversed,
	paths: readonly string[],
): Promise<ReversedChange> {
	const writes: FileWrite[] = [];
	const conflicts: Conflict[] = [];
	for (const path of paths) {
		const write = await reverseFile(ledger, view, reversed, path);
		if (write === "conflict") conflicts.push({ taskId: taskPath(path)?.taskId ?? null, fields: [path] });
		else if (write !== null) writes.push(write);
	}
	if (conflicts.length > 0) throw conflictError(conflicts);
	return { writes, tasks: [], files: writes.map(({ path }) => path) };
}

/** null where the file is as it was already. */
async function reverseFile(
	ledger: Ledger,
	view: LedgerView,
	reversed: Reversed,
	path: string,
): Promise<FileWrite | null | "conflict"> {
	const base = await contentIn(ledger, view, reversed.after, path);
	const theirs = await contentIn(ledger, view, reversed.before, path);
	const ours = await contentNow(ledger, view, path);
	if (sameContent(ours, theirs)) return null;
	if (sameContent(ours, base)) return { path, content: theirs };
	if (theirs === null || ours === null) return "conflict";
	const { content } = await mergeContent(ledger, { path, base, current: ours, ours: theirs });
	if (content === null) return "conflict";
	return content.equals(ours) ? null : { path, content };
}

function conflictError(conflicts: readonly Conflict[]): MsgcodeError {
	const places = conflicts.map(({ taskId, fields }) =>
		taskId === null ? fields.join(", ") : `${fields.join(", ")} of ${taskId}`,
	);
	const about = conflicts.find(({ taskId }) => taskId !== null)?.taskId;
	return new MsgcodeError("undo_conflict", `Later changes stand on top of it: ${places.join("; ")}.`, {
		hint: `Nothing was changed. Undo the later change first (msgcode undo --op <commit>)${about == null ? "" : `; msgcode task log ${about} lists them`}.`,
		details: { conflicts },
	});
}
