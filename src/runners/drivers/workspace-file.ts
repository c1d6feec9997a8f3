// Reads a file that a task names, for a service that cannot look into the workspace itself.
// Invariant: nothing from outside the workspace is given, whatever the path or a link in it says.

import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { isAbsolute, join, sep } from "node:path";

/** "outside": no part of the workspace; "absent"; "too_large"; "not_a_file": a folder, a pipe; "unreadable". */
export type NoFile = "outside" | "absent" | "too_large" | "not_a_file" | "unreadable";

/** The file's bytes, at most `maxBytes`; or why they are not given. */
export function readWorkspaceFile(root: string, path: string, maxBytes: number): Buffer | NoFile {
	if (isAbsolute(path) || path.split(/[/\\]/).includes("..")) return "outside";
	let handle: number | null = null;
	try {
		// A link could lead out, and so could one of the folders above.
		const real = realpathSync(join(root, path));
		if (!real.startsWith(`${realpathSync(root)}${sep}`)) return "outside";
		handle = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
		const stat = fstatSync(handle);
		if (!stat.isFile()) return "not_a_file";
		if (stat.size > maxBytes) return "too_large";
		const content = Buffer.alloc(stat.size);
		return content.subarray(0, readSync(handle, content, 0, content.length, 0));
	} catch (cause) {
		return (cause as NodeJS.ErrnoException).code === "ENOENT" ? "absent" : "unreadable";
	} finally {
		if (handle !== null) closeSync(handle);
	}
}
