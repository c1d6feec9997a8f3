// Everything below a folder as data, to prove that nothing in it was written.
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** Kind, mode, size, time and content of every file by its path; `skip` leaves a path and all below it out. */
export function snapshotOf(
	root: string,
	skip: (path: string) => boolean = () => false,
	folder = "",
): Readonly<Record<string, string>> {
	const found: Record<string, string> = {};
	for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
		const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
		if (skip(path)) continue;
		const absolute = join(root, path);
		const stat = lstatSync(absolute);
		if (entry.isDirectory()) {
			found[`${path}/`] = "a folder";
			Object.assign(found, snapshotOf(root, skip, path));
		} else {
			const content = entry.isSymbolicLink() ? readlinkSync(absolute) : entry.isFile() ? readFileSync(absolute) : "";
			const sum = createHash("sha256").update(content).digest("hex");
			found[path] = `${stat.mode.toString(8)} ${stat.size} ${stat.mtimeMs} ${stat.ino} ${sum}`;
		}
	}
	return found;
}
