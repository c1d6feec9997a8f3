// dependsOn as a graph: no task may come to wait for itself, and what is ready is what waits for nothing.
// Invariant: pure but for readTask; a broken or missing parent never makes a child ready.
import { MsgcodeError } from "../../core/errors.ts";
import { isTaskId } from "../../core/ids.ts";
import { taskHome } from "../archive/archive-places.ts";
import type { Workspace } from "../workspace.ts";
import { readTask } from "./store.ts";
import { parseTaskFile } from "./task-file.ts";
import type { TaskSummary } from "./task-view.ts";

/** Throws `dependency_cycle` when `id` depending on `parents` closes a circle, `task_not_found` for a parent that is not there. */
export function refuseCycle(workspace: Pick<Workspace, "root">, id: string, parents: readonly string[]): void {
	for (const parent of parents) {
		if (parent === id || taskHome(workspace.root, parent) !== null) continue;
		throw new MsgcodeError("task_not_found", `dependsOn names ${parent}, which is no task here.`);
	}
	const seen = new Set<string>();
	// Without recursion: a chain of tasks may be longer than calls can be deep.
	const path = [{ id, parents: parents.values() }];
	for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
		const parent = last.parents.next();
		if (parent.done === true) {
			path.pop();
			continue;
		}
		if (parent.value === id) {
			const circle = [...path.map((step) => step.id), id];
			throw new MsgcodeError("dependency_cycle", `The dependency would close a circle: ${circle.join(" → ")}.`, {
				details: { circle },
			});
		}
		if (seen.has(parent.value) || taskHome(workspace.root, parent.value) === null) continue;
		seen.add(parent.value);
		const { dependsOn } = readTask(workspace.root, parent.value).definition;
		path.push({ id: parent.value, parents: dependsOn.values() });
	}
}

/** All tasks by id, and with them those that open ones depend on and that are archived: only these are read. */
export function withArchivedParents(
	root: string,
	tasks: readonly TaskSummary[],
): Map<string, Pick<TaskSummary, "status">> {
	const all = new Map<string, Pick<TaskSummary, "status">>(tasks.map((task) => [task.id, task]));
	for (const id of tasks.flatMap(({ status, dependsOn }) => (status === "open" ? dependsOn : []))) {
		if (all.has(id) || !isTaskId(id) || taskHome(root, id) === null) continue;
		all.set(id, { status: readTask(root, id).record?.status ?? "open" });
	}
	return all;
}

/** refuseCycle for a definition that comes back, where that changes what the task waits for; `now` is the file as it is. */
export function refuseNewCycle(
	workspace: Pick<Workspace, "root">,
	id: string,
	parents: readonly string[],
	now: string,
): void {
	const known = new Set(parseTaskFile(now, `${id}.md`).definition.dependsOn);
	if (parents.some((parent) => !known.has(parent))) refuseCycle(workspace, id, parents);
}

/** Why a task cannot be run now, or null when it can. `all` holds every task, see withArchivedParents. */
export function notReadyBecause(
	task: TaskSummary,
	all: ReadonlyMap<string, Pick<TaskSummary, "status">>,
	nowMs: number,
): string | null {
	if (task.broken) return "its files are broken";
	if (task.removed !== null) return "it is removed";
	if (task.status !== "open") return `it is ${task.status}`;
	if (task.deferUntil !== null && Date.parse(task.deferUntil) > nowMs) return `it is deferred until ${task.deferUntil}`;
	for (const parentId of task.dependsOn) {
		const parent = all.get(parentId);
		const reason = parentReason(parentId, parent, task.runIf);
		if (reason !== null) return reason;
	}
	return null;
}

function parentReason(
	id: string,
	parent: Pick<TaskSummary, "status"> | undefined,
	runIf: TaskSummary["runIf"],
): string | null {
	if (parent === undefined) return `${id}, on which it depends, is not here`;
	const ended = parent.status === "done" || parent.status === "canceled";
	if (!ended) return `it waits for ${id}`;
	if (runIf === "success" && parent.status !== "done") return `${id} was canceled`;
	if (runIf === "failure" && parent.status !== "canceled") return `${id} did not fail`;
	return null;
}
