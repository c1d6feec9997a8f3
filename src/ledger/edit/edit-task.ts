// Changes a task's definition: named keys by source range, or the whole text after a person edited it.
// Invariant: bytes of keys that are not named stay; the body changes only where a new prompt is given.
import { MsgcodeError } from "../../core/errors.ts";
import type { FileWrite } from "../change/planned-writes.ts";
import { firstSeenIn } from "../history/first-seen.ts";
import type { Ledger } from "../ledger.ts";
import { refreshIndex } from "../listing/task-index.ts";
import { definitionPath, recordPath } from "../paths.ts";
import { refuseCycle } from "../task/dependencies.ts";
import { editDocument, parseDocument } from "../task/document.ts";
import { formatRecord } from "../task/record.ts";
import { readTask, type StoredTask } from "../task/store.ts";
import { newRecord } from "../task/task.ts";
import { parseTaskFile } from "../task/task-file.ts";
import { changeTask } from "./change-task.ts";

export interface TaskEdit {
	/** Front matter keys and their values as they stand in a file; undefined removes a key. */
	readonly keys: Readonly<Record<string, unknown>>;
	readonly prompt?: string;
}

/** Applies the edit. Returns the commit, or null when nothing changed. */
export async function editTask(ledger: Ledger, id: string, edit: TaskEdit): Promise<string | null> {
	const names = [...Object.keys(edit.keys), ...(edit.prompt === undefined ? [] : ["prompt"])];
	return changeText(ledger, id, `change ${names.join(", ")}`, (text) => {
		const edited = Object.keys(edit.keys).length === 0 ? text : editDocument(text, edit.keys);
		return edit.prompt === undefined ? edited : withPrompt(edited, edit.prompt);
	});
}

/** Replaces the whole text, where it still is `before`. Throws `task_invalid_spec` for a text that is not valid. */
export function replaceText(ledger: Ledger, id: string, before: string, after: string): Promise<string | null> {
	return changeText(ledger, id, "edit the definition", (text) => {
		if (text !== before) {
			throw new MsgcodeError(
				"branch_moved",
				`${definitionPath(id)} was changed by somebody else while it was being edited.`,
			);
		}
		return after;
	});
}

async function changeText(
	ledger: Ledger,
	id: string,
	summary: string,
	change: (text: string) => string,
): Promise<string | null> {
	const result = await changeTask(ledger, id, async () => {
		const task = readTask(ledger.workspace.root, id);
		if (task.definitionText === null) {
			throw new MsgcodeError("ledger_damaged", `${definitionPath(id)} is missing.`, {
				hint: `git log -- ${definitionPath(id)}`,
			});
		}
		const unreadable = task.diagnostics.find(({ code }) => code === "file_encoding");
		if (unreadable !== undefined)
			throw new MsgcodeError("ledger_damaged", `${unreadable.file}: ${unreadable.message}`, { hint: unreadable.hint });
		const text = change(task.definitionText);
		const { definition, diagnostics } = parseTaskFile(text, definitionPath(id));
		const problem = diagnostics.find((diagnostic) => diagnostic.severity === "error");
		if (problem !== undefined) {
			throw new MsgcodeError("task_invalid_spec", `${problem.file}, line ${problem.line}: ${problem.message}`, {
				hint: problem.hint,
			});
		}
		refuseCycle(ledger.workspace, id, definition.dependsOn);
		const writes: FileWrite[] = [{ path: definitionPath(id), content: text }, ...(await missingRecord(ledger, task))];
		return { writes, message: { op: "edit", taskId: id, summary }, value: null };
	});
	await refreshIndex(ledger, [id]);
	return result.commit;
}

/** The record of a task that so far is a Markdown file alone: it is born with the first command that needs one. */
export async function missingRecord(ledger: Ledger, task: StoredTask): Promise<FileWrite[]> {
	if (task.recordText !== null) return [];
	const workspace = { uid: ledger.workspace.uid, path: "." };
	const record = newRecord({
		id: task.id,
		createdAtMs: await firstSeenIn(ledger)(task.id),
		workspace,
		route: task.definition.route ?? null,
	});
	return [{ path: recordPath(task.id), content: formatRecord(record) }];
}

/** Commits what a person did to the task's files by hand, and gives it a record, before something is built on it. */
export async function ensureCommitted(ledger: Ledger, id: string): Promise<void> {
	await changeTask(ledger, id, async (view) => {
		const task = readTask(ledger.workspace.root, id);
		const present = [definitionPath(id), recordPath(id)].flatMap((path) => {
			const content = view.working(path);
			return content === null ? [] : [{ path, content }];
		});
		const writes: FileWrite[] = [...(await missingRecord(ledger, task)), ...present];
		return { writes, message: { op: "adopt", taskId: id, summary: `adopt "${task.definition.title}"` }, value: null };
	});
}

function withPrompt(text: string, prompt: string): string {
	const { body } = parseDocument(text, "task");
	const head = text.slice(0, text.length - body.length);
	const newline = head.includes("\r\n") ? "\r\n" : "\n";
	const gap = /^(?:[ \t]*\r?\n)*/.exec(body)?.[0] ?? "";
	const lead = gap === "" && head !== "" ? newline : gap;
	return `${head}${lead}${prompt}${prompt.endsWith("\n") ? "" : newline}`;
}
