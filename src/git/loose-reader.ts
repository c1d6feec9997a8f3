// Reads what lies loose in the repository without a git process: the newest commit and its trees, which is what a ledger
// change asks for. Invariant: the answer is git's; whatever is packed, replaced, borrowed or odd is left to git.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { once } from "../core/lazy.ts";
import type { GitObject, ObjectReader } from "./object-reader.ts";

export interface LoosePlace {
	/** The git folder of the checkout. */
	readonly gitDir: string;
	/** The shared git folder. */
	readonly commonDir: string;
	readonly objectIdLength: 40 | 64;
}

/** Larger ones are git's: here they would be in memory twice. */
const LARGEST_BYTES = 8 * 1024 * 1024;
/** Bytes of objects that are kept for the next question. */
const KEPT_BYTES = 4 * 1024 * 1024;

/**
 * A reader that asks git, through `open`, only for what is not loose. With `willAsk`, git is started at once where the
 * checkout's own commit is not loose, while its caller still has other things to do.
 */
export function openLooseFirst(place: LoosePlace, open: () => ObjectReader, willAsk: boolean): ObjectReader {
	const isHex = new RegExp(`^[0-9a-f]{${place.objectIdLength}}$`);
	const replaces = once(() => hasReplacements(place.commonDir));
	const kept = new Map<string, GitObject>();
	let keptBytes = 0;
	let git: ObjectReader | null = null;
	const readHere = (name: string): GitObject | null => {
		const oid = isHex.test(name) ? name : looseRef(place, name, isHex);
		if (oid === null) return null;
		const known = kept.get(oid);
		if (known !== undefined) return known;
		if (replaces()) return null;
		const object = readLoose(place.commonDir, oid);
		if (object !== null && keptBytes + object.content.length <= KEPT_BYTES) {
			kept.set(oid, object);
			keptBytes += object.content.length;
		}
		return object;
	};
	const reader: ObjectReader = {
		get ended() {
			return git?.ended === true;
		},
		async read(name) {
			const here = readHere(name);
			if (here !== null) return here;
			git ??= open();
			return await git.read(name);
		},
		close() {
			git?.close();
		},
	};
	if (willAsk && headIsElsewhere(place, readHere)) git = open();
	return reader;
}

/** The object, or null where it is not loose or not as it should be. */
function readLoose(commonDir: string, oid: string): GitObject | null {
	try {
		const packed = readFileSync(join(commonDir, "objects", oid.slice(0, 2), oid.slice(2)));
		const data = inflateSync(packed, { maxOutputLength: LARGEST_BYTES });
		const end = data.indexOf(0);
		const [, type, length] = /^(blob|tree|commit|tag) (0|[1-9]\d*)$/.exec(data.toString("latin1", 0, end)) ?? [];
		if (type === undefined || Number(length) !== data.length - end - 1) return null;
		return { oid, type, content: data.subarray(end + 1) };
	} catch {
		return null;
	}
}

/** What a branch that has a file of its own points at; null for every other name. */
function looseRef({ commonDir }: LoosePlace, name: string, isHex: RegExp): string | null {
	if (!/^refs\/(?:heads|msgcode)\/[\w./-]+$/.test(name) || /\.\.|\/\/|\/\.|\.lock(?:\/|$)|[/.]$/.test(name))
		return null;
	const content = textOf(join(commonDir, name));
	const oid = content?.endsWith("\n") ? content.slice(0, -1) : "";
	return isHex.test(oid) ? oid : null;
}

function headIsElsewhere({ gitDir }: LoosePlace, readHere: (name: string) => GitObject | null): boolean {
	const head = textOf(join(gitDir, "HEAD")) ?? "";
	const name = /^ref: (\S+)\n$/.exec(head)?.[1] ?? head.trim();
	return readHere(name) === null;
}

/** `git replace` makes git read one object in the place of another. */
function hasReplacements(commonDir: string): boolean {
	const folder = join(commonDir, "refs", "replace");
	if (existsSync(folder) && readdirSync(folder).length > 0) return true;
	return textOf(join(commonDir, "packed-refs"))?.includes(" refs/replace/") ?? false;
}

function textOf(path: string): string | null {
	try {
		return readFileSync(path, "latin1");
	} catch {
		return null;
	}
}
