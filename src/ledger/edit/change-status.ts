// Moves a task through its statuses: block, close, reopen, remove. One rule table decides (task.ts), one function writes.
// Invariant: a task that was never recorded gets its record here, and a removed task keeps both files.
import { MsgcodeError } from "../../core/errors.ts";
import type { Ledger } from "../ledger.ts";
import { refreshIndex } from "../listing/task-index.ts";
import { definitionPath, recordPath } from "../paths.ts";
import { editRecord, parseRecord } from "../task/record.ts";
import { readTask } from "../task/store.ts";
import type { TaskRecord } from "../task/task.ts";
import { assertTransition, type TaskStatus } from "../task/task-status.ts";
import { changeTask } from "./change-task.ts";
import { missingRecord } from "./edit-task.ts";

export type StatusChange =
	| { readonly op: "block"; readonly reason: string }
	| { readonly op: "unblock" }
	| {
			readonly op: "close";
			readonly status: "done" | "canceled";
			readonly reason: string | null;
			readonly evidence?: unknown;
	  }
	| { readonly op: "reopen" }
	| { readonly op: "remove"; readonly reason: string | null };

/** Throws `task_transition` where the task's status does not allow the change. Returns the commit. */
export async function changeStatus(ledger: Ledger, id: string, change: StatusChange): Promise<string | null> {
	const result = await changeTask(ledger, id, async (view) => {
		const task = readTask(ledger.workspace.root, id);
		const born = (await missingRecord(ledger, task))[0]?.content;
		const text = task.recordText ?? String(born ?? "");
		const { record, diagnostics } = parseRecord(text, task.files.record);
		if (record === null) {
			const problem = diagnostics[0];
			throw new MsgcodeError(
				"ledger_damaged",
				`${task.files.record}, line ${problem?.line ?? 1}: ${problem?.message ?? "it is damaged."}`,
				{
					hint: problem?.hint,
				},
			);
		}
		const edits = editsFor(id, record, change, ledger.now());
		const writes = [{ path: recordPath(id), content: editRecord(text, edits.changes) }];
		// A hand edit of the definition is committed on its own before the task changes.
		const bytes = view.working(definitionPath(id));
		const definition = bytes === null ? [] : [{ path: definitionPath(id), content: bytes }];
		return {
			writes: [...writes, ...definition],
			message: { op: change.op, taskId: id, summary: edits.summary },
			value: null,
		};
	});
	await refreshIndex(ledger, [id]);
	return result.commit;
}

interface Edits {
	readonly changes: Readonly<Record<string, unknown>>;
	readonly summary: string;
}

function editsFor(id: string, record: TaskRecord, change: StatusChange, atMs: number): Edits {
	if (record.removed !== null) {
		if (change.op === "reopen") return { changes: { removed: null }, summary: "bring back" };
		throw new MsgcodeError("task_transition", `${id} is removed.`, {
			hint: `Bring it back: msgcode task reopen ${id}`,
		});
	}
	const go = (status: TaskStatus) => assertTransition(record.status, status);
	switch (change.op) {
		case "block":
			go("blocked");
			return {
				changes: { status: "blocked", blocked: { atMs, reason: change.reason } },
				summary: `block: ${change.reason}`,
			};
		case "unblock":
			go("open");
			// A closed task is opened again by reopening, which takes `closed` away.
			if (record.status !== "blocked") {
				throw new MsgcodeError("task_transition", `The task is ${record.status}, not blocked.`, {
					hint: `Open it again: msgcode task reopen ${id}`,
				});
			}
			return { changes: { status: "open", blocked: undefined }, summary: "unblock" };
		case "close": {
			go(change.status);
			const closed = { atMs, reason: change.reason, evidence: change.evidence ?? null };
			const why = change.reason === null ? "" : `: ${change.reason}`;
			return {
				changes: { status: change.status, blocked: undefined, closed },
				summary: `close as ${change.status}${why}`,
			};
		}
		case "reopen":
			go("open");
			return { changes: { status: "open", blocked: undefined, closed: null }, summary: "reopen" };
		case "remove":
			return {
				changes: { removed: { atMs, reason: change.reason } },
				summary: change.reason === null ? "remove" : `remove: ${change.reason}`,
			};
	}
}
