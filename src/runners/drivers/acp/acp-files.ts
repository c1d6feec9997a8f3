// The files that an agent reads and writes through its client: inside the folder that it works in, whatever links say.
// Invariant: a path is judged by where it really leads, and git's own files are not the agent's.

import { constants } from "node:fs";
import { lstat, mkdir, open, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";

/** Said to the agent as the error of its request. */
export class FileRefused extends Error {}
/** There is no such file: to an agent that is about to make it, no failure. */
export class FileMissing extends FileRefused {}

const MAX_BYTES = 16 * 1024 * 1024;

export interface AgentFiles {
	/** Lines count from 1; without `line` and `limit` the whole file. */
	read(path: string, line?: number | null, limit?: number | null): Promise<string>;
	write(path: string, content: string): Promise<void>;
}

/** `root`: the folder of the run. `mayWrite`: whether the run's permission lets it change files. */
export function agentFiles(root: string, mayWrite: boolean): AgentFiles {
	return {
		async read(path, line, limit) {
			const file = await openedAt(await placeIn(root, path), constants.O_RDONLY);
			try {
				const { size } = await file.stat();
				if (size > MAX_BYTES) throw new FileRefused(`${path} is larger than ${MAX_BYTES} bytes.`);
				const text = await file.readFile("utf8");
				if (line == null && limit == null) return text;
				const from = Math.max(0, (line ?? 1) - 1);
				return text
					.split(/(?<=\n)/)
					.slice(from, limit == null ? undefined : from + limit)
					.join("");
			} finally {
				await file.close();
			}
		},
		async write(path, content) {
			if (!mayWrite) throw new FileRefused("This run may not change files.");
			if (Buffer.byteLength(content) > MAX_BYTES)
				throw new FileRefused(`${path} would be larger than ${MAX_BYTES} bytes.`);
			const place = await placeIn(root, path);
			await mkdir(dirname(place), { recursive: true });
			const file = await openedAt(place, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
			try {
				await file.writeFile(content);
			} finally {
				await file.close();
			}
		},
	};
}

/** Whether the path leads into the folder, and not to git's own files. */
export async function isInFolder(root: string, path: string): Promise<boolean> {
	return await placeIn(root, path).then(
		() => true,
		() => false,
	);
}

/** Where the path really leads; the last part need not exist. Throws FileRefused for a way out. */
async function placeIn(root: string, path: string): Promise<string> {
	if (path.includes("\0")) throw new FileRefused("A path has no NUL byte.");
	const top = await realpath(root);
	const wanted = isAbsolute(path) ? resolve(path) : resolve(top, path);
	const place = await realPlace(wanted);
	const inside = relative(top, place);
	if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
		throw new FileRefused(`${path} is outside of the folder that this run works in.`);
	}
	if (inside.split(sep).some((part) => part.toLowerCase() === ".git")) {
		throw new FileRefused(`${path} belongs to git.`);
	}
	return place;
}

/** With every link on the way resolved, as far as there is something. */
async function realPlace(path: string): Promise<string> {
	try {
		return await realpath(path);
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw new FileRefused(`${path} cannot be reached.`);
		// A link that leads nowhere yet would be followed by whoever writes through it.
		if ((await lstat(path).catch(() => null)) !== null) throw new FileRefused(`${path} is a link that leads nowhere.`);
		const above = dirname(path);
		return join(await realPlace(above), path.slice(above === sep ? 1 : above.length + 1));
	}
}

/** Only a plain file: opening a pipe could wait for ever. A link that took its place meanwhile is not followed. */
async function openedAt(place: string, flags: number) {
	const file = await open(place, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((cause) => {
		const { code } = cause as NodeJS.ErrnoException;
		throw code === "ENOENT"
			? new FileMissing(`There is no file ${place}.`)
			: new FileRefused(`${place} cannot be opened (${code}).`);
	});
	if ((await file.stat()).isFile()) return file;
	await file.close();
	throw new FileRefused(`${place} is not a file.`);
}
