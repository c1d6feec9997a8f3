// The files that a runner made beside the worktree, in the run's own folder: they stay on this machine, and the run's events
// name them. Invariant: only regular files inside that folder are named, by their name in it.

import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { EventData } from "../../core/event.ts";
import { fileDigest } from "../../git/patch.ts";

const MAX_ARTIFACTS = 100;

/** `paths`: absolute, or relative to `folder`. Gives the data of one run.artifact each. */
export async function artifactsAt(folder: string, paths: readonly string[]): Promise<EventData[]> {
	const found: EventData[] = [];
	for (const path of new Set(paths.slice(0, MAX_ARTIFACTS).map((path) => resolve(folder, path)))) {
		const name = nameIn(folder, path);
		if (name === null) continue;
		const { sha256, bytes } = await fileDigest(path);
		found.push({ name, bytes, sha256 });
	}
	return found;
}

function nameIn(folder: string, path: string): string | null {
	try {
		if (!lstatSync(path).isFile()) return null;
		// The program could have put a link in the folder's own place.
		const own = join(realpathSync(dirname(folder)), basename(folder));
		if (realpathSync(folder) !== own) return null;
		const name = relative(own, realpathSync(path));
		return name === "" || isAbsolute(name) || name.split(sep).includes("..") ? null : name;
	} catch {
		return null;
	}
}
