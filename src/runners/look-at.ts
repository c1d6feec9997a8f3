// A look at a path in the user's config folder, which need not be there and need not be what it should be.

import { lstatSync, type Stats, statSync } from "node:fs";

/** What is there; undefined for nothing, also where something on the way is no folder or may not be entered. */
export function lookAt(path: string, { followLink = true } = {}): Stats | undefined {
	try {
		return followLink ? statSync(path) : lstatSync(path);
	} catch {
		return undefined;
	}
}
