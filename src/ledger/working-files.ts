// Puts the files of a ledger change into the checkout, and takes them out again.
// Invariant: a file whose content is neither the change's old nor its new one is somebody's work and is left alone.

import { randomBytes } from "node:crypto";
import {
	lstatSync,
	mkdirSync,
	readFileSync,
	readlinkSync,
	renameSync,
	rmdirSync,
	rmSync,
	symlinkSync,
	unlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileError, MsgcodeError } from "../core/errors.ts";
import { containedPath, ensureFolder, replaceFile } from "../core/files.ts";
import type { IndexChange } from "../git/index-format.ts";
import type { ObjectReader } from "../git/object-reader.ts";
import { objectId } from "../git/object-writer.ts";
import type { Git } from "../git/plumbing.ts";
import type { JournalChange } from "./journal.ts";
import type { Workspace } from "./workspace.ts";

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

/** Writes the new contents of ledger files. Returns the paths left alone because somebody changed them meanwhile. */
export async function writeLedgerFiles(
	git: Git,
	place: Place,
	reader: ObjectReader,
	changes: readonly JournalChange[],
	onFile: () => void = () => {},
): Promise<string[]> {
	const left: string[] = [];
	for (const change of changes) {
		const current = readWorkingFile(place, change.path);
		const currentId = current === null ? null : await contentId(git, place, change.path, current);
		if (currentId !== change.newOid) {
			if (currentId !== change.oldOid) {
				left.push(change.path);
				continue;
			}
			const absolute = containedPath(place.topLevel, change.path);
			if (change.newOid === null) {
				unlinkSync(absolute);
			} else {
				const blob = await reader.read(change.newOid);
				if (blob === null) throw new MsgcodeError("git_failed", `The repository lacks the object ${change.newOid}.`);
				ensureFolder(dirname(absolute));
				replaceFile(absolute, blob.content);
			}
		}
		onFile();
	}
	return left;
}

/** Writes the user's code files of a landing as git would check them out: filters, modes and symlinks included. */
export async function writeCodeFiles(
	git: Git,
	place: Place,
	commit: string,
	changes: readonly JournalChange[],
): Promise<void> {
	if (changes.length === 0) return;
	const staging = join(place.stateDir, "landing", randomBytes(6).toString("hex"));
	const indexFile = `${staging}.index`;
	mkdirSync(staging, { recursive: true, mode: 0o700 });
	try {
		const call = { cwd: place.topLevel, gitDir: place.commonDir, workTree: place.topLevel, indexFile };
		await git(["read-tree", commit], call);
		const made = changes.filter((change) => change.newOid !== null && change.newMode !== "160000");
		await git(["checkout-index", "-f", "-z", "--stdin", `--prefix=${staging}/`], {
			...call,
			stdin: made.map((change) => `${change.path}\0`).join(""),
		});
		for (const change of changes) if (change.newOid === null) removeCodeFile(place, change.path);
		for (const change of changes) {
			if (change.newOid === null) continue;
			const target = join(place.topLevel, change.path);
			makeWay(place, change.path);
			if (change.newMode === "160000") mkdirSync(target, { recursive: true });
			else moveFile(join(staging, change.path), target, change.newMode);
		}
	} finally {
		rmSync(staging, { recursive: true, force: true });
		rmSync(indexFile, { force: true });
	}
}

/** The index entries of the changes as the checkout has them now. */
export function indexChanges(
	place: Place,
	changes: readonly JournalChange[],
	left: readonly string[] = [],
): IndexChange[] {
	return changes.map((change) => {
		if (change.newOid === null) return { path: change.path, entry: null };
		const stat = lstatSync(join(place.topLevel, change.path), { bigint: true, throwIfNoEntry: false });
		const known = stat === undefined || left.includes(change.path) ? null : stat;
		return { path: change.path, entry: { mode: modeNumber(change), oid: change.newOid, stat: known } };
	});
}

/** The entry that the file had before the change: for taking a change back. */
export function formerIndexEntry(place: Place, change: JournalChange): IndexChange {
	return (
		indexChanges(place, [{ ...change, newOid: change.oldOid, newMode: change.oldMode }])[0] ?? {
			path: change.path,
			entry: null,
		}
	);
}

function modeNumber(change: JournalChange): number {
	return Number.parseInt(change.newMode ?? "100644", 8);
}

function removeCodeFile(place: Place, path: string): void {
	const absolute = join(place.topLevel, path);
	try {
		unlinkSync(absolute);
	} catch (cause) {
		const errno = (cause as NodeJS.ErrnoException).code;
		if (errno !== "ENOENT" && errno !== "EISDIR" && errno !== "EPERM") throw fileError("remove", absolute, cause);
	}
	for (let folder = dirname(absolute); folder !== place.topLevel; folder = dirname(folder)) {
		try {
			rmdirSync(folder);
		} catch {
			return; // not empty: something of the user's is in it
		}
	}
}

/** Makes the folders above a path; a file in the way was checked to be one that the landing removes. */
function makeWay(place: Place, path: string): void {
	containedPath(place.topLevel, dirname(path));
	mkdirSync(dirname(join(place.topLevel, path)), { recursive: true });
}

function moveFile(from: string, to: string, mode: string | null): void {
	try {
		renameSync(from, to);
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code !== "EXDEV") throw fileError("write", to, cause);
		// The git folder lies on another file system: write beside the target instead.
		if (mode === "120000") {
			rmSync(to, { force: true });
			symlinkSync(readlinkSync(from), to);
		} else {
			replaceFile(to, readFileSync(from), { mode: lstatSync(from).mode & 0o777 });
		}
	}
}
