// Whether a file was added to or taken from the tasks' folder since its names were last read: reading thousands of names
// takes as long as much else of a list. The index holds what the folder's inode said then; whoever replaces the index
// changes the folder, and with it the answer. Invariant: a folder counts as quiet only while no entry of it has changed
// since the names were read, and they were read when its last change was too old to share its time with a next.

import { closeSync, constants, lstatSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { INDEX_FILE } from "../paths.ts";
import type { Workspace } from "../workspace.ts";
import { FOLDER_NUMBERS, FOLDER_OFFSET, type UnreadIndex } from "./index-file.ts";

export interface FolderLook {
	/** The names are those of the index's tasks. */
	isQuiet(index: UnreadIndex): boolean;
	/** Says so of the names, read after this look, in the index as it stands. Failing to costs only time. */
	note(): void;
}

/** Looks at the folder. Call it before anything of it, or of its index, is read. */
export function lookAtFolder({ root, tasksDir }: Pick<Workspace, "root" | "tasksDir">, tooYoungMs: number): FolderLook {
	const beganAtMs = Date.now();
	const { dev, ino, ctimeMs } = lstatSync(tasksDir);
	const numbers = Float64Array.of(dev, ino, ctimeMs);
	return {
		isQuiet: ({ folder }) => numbers.every((number, at) => number === folder[at]),
		note() {
			if (ctimeMs > beganAtMs - tooYoungMs) return;
			try {
				// In its place: a write that is cut off leaves another number, which is no lie.
				const file = openSync(join(root, INDEX_FILE), constants.O_WRONLY | constants.O_NOFOLLOW);
				try {
					const text = Buffer.from(numbers.buffer).toString("base64");
					if (text.length === FOLDER_NUMBERS) writeSync(file, text, FOLDER_OFFSET);
				} finally {
					closeSync(file);
				}
			} catch {
				// The names are read again next time.
			}
		},
	};
}
