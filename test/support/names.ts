// What a folder of the ledger holds, by name.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Sorted; without the files that an archive's home keeps for ever, and folders in which there is nothing else. */
export function namesIn(folder: string): string[] {
	if (!existsSync(folder)) return [];
	return readdirSync(folder, { withFileTypes: true })
		.filter(
			(entry) => entry.name !== ".gitkeep" && !(entry.isDirectory() && namesIn(join(folder, entry.name)).length === 0),
		)
		.map(({ name }) => name)
		.sort();
}
