// Writing files so that a crash, a full disk or a second process never leaves half of one.
// A file is replaced whole or not at all; an appended line is one write; a leftover is recognisable by its name.

import {
	closeSync,
	constants,
	fchmodSync,
	fstatSync,
	fsyncSync,
	ftruncateSync,
	linkSync,
	lstatSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	readSync,
	realpathSync,
	renameSync,
	rmSync,
	unlinkSync,
	writeSync,
} from "node:fs";
import { dirname, isAbsolute, join, resolve, sep } from "node:path";
import { fileError, MsgcodeError } from "./errors.ts";
import { failPoint } from "./failpoint.ts";
import { isLeftoverTemporary, temporaryName } from "./temporary-files.ts";

export interface WriteOptions {
	/** Permission bits, exactly. Default: those of the file that is replaced, else what the umask leaves of 0666. */
	readonly mode?: number;
	/**
	 * false skips the fsyncs: for files that mean nothing after a power cut, such as locks. "file" leaves the folder's to the
	 * caller, who writes many files there.
	 */
	readonly durable?: boolean | "file";
	/** Where the temporary file lies, on the same file system; the file's own folder unless told. */
	readonly temporaryIn?: string;
}

/** Replaces (or creates) a file: temporary file beside it, fsync, rename, fsync of the folder. Throws fileError's codes. */
export function replaceFile(path: string, data: string | Uint8Array, options: WriteOptions = {}): void {
	const mode = options.mode ?? permissionsOf(path);
	withTemporary(path, data, { ...options, ...(mode === undefined ? {} : { mode }) }, (temporary) => {
		renameSync(temporary, path);
		failPoint("files.renamed");
		return true;
	});
}

/** Creates a file together with its content; false when something has that name already, which stays untouched. */
export function createFile(path: string, data: string | Uint8Array, options: WriteOptions = {}): boolean {
	return withTemporary(path, data, options, (temporary) => {
		const created = linkExclusive(temporary, path, data, options);
		removeFileIfThere(temporary);
		return created;
	});
}

/**
 * Appends one line and its newline in one write, then fsyncs. A missing final newline (a torn line of a crash) is
 * repaired first, so the torn line stays alone. Throws limit_exceeded when the line has more than `maxBytes` bytes.
 */
export function appendLine(path: string, line: string, options: { readonly maxBytes?: number } = {}): void {
	if (line.includes("\n")) {
		throw new MsgcodeError("internal", `A line for ${path} holds a newline.`);
	}
	const bytes = Buffer.byteLength(line);
	if (options.maxBytes !== undefined && bytes > options.maxBytes) {
		throw new MsgcodeError("limit_exceeded", `A line of ${bytes} bytes is too long for ${path}.`, {
			details: { bytes, maxBytes: options.maxBytes },
		});
	}
	attempt("append to", path, () => {
		const handle = openSync(path, APPEND_FLAGS, 0o666);
		try {
			const { size } = regularFile(handle, path);
			const repair = size > 0 && !endsWithNewline(handle, size) ? "\n" : "";
			writeOrTakeBack(handle, Buffer.from(`${repair}${line}\n`), size);
			fsyncSync(handle);
			if (size === 0) {
				syncFolder(dirname(path));
			}
		} finally {
			closeSync(handle);
		}
	});
}

/** The file's bytes, or null when there is none. Refuses what is not a regular file, and more than `maxBytes` bytes. */
export function readFileIfThere(path: string, options: { readonly maxBytes?: number } = {}): Buffer | null {
	return attempt("read", path, () => {
		let handle: number;
		try {
			// O_NONBLOCK: a named pipe laid in the way must not stop the program.
			handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
		} catch (cause) {
			if (isAbsent(cause)) {
				return null;
			}
			throw cause;
		}
		try {
			const { size } = regularFile(handle, path);
			if (options.maxBytes !== undefined && size > options.maxBytes) {
				throw new MsgcodeError("limit_exceeded", `${path} has ${size} bytes; at most ${options.maxBytes} are read.`, {
					details: { bytes: size, maxBytes: options.maxBytes },
				});
			}
			return readFileSync(handle);
		} finally {
			closeSync(handle);
		}
	});
}

/** Creates a folder and its missing parents, durably. `mode` applies to those that it creates. */
export function ensureFolder(path: string, mode = 0o777): void {
	attempt("create the folder", path, () => {
		const first = mkdirSync(path, { recursive: true, mode });
		for (let folder = path; first !== undefined && folder.length >= first.length; folder = dirname(folder)) {
			syncFolder(dirname(folder));
		}
	});
}

export function removeFileIfThere(path: string): void {
	attempt("remove", path, () => {
		try {
			unlinkSync(path);
		} catch (cause) {
			if (!isAbsent(cause)) {
				throw cause;
			}
		}
	});
}

/** Makes a folder's entries durable. Skipped where the file system cannot do it. */
export function syncFolder(path: string): void {
	attempt("flush", path, () => {
		const handle = openSync(path, constants.O_RDONLY);
		try {
			fsyncSync(handle);
		} catch (cause) {
			if (!["EINVAL", "ENOTSUP"].includes(errnoOf(cause))) {
				throw cause;
			}
		} finally {
			closeSync(handle);
		}
	});
}

/** Whether a process that died left a temporary file in this folder. */
export function hasLeftoverTemporaries(folder: string): boolean {
	return listFolder(folder).some((name) => isLeftoverTemporary(folder, name));
}

/** Deletes temporary files and folders that a process left when it died; those of live ones stay. Returns their names. */
export function removeLeftoverTemporaries(folder: string): string[] {
	return attempt("clean", folder, () => {
		const leftovers = listFolder(folder).filter((name) => isLeftoverTemporary(folder, name));
		for (const name of leftovers) {
			rmSync(join(folder, name), { recursive: true, force: true });
		}
		return leftovers;
	});
}

/**
 * The absolute path of `relative` below `root`. Throws path_outside for an absolute path, `..`, a NUL byte, or a symbolic
 * link on the way (or at the end) that leads out of `root` or to nowhere. What does not exist yet is allowed.
 */
export function containedPath(root: string, relative: string): string {
	const parts = relative.split("/").filter((part) => part !== "" && part !== ".");
	if (isAbsolute(relative) || parts.includes("..") || relative.includes("\0")) {
		throw outside(root, relative);
	}
	let path = resolve(root);
	return attempt("look at", path, () => {
		for (const part of parts) {
			path = join(path, part);
			if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && !leadsInside(root, path)) {
				throw outside(root, relative);
			}
		}
		return path;
	});
}

function leadsInside(root: string, link: string): boolean {
	try {
		const base = realpathSync(root);
		const target = realpathSync(link);
		return target === base || target.startsWith(base.endsWith(sep) ? base : `${base}${sep}`);
	} catch {
		return false;
	}
}

function outside(root: string, relative: string): MsgcodeError {
	return new MsgcodeError("path_outside", `${JSON.stringify(relative)} leads out of ${root}.`, {
		hint: "Use a path below that folder, without `..` and without symbolic links that leave it.",
	});
}

function withTemporary(
	path: string,
	data: string | Uint8Array,
	options: WriteOptions,
	place: (temporary: string) => boolean,
): boolean {
	const folder = dirname(path);
	const temporary = join(options.temporaryIn ?? folder, temporaryName());
	return attempt("write", path, () => {
		let written = false;
		try {
			const handle = openSync(temporary, "wx", options.mode ?? 0o666);
			written = true;
			try {
				if (options.mode !== undefined) {
					fchmodSync(handle, options.mode);
				}
				writeAll(handle, asBuffer(data));
				if (options.durable !== false) {
					fsyncSync(handle);
				}
			} finally {
				closeSync(handle);
			}
			failPoint("files.temp-written");
			const placed = place(temporary);
			if (placed && (options.durable ?? true) === true) {
				syncFolder(folder);
			}
			return placed;
		} catch (cause) {
			if (written) {
				removeFileIfThere(temporary);
			}
			throw cause;
		}
	});
}

/** A hard link puts a name and its whole content there in one step, or fails because the name is taken. */
function linkExclusive(temporary: string, path: string, data: string | Uint8Array, options: WriteOptions): boolean {
	try {
		linkSync(temporary, path);
		return true;
	} catch (cause) {
		const errno = errnoOf(cause);
		if (errno === "EEXIST") {
			return false;
		}
		if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(errno)) {
			throw cause;
		}
	}
	return createWithoutLinks(path, data, options);
}

/** For file systems without hard links: exclusive still, but the content follows the name a moment later. */
function createWithoutLinks(path: string, data: string | Uint8Array, options: WriteOptions): boolean {
	let handle: number;
	try {
		handle = openSync(path, "wx", options.mode ?? 0o666);
	} catch (cause) {
		if (errnoOf(cause) === "EEXIST") {
			return false;
		}
		throw cause;
	}
	try {
		writeAll(handle, asBuffer(data));
		if (options.durable !== false) {
			fsyncSync(handle);
		}
		return true;
	} catch (cause) {
		removeFileIfThere(path);
		throw cause;
	} finally {
		closeSync(handle);
	}
}

/** O_NOFOLLOW: a link in the way could lead the line out of the folder. O_NONBLOCK: a pipe must not stop the program. */
const APPEND_FLAGS =
	constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function endsWithNewline(handle: number, size: number): boolean {
	const last = Buffer.alloc(1);
	readSync(handle, last, 0, 1, size - 1);
	return last[0] === 10;
}

/** Appends, or leaves the file as it was: what a full disk let through of our own line is cut off again. */
function writeOrTakeBack(handle: number, bytes: Buffer, size: number): void {
	let written = 0;
	try {
		written = writeSync(handle, bytes);
		if (written < bytes.length) {
			writeAll(handle, bytes.subarray(written));
		}
	} catch (cause) {
		if (written > 0 && fstatSync(handle).size <= size + bytes.length) {
			ftruncateSync(handle, size);
		}
		throw cause;
	}
}

function writeAll(handle: number, bytes: Uint8Array): void {
	for (let offset = 0; offset < bytes.length; ) {
		offset += writeSync(handle, bytes, offset);
	}
}

function asBuffer(data: string | Uint8Array): Uint8Array {
	return typeof data === "string" ? Buffer.from(data) : data;
}

function regularFile(handle: number, path: string): { readonly size: number } {
	const stat = fstatSync(handle);
	if (!stat.isFile()) {
		throw new MsgcodeError("file_failed", `${path} is not a regular file.`);
	}
	return stat;
}

function permissionsOf(path: string): number | undefined {
	const stat = attempt("write", path, () => lstatSync(path, { throwIfNoEntry: false }));
	return stat?.isFile() ? stat.mode & 0o777 : undefined;
}

function listFolder(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch (cause) {
		if (isAbsent(cause)) {
			return [];
		}
		throw cause;
	}
}

function isAbsent(cause: unknown): boolean {
	return ["ENOENT", "ENOTDIR"].includes(errnoOf(cause));
}

function errnoOf(cause: unknown): string {
	return (cause as NodeJS.ErrnoException).code ?? "";
}

function attempt<Result>(action: string, path: string, work: () => Result): Result {
	try {
		return work();
	} catch (cause) {
		throw cause instanceof MsgcodeError ? cause : fileError(action, path, cause);
	}
}
