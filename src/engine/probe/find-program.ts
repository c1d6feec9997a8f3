// Looks for a program on PATH, without running it.
// Invariant: an entry of PATH that depends on the folder that a program is started in finds nothing.

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** The file that would be started; null when there is none; undefined where that depends on the folder it is started in. */
export function findProgram(program: string, path: string): string | null | undefined {
	if (isAbsolute(program)) return isExecutable(program) ? program : null;
	if (program.includes("/") || program.includes("{")) return undefined;
	return (
		path
			.split(delimiter)
			.filter(isAbsolute)
			.map((folder) => join(folder, program))
			.find(isExecutable) ?? null
	);
}

/** The PATH without what depends on the folder that a program is started in. */
export function absoluteEntries(path: string): string {
	return path.split(delimiter).filter(isAbsolute).join(delimiter);
}

function isExecutable(file: string): boolean {
	try {
		accessSync(file, constants.X_OK);
		return statSync(file).isFile();
	} catch {
		return false;
	}
}
