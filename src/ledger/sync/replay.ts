// Puts ledger commits onto another tip, in memory: each file of each commit is merged three ways, as a rebase would.
// Invariant: only objects are written; no ref, index or file changes, and a clash ends it with the file's name.
import { basename } from "node:path/posix";
import { MsgcodeError } from "../../core/errors.ts";
import { stamped, treeOfCommit } from "../../git/head.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import { writeObject } from "../../git/object-writer.ts";
import { editTree, entryAt, type TreeEntry } from "../../git/tree-edit.ts";
import { standsAt, withMoves } from "../archive/moved-files.ts";
import type { Ledger } from "../ledger.ts";
import { mergeContent } from "../merge/merge-content.ts";
import { taskIdOfFile } from "../paths.ts";
import type { PathChange, UnpushedCommit } from "./unpushed.ts";

export interface Replayed {
	/** The new tip; the base itself where nothing was left to add. */
	readonly tip: string;
	/** Commits made anew. */
	readonly count: number;
	/** Commits whose change the base has already. */
	readonly dropped: number;
}

/** Replays `commits`, oldest first, onto the commit `base`. Throws `sync_refused` for a clash. */
export async function replayOnto(
	ledger: Ledger,
	reader: ObjectReader,
	base: string,
	commits: readonly UnpushedCommit[],
): Promise<Replayed> {
	let tip = base;
	let tree = treeOfCommit(await contentOf(reader, base));
	let count = 0;
	const anew = new Map<string, string>();
	for (const commit of commits) {
		const entries = new Map<string, TreeEntry | null>();
		for (const change of withMoves(ledger.workspace, commit.changes)) {
			const place = await standsAt(reader, ledger.workspace, tree, change);
			const merged = await mergedEntry(ledger, reader, tree, { ...change, path: place }, commit);
			// A file that somebody else moved stays where they put it; one that this commit moves goes along.
			const target = change.to === change.path ? place : change.to;
			if (target !== place) entries.set(place, null).set(target, merged ?? (await entryAt(reader, tree, place)));
			else if (merged !== undefined) entries.set(place, merged);
		}
		const next = entries.size === 0 ? tree : await editTree(reader, ledger.workspace, tree, entries);
		if (next === null) throw new MsgcodeError("internal", "A replayed ledger commit would have an empty tree.");
		if (next === tree && commit.changes.length > 0) continue;
		tip = await recommit(ledger, await contentOf(reader, commit.oid), { tree: next, parent: tip, anew });
		anew.set(commit.oid, tip);
		tree = next;
		count += 1;
	}
	return { tip, count, dropped: commits.length - count };
}

/** The file as it is after the change was made to what the new base has; undefined where the base has it so already. */
async function mergedEntry(
	ledger: Ledger,
	reader: ObjectReader,
	tree: string,
	change: PathChange,
	commit: UnpushedCommit,
): Promise<TreeEntry | null | undefined> {
	const current = await entryAt(reader, tree, change.path);
	const currentOid = current?.oid ?? null;
	if (currentOid === change.newOid && (current?.mode ?? null) === change.newMode) return undefined;
	if (change.newOid === null || change.newMode === null) {
		if (currentOid === change.oldOid) return null;
		throw clash(change, commit, "it was deleted here and changed there");
	}
	const mode = change.newMode === change.oldMode ? (current?.mode ?? change.newMode) : change.newMode;
	if (currentOid === change.oldOid) return { mode, oid: change.newOid };
	if (currentOid === null) throw clash(change, commit, "it was changed here and deleted there");
	if (![mode, current?.mode, change.oldMode ?? mode].every((one) => one === "100644" || one === "100755")) {
		throw clash(change, commit, "it is not a plain file on one side");
	}
	const content = async (oid: string | null) => (oid === null ? null : contentOf(reader, oid));
	const merged = await mergeContent(ledger, {
		path: change.path,
		base: await content(change.oldOid),
		current: await content(currentOid),
		ours: await contentOf(reader, change.newOid),
	});
	if (merged.content === null) {
		const what = merged.conflicts.includes("file") ? "the same lines" : merged.conflicts.join(", ");
		throw clash(change, commit, `both sides changed ${what}`);
	}
	return { mode, oid: writeObject(ledger.workspace, "blob", merged.content) };
}

function clash(change: PathChange, commit: UnpushedCommit, why: string): MsgcodeError {
	const taskId = taskIdOfFile(basename(change.path));
	const whose = taskId === null ? "" : ` (task ${taskId})`;
	return new MsgcodeError("sync_refused", `${change.path}${whose} cannot be brought together: ${why}.`, {
		hint: "Nothing was changed. Merge by hand: `git pull --no-rebase`, mend the file, commit it, then sync again.",
		details: { file: change.path, taskId, commit: commit.oid, subject: commit.subject },
	});
}

/** The commit anew: author, date and message stay to the byte; who signed it before is asked to sign it again. */
async function recommit(
	ledger: Ledger,
	content: Buffer,
	{
		tree,
		parent,
		anew,
	}: { readonly tree: string; readonly parent: string; readonly anew: ReadonlyMap<string, string> },
): Promise<string> {
	const end = content.indexOf("\n\n");
	const header = content.toString("latin1", 0, end);
	const message = naming(anew, content.subarray(end + 2));
	const field = (name: string) => new RegExp(`^${name} (.*)$`, "m").exec(header)?.[1];
	const author = field("author") ?? "";
	const encoding = field("encoding");
	if (ledger.settings.sign || field("gpgsig") !== undefined || field("gpgsig-sha256") !== undefined) {
		return signed(ledger, { tree, parent, author, encoding, message });
	}
	const { committer } = await ledger.identity();
	const lines = [`tree ${tree}`, `parent ${parent}`, `author ${author}`];
	const tail = [`committer ${Buffer.from(stamped(committer)).toString("latin1")}`];
	if (encoding !== undefined) tail.push(`encoding ${encoding}`);
	const head = Buffer.from(`${[...lines, ...tail].join("\n")}\n\n`, "latin1");
	return writeObject(ledger.workspace, "commit", Buffer.concat([head, message]));
}

/** The message with the commit that it undoes by its new id, where that one was made anew as well. */
function naming(anew: ReadonlyMap<string, string>, message: Buffer): Buffer {
	const text = message.toString("latin1");
	const named = text.replace(/^(Msgcode-Undoes: )([0-9a-f]+)$/gm, (line, name: string, oid: string) => {
		const now = anew.get(oid);
		return now === undefined ? line : `${name}${now}`;
	});
	return named === text ? message : Buffer.from(named, "latin1");
}

interface SignedCommit {
	readonly tree: string;
	readonly parent: string;
	/** As in the commit, byte for byte in latin1. */
	readonly author: string;
	readonly encoding: string | undefined;
	readonly message: Buffer;
}

async function signed(ledger: Ledger, commit: SignedCommit): Promise<string> {
	const author = Buffer.from(commit.author, "latin1").toString("utf8");
	const [, name = "", email = "", date = ""] = /^(.*) <(.*)> (\d+ [+-]\d+)$/.exec(author) ?? [];
	const result = await ledger.git(["commit-tree", commit.tree, "-p", commit.parent, "-S", "-F", "-"], {
		stdin: commit.message,
		env: { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: date },
		...(commit.encoding === undefined ? {} : { config: { "i18n.commitEncoding": commit.encoding } }),
	});
	return result.stdout.toString("utf8").trim();
}

async function contentOf(reader: ObjectReader, oid: string): Promise<Buffer> {
	const object = await reader.read(oid);
	if (object === null) {
		throw new MsgcodeError("git_failed", `The repository lacks the object ${oid}.`, { hint: "git fsck" });
	}
	return object.content;
}
