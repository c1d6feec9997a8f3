// Writes loose objects in process: the ledger's blobs and trees are small and many, and a spawn each would dominate.
// Invariant: an object file appears whole and fsynced, or not at all; its mode follows the objects folder's.
import { createHash, randomBytes } from "node:crypto";
import {
	chmodSync,
	closeSync,
	existsSync,
	fchmodSync,
	fsyncSync,
	mkdirSync,
	openSync,
	renameSync,
	rmSync,
	statSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { fileError } from "../core/errors.ts";

export interface ObjectStore {
	/** The shared git folder. */
	readonly commonDir: string;
	readonly objectIdLength: 40 | 64;
	/** Takes the objects in place of the folder: nothing is written then. */
	readonly keep?: (oid: string, type: string, content: Uint8Array) => void;
}

/** The id that git gives this content. */
export function objectId(store: Pick<ObjectStore, "objectIdLength">, type: string, content: Uint8Array): string {
	const hash = createHash(store.objectIdLength === 64 ? "sha256" : "sha1");
	return hash.update(`${type} ${content.length}\0`).update(content).digest("hex");
}

/** Writes one object and returns its id; an object that is there already is left alone. */
export function writeObject(store: ObjectStore, type: "blob" | "tree" | "commit", content: Uint8Array): string {
	const oid = objectId(store, type, content);
	if (store.keep !== undefined) {
		store.keep(oid, type, content);
		return oid;
	}
	const objects = join(store.commonDir, "objects");
	const folder = join(objects, oid.slice(0, 2));
	const path = join(folder, oid.slice(2));
	if (existsSync(path)) return oid;
	// git's own prune removes files of this name, should we die here.
	const temporary = join(folder, `tmp_obj_${randomBytes(6).toString("hex")}`);
	const packed = deflateSync(Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content]), { level: 1 });
	try {
		const { mode } = statSync(objects);
		if (!existsSync(folder)) makeObjectFolder(folder, mode);
		writeWhole(temporary, packed, mode & 0o444);
		renameSync(temporary, path);
	} catch (cause) {
		rmSync(temporary, { force: true });
		throw fileError("write a git object in", folder, cause);
	}
	return oid;
}

/** A disk that is nearly full takes a part of the bytes without an error. */
function writeWhole(path: string, data: Buffer, mode: number): void {
	const file = openSync(path, "wx", mode);
	try {
		fchmodSync(file, mode); // whatever the umask: others of a shared repository read it as well
		for (let written = 0; written < data.length; ) written += writeSync(file, data, written);
		fsyncSync(file);
	} finally {
		closeSync(file);
	}
}

function makeObjectFolder(folder: string, mode: number): void {
	mkdirSync(folder, { recursive: true });
	// A shared repository carries its group bits on the objects folder; a folder with less would lock others out.
	chmodSync(folder, mode & 0o7777);
}
