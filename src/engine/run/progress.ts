// How far a run is, told from its runner's list of todos.
// Invariant: pure; what was canceled counts neither as done nor as to be done.

import type { EventData } from "../../core/event.ts";

export interface Progress {
	readonly done: number;
	readonly total: number;
}

/** Of the data of a `todo.update`; null where it holds no list. */
export function progressOf({ todos }: EventData): Progress | null {
	if (!Array.isArray(todos)) return null;
	const states = todos.map((todo: unknown) => (todo as { readonly status?: unknown } | null)?.status);
	const counted = states.filter((status) => status !== "canceled");
	return { done: counted.filter((status) => status === "done").length, total: counted.length };
}
