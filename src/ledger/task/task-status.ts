// A task's stored status. It changes only along the table below; `running` is never stored, it is derived from a live claim.

import { MsgcodeError } from "../../core/errors.ts";

export const TASK_STATUSES = ["open", "blocked", "done", "canceled"] as const;

export type TaskStatus = (typeof TASK_STATUSES)[number];

const transitions: Readonly<Record<TaskStatus, readonly TaskStatus[]>> = {
	open: ["blocked", "done", "canceled"],
	blocked: ["open", "done", "canceled"],
	done: ["open"],
	canceled: ["open"],
};

export function isTransitionLegal(from: TaskStatus, to: TaskStatus): boolean {
	return transitions[from].includes(to);
}

/** Throws task_transition unless a task may go from one status to the other. A status is no successor of itself. */
export function assertTransition(from: TaskStatus, to: TaskStatus): void {
	if (isTransitionLegal(from, to)) return;
	if (from === to) throw new MsgcodeError("task_transition", `The task is ${from} already.`);
	throw new MsgcodeError("task_transition", `A task that is ${from} cannot become ${to}.`, {
		hint: "Open it again first: `msgcode task reopen <id>`.",
	});
}
