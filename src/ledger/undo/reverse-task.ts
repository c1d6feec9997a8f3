// Takes back what a commit did to one task: its definition, its record, files of its runs, and the folder they stand in.
// Invariant: a task's two files stay, whatever is taken back, and a text that nobody ever wrote is one that can be read.
import { MsgcodeError } from "../../core/errors.ts";
import type { Move } from "../archive/move-home.ts";
import type { LedgerView } from "../change/apply.ts";
import { type PlacedFiles, placedFilesAt } from "../change/placed-files.ts";
import type { FileWrite } from "../change/planned-writes.ts";
import { isBroken } from "../diagnostic.ts";
import { firstSeenIn } from "../history/first-seen.ts";
import type { Ledger } from "../ledger.ts";
import { mergeBytes } from "../merge/merge-bytes.ts";
import { definitionPath, LIVE, recordPath } from "../paths.ts";
import { refuseNewCycle } from "../task/dependencies.ts";
import { editRecord, formatRecord, parseRecord } from "../task/record.ts";
import { newRecord } from "../task/task.ts";
import { parseTaskFile } from "../task/task-file.ts";
import { blobOf, type Reversed, sameContent } from "./reverse-content.ts";
import { reverseRecord } from "./reverse-record.ts";
import {
	AS_BORN,
	type Contents,
	currentContents,
	describeTask,
	type RewrittenTask,
	rewritesOf,
} from "./task-rewrite.ts";

export interface TaskReversal {
	/** null where the task is as it was already. */
	readonly task: RewrittenTask | null;
	readonly writes: readonly FileWrite[];
	readonly conflicts: readonly string[];
}

export async function reverseTask(
	ledger: Ledger,
	view: LedgerView,
	reversed: Reversed,
	id: string,
): Promise<TaskReversal> {
	const at = (tree: string | null) => placedFilesAt(view.reader, ledger.workspace, tree, id);
	const [before, after, now] = [await at(reversed.before), await at(reversed.after), await at(view.head.tree)];
	if (now.home === null) {
		// It is not on this branch any more: where it was born, that is just what an undo would want.
		return { task: null, writes: [], conflicts: before.home === null ? [] : ["its files"] };
	}
	const names = new Set([...before.files.keys(), ...after.files.keys()]);
	const changed = [...names].filter((name) => before.files.get(name)?.oid !== after.files.get(name)?.oid);
	const current = await currentContents(ledger, view, id, now, changed);
	const result: Contents = new Map();
	const conflicts: string[] = [];
	const files = { before, after, current, result, conflicts };
	await reverseDefinition(ledger, view, id, files);
	await reverseRecordOf(ledger, view, reversed, id, files);
	for (const name of changed.filter((one) => one.startsWith("runs/"))) {
		const [base, theirs] = await sidesOf(view, files, name);
		const ours = current.get(name) ?? null;
		if (sameContent(ours, theirs)) continue;
		if (sameContent(ours, base)) result.set(name, theirs);
		else conflicts.push(name.split("/").slice(2).join("/"));
	}
	const home = homeAfterwards(before, after, now, result.size > 0);
	if (home === null) conflicts.push("home");
	if (conflicts.length > 0) return { task: null, writes: [], conflicts };
	const move = { id, from: now.home, to: home as string };
	refuseOccupied(view, move, current);
	const writes = result.size === 0 && move.from === move.to ? [] : await rewritesOf(ledger, view, move, result, now);
	return { task: writes.length === 0 ? null : describeTask(ledger, move, current, result), writes, conflicts };
}

interface Files {
	readonly before: PlacedFiles;
	readonly after: PlacedFiles;
	readonly current: Contents;
	readonly result: Contents;
	readonly conflicts: string[];
}

/** What the commit left, and what was there before it. */
async function sidesOf(
	view: LedgerView,
	{ before, after }: Files,
	name: string,
): Promise<[Buffer | null, Buffer | null]> {
	return [await blobOf(view, after.files.get(name)?.oid), await blobOf(view, before.files.get(name)?.oid)];
}

async function reverseDefinition(ledger: Ledger, view: LedgerView, id: string, files: Files): Promise<void> {
	const name = `${id}.md`;
	const [base, theirs] = await sidesOf(view, files, name);
	const ours = files.current.get(name) ?? null;
	// Its birth is taken back in the record.
	if (theirs === null || sameContent(base, theirs) || sameContent(ours, theirs)) return;
	if (ours === null || base === null) {
		files.conflicts.push("definition");
		return;
	}
	const { content, conflicts } = ours.equals(base)
		? { content: theirs, conflicts: [] }
		: await mergeBytes(name, { base, ours, theirs }, { git: ledger.git, folder: ledger.workspace.stateDir });
	files.conflicts.push(...conflicts);
	if (conflicts.length > 0 || content.equals(ours)) return;
	const { definition, diagnostics } = parseTaskFile(content.toString("utf8"), definitionPath(id));
	// What once was a file is brought back as it was, even a broken one; a mixture has to be a good one.
	if (isBroken(diagnostics) && !content.equals(theirs)) files.conflicts.push("definition");
	if (!isBroken(diagnostics)) refuseNewCycle(ledger.workspace, id, definition.dependsOn, ours.toString("utf8"));
	files.result.set(name, content);
}

async function reverseRecordOf(
	ledger: Ledger,
	view: LedgerView,
	reversed: Reversed,
	id: string,
	files: Files,
): Promise<void> {
	const name = `${id}.json`;
	const [base, theirs] = await sidesOf(view, files, name);
	const isBirth = files.before.home === null;
	const ours = files.current.get(name)?.toString("utf8") ?? null;
	if (isBirth) {
		const removed = { atMs: ledger.now(), reason: `undone: ${reversed.summary}` };
		const text = ours ?? formatRecord(await bornNow(ledger, id));
		const record = parseRecord(text, recordPath(id)).record;
		if (record === null) files.conflicts.push("record");
		else if (record.removed === null) files.result.set(name, Buffer.from(editRecord(text, { removed })));
		return;
	}
	if (base === null || sameContent(base, theirs)) {
		// A record that was there and went: nothing of ours does that, but what was there can come back.
		if (theirs !== null && base === null && ours === null) files.result.set(name, theirs);
		return;
	}
	if (ours === null) {
		files.conflicts.push("record");
		return;
	}
	if (theirs !== null && sameContent(files.current.get(name) ?? null, base)) {
		files.result.set(name, theirs);
		return;
	}
	const left = base.toString("utf8");
	// A task without a record is an open one; the record stays and says so.
	const former = theirs?.toString("utf8") ?? editRecord(left, AS_BORN);
	const { text, conflicts } = reverseRecord({ base: left, ours, theirs: former });
	files.conflicts.push(...conflicts);
	if (text !== ours) files.result.set(name, Buffer.from(text));
}

/** A file is never written over, and half a task that moves is none that was taken back. */
function refuseOccupied(view: LedgerView, { id, from, to }: Move, current: Contents): void {
	if (from === to) return;
	for (const name of [`${id}.md`, `${id}.json`]) {
		const [moving, there] = [current.get(name) ?? null, view.working(`${to}/${name}`)];
		if (moving === null || there === null || there.equals(moving)) continue;
		throw new MsgcodeError("ledger_path_taken", `${to}/${name} stands where the task would go.`, {
			hint: "Move it away, then run the command again.",
		});
	}
}

/** The record of a task that is a Markdown file alone. */
async function bornNow(ledger: Ledger, id: string) {
	const workspace = { uid: ledger.workspace.uid, path: "." };
	return newRecord({ id, createdAtMs: await firstSeenIn(ledger)(id), workspace });
}

/** Where the task goes: back, where the commit moved it; else to the live folder, as with every change. null for a conflict. */
function homeAfterwards(before: PlacedFiles, after: PlacedFiles, now: PlacedFiles, isChanged: boolean): string | null {
	const moved = before.home !== null && after.home !== null && before.home !== after.home;
	if (!moved) return isChanged ? LIVE : now.home;
	if (now.home === after.home || now.home === before.home) return before.home;
	return null;
}
