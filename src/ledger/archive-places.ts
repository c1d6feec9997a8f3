// Where in a checkout a task's files stand: live in tasks/, or in a year of tasks/archive/.
// Invariant: only names are looked at, no file is read; the live folder comes first, then the years, newest first.
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ARCHIVE, definitionPath, isArchiveYear, LIVE, recordPath } from "./paths.ts";

/** The archive's homes that are there, newest year first. */
export function archiveHomes(root: string): string[] {
	try {
		return readdirSync(join(root, ARCHIVE), { withFileTypes: true })
			.filter((entry) => entry.isDirectory() && isArchiveYear(entry.name))
			.map((entry) => `${ARCHIVE}/${entry.name}`)
			.sort()
			.reverse();
	} catch {
		return []; // nothing was ever archived, or what is called so is no folder
	}
}

/** Every home that holds one of the task's two files. More than one is what a merge of two copies leaves. */
export function taskHomes(root: string, id: string): string[] {
	const stands = (home: string) =>
		[definitionPath(id, home), recordPath(id, home)].some((path) => isThere(join(root, path)));
	return [LIVE, ...archiveHomes(root)].filter(stands);
}

/** The task's home, or null where there is no such task. */
export function taskHome(root: string, id: string): string | null {
	if (isThere(join(root, definitionPath(id))) || isThere(join(root, recordPath(id)))) return LIVE;
	return taskHomes(root, id)[0] ?? null;
}

/** A link that leads nowhere counts as well: what it is, its reader says. */
function isThere(path: string): boolean {
	return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
