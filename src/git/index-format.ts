// git's index file (versions 2 to 4) as data: parsed and written so that a few entries change and all others keep
// every byte of their stat data, flags and stages, which `git update-index` does not promise (it smudges racy entries).
import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { MsgcodeError } from "../core/errors.ts";
import { type IndexEntry, WrittenEntry } from "./index-entry.ts";

export interface IndexFile {
	readonly version: 2 | 3 | 4;
	readonly entries: readonly IndexEntry[];
	/** Extensions that stay valid when entries change, in file order. */
	readonly extensions: readonly { readonly signature: string; readonly data: Buffer }[];
	/** False when `index.skipHash` left the checksum empty. */
	readonly hashed: boolean;
}

const BILLION = 1_000_000_000n;
const STAGE_MASK = 0x3000;
const NAME_MASK = 0x0fff;
const EXTENDED = 0x4000;
const SKIP_WORKTREE = 0x4000;
const INTENT_TO_ADD = 0x2000;
/** Derived data that names positions or cached listings: git rebuilds them, stale ones would mislead it. */
const DISPOSABLE = new Set(["EOIE", "IEOT", "FSMN", "UNTR"]);
const KEPT = new Set(["TREE", "REUC"]);

/** The file's content as data, or null for a form that only git itself may change (split or sparse index, newer version). */
export function parseIndex(data: Buffer, rawLength: number): IndexFile | null {
	if (data.length < 12 + rawLength || data.toString("latin1", 0, 4) !== "DIRC") throw damaged();
	const version = data.readUInt32BE(4);
	if (version < 2 || version > 4) return null;
	const end = data.length - rawLength;
	const sum = data.subarray(end);
	const hashed = !sum.every((byte) => byte === 0);
	// A damaged index must not be written again under a checksum that says it is whole.
	if (hashed && !checksum(data.subarray(0, end), rawLength).equals(sum)) throw damaged();
	try {
		return parseChecked(data.subarray(0, end), version as 2 | 3 | 4, rawLength, hashed);
	} catch (error) {
		throw error instanceof RangeError ? damaged() : error;
	}
}

/** `data` is the file without its checksum. Throws a RangeError where it ends too early. */
function parseChecked(data: Buffer, version: 2 | 3 | 4, rawLength: number, hashed: boolean): IndexFile | null {
	const count = data.readUInt32BE(8);
	const entries: IndexEntry[] = [];
	let offset = 12;
	let previous: Buffer = Buffer.alloc(0);
	for (let i = 0; i < count; i += 1) {
		const start = offset;
		const flags = data.readUInt16BE(start + 40 + rawLength);
		offset = start + 42 + rawLength;
		let extendedFlags = 0;
		if (version >= 3 && (flags & EXTENDED) !== 0) {
			extendedFlags = data.readUInt16BE(offset);
			offset += 2;
		}
		if (version === 4) {
			const strip = readVarint(data, offset);
			const end = nulAfter(data, strip.next);
			const path = Buffer.concat([previous.subarray(0, previous.length - strip.value), data.subarray(strip.next, end)]);
			offset = end + 1;
			const stat = data.subarray(start, start + 40);
			const oid = data.subarray(start + 40, start + 40 + rawLength);
			entries.push({ path, stat, oid, flags, extendedFlags });
			previous = path;
		} else {
			const length = flags & NAME_MASK;
			const end = length < NAME_MASK ? offset + length : nulAfter(data, offset);
			const place = { start, end: start + paddedLength(end - start), pathStart: offset, pathEnd: end };
			offset = place.end;
			entries.push(new WrittenEntry(data, place, flags, extendedFlags, rawLength));
		}
		if (offset > data.length) throw new RangeError("an entry is cut off");
	}
	const extensions: { signature: string; data: Buffer }[] = [];
	while (offset < data.length) {
		const signature = data.toString("latin1", offset, offset + 4);
		const length = data.readUInt32BE(offset + 4);
		const first = signature.charCodeAt(0);
		if (first < 65 || first > 90) return null;
		if (KEPT.has(signature)) {
			extensions.push({ signature, data: data.subarray(offset + 8, offset + 8 + length) });
		} else if (!DISPOSABLE.has(signature)) {
			return null;
		}
		offset += 8 + length;
	}
	if (offset > data.length) throw new RangeError("an extension is cut off");
	return { version, entries, extensions, hashed };
}

function damaged(): MsgcodeError {
	return new MsgcodeError("git_failed", "git's index file is damaged.", { hint: "git fsck" });
}

function checksum(data: Buffer, rawLength: number): Buffer {
	return createHash(rawLength === 32 ? "sha256" : "sha1")
		.update(data)
		.digest();
}

function nulAfter(data: Buffer, offset: number): number {
	const end = data.indexOf(0, offset);
	if (end < 0) throw new RangeError("a name does not end");
	return end;
}

/** The bytes of the index file, checksum included. */
export function formatIndex(index: IndexFile, rawLength: number): Buffer {
	const pieces: Buffer[] = [];
	const header = Buffer.from("DIRC00000000");
	const needsExtended = index.entries.some((entry) => entry.extendedFlags !== 0);
	const version = index.version === 2 && needsExtended ? 3 : index.version;
	header.writeUInt32BE(version, 4);
	header.writeUInt32BE(index.entries.length, 8);
	pieces.push(header);
	let previous: Buffer = Buffer.alloc(0);
	const run = { file: Buffer.alloc(0), start: 0, end: 0 };
	const endRun = () => {
		if (run.end > run.start) pieces.push(run.file.subarray(run.start, run.end));
		run.end = run.start;
	};
	for (const entry of index.entries) {
		if (version !== 4 && entry instanceof WrittenEntry) {
			const { file, start, end } = entry;
			if (run.file !== file || run.end !== start) {
				endRun();
				Object.assign(run, { file, start });
			}
			run.end = end;
			continue;
		}
		endRun();
		const fixed = Buffer.alloc(entry.extendedFlags !== 0 ? 4 : 2);
		const nameLength = Math.min(entry.path.length, NAME_MASK);
		const extended = entry.extendedFlags !== 0 ? EXTENDED : 0;
		fixed.writeUInt16BE((entry.flags & ~NAME_MASK & ~EXTENDED) | extended | nameLength, 0);
		if (extended !== 0) fixed.writeUInt16BE(entry.extendedFlags, 2);
		pieces.push(entry.stat, entry.oid, fixed);
		if (version === 4) {
			const shared = sharedPrefix(previous, entry.path);
			pieces.push(varint(previous.length - shared), entry.path.subarray(shared), Buffer.alloc(1));
			previous = entry.path;
		} else {
			const length = 40 + rawLength + fixed.length + entry.path.length;
			pieces.push(entry.path, Buffer.alloc(paddedLength(length) - length));
		}
	}
	endRun();
	for (const extension of index.extensions) {
		const head = Buffer.from(`${extension.signature}0000`, "latin1");
		head.writeUInt32BE(extension.data.length, 4);
		pieces.push(head, extension.data);
	}
	const body = Buffer.concat(pieces);
	return Buffer.concat([body, index.hashed ? checksum(body, rawLength) : Buffer.alloc(rawLength)]);
}

export interface IndexChange {
	/** Relative to the repository's top folder. */
	readonly path: string;
	/** null removes the path; without stat data git compares the content at its next look. */
	readonly entry: { readonly mode: number; readonly oid: string; readonly stat: BigIntStats | null } | null;
}

/** The index with the changes made: entries of the changed paths replaced in all their stages, the rest untouched. */
export function changeIndex(index: IndexFile, changes: readonly IndexChange[]): IndexFile {
	const replaced = new Set(changes.flatMap(({ path }) => entriesOf(index, path)));
	const kept = index.entries.filter((entry) => !replaced.has(entry));
	const added = changes
		.flatMap((change) => (change.entry === null ? [] : [newEntry(Buffer.from(change.path), change.entry)]))
		.sort((a, b) => a.path.compare(b.path));
	const entries: IndexEntry[] = [];
	let copied = 0;
	const copyTo = (position: number) => {
		for (; copied < position; copied += 1) entries.push(kept[copied] as IndexEntry);
	};
	for (const entry of added) {
		copyTo(positionOf(kept, entry.path));
		entries.push(entry);
	}
	copyTo(kept.length);
	const extensions = index.extensions.map((extension) =>
		extension.signature === "TREE"
			? {
					signature: "TREE",
					data: invalidateCacheTree(
						extension.data,
						changes.map(({ path }) => path),
						rawLengthOf(kept[0] ?? added[0]),
					),
				}
			: extension,
	);
	return { ...index, entries, extensions };
}

/** The index with the skip-worktree bit on every path that `skip` names: git then takes its file as present and unchanged. */
export function skipPaths(index: IndexFile, skip: (path: string) => boolean): IndexFile {
	const entries = index.entries.map((entry) => {
		const { path, stat, oid, flags, extendedFlags } = entry;
		return skip(path.toString("utf8"))
			? { path, stat, oid, flags, extendedFlags: extendedFlags | SKIP_WORKTREE }
			: entry;
	});
	return { ...index, entries };
}

/** An index without entries, as git makes it for a repository that has none. */
export function emptyIndex(): IndexFile {
	return { version: 2, entries: [], extensions: [], hashed: true };
}

/** The entries of one path: one, or up to three while it is in conflict. */
export function entriesOf(index: IndexFile, path: string): readonly IndexEntry[] {
	const wanted = Buffer.from(path);
	const { entries } = index;
	const first = positionOf(entries, wanted);
	let end = first;
	while (entries[end]?.path.equals(wanted) === true) end += 1;
	return entries.slice(first, end);
}

/** Where the path's entries are, or would be. */
function positionOf(entries: readonly IndexEntry[], path: Buffer): number {
	let first = 0;
	for (let last = entries.length; first < last; ) {
		const middle = (first + last) >> 1;
		if ((entries[middle] as IndexEntry).path.compare(path) < 0) first = middle + 1;
		else last = middle;
	}
	return first;
}

/** True for `git add --intent-to-add`: the path is known, its content is not staged. */
export function isAnnounced(entry: IndexEntry): boolean {
	return (entry.extendedFlags & INTENT_TO_ADD) !== 0;
}

export function stageOf(entry: IndexEntry): number {
	return (entry.flags & STAGE_MASK) >> 12;
}

export function modeOf(entry: IndexEntry): number {
	return entry.stat.readUInt32BE(24);
}

/** Without any entry, before or after, there is no cached tree whose id could be misread. */
function rawLengthOf(entry: IndexEntry | undefined): number {
	return entry?.oid.length ?? 20;
}

function newEntry(path: Buffer, entry: { mode: number; oid: string; stat: BigIntStats | null }): IndexEntry {
	return {
		path,
		stat: statData(entry.stat, entry.mode),
		oid: Buffer.from(entry.oid, "hex"),
		flags: 0,
		extendedFlags: 0,
	};
}

/** Stat data in git's layout: ctime, mtime (seconds, nanoseconds), dev, ino, mode, uid, gid, size; each cut to 32 bits. */
function statData(stat: BigIntStats | null, mode: number): Buffer {
	const data = Buffer.alloc(40);
	if (stat === null) {
		data.writeUInt32BE(mode, 24);
		return data;
	}
	const fields = [
		stat.ctimeNs / BILLION,
		stat.ctimeNs % BILLION,
		stat.mtimeNs / BILLION,
		stat.mtimeNs % BILLION,
		stat.dev,
		stat.ino,
		BigInt(mode),
		stat.uid,
		stat.gid,
		stat.size,
	];
	for (const [position, value] of fields.entries()) data.writeUInt32BE(Number(BigInt.asUintN(32, value)), position * 4);
	return data;
}

/** Marks every folder on the way to a changed path as unknown; the others keep their cached tree ids. */
function invalidateCacheTree(data: Buffer, paths: readonly string[], rawLength: number): Buffer {
	const folders = new Set<string>([""]);
	for (const path of paths) {
		for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1))
			folders.add(path.slice(0, slash));
	}
	const pieces: Buffer[] = [];
	let offset = 0;
	const walk = (parent: string, isRoot: boolean): void => {
		const nameEnd = data.indexOf(0, offset);
		const name = data.toString("utf8", offset, nameEnd);
		const lineEnd = data.indexOf(10, nameEnd);
		const [count = "-1", subtrees = "0"] = data.toString("latin1", nameEnd + 1, lineEnd).split(" ");
		const folder = isRoot ? "" : parent === "" ? name : `${parent}/${name}`;
		const valid = Number(count) >= 0;
		const end = lineEnd + 1 + (valid ? rawLength : 0);
		if (valid && folders.has(folder)) {
			pieces.push(data.subarray(offset, nameEnd + 1), Buffer.from(`-1 ${subtrees}\n`));
		} else {
			pieces.push(data.subarray(offset, end));
		}
		offset = end;
		for (let i = 0; i < Number(subtrees); i += 1) walk(folder, false);
	};
	if (data.length > 0) walk("", true);
	return Buffer.concat(pieces);
}

function paddedLength(length: number): number {
	return (length + 8) & ~7;
}

function sharedPrefix(a: Buffer, b: Buffer): number {
	const limit = Math.min(a.length, b.length);
	let length = 0;
	while (length < limit && a[length] === b[length]) length += 1;
	return length;
}

/** git's offset encoding: base 128, high bit means more, with one added at each step. */
function readVarint(data: Buffer, start: number): { value: number; next: number } {
	let next = start;
	let byte = data[next++] ?? 0;
	let value = byte & 127;
	while ((byte & 128) !== 0) {
		byte = data[next++] ?? 0;
		value = (value + 1) * 128 + (byte & 127);
	}
	return { value, next };
}

function varint(value: number): Buffer {
	const bytes = [value & 127];
	let rest = value >>> 7;
	while (rest > 0) {
		rest -= 1;
		bytes.unshift(128 | (rest & 127));
		rest >>>= 7;
	}
	return Buffer.from(bytes);
}
