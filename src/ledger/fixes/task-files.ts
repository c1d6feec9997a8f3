// The task files of the checkout, for the kinds of fixes that look at every one of them.
// Invariant: what is no plain file, or larger than a task file may be, is left to the diagnostics.
import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { containedPath } from "../../core/files.ts";
import { archiveHomes, taskIdsIn } from "../archive/archive-places.ts";
import { LIMITS } from "../limits.ts";
import { definitionPath, LIVE, RUNS_FILE, recordPath } from "../paths.ts";
import type { FixGround } from "./fix.ts";

export interface TaskFileContent {
	readonly taskId: string;
	/** Relative to the workspace. */
	readonly path: string;
	readonly content: Buffer;
}

/** Every readable `.md` and `.json` of a task, live ones first, by name. */
export function taskFiles({ ledger }: FixGround): TaskFileContent[] {
	const { root } = ledger.workspace;
	return [LIVE, ...archiveHomes(root)].flatMap((home) =>
		taskIdsIn(root, home).flatMap((taskId) =>
			[recordPath(taskId, home), definitionPath(taskId, home)].flatMap((path) => {
				const content = plainContent(root, path);
				return content === null ? [] : [{ taskId, path, content }];
			}),
		),
	);
}

export function definitions(ground: FixGround): TaskFileContent[] {
	return taskFiles(ground).filter(({ path }) => path.endsWith(".md"));
}

/** The content of a plain file of reasonable size; null for everything else. */
export function plainContent(root: string, path: string): Buffer | null {
	try {
		const absolute = containedPath(root, path);
		const stat = lstatSync(absolute, { throwIfNoEntry: false });
		if (stat === undefined || !stat.isFile() || stat.size > LIMITS.bodyBytes * 2) return null;
		return readFileSync(absolute);
	} catch {
		return null; // a symbolic link that leads out, or a file without permission
	}
}

/** The text of runs.jsonl; null where it is no plain file, or holds bytes that could not be written back as they are. */
export function runLogText(root: string): string | null {
	try {
		const path = containedPath(root, RUNS_FILE);
		if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return null;
		const content = readFileSync(path);
		const text = content.toString("utf8");
		return Buffer.from(text).equals(content) ? text : null;
	} catch {
		return null;
	}
}

/** True where nothing stands at the path, not even a link that leads nowhere. */
export function isAbsent(root: string, path: string): boolean {
	try {
		return lstatSync(join(root, path), { throwIfNoEntry: false }) === undefined;
	} catch {
		return false;
	}
}
