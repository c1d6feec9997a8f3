// Objects that are worked out to be looked at and are kept nowhere: trees and their ids, without a write.
// Invariant: the repository is only read.
import type { GitObject, ObjectReader } from "./object-reader.ts";
import type { ObjectStore } from "./object-writer.ts";

export interface MemoryObjects {
	/** Reads what was kept here, and everything that `reader` reads. */
	readonly reader: ObjectReader;
	readonly store: ObjectStore;
}

export function memoryObjects(reader: ObjectReader, place: ObjectStore): MemoryObjects {
	const kept = new Map<string, GitObject>();
	return {
		reader: {
			get ended() {
				return reader.ended;
			},
			read: (name) => {
				const object = kept.get(name);
				return object === undefined ? reader.read(name) : Promise.resolve(object);
			},
			close: () => reader.close(),
		},
		store: {
			...place,
			keep: (oid, type, content) => kept.set(oid, { oid, type, content: Buffer.from(content) }),
		},
	};
}
