// The user's code files of a landing: how they stand in the checkout, and how they are put there as git would.
// Invariant: a file is replaced or removed only while it is what the change was made for; anything else is somebody's work.
import {
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	renameSync,
	rmdirSync,
	rmSync,
	type Stats,
	symlinkSync,
	unlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileError, MsgcodeError } from "../../core/errors.ts";
import { failPoint } from "../../core/failpoint.ts";
import { containedPath, replaceFile } from "../../core/files.ts";
import { temporaryName } from "../../core/temporary-files.ts";
import { objectId } from "../../git/object-writer.ts";
import type { Git } from "../../git/plumbing.ts";
import type { Workspace } from "../workspace.ts";
import type { JournalChange } from "./journal.ts";

type Place = Pick<Workspace, "topLevel" | "objectIdLength" | "stateDir" | "commonDir">;

const GITLINK = "160000";
const SYMLINK = "120000";
/** Larger files are hashed by git, which need not hold them in memory. */
const HASHED_HERE = 64 * 1024 * 1024;

/**
 * Writes the files as git would check them out of `commit`: filters, modes and symlinks included. They are made beside
 * the checkout first; then `stillOld` may stop it, and nothing was touched (false).
 */
export async function writeCodeFiles(
	git: Git,
	place: Place,
	commit: string,
	changes: readonly JournalChange[],
	stillOld: () => Promise<boolean> = async () => true,
): Promise<boolean> {
	if (changes.length === 0) return true;
	const scratch = join(place.stateDir, temporaryName());
	const staging = join(scratch, "files");
	const indexFile = join(scratch, "index");
	try {
		mkdirSync(staging, { recursive: true, mode: 0o700 });
		// The work tree is the staging folder: attributes then come from the commit, not from files that it replaces.
		const config = { "core.bare": "false", "core.sparseCheckout": "false" };
		const call = { cwd: staging, gitDir: place.commonDir, workTree: staging, indexFile, config };
		await git(["read-tree", commit], call);
		const made = changes.filter((change) => change.newOid !== null && change.newMode !== GITLINK);
		const stdin = made.map((change) => `${change.path}\0`).join("");
		await git(["checkout-index", "--force", "-z", "--stdin"], { ...call, stdin });
		failPoint("apply.staged");
		if (!(await stillOld())) return false;
		// Removals first: a file may make room for a folder of its name.
		for (const change of [...changes].sort((a, b) => Number(a.newOid !== null) - Number(b.newOid !== null))) {
			if (change.newOid === null) removeCodeFile(place, change);
			else placeCodeFile(place, staging, change);
			failPoint("apply.code-written");
		}
		return true;
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
}

/**
 * The changes whose file is in the state before (`old`) or after (`new`) the change: the bytes themselves, or what git's
 * filters make of them, are the wanted ones. A folder counts as an absent file.
 */
export async function codeInState(
	git: Git,
	place: Place,
	changes: readonly JournalChange[],
	state: "old" | "new",
): Promise<JournalChange[]> {
	const wantedOid = (change: JournalChange) => (state === "old" ? change.oldOid : change.newOid);
	const wantedMode = (change: JournalChange) => (state === "old" ? change.oldMode : change.newMode);
	const folders = new Map<string, boolean>();
	const verdicts = new Map(
		changes.map((change) => {
			const real = isRealFolder(place.topLevel, dirname(change.path), folders);
			return [change, look(place, change.path, real, wantedOid(change), wantedMode(change))];
		}),
	);
	const unsure = changes.filter((change) => verdicts.get(change) === "filtered?");
	const ids = await filteredIds(git, place, unsure);
	return changes.filter(
		(change) => verdicts.get(change) === "same" || (ids.has(change) && ids.get(change) === wantedOid(change)),
	);
}

/** The file itself, no link followed; undefined when it or a folder above it is not there. */
export function statOf(path: string): Stats | undefined {
	try {
		return lstatSync(path, { throwIfNoEntry: false });
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code === "ENOTDIR") return undefined;
		throw fileError("look at", path, cause);
	}
}

function look(
	place: Place,
	path: string,
	inRealFolder: boolean,
	oid: string | null,
	mode: string | null,
): "same" | "differs" | "filtered?" {
	const absolute = join(place.topLevel, path);
	const stat = inRealFolder ? statOf(absolute) : undefined;
	if (oid === null || mode === GITLINK) return stat === undefined || stat.isDirectory() ? "same" : "differs";
	if (stat === undefined) return "differs";
	if (stat.isSymbolicLink()) {
		const target = readlinkSync(absolute, { encoding: "buffer" });
		return mode === SYMLINK && objectId(place, "blob", target) === oid ? "same" : "differs";
	}
	if (!stat.isFile()) return "differs";
	if (stat.size > HASHED_HERE) return "filtered?";
	try {
		return objectId(place, "blob", readFileSync(absolute)) === oid ? "same" : "filtered?";
	} catch (cause) {
		throw fileError("read", absolute, cause);
	}
}

/** False when a link on the way leads elsewhere: git takes a file behind one as absent. */
function isRealFolder(top: string, folder: string, known: Map<string, boolean>): boolean {
	if (folder === ".") return true;
	const before = known.get(folder);
	if (before !== undefined) return before;
	const real = isRealFolder(top, dirname(folder), known) && statOf(join(top, folder))?.isDirectory() === true;
	known.set(folder, real);
	return real;
}

/** What git would store for each file. Empty when git cannot read one: then none of them counts as known. */
async function filteredIds(
	git: Git,
	place: Place,
	changes: readonly JournalChange[],
): Promise<Map<JournalChange, string>> {
	if (changes.length === 0) return new Map();
	const stdin = changes.map((change) => `${quoted(change.path)}\n`).join("");
	const result = await git(["hash-object", "--stdin-paths"], { cwd: place.topLevel, stdin, accept: [0, 128] });
	if (result.code !== 0) return new Map();
	const ids = result.stdout.toString("utf8").split("\n");
	return new Map(changes.map((change, position) => [change, ids[position] ?? ""]));
}

/** A path as `--stdin-paths` takes it: quoted as in C where a line could not hold it. */
function quoted(path: string): string {
	if (!/["\\\r\n]/.test(path)) return path;
	return `"${path.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}"`;
}

function removeCodeFile(place: Place, change: JournalChange): void {
	const absolute = join(place.topLevel, change.path);
	const stat = statOf(absolute);
	try {
		if (stat?.isDirectory() === true) {
			// A submodule's folder: its own work is not ours to remove.
			if (change.oldMode === GITLINK && readdirSync(absolute).length === 0) rmdirSync(absolute);
		} else if (stat !== undefined) {
			unlinkSync(absolute);
		}
	} catch (cause) {
		throw fileError("remove", absolute, cause);
	}
	for (let folder = dirname(absolute); folder !== place.topLevel; folder = dirname(folder)) {
		try {
			rmdirSync(folder);
		} catch {
			return; // not empty: something else is in it
		}
	}
}

function placeCodeFile(place: Place, staging: string, change: JournalChange): void {
	const target = join(place.topLevel, change.path);
	try {
		containedPath(place.topLevel, dirname(change.path));
		mkdirSync(dirname(target), { recursive: true });
		const stat = statOf(target);
		if (change.newMode === GITLINK) {
			if (stat !== undefined && !stat.isDirectory()) unlinkSync(target);
			mkdirSync(target, { recursive: true });
			return;
		}
		if (stat?.isDirectory() === true) removeEmptyFolders(target);
		moveFile(join(staging, change.path), target, change.newMode);
	} catch (cause) {
		throw cause instanceof MsgcodeError ? cause : fileError("write", target, cause);
	}
}

/** Fails on the first folder that holds a file. */
function removeEmptyFolders(folder: string): void {
	for (const name of readdirSync(folder, { withFileTypes: true })) {
		if (name.isDirectory()) removeEmptyFolders(join(folder, name.name));
	}
	rmdirSync(folder);
}

function moveFile(from: string, to: string, mode: string | null): void {
	try {
		renameSync(from, to);
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code !== "EXDEV") throw cause;
		// The git folder lies on another file system: write beside the target instead.
		if (mode === SYMLINK) {
			rmSync(to, { force: true });
			symlinkSync(readlinkSync(from), to);
		} else {
			replaceFile(to, readFileSync(from), { mode: lstatSync(from).mode & 0o777 });
		}
	}
}
