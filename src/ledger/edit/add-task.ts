// Creates tasks: a new file from a definition, or a Markdown file that is adopted as it is.
// Invariant: both files of a task are born in one commit, and an id is never used twice.
import { MsgcodeError } from "../../core/errors.ts";
import { newTaskId } from "../../core/ids.ts";
import { taskHome } from "../archive/archive-places.ts";
import { changeLedger } from "../change/transaction.ts";
import { isBroken } from "../diagnostic.ts";
import type { Ledger } from "../ledger.ts";
import { LIMITS } from "../limits.ts";
import { refreshIndex } from "../listing/task-index.ts";
import { definitionPath, recordPath } from "../paths.ts";
import type { Definition } from "../task/definition.ts";
import { refuseCycle } from "../task/dependencies.ts";
import { formatDocument } from "../task/document.ts";
import { formatRecord } from "../task/record.ts";
import { newRecord, type Route } from "../task/task.ts";
import { parseTaskFile } from "../task/task-file.ts";

export interface AddedTask {
	readonly id: string;
	readonly commit: string | null;
}

/** Adds a task. Throws `task_invalid_spec`, `limit_exceeded`, `dependency_cycle` and what changeLedger throws. */
export function addTask(
	ledger: Ledger,
	definition: Omit<Definition, "prompt">,
	prompt: string,
	route: Route | null = null,
): Promise<AddedTask> {
	return addText(ledger, formatDocument(definition, prompt), route);
}

/** Adds a task whose file is `text`, byte for byte. `name` is what the text came from, for messages. */
export async function adoptText(ledger: Ledger, text: string, name: string): Promise<AddedTask> {
	const { diagnostics } = parseTaskFile(text, name);
	const problem = diagnostics.find((diagnostic) => diagnostic.severity === "error");
	if (problem !== undefined) {
		throw new MsgcodeError("task_invalid_spec", `${name}, line ${problem.line}: ${problem.message}`, {
			hint: problem.hint,
		});
	}
	return addText(ledger, text, null);
}

/** Throws `task_exists` for an id that a task has, be it in the archive. */
export function refuseTaken(root: string, id: string): void {
	if (taskHome(root, id) === null) return;
	throw new MsgcodeError("task_exists", `The new id ${id} is taken already.`, { hint: "Run the command again." });
}

async function addText(ledger: Ledger, text: string, route: Route | null): Promise<AddedTask> {
	if (Buffer.byteLength(text) > LIMITS.bodyBytes + LIMITS.frontMatterBytes) {
		throw new MsgcodeError(
			"limit_exceeded",
			`The task has ${Buffer.byteLength(text)} bytes; at most ${LIMITS.bodyBytes} are kept.`,
			{
				hint: "Put the long part into a file of the repository and name it in `files`.",
			},
		);
	}
	const id = newTaskId();
	const { definition, diagnostics } = parseTaskFile(text, definitionPath(id));
	if (isBroken(diagnostics)) {
		const problem = diagnostics.find((diagnostic) => diagnostic.severity === "error");
		const code = problem?.code === "limit_exceeded" ? "limit_exceeded" : "task_invalid_spec";
		throw new MsgcodeError(code, problem?.message ?? "The task is not valid.", { hint: problem?.hint });
	}
	const result = await changeLedger(ledger, () => {
		refuseCycle(ledger.workspace, id, definition.dependsOn);
		refuseTaken(ledger.workspace.root, id);
		const workspace = { uid: ledger.workspace.uid, path: "." };
		const record = newRecord({ id, createdAtMs: ledger.now(), workspace, route: route ?? definition.route ?? null });
		return {
			writes: [
				{ path: definitionPath(id), content: text },
				{ path: recordPath(id), content: formatRecord(record) },
			],
			message: { op: "add", taskId: id, summary: `add "${definition.title}"` },
			value: null,
		};
	});
	await refreshIndex(ledger, [id]);
	return { id, commit: result.commit };
}
