// Puts the files of a ledger change into the checkout, and takes them out again.
// Invariant: a file whose content is neither the change's old nor its new one is somebody's work and is left alone.

import { type BigIntStats, lstatSync, readFileSync, rmdirSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileError, MsgcodeError } from "../../core/errors.ts";
import { containedPath, ensureFolder, replaceFile, syncFolder } from "../../core/files.ts";
import type { IndexChange } from "../../git/index-format.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import { objectId } from "../../git/object-writer.ts";
import type { Git } from "../../git/plumbing.ts";
import type { Workspace } from "../workspace.ts";
import type { JournalChange } from "./journal.ts";

type Place = Pick<Workspace, "topLevel" | "objectIdLength" | "stateDir" | "commonDir">;

/** What git would call the file's content: its raw id, or the id after the user's filters where it has line endings to convert. */
export async function contentId(git: Git, place: Place, path: string, content: Buffer, write = false): Promise<string> {
	if (!content.includes(13)) return objectId(place, "blob", content);
	const args = ["hash-object", ...(write ? ["-w"] : []), `--path=${path}`, "--stdin"];
	const result = await git(args, { cwd: place.topLevel, stdin: content });
	return result.stdout.toString("utf8").trim();
}

/** The content of a ledger file in the checkout; null when absent; `path_outside` for anything but a plain file. */
export function readWorkingFile(place: Place, path: string): Buffer | null {
	refuseFileInTheWay(place, path);
	const absolute = containedPath(place.topLevel, path);
	const stat = lstatSync(absolute, { throwIfNoEntry: false });
	if (stat === undefined) return null;
	if (!stat.isFile()) {
		throw new MsgcodeError("ledger_path_taken", `${path} is not a plain file, so the ledger does not touch it.`, {
			hint: "Move it away, then run the command again.",
		});
	}
	try {
		return readFileSync(absolute);
	} catch (cause) {
		throw fileError("read", absolute, cause);
	}
}

/** git keeps nothing behind a symbolic link or a file, so a ledger there could not be committed. */
function refuseFileInTheWay(place: Place, path: string): void {
	for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
		const folder = path.slice(0, slash);
		const stat = lstatSync(containedPath(place.topLevel, folder), { throwIfNoEntry: false });
		if (stat === undefined) return;
		if (stat.isDirectory()) continue;
		const kind = stat.isSymbolicLink() ? "a symbolic link" : "a file";
		throw new MsgcodeError("ledger_path_taken", `${folder} is ${kind}, and the ledger needs it as a folder.`, {
			hint: "Move it away, then run the command again.",
		});
	}
}

/**
 * Writes the new contents of ledger files, and removes files only after that: a reader finds a file that moves twice rather
 * than not at all. Returns the paths left alone because somebody changed them meanwhile.
 */
export async function writeLedgerFiles(
	git: Git,
	place: Place,
	reader: ObjectReader,
	changes: readonly JournalChange[],
	onFile: () => void = () => {},
): Promise<string[]> {
	const left: string[] = [];
	const filled = new Set<string>();
	const thinned = new Set<string>();
	for (const change of [...changes].sort((a, b) => Number(a.newOid === null) - Number(b.newOid === null))) {
		const current = readWorkingFile(place, change.path);
		const currentId = current === null ? null : await contentId(git, place, change.path, current);
		if (currentId !== change.newOid) {
			if (currentId !== change.oldOid) {
				left.push(change.path);
				continue;
			}
			const absolute = containedPath(place.topLevel, change.path);
			if (change.newOid === null) {
				flush(filled);
				unlinkSync(absolute);
				thinned.add(dirname(absolute));
			} else {
				const blob = await reader.read(change.newOid);
				if (blob === null) throw new MsgcodeError("git_failed", `The repository lacks the object ${change.newOid}.`);
				ensureFolder(dirname(absolute));
				replaceFile(absolute, blob.content, { durable: "file" });
				filled.add(dirname(absolute));
			}
		}
		onFile();
	}
	flush(filled);
	for (const folder of thinned) removeWhileEmpty(place, folder);
	return left;
}

/** What was put into the folders is durable before anything is taken from another. */
function flush(folders: Set<string>): void {
	for (const folder of folders) syncFolder(folder);
	folders.clear();
}

/** As git does: a folder goes with its last file. What stays is made durable. */
function removeWhileEmpty(place: Place, folder: string): void {
	let still = folder;
	for (; still !== place.topLevel; still = dirname(still)) {
		try {
			rmdirSync(still);
		} catch (cause) {
			// One that is gone went with a folder in it; one that is not empty stays.
			if ((cause as NodeJS.ErrnoException).code !== "ENOENT") break;
		}
	}
	syncFolder(still);
}

/** The index entries of the changes as the checkout has them now. */
export function indexChanges(
	place: Place,
	changes: readonly JournalChange[],
	left: readonly string[] = [],
): IndexChange[] {
	const notOurs = new Set(left);
	return changes.map((change) => {
		if (change.newOid === null) return { path: change.path, entry: null };
		// git takes the content as the entry's while the stat data is the entry's: never record somebody else's file.
		const known = notOurs.has(change.path) ? null : bigStatOf(join(place.topLevel, change.path));
		return { path: change.path, entry: { mode: modeNumber(change), oid: change.newOid, stat: known } };
	});
}

function bigStatOf(path: string): BigIntStats | null {
	try {
		return lstatSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;
	} catch {
		return null; // a file stands where one of its folders was
	}
}

function modeNumber(change: JournalChange): number {
	return Number.parseInt(change.newMode ?? "100644", 8);
}
