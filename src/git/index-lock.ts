// Changes a checkout's real index under git's own index.lock.
// Invariant: an index.lock that we left behind can be told from the user's by its inode, so only ours is ever removed.
import { randomBytes } from "node:crypto";
import {
	closeSync,
	existsSync,
	fchmodSync,
	fsyncSync,
	futimesSync,
	linkSync,
	openSync,
	readdirSync,
	readFileSync,
	renameSync,
	statSync,
	unlinkSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileError, MsgcodeError } from "../core/errors.ts";
import { failPoint } from "../core/failpoint.ts";
import { syncFolder } from "../core/files.ts";
import type { IndexEntry } from "./index-entry.ts";
import {
	changeIndex,
	emptyIndex,
	entriesOf,
	formatIndex,
	type IndexChange,
	type IndexFile,
	isAnnounced,
	parseIndex,
	stageOf,
} from "./index-format.ts";
import type { Git } from "./plumbing.ts";

const MARKER = "msgcode-index-";

export interface IndexPlace {
	readonly gitDir: string;
	readonly topLevel: string;
	readonly objectIdLength: 40 | 64;
}

/** The checkout's index, or null where its form is one that only git may change. */
export function readIndex(place: IndexPlace): IndexFile | null {
	const path = join(place.gitDir, "index");
	if (!existsSync(path)) return emptyIndex();
	return parseIndex(readFileSync(path), place.objectIdLength / 2);
}

export interface StagedEntry {
	readonly oid: string;
	/** 0, or 1 to 3 for a path in conflict. */
	readonly stage: number;
	/** `git add --intent-to-add`: the path is known, its content is not staged. */
	readonly announced: boolean;
}

export type Staged = ReadonlyMap<string, readonly StagedEntry[]>;

/** What the index holds at the paths and, as a file, at each folder above them. Paths without an entry may be left out. */
export async function readStaged(place: IndexPlace, git: Git, paths: readonly string[]): Promise<Staged> {
	const wanted = [...new Set(paths.flatMap(withFolders))];
	const index = readIndex(place);
	if (index !== null) {
		return new Map(wanted.map((path) => [path, entriesOf(index, path).map(stagedEntry)]));
	}
	const pathspecs = wanted.map((path) => `:(top,literal)${path}`);
	const listed = await git(["ls-files", "--stage", "--sparse", "-z", "--", ...pathspecs], { cwd: place.topLevel });
	const found = new Map<string, StagedEntry[]>();
	for (const line of listed.stdout.toString("utf8").split("\0")) {
		const [, oid, stage, path] = /^\d+ ([0-9a-f]+) (\d)\t(.*)$/s.exec(line) ?? [];
		if (oid === undefined || path === undefined || !wanted.includes(path)) continue;
		found.set(path, [...(found.get(path) ?? []), { oid, stage: Number(stage), announced: false }]);
	}
	return found;
}

function withFolders(path: string): string[] {
	const all = [path];
	for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) all.push(path.slice(0, slash));
	return all;
}

function stagedEntry(entry: IndexEntry): StagedEntry {
	return { oid: entry.oid.toString("hex"), stage: stageOf(entry), announced: isAnnounced(entry) };
}

/** Makes the changes to the real index; waits for another holder of index.lock up to `timeoutMs`, then `index_locked`. */
export async function updateIndex(
	place: IndexPlace,
	changes: readonly IndexChange[],
	git: Git,
	timeoutMs: number,
): Promise<void> {
	if (changes.length === 0) return;
	const lockPath = join(place.gitDir, "index.lock");
	const indexPath = join(place.gitDir, "index");
	const marker = join(place.gitDir, `${MARKER}${process.pid}-${randomBytes(6).toString("hex")}`);
	let file: number | null = null;
	let renamed = false;
	try {
		file = openSync(marker, "wx", 0o644);
		await takeLock(marker, lockPath, timeoutMs);
		failPoint("index.locked");
		const before = statSync(indexPath, { throwIfNoEntry: false });
		const index = readIndex(place);
		if (index === null) {
			releaseLock(marker, lockPath);
			await updateThroughGit(place, changes, git);
			return;
		}
		if (before !== undefined) fchmodSync(file, before.mode & 0o777); // a shared repository's group keeps its access
		writeWhole(file, formatIndex(changeIndex(index, changes), place.objectIdLength / 2));
		// git takes an entry as racy when it is not older than the index file. Keeping the old time keeps that
		// judgement for every entry that we did not touch; ours are compared by content, which is only slower.
		if (before !== undefined) futimesSync(file, before.atime, new Date(Math.floor(before.mtimeMs)));
		fsyncSync(file);
		failPoint("index.lock-written");
		renameSync(lockPath, indexPath);
		renamed = true;
		syncFolder(place.gitDir);
		failPoint("index.renamed");
	} catch (cause) {
		if (cause instanceof MsgcodeError) throw cause;
		throw fileError("update git's index in", place.gitDir, cause);
	} finally {
		if (file !== null) {
			closeSync(file);
			if (!renamed) releaseLock(marker, lockPath);
			unlinkSync(marker);
		}
	}
}

/** Removes what a killed msgcode left of an index update. Call it only while holding the ledger's lock. */
export function removeStaleIndexLock(gitDir: string): void {
	for (const name of readdirSync(gitDir)) {
		if (!name.startsWith(MARKER)) continue;
		const marker = join(gitDir, name);
		releaseLock(marker, join(gitDir, "index.lock"));
		unlinkSync(marker);
	}
}

async function takeLock(marker: string, lockPath: string, timeoutMs: number): Promise<void> {
	const deadline = Date.now() + timeoutMs;
	for (let wait = 4; ; wait = Math.min(wait * 2, 100)) {
		try {
			linkSync(marker, lockPath);
			return;
		} catch (cause) {
			if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
		}
		if (Date.now() >= deadline) {
			throw new MsgcodeError("index_locked", `${lockPath} is held by another git process.`, {
				hint: "Wait for that git command. If none is running, git itself says how to go on: try `git status`.",
			});
		}
		await sleep(wait);
	}
}

/** Removes index.lock only if it is the very file that the marker names. */
function releaseLock(marker: string, lockPath: string): void {
	const lock = statSync(lockPath, { throwIfNoEntry: false });
	if (lock !== undefined && lock.ino === statSync(marker).ino) unlinkSync(lockPath);
}

/** A disk that is nearly full takes a part of the bytes without an error. */
function writeWhole(file: number, data: Buffer): void {
	for (let written = 0; written < data.length; ) written += writeSync(file, data, written);
}

async function updateThroughGit(place: IndexPlace, changes: readonly IndexChange[], git: Git): Promise<void> {
	const zero = "0".repeat(place.objectIdLength);
	const lines = changes.map(({ path, entry }) =>
		entry === null ? `0 ${zero}\t${path}\0` : `${entry.mode.toString(8)} ${entry.oid}\t${path}\0`,
	);
	await git(["update-index", "-z", "--index-info"], { cwd: place.topLevel, stdin: lines.join("") });
}
