// Results that could not be committed when they came: git was busy, or the checked-out branch does not hold the task.
// Invariant: a pending result's objects hang on a ref, and it goes away only once HEAD holds what it says.

import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ErrorCode, MsgcodeError } from "../../core/errors.ts";
import { ensureFolder, removeFileIfThere, replaceFile } from "../../core/files.ts";
import { type Head, readHead, writeCommit } from "../../git/head.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import { entryAt, listTree } from "../../git/tree-edit.ts";
import { withHome } from "../archive/move-home.ts";
import type { Ledger } from "../ledger.ts";
import { mergeContent } from "../merge/merge-content.ts";
import { type CommitMessage, formatMessage, parseMessage } from "../message.ts";
import { ARCHIVE, definitionPath, isArchiveYear, LIVE, recordPath, taskPath } from "../paths.ts";
import { belowRoot, fromTop } from "../workspace.ts";
import { commitPlanned, treeWith } from "./apply.ts";
import type { JournalChange } from "./journal.ts";
import { type FileWrite, storeBlob, storeContent } from "./planned-writes.ts";

export interface Pending {
	readonly schemaVersion: 1;
	readonly id: string;
	readonly ref: string | null;
	readonly commit: string;
	readonly message: string;
	readonly reason: string;
	readonly ledger: readonly JournalChange[];
}

export function pendingRef(id: string): string {
	return `refs/msgcode/pending/${id}`;
}

/** All results that wait to be committed, oldest first. */
export function listPending(stateDir: string): Pending[] {
	const folder = join(stateDir, "pending");
	if (!existsSync(folder)) return [];
	return readdirSync(folder)
		.filter((name) => name.endsWith(".json"))
		.sort()
		.flatMap((name) => {
			try {
				return [JSON.parse(readFileSync(join(folder, name), "utf8")) as Pending];
			} catch {
				return [];
			}
		});
}

/** Keeps a change that cannot be committed now. Touches no file of the checkout and no index. */
export async function keepPending(
	ledger: Ledger,
	change: Pick<Pending, "ref" | "commit" | "message" | "ledger">,
	reason: string,
): Promise<string> {
	const { ref, commit, message } = change;
	const { stateDir } = ledger.workspace;
	// The same change may come twice: the process that kept it first can die before it notes that it did.
	const known = listPending(stateDir).find((pending) => pending.commit === commit);
	const id = known?.id ?? `${ledger.now()}-${randomUUID()}`;
	const pending: Pending = { schemaVersion: 1, id, ref, commit, message, reason, ledger: change.ledger };
	const folder = join(stateDir, "pending");
	ensureFolder(folder, 0o700);
	const content = `${JSON.stringify(pending, null, 2)}\n`;
	replaceFile(join(folder, `${id}.json`), content, { mode: 0o600, temporaryIn: stateDir });
	await holdPending(ledger, pending);
	return id;
}

/** Hangs a pending result's objects on its ref. The file comes first, so that no ref is ever left without one. */
export async function holdPending(ledger: Ledger, pending: Pick<Pending, "id" | "commit">): Promise<void> {
	await ledger.git(["update-ref", pendingRef(pending.id), pending.commit]);
}

/** Keeps planned writes, made against HEAD as it is, for a later command to commit. */
export async function keepWritesPending(
	ledger: Ledger,
	reader: ObjectReader,
	writes: readonly FileWrite[],
	message: CommitMessage,
	reason: string,
): Promise<void> {
	const { workspace, git } = ledger;
	const head = await readHead(workspace.gitDir, reader, git);
	const changes: JournalChange[] = [];
	for (const write of writes) {
		const path = fromTop(workspace, write.path);
		const entry = await entryAt(reader, head.tree, path);
		const newOid = await storeContent(ledger, path, write.content);
		const line = write.line === undefined ? {} : { line: write.line };
		const headOid = entry?.oid ?? null;
		const oldOid = write.from == null ? headOid : await storeBlob(ledger, path, write.from);
		const oldMode = entry?.mode ?? null;
		const newMode = newOid === null ? null : (oldMode ?? "100644");
		changes.push({ path, oldOid, headOid, oldMode, newOid, newMode, ...line });
	}
	const tree = await treeWith(ledger, reader, head.tree, changes);
	const text = formatMessage(message, await ledger.actor());
	const parents = head.commit === null ? [] : [head.commit];
	const commit = await writeCommit(workspace, git, {
		tree,
		parents,
		message: text,
		sign: false,
		identity: await ledger.identity(),
	});
	await keepPending(ledger, { ref: head.ref, commit, message: text, ledger: changes }, reason);
}

const STANDS_IN_THE_WAY: ReadonlySet<ErrorCode> = new Set(["staged_differently", "ledger_path_taken", "path_outside"]);

/** Commits every pending result that HEAD can take. What conflicts stays, and `doctor` names it. */
export async function settlePending(ledger: Ledger, reader: ObjectReader): Promise<void> {
	for (const pending of listPending(ledger.workspace.stateDir)) {
		const head = await readHead(ledger.workspace.gitDir, reader, ledger.git);
		const message = parseMessage(pending.message);
		if (!(await belongsHere(ledger, reader, head, pending, message.taskId))) continue;
		const writes = await writesOnto(ledger, reader, head, pending);
		if (writes === null) continue;
		try {
			const { taskId } = message;
			await commitPlanned(ledger, reader, async (view) => {
				const whole = taskId === undefined ? writes : await withHome(ledger, view, taskId, writes);
				return { writes: whole, message, value: null };
			});
		} catch (error) {
			// What is in its way is in nobody else's: the command that came by goes on, the result waits.
			if (error instanceof MsgcodeError && STANDS_IN_THE_WAY.has(error.code)) continue;
			throw error;
		}
		await ledger.git(["update-ref", "-d", pendingRef(pending.id)]);
		removeFileIfThere(join(ledger.workspace.stateDir, "pending", `${pending.id}.json`));
	}
}

/** HEAD holds the task, or is the branch that the task was to be born on; a change of no task belongs to its branch. */
async function belongsHere(
	ledger: Ledger,
	reader: ObjectReader,
	head: Head,
	pending: Pending,
	taskId: string | undefined,
): Promise<boolean> {
	const onItsBranch = head.ref !== null && head.ref === pending.ref;
	if (taskId === undefined) return onItsBranch;
	for (const path of [definitionPath(taskId), recordPath(taskId)]) {
		if ((await entryWhereItIs(ledger, reader, head, path)) !== null) return true;
	}
	const definition = fromTop(ledger.workspace, definitionPath(taskId));
	return onItsBranch && pending.ledger.some((change) => change.path === definition);
}

/** What HEAD has at a task's path, or, where the task was archived since, at the same path in its new home. */
async function entryWhereItIs(ledger: Ledger, reader: ObjectReader, head: Head, path: string) {
	const { workspace } = ledger;
	const live = await entryAt(reader, head.tree, fromTop(workspace, path));
	const place = taskPath(path);
	if (live !== null || place?.home !== LIVE) return live;
	const archive = await entryAt(reader, head.tree, fromTop(workspace, ARCHIVE));
	const years =
		archive?.mode === "40000" ? [...(await listTree(reader, archive.oid)).keys()].filter(isArchiveYear) : [];
	for (const year of years.sort().reverse()) {
		const entry = await entryAt(reader, head.tree, fromTop(workspace, `${ARCHIVE}/${year}${path.slice(LIVE.length)}`));
		if (entry !== null) return entry;
	}
	return null;
}

/** The pending contents as they go onto HEAD: lines appended again, changed files merged, removals; null when they conflict. */
async function writesOnto(
	ledger: Ledger,
	reader: ObjectReader,
	head: Head,
	pending: Pending,
): Promise<FileWrite[] | null> {
	const writes: FileWrite[] = [];
	for (const change of pending.ledger) {
		const path = belowRoot(ledger.workspace, change.path);
		const content = async (oid: string | null | undefined) =>
			oid == null ? null : ((await reader.read(oid))?.content ?? null);
		const currentOid = (await entryWhereItIs(ledger, reader, head, path))?.oid ?? null;
		if (change.newOid === null) {
			// Only what the removal was made for may go: another content came since and is somebody's.
			if (currentOid !== null && currentOid !== change.oldOid) return null;
			writes.push({ path, content: null });
			continue;
		}
		const current = await content(currentOid);
		const ours = await content(change.newOid);
		if (ours === null) continue;
		const base = await content(change.oldOid);
		const { content: merged } = await mergeContent(ledger, { path, base, current, ours, line: change.line });
		if (merged === null) return null;
		writes.push({ path, content: merged, ...(change.line === undefined ? {} : { line: change.line }) });
	}
	return writes;
}
