// What tasks say of each other: every task that one depends on is here, and none comes to wait for itself.
import { definitionPath } from "../ledger/paths.ts";
import { type Finding, finding } from "./finding.ts";
import type { Look } from "./look.ts";

export function checkDependencies({ snapshot }: Look): Finding[] {
	const { tasks } = snapshot;
	const parentsOf = (id: string) => {
		const task = tasks.get(id);
		return task === undefined || task.record?.removed != null ? [] : task.definition.dependsOn;
	};
	const findings: Finding[] = [];
	for (const [id, { files }] of tasks) {
		const file = files.definition;
		for (const parent of parentsOf(id)) {
			if (tasks.has(parent)) continue;
			const message = `${id} depends on ${parent}, which is not here.`;
			const hint = `If ${parent} comes with a later pull, all is well; else take it out of dependsOn.`;
			findings.push(finding("dependency_missing", { file, taskId: id, message, hint }));
		}
	}
	for (const circle of circles([...tasks.keys()], parentsOf)) {
		const [id = ""] = circle;
		const message = `Tasks depend on each other in a circle: ${[...circle, id].join(" → ")}.`;
		const file = tasks.get(id)?.files.definition ?? definitionPath(id);
		findings.push(
			finding("dependency_cycle", { file, taskId: id, message, hint: "Take one of them out of a dependsOn." }),
		);
	}
	return findings;
}

/**
 * Each circle once, beginning with its smallest id. A task that names itself is told by its own diagnostic. Without recursion:
 * a chain of tasks may be longer than calls can be deep.
 */
function circles(ids: readonly string[], parentsOf: (id: string) => readonly string[]): string[][] {
	const found: string[][] = [];
	const done = new Set<string>();
	const path: { readonly id: string; readonly parents: Iterator<string> }[] = [];
	const placeOnPath = new Map<string, number>();
	const enter = (id: string) => {
		const place = placeOnPath.get(id);
		if (place !== undefined) {
			if (path.length - place > 1) found.push(fromSmallest(path.slice(place).map((step) => step.id)));
			return;
		}
		if (done.has(id)) return;
		placeOnPath.set(id, path.length);
		path.push({ id, parents: parentsOf(id).values() });
	};
	for (const start of ids) {
		enter(start);
		for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
			const parent = last.parents.next();
			if (parent.done !== true) {
				enter(parent.value);
				continue;
			}
			path.pop();
			placeOnPath.delete(last.id);
			done.add(last.id);
		}
	}
	return found;
}

function fromSmallest(circle: readonly string[]): string[] {
	const smallest = [...circle].sort()[0] as string;
	const at = circle.indexOf(smallest);
	return [...circle.slice(at), ...circle.slice(0, at)];
}
