// What a task's two files and its runs become: the writes that make it so, and the fields that change, for a person.
// Invariant: a task that changes its home takes every file along, and nothing is written where nothing changes.
import { objectId } from "../../git/object-writer.ts";
import { type Move, planMoves, withHome, writesOf } from "../archive/move-home.ts";
import type { LedgerView } from "../change/apply.ts";
import type { PlacedFiles } from "../change/placed-files.ts";
import type { FileWrite } from "../change/planned-writes.ts";
import { changesOfTask, type FieldChange, type TaskState } from "../history/task-changes.ts";
import type { Ledger } from "../ledger.ts";
import { definitionPath, LIVE, recordPath } from "../paths.ts";
import { isOver } from "../task/over.ts";
import { parseRecord } from "../task/record.ts";
import { parseTaskFile } from "../task/task-file.ts";
import { contentNow } from "./reverse-content.ts";

export interface RewrittenTask {
	readonly id: string;
	readonly title: string;
	/** From how it is now to how it will be. */
	readonly changes: readonly FieldChange[];
	/** The definition's text afterwards, where it changes. */
	readonly definition: string | null;
	/** Where it stands, and where it goes. */
	readonly move: Move;
	/** It is closed or removed afterwards, and was not before. */
	readonly ends: boolean;
}

/** What the record of a task says that had none yet: a Markdown file alone is an open task. */
export const AS_BORN = { status: "open", blocked: undefined, closed: null, removed: null };

/** A file's content by its name below the task's home; null is no file. */
export type Contents = Map<string, Buffer | null>;

/** The task's two files, and those of `names`, as the checkout has them. */
export async function currentContents(
	ledger: Ledger,
	view: LedgerView,
	id: string,
	{ home, places }: PlacedFiles,
	names: readonly string[],
): Promise<Contents> {
	const contents: Contents = new Map();
	for (const name of new Set([`${id}.md`, `${id}.json`, ...names])) {
		contents.set(name, await contentNow(ledger, view, `${places.get(name) ?? home ?? LIVE}/${name}`));
	}
	return contents;
}

/** The writes that give the task its new contents in its new home; what changes in the live folder comes home whole. */
export async function rewritesOf(
	ledger: Ledger,
	view: LedgerView,
	{ id, from, to }: Move,
	result: Contents,
	{ places }: PlacedFiles,
): Promise<FileWrite[]> {
	const writes = [...result].map(([name, content]) => ({ path: `${to}/${name}`, content }));
	if (to === LIVE) return withHome(ledger, view, id, writes);
	const moves = from === to ? [] : await planMoves(ledger, view, [{ id, from, to }]);
	const byPath = new Map<string, FileWrite>();
	for (const name of result.keys()) {
		const place = places.get(name) ?? to;
		if (place !== to) byPath.set(`${place}/${name}`, { path: `${place}/${name}`, content: null });
	}
	for (const write of [...moves.flatMap(({ files }) => files.flatMap(writesOf)), ...writes])
		byPath.set(write.path, write);
	return [...byPath.values()];
}

/** What a person is told: from the contents as they are to the contents as they will be. */
export function describeTask(
	ledger: Ledger,
	{ id, from, to }: Move,
	current: Contents,
	result: Contents,
): RewrittenTask {
	const afterwards: Contents = new Map([...current, ...result]);
	const [was, is] = [stateOf(ledger, id, current), stateOf(ledger, id, afterwards)];
	const moved: FieldChange[] = from === to ? [] : [{ field: "home", from, to }];
	const definition = was.definition === is.definition ? null : is.definition;
	return {
		id,
		title: parseTaskFile(is.definition ?? "", definitionPath(id)).definition.title,
		changes: [...changesOfTask(was, is), ...moved],
		definition,
		move: { id, from, to },
		ends: saysOver(is.record, id) && !saysOver(was.record, id),
	};
}

function saysOver(record: string | null, id: string): boolean {
	const known = record === null ? null : parseRecord(record, recordPath(id)).record;
	return known !== null && isOver(known);
}

function stateOf(ledger: Ledger, id: string, contents: Contents): TaskState {
	const runs = new Map<string, Map<string, string>>();
	for (const [name, content] of contents) {
		const [, , runId, ...file] = name.split("/");
		if (!name.startsWith("runs/") || runId === undefined || content === null) continue;
		const files = runs.get(runId) ?? new Map<string, string>();
		runs.set(runId, files.set(file.join("/"), objectId(ledger.workspace, "blob", content)));
	}
	const text = (name: string) => contents.get(name)?.toString("utf8") ?? null;
	return { definition: text(`${id}.md`), record: text(`${id}.json`), runs };
}
