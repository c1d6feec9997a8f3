// The words that agents have for the state of what they mean to do, and lists of it as they give them whole.
// Invariant: a state that nobody knows is still to be done, never done.

import type { Todo } from "../event-data.ts";
import { objectsIn, textIn } from "../json-value.ts";
import type { RunnerEvent } from "../runner.ts";

const STATES: Readonly<Record<string, Todo["status"]>> = {
	pending: "todo",
	blocked: "todo",
	in_progress: "doing",
	completed: "done",
	cancelled: "canceled",
};

/** null for a word that is none of these. */
export function todoStatus(word: unknown): Todo["status"] | null {
	const text = textIn(word) ?? "";
	return Object.hasOwn(STATES, text) ? (STATES[text] ?? null) : null;
}

/** The list as an event; `contentKey` is where an entry says what is to be done. */
export function todoUpdate(list: unknown, contentKey: string): RunnerEvent {
	const todos = objectsIn(list).map(
		(todo, position): Todo => ({
			todoId: textIn(todo.id) ?? String(position + 1),
			content: textIn(todo[contentKey]) ?? "",
			status: todoStatus(todo.status) ?? "todo",
			order: position + 1,
		}),
	);
	return { type: "todo.update", data: { todos } };
}
