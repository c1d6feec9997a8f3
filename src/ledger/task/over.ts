// When a task is over: closed or removed. Only such tasks may be out of sight in the archive.
import { archiveHome } from "../paths.ts";
import type { TaskRecord } from "./task.ts";

type Facts = Pick<TaskRecord, "closed" | "removed"> & { readonly status: string };

export function isOver({ status, removed }: Facts): boolean {
	return status === "done" || status === "canceled" || removed !== null;
}

/** Since when, epoch ms; null for a task that is not over, or that does not say since when. */
export function overSince(task: Facts): number | null {
	if (!isOver(task)) return null;
	const times = [task.status === "open" || task.status === "blocked" ? null : task.closed, task.removed];
	const known = times.flatMap((fact) => (fact == null ? [] : [fact.atMs]));
	return known.length === 0 ? null : Math.max(...known);
}

/** Where the task is archived: by the year of its closing, else of its removal, so that all clones take the same place. */
export function homeInArchive(task: Facts): string | null {
	if (overSince(task) === null) return null;
	const year = new Date((task.closed ?? task.removed)?.atMs ?? Number.NaN).getUTCFullYear();
	return year >= 1970 && year <= 9999 ? archiveHome(year) : null;
}
