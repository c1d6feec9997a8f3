// When something in a folder changed last, and how large it is, told by a walk that has an end.
// Invariant: a walk looks at a bounded number of entries, what people edit before what tools make, and follows no link.

import { lstat, readdir } from "node:fs/promises";
import { basename, join } from "node:path";

export interface WalkOptions {
	/** Absolute paths of folders that are left out, whatever is in them. */
	readonly skip?: readonly string[] | undefined;
	readonly maxEntries?: number;
}

const MAX_ENTRIES = 20_000;
/** Entries looked at together. */
const TOGETHER = 32;
/** Large trees that tools make: looked at last, so that they use up only what is left of the walk. */
const MADE_BY_TOOLS: ReadonlySet<string> = new Set(
	["node_modules", "target", "dist", "build", "out", "vendor", "coverage", "__pycache__", "venv"].flatMap((name) => [
		name,
		`.${name}`,
	]),
);

/** The newest change below the folders, epoch ms; null when nothing could be looked at. */
export async function newestChange(folders: readonly string[], options: WalkOptions = {}): Promise<number | null> {
	let newest: number | null = null;
	await walk(folders, { maxEntries: MAX_ENTRIES, ...options }, ({ ctimeMs }) => {
		newest = Math.max(newest ?? 0, ctimeMs);
	});
	return newest;
}

/** What the folders take on the disk, bytes; a file with several names counts once. */
export async function folderBytes(folders: readonly string[], options: WalkOptions = {}): Promise<number> {
	let total = 0;
	await walk(folders, options, ({ bytes }) => {
		total += bytes;
	});
	return total;
}

interface Seen {
	readonly ctimeMs: number;
	/** Bytes that it takes on the disk. */
	readonly bytes: number;
}

async function walk(
	folders: readonly string[],
	{ skip = [], maxEntries = Number.POSITIVE_INFINITY }: WalkOptions,
	see: (entry: Seen) => void,
): Promise<void> {
	const waiting = [...folders];
	const later: string[] = [];
	const left = new Set(skip);
	const linked = new Set<string>();
	for (const path of folders) await look(path);
	let entries = 0;
	for (let folder = waiting.shift() ?? later.shift(); folder !== undefined; folder = waiting.shift() ?? later.shift()) {
		const names = await readdir(folder).catch(() => []);
		for (let start = 0; start < names.length; start += TOGETHER) {
			if (entries >= maxEntries) return;
			const some = names.slice(start, start + TOGETHER);
			entries += some.length;
			await Promise.all(some.map((name) => visit(join(folder as string, name))));
		}
	}

	async function visit(path: string): Promise<void> {
		if (left.has(path) || basename(path) === ".git") return;
		if (await look(path)) (MADE_BY_TOOLS.has(basename(path)) ? later : waiting).push(path);
	}

	/** Whether it is a folder. */
	async function look(path: string): Promise<boolean> {
		const stat = await lstat(path).catch(() => null);
		if (stat === null) return false;
		const isFolder = stat.isDirectory();
		const name = `${stat.dev}:${stat.ino}`;
		const again = !isFolder && stat.nlink > 1 && linked.has(name);
		if (!isFolder && stat.nlink > 1) linked.add(name);
		see({ ctimeMs: stat.ctimeMs, bytes: again ? 0 : stat.blocks * 512 });
		return isFolder;
	}
}
