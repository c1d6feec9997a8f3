// Claude Code's list of what it means to do. It has had two kinds of tool for it: TodoWrite gives the whole list at once,
// TaskCreate and TaskUpdate change one entry, and number it only in their result.
// Invariant: every event holds the whole list as it stands.

import type { Todo, TodoUpdate } from "../event-data.ts";
import type { JsonObject } from "../json-value.ts";
import { objectIn, objectsIn, textIn } from "../json-value.ts";
import type { RunnerEvent } from "../runner.ts";
import { todoStatus } from "./todo-list.ts";

interface Entry {
	content: string;
	status: Todo["status"];
}

export interface TodoMemory {
	/** By the CLI's own id, in the order of their creation. */
	tasks: Map<string, Entry>;
	/** Calls of TaskCreate and TaskUpdate that have no result yet. */
	pendingTasks: Map<string, { readonly name: string; readonly input: JsonObject }>;
}

export interface ToolEnd {
	readonly failed: boolean;
	/** The result as an object, where the CLI gives it. */
	readonly facts: JsonObject | null;
	readonly output: string;
}

export function rememberTodos(): TodoMemory {
	return { tasks: new Map(), pendingTasks: new Map() };
}

export function todosAfterCall(memory: TodoMemory, toolId: string, name: string, input: JsonObject): RunnerEvent[] {
	if (name === "TaskCreate" || name === "TaskUpdate") memory.pendingTasks.set(toolId, { name, input });
	if (name !== "TodoWrite") return [];
	return listed(
		objectsIn(input.todos).map((todo, position) => [
			String(position + 1),
			{ content: textIn(todo.content) ?? "", status: todoStatus(todo.status) ?? "todo" },
		]),
	);
}

export function todosAfterResult(memory: TodoMemory, toolId: string, end: ToolEnd): RunnerEvent[] {
	const call = memory.pendingTasks.get(toolId);
	memory.pendingTasks.delete(toolId);
	if (call === undefined || end.failed) return [];
	const { input } = call;
	if (call.name === "TaskCreate") {
		const id = textIn(objectIn(end.facts?.task)?.id) ?? /^Task #(\S+) created/.exec(end.output)?.[1] ?? toolId;
		memory.tasks.set(id, { content: textIn(input.subject) ?? "", status: "todo" });
		return listed([...memory.tasks]);
	}
	const id = textIn(input.taskId) ?? "";
	const entry = memory.tasks.get(id);
	// A list that an earlier run of the same session made is not known here.
	if (entry === undefined) return [];
	if (input.status === "deleted") memory.tasks.delete(id);
	entry.status = todoStatus(input.status) ?? entry.status;
	entry.content = textIn(input.subject) ?? entry.content;
	return listed([...memory.tasks]);
}

function listed(entries: readonly (readonly [string, Entry])[]): RunnerEvent[] {
	const todos = entries.map(([todoId, entry], position) => ({ todoId, ...entry, order: position + 1 }));
	const update: TodoUpdate = { todos };
	return [{ type: "todo.update", data: { ...update } }];
}
