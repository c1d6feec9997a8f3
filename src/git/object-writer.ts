// Writes loose objects in process: the ledger's blobs and trees are small and many, and a spawn each would dominate.
// Invariant: an object file appears whole and fsynced, or not at all; its mode follows the objects folder's.
import { createHash, randomBytes } from "node:crypto";
import {
	chmodSync,
	closeSync,
	existsSync,
	fsyncSync,
	mkdirSync,
	openSync,
	renameSync,
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
}

/** The id that git gives this content. */
export function objectId(store: Pick<ObjectStore, "objectIdLength">, type: string, content: Uint8Array): string {
	const hash = createHash(store.objectIdLength === 64 ? "sha256" : "sha1");
	return hash.update(`${type} ${content.length}\0`).update(content).digest("hex");
}

/** Writes one object and returns its id; an object that is there already is left alone. */
export function writeObject(store: ObjectStore, type: "blob" | "tree" | "commit", content: Uint8Array): string {
	const oid = objectId(store, type, content);
	const objects = join(store.commonDir, "objects");
	const folder = join(objects, oid.slice(0, 2));
	const path = join(folder, oid.slice(2));
	if (existsSync(path)) return oid;
	try {
		if (!existsSync(folder)) makeObjectFolder(objects, folder);
		// git's own prune removes files of this name, should we die here.
		const temporary = join(folder, `tmp_obj_${randomBytes(6).toString("hex")}`);
		const packed = deflateSync(Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content]), { level: 1 });
		const file = openSync(temporary, "wx", 0o444);
		try {
			writeSync(file, packed);
			fsyncSync(file);
		} finally {
			closeSync(file);
		}
		renameSync(temporary, path);
	} catch (cause) {
		throw fileError("write a git object in", folder, cause);
	}
	return oid;
}

function makeObjectFolder(objects: string, folder: string): void {
	mkdirSync(folder, { recursive: true });
	// A shared repository carries its group bits on the objects folder; a folder with less would lock others out.
	chmodSync(folder, statSync(objects).mode & 0o7777);
}
