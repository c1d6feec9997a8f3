// Whether a record contradicts itself: each status goes with what was written beside it, whatever merge or hand put it there.
import type { TaskRecord } from "./task.ts";

/** What is wrong, as the end of a sentence about the task; null where all is well. */
export function recordContradiction(record: {
	readonly status: string;
	readonly closed: TaskRecord["closed"];
	readonly blocked?: TaskRecord["blocked"];
}): string | null {
	const { status, closed, blocked = null } = record;
	const over = status === "done" || status === "canceled";
	if (over !== (closed !== null)) return `is ${status} ${closed === null ? "and not closed" : "and closed"}`;
	if ((status === "blocked") === (blocked !== null)) return null;
	return `is ${status} ${blocked === null ? "and has no reason for it" : "and has a reason to be blocked"}`;
}
