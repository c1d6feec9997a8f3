// Where a repository lives, found in process: no git is spawned, so that reading commands stay fast.
// Invariant: nothing here assumes that `.git` is a folder or that the current checkout is the main one.
import { readFileSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

export interface RepositoryLocation {
	/** Absolute path of the checkout's top folder; null in a bare repository. */
	readonly topLevel: string | null;
	/** The git folder of this checkout (`.git`, or `<common>/worktrees/<name>`). */
	readonly gitDir: string;
	/** The git folder that all checkouts share. */
	readonly commonDir: string;
	/** True when this checkout is a linked worktree. */
	readonly linked: boolean;
	/** Length of an object id in hex digits: 40 (sha1) or 64 (sha256). */
	readonly objectIdLength: 40 | 64;
}

/** The repository that holds `start`, or null. Environment variables such as GIT_DIR are not looked at. */
export function findRepository(start: string): RepositoryLocation | null {
	let folder = realFolder(start);
	for (;;) {
		const gitDir = gitDirOf(folder);
		if (gitDir !== null) return describe(folder, gitDir);
		if (isGitDir(folder)) return describe(null, folder);
		const parent = dirname(folder);
		if (parent === folder) return null;
		folder = parent;
	}
}

/** The main checkout beside a shared git folder named `.git`, or null where none can be told (bare, separate git dir). */
export function mainCheckoutOf(commonDir: string): string | null {
	if (basename(commonDir) !== ".git") return null;
	const folder = dirname(commonDir);
	const config = textOf(join(commonDir, "config")) ?? "";
	return /^\s*bare\s*=\s*true\s*$/im.test(config) ? null : folder;
}

/** The git folder of the checkout whose top folder is `folder`, or null when `folder` is not one. */
export function gitDirOf(folder: string): string | null {
	const dotGit = join(folder, ".git");
	const stat = statOf(dotGit);
	if (stat === null) return null;
	if (stat.isDirectory()) return isGitDir(dotGit) ? dotGit : null;
	const link = /^gitdir: (.+?)\s*$/s.exec(textOf(dotGit) ?? "");
	if (link?.[1] === undefined) return null;
	const target = resolve(folder, link[1]);
	return isGitDir(target) ? realFolder(target) : null;
}

function describe(topLevel: string | null, gitDir: string): RepositoryLocation {
	const common = textOf(join(gitDir, "commondir"))?.trim();
	const commonDir = common === undefined ? gitDir : realFolder(resolve(gitDir, common));
	const config = textOf(join(commonDir, "config")) ?? "";
	const objectIdLength = /^\s*objectformat\s*=\s*sha256\s*$/im.test(config) ? 64 : 40;
	return { topLevel, gitDir, commonDir, linked: commonDir !== gitDir, objectIdLength };
}

function isGitDir(folder: string): boolean {
	if (statOf(join(folder, "HEAD")) === null) return false;
	if (statOf(join(folder, "commondir")) !== null) return true;
	return statOf(join(folder, "objects"))?.isDirectory() === true;
}

/** null for what is not there, and for what may not be looked at. */
function statOf(path: string): Stats | null {
	try {
		return statSync(path, { throwIfNoEntry: false }) ?? null;
	} catch {
		return null;
	}
}

function realFolder(path: string): string {
	try {
		return realpathSync(path);
	} catch {
		return resolve(path);
	}
}

function textOf(path: string): string | null {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return null;
	}
}
