// Where a runner of the user's own is declared, for those who need no more than that.

import { join } from "node:path";
import { lookAt } from "./look-at.ts";

export function userRunnerFile(configDir: string, id: string): string {
	return join(configDir, "runners", id, "capability.json");
}

/** Changes when the declaration does; undefined when there is none. Reads nothing. */
export function userRunnerStamp(configDir: string | null, id: string): string | undefined {
	if (configDir === null || !/^[a-z][a-z0-9-]*$/.test(id)) return undefined;
	const stats = lookAt(userRunnerFile(configDir, id));
	return stats === undefined ? undefined : `${stats.mtimeMs}/${stats.size}/${stats.ino}`;
}
