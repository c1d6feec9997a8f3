// Makes a planned change real: objects, journal, files, index, branch, in that order. Callers hold the ledger's lock.
// Invariant: what it returns is written, fsynced, committed and read back; a failure before that leaves all as it was,
// or a journal by which the next command finishes the change.
import { MsgcodeError } from "../../core/errors.ts";
import { failPoint } from "../../core/failpoint.ts";
import { type Head, moveHead, prepareMove, readHead, type WaitingMove, writeCommit } from "../../git/head.ts";
import { updateIndex } from "../../git/index-lock.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import { refuseWhileBusy } from "../../git/operation.ts";
import { editTree, entryAt, fileAt, type TreeEntry } from "../../git/tree-edit.ts";
import type { Ledger } from "../ledger.ts";
import { type CommitMessage, formatMessage } from "../message.ts";
import { fromTop } from "../workspace.ts";
import { codeInState, writeCodeFiles } from "./code-files.ts";
import { clearJournal, condemnJournal, type Journal, type JournalChange, writeJournal } from "./journal.ts";
import { type DescribedWrite, describeWrites, type FileWrite, storeBlob } from "./planned-writes.ts";
import { takeBack } from "./take-back.ts";
import { indexChanges, readWorkingFile, writeLedgerFiles } from "./working-files.ts";

/** How often a commit is rebuilt on a branch that other processes move. */
const MAX_RACES = 50;

export interface CodeChanges {
	/** The tree that the code has after the landing; ledger writes go on top of it. */
	readonly tree: string;
	readonly changes: readonly JournalChange[];
}

export interface Change<T> {
	readonly writes: readonly FileWrite[];
	readonly message: CommitMessage;
	readonly code?: CodeChanges;
	readonly sign?: boolean;
	/** Runs the user's pre-commit hook before the branch moves. */
	readonly verify?: boolean;
	readonly value: T;
}

export interface LedgerView {
	readonly head: Head;
	readonly reader: ObjectReader;
	/** The file's content in the checkout (path relative to the workspace), or null. */
	working(path: string): Buffer | null;
	/** The file's content at HEAD, or null. */
	committed(path: string): Promise<Buffer | null>;
}

export interface ChangeResult<T> {
	readonly value: T;
	/** The commit made; null when nothing changed or `ledger.commit` is not auto. */
	readonly commit: string | null;
}

export type Plan<T> = (view: LedgerView) => Promise<Change<T>> | Change<T>;

/** Plans and makes one change. `plan` runs again when the branch or a file moved meanwhile. Throws `staged_differently`, `branch_moved`. */
export async function commitPlanned<T>(ledger: Ledger, reader: ObjectReader, plan: Plan<T>): Promise<ChangeResult<T>> {
	for (let race = 0; race < MAX_RACES; race += 1) {
		const head = await readHead(ledger.workspace.gitDir, reader, ledger.git);
		const change = await plan(viewOf(ledger, reader, head));
		const described = await describeUnlessMoved(ledger, reader, head, change.writes);
		if (described === null) continue;
		const edited = ledger.settings.commit === "auto" ? described.filter((write) => write.byHand) : [];
		if (edited.length > 0) {
			await commitHandEdits(ledger, reader, head, edited, change.message.taskId);
			continue;
		}
		const changes = described.flatMap((write) => (write.change === null ? [] : [write.change]));
		if (changes.length === 0 && change.code === undefined) return { value: change.value, commit: null };
		const commit = await apply(ledger, reader, head, changes, change);
		if (commit !== null) return { value: change.value, commit: ledger.settings.commit === "auto" ? commit : null };
	}
	throw new MsgcodeError(
		"branch_moved",
		`The branch moved ${MAX_RACES} times while this command ran; nothing was committed.`,
		{
			hint: "Another program commits to this branch without pause. Try again when it is done.",
		},
	);
}

/** null where a refusal rests on a HEAD that has moved on meanwhile: plan again on what is there now. */
async function describeUnlessMoved(
	ledger: Ledger,
	reader: ObjectReader,
	head: Head,
	writes: readonly FileWrite[],
): Promise<DescribedWrite[] | null> {
	try {
		return await describeWrites(ledger, reader, head, writes);
	} catch (error) {
		const now = await readHead(ledger.workspace.gitDir, reader, ledger.git);
		if (now.commit !== head.commit) return null;
		throw error;
	}
}

/** A person's edit gets a commit of its own, so that history tells it from the command that came next. */
async function commitHandEdits(
	ledger: Ledger,
	reader: ObjectReader,
	head: Head,
	edited: readonly DescribedWrite[],
	taskId: string | undefined,
): Promise<void> {
	const changes: JournalChange[] = [];
	for (const edit of edited) {
		const newOid = await storeBlob(ledger, edit.path, edit.working as Buffer);
		const mode = edit.head?.mode ?? null;
		const headOid = edit.head?.oid ?? null;
		const former = { oldOid: newOid, headOid, indexOid: edit.stagedOid, oldMode: mode };
		changes.push({ path: edit.path, ...former, newOid, newMode: mode ?? "100644" });
	}
	const message: CommitMessage = {
		op: "edit-by-hand",
		summary: "edited by hand",
		...(taskId === undefined ? {} : { taskId }),
	};
	await apply(ledger, reader, head, changes, { message });
}

type Intent = Pick<Change<unknown>, "message" | "code" | "sign" | "verify">;

/** Returns null when the change was taken back because the ground moved: plan again on what is there now. */
async function apply(
	ledger: Ledger,
	reader: ObjectReader,
	head: Head,
	changes: readonly JournalChange[],
	intent: Intent,
): Promise<string | null> {
	const message = formatMessage(intent.message, await ledger.actor());
	const reason = `msgcode: ${message.split("\n", 1)[0] ?? ""}`;
	const waiting = ledger.settings.commit === "auto" ? prepareMove(ledger.git, reason) : null;
	try {
		return await applyOnce(ledger, reader, head, changes, { ...intent, text: message, reason, waiting });
	} finally {
		waiting?.drop();
	}
}

interface Prepared extends Intent {
	/** The commit's message. */
	readonly text: string;
	/** What the reflog says. */
	readonly reason: string;
	readonly waiting: WaitingMove | null;
}

async function applyOnce(
	ledger: Ledger,
	reader: ObjectReader,
	head: Head,
	changes: readonly JournalChange[],
	intent: Prepared,
): Promise<string | null> {
	const { workspace, git } = ledger;
	const { text: message, reason, waiting } = intent;
	const sign = intent.sign ?? ledger.settings.sign;
	const build = async (onto: Head): Promise<Journal> => {
		const tree = await treeWith(ledger, reader, intent.code?.tree ?? onto.tree, changes);
		const parents = onto.commit === null ? [] : [onto.commit];
		const commit = await writeCommit(workspace, git, {
			tree,
			parents,
			message,
			sign,
			identity: await ledger.identity(),
		});
		const { ref, commit: parent } = onto;
		const mode = ledger.settings.commit;
		return {
			schemaVersion: 1,
			mode,
			ref,
			parent,
			commit,
			message,
			sign,
			code: intent.code?.changes ?? [],
			ledger: changes,
		};
	};
	let moved = false;
	let journal = await build(head);
	failPoint("ledger.objects-written");
	try {
		writeJournal(workspace, journal);
		failPoint("ledger.journal-written");
		const left = await writeLedgerFiles(git, workspace, reader, changes, () => failPoint("ledger.file-written"));
		if (left.length > 0) {
			await takeBack(ledger, reader, journal);
			return null;
		}
		// Signing, or a large landing, may have taken long enough for somebody to save one of the files.
		const untouched = async () =>
			(await codeInState(git, workspace, journal.code, "old")).length === journal.code.length;
		if (!(await writeCodeFiles(git, workspace, journal.commit, journal.code, untouched))) {
			await takeBack(ledger, reader, { ...journal, code: [] });
			return null;
		}
		failPoint("ledger.files-written");
		if (journal.mode !== "off") {
			await updateIndex(
				workspace,
				indexChanges(workspace, [...changes, ...journal.code]),
				git,
				ledger.settings.lockTimeoutMs,
			);
		}
		failPoint("ledger.index-written");
		if (intent.verify === true)
			await git(["hook", "run", "--ignore-missing", "pre-commit"], { cwd: workspace.topLevel, hooks: true });
		if (journal.mode === "auto") {
			let onto = head;
			for (;;) {
				refuseWhileBusy(workspace.gitDir);
				const { lockTimeoutMs } = ledger.settings;
				moved = await moveHead(git, onto, journal.commit, reason, lockTimeoutMs, onto === head ? waiting : null);
				if (moved) break;
				const now = await readHead(workspace.gitDir, reader, git);
				// Somebody's own commit took what was staged here: then the change is in, and theirs is the commit.
				moved = now.ref === onto.ref && (await holdsChange(reader, now, journal));
				if (moved) {
					journal = { ...journal, commit: now.commit as string };
					break;
				}
				if (!(await sameGround(reader, onto, now, journal))) {
					await takeBack(ledger, reader, journal);
					return null;
				}
				onto = now;
				journal = await build(onto);
				writeJournal(workspace, journal);
			}
			failPoint("ledger.ref-moved");
			await readBack(ledger, reader, head, journal.commit);
		}
	} catch (error) {
		// Once HEAD holds the change there is nothing to take back. Before that it is condemned first: should undoing it
		// fail as well (the disk is full), the next command undoes it and does not finish what was reported as failed.
		if (!moved) {
			condemnJournal(workspace);
			await takeBack(ledger, reader, journal).catch(() => {});
		}
		throw error;
	}
	clearJournal(workspace);
	failPoint("ledger.journal-cleared");
	return journal.commit;
}

/** The tree with the ledger's files of a change in it. */
export async function treeWith(
	ledger: Ledger,
	reader: ObjectReader,
	base: string | null,
	changes: readonly JournalChange[],
): Promise<string> {
	const entries = new Map<string, TreeEntry | null>(
		changes.map((change) => [
			change.path,
			change.newOid === null ? null : { mode: change.newMode ?? "100644", oid: change.newOid },
		]),
	);
	const tree = await editTree(reader, ledger.workspace, base, entries);
	if (tree === null) throw new MsgcodeError("internal", "A ledger commit would have an empty tree.");
	return tree;
}

/** True when the branch has, at every path of the change, what the change makes. */
async function holdsChange(reader: ObjectReader, now: Head, journal: Journal): Promise<boolean> {
	for (const change of [...journal.ledger, ...journal.code]) {
		const entry = await fileAt(reader, now.tree, change.path);
		if ((entry?.oid ?? null) !== change.newOid) return false;
	}
	return now.commit !== null;
}

/** True when the moved branch still has, at the change's paths, what the change was made for. */
async function sameGround(reader: ObjectReader, before: Head, now: Head, journal: Journal): Promise<boolean> {
	if (now.ref !== before.ref || journal.code.length > 0) return false;
	for (const change of journal.ledger) {
		const was = await entryAt(reader, before.tree, change.path);
		const is = await entryAt(reader, now.tree, change.path);
		if (was?.oid !== is?.oid) return false;
	}
	return true;
}

async function readBack(ledger: Ledger, reader: ObjectReader, head: Head, commit: string): Promise<void> {
	const name = head.ref ?? "HEAD";
	const now = await reader.read(name);
	if (head.ref === null)
		ledger.warn("HEAD is detached: the commit belongs to no branch. Make one with `git switch -c <name>`.");
	if (now?.oid === commit) return;
	// Somebody may have committed on top in the same instant: then ours is below.
	const result = await ledger.git(["merge-base", "--is-ancestor", commit, name], { accept: [0, 1] });
	if (result.code !== 0)
		throw new MsgcodeError("git_failed", `The commit ${commit} was made, but ${name} does not hold it.`);
}

/** What a plan sees, HEAD being `head`. */
export function viewOf(ledger: Ledger, reader: ObjectReader, head: Head): LedgerView {
	const { workspace } = ledger;
	return {
		head,
		reader,
		working: (path) => readWorkingFile(workspace, fromTop(workspace, path)),
		committed: async (path) => {
			const entry = await entryAt(reader, head.tree, fromTop(workspace, path));
			return entry === null ? null : ((await reader.read(entry.oid))?.content ?? null);
		},
	};
}
