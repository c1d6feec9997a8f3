// Whether tasks/index.json says the same as the files that it was made from.
// Invariant: the files decide; looking brings entries whose files changed up to date, as every list does.
import type { Ledger } from "../ledger.ts";
import type { TaskSummary } from "../task/task-view.ts";
import { readSummaries } from "./task-index.ts";

/** Ids of the tasks that the index tells otherwise than their files, or that only one of the two knows. */
export async function staleTasks(ledger: Ledger): Promise<string[]> {
	const indexed = await readSummaries({ ...ledger, useIndex: true });
	return differingTasks(indexed, await readSummaries({ ...ledger, useIndex: false }));
}

export function differingTasks(indexed: readonly TaskSummary[], tasks: readonly TaskSummary[]): string[] {
	const known = new Map(indexed.map((task) => [task.id, JSON.stringify(task)]));
	const wrong = tasks.filter((task) => known.get(task.id) !== JSON.stringify(task)).map(({ id }) => id);
	const there = new Set(tasks.map(({ id }) => id));
	return [...wrong, ...indexed.filter(({ id }) => !there.has(id)).map(({ id }) => id)];
}
