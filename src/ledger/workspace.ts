// A workspace: the folder of a repository that holds tasks/ledger.json, and where its local state lies.
// Invariant: every checkout of one repository leads to the same workspace, so a ledger has one place of truth.
import { existsSync, lstatSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileError, MsgcodeError } from "../core/errors.ts";
import { ensureFolder, readFileIfThere, replaceFile } from "../core/files.ts";
import { findRepository, gitDirOf, mainCheckoutOf, type RepositoryLocation } from "../git/location.ts";
import { isLedgerPath } from "./paths.ts";

export interface Workspace extends RepositoryLocation {
	/** Absolute path of the folder that holds `tasks/`. */
	readonly root: string;
	/** The checkout's top folder (never null here: a ledger needs files). */
	readonly topLevel: string;
	/** `root` relative to `topLevel`, with "/"; empty when they are the same. */
	readonly prefix: string;
	readonly tasksDir: string;
	/** `<common git folder>/msgcode`: locks, claims, approvals, pending results, raw logs. */
	readonly stateDir: string;
	readonly uid: string;
}

export const MARKER_FILE = "tasks/ledger.json";

/** The workspace that `start` belongs to; `workspace_not_found` or `repository_not_found` otherwise. */
export function openWorkspace(start: string): Workspace {
	const workspace = findWorkspace(start);
	if (workspace !== null) return workspace;
	if (!existsSync(start)) {
		throw new MsgcodeError("workspace_not_found", `The folder ${start} does not exist.`, {
			hint: "Check the path given with -C.",
		});
	}
	throw new MsgcodeError("workspace_not_found", `No folder from ${resolve(start)} upward holds ${MARKER_FILE}.`);
}

/** As openWorkspace, but null where there is none. */
export function findWorkspace(start: string): Workspace | null {
	const repository = findRepository(start);
	if (repository === null) return null;
	const place = realOrResolved(start);
	if (repository.linked && repository.topLevel !== null) {
		const main = mainWorkspace(repository, relative(repository.topLevel, place));
		if (main !== null) return main;
	}
	if (repository.topLevel === null) return null;
	const root = markedFolderAbove(place, repository.topLevel);
	return root === null ? null : describe(root, repository, repository.topLevel);
}

/** The workspace at exactly this folder, whose marker was just written. */
export function workspaceAt(root: string): Workspace {
	const repository = findRepository(root);
	if (repository?.topLevel == null) {
		throw new MsgcodeError("repository_not_found", `${root} is not inside a git checkout.`);
	}
	return describe(realOrResolved(root), repository, repository.topLevel);
}

/** Notes where the workspace is, so that linked worktrees find it even where git keeps no way back. */
export function rememberWorkspace(workspace: Workspace): void {
	const known = rememberedRoots(workspace.commonDir).filter((root) => root !== workspace.root);
	ensureFolder(workspace.stateDir, 0o700);
	const content = { schemaVersion: 1, roots: [workspace.root, ...known] };
	replaceFile(join(workspace.stateDir, "workspaces.json"), `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
}

/** `path`, given relative to the workspace, relative to the repository's top folder. */
export function fromTop(workspace: Pick<Workspace, "prefix">, path: string): string {
	return workspace.prefix === "" ? path : `${workspace.prefix}/${path}`;
}

/** The other way round: a path of the workspace, given from the repository's top folder, relative to the workspace. */
export function belowRoot(workspace: Pick<Workspace, "prefix">, path: string): string {
	return workspace.prefix === "" ? path : path.slice(workspace.prefix.length + 1);
}

/** True for a path, relative to the top folder, that is this workspace's ledger's. */
export function isLedgerPathOf(workspace: Pick<Workspace, "prefix">, path: string): boolean {
	return path.startsWith(fromTop(workspace, "")) && isLedgerPath(belowRoot(workspace, path));
}

/** A path of the workspace for git's command line, every character as itself. */
export function pathspec(workspace: Pick<Workspace, "prefix">, path: string): string {
	return `:(top,literal)${fromTop(workspace, path)}`;
}

/** The same for a pattern: "*" within a name, "**" across folders. */
export function globPathspec(workspace: Pick<Workspace, "prefix">, pattern: string): string {
	return `:(top,glob)${fromTop(workspace, "").replace(/[\\*?[\]]/g, "\\$&")}${pattern}`;
}

function mainWorkspace(repository: RepositoryLocation, below: string): Workspace | null {
	const main = mainCheckoutOf(repository.commonDir);
	const candidates = rememberedRoots(repository.commonDir);
	if (main !== null) {
		const root = markedFolderAbove(join(main, below), main);
		if (root !== null) candidates.push(root);
	}
	const found = candidates.flatMap((root) => {
		if (!isMarked(root)) return [];
		const place = findRepository(root);
		return place?.topLevel != null && place.commonDir === repository.commonDir && !place.linked
			? [describe(root, place, place.topLevel)]
			: [];
	});
	const inside = (workspace: Workspace) =>
		workspace.prefix === "" || `${below}${sep}`.startsWith(`${workspace.prefix}${sep}`);
	return found.filter(inside).sort((a, b) => b.prefix.length - a.prefix.length)[0] ?? found[0] ?? null;
}

function rememberedRoots(commonDir: string): string[] {
	try {
		const data: unknown = JSON.parse(readFileSync(join(commonDir, "msgcode", "workspaces.json"), "utf8"));
		const roots = (data as { roots?: unknown }).roots;
		return Array.isArray(roots) ? roots.filter((root): root is string => typeof root === "string") : [];
	} catch {
		return []; // local and disposable: without it the main checkout is found through git alone
	}
}

function markedFolderAbove(start: string, top: string): string | null {
	for (let folder = start; ; folder = dirname(folder)) {
		if (isMarked(folder)) return folder;
		// A checkout of its own (a submodule, a nested clone) ends the search: its parent's ledger is not its own.
		if (folder === top || dirname(folder) === folder || (folder !== start && gitDirOf(folder) !== null)) return null;
	}
}

function isMarked(folder: string): boolean {
	try {
		return lstatSync(join(folder, MARKER_FILE), { throwIfNoEntry: false })?.isFile() === true;
	} catch {
		return false; // a file called `tasks`, or a folder that may not be looked into
	}
}

function describe(root: string, repository: RepositoryLocation, topLevel: string): Workspace {
	const prefix = relative(topLevel, root).split(sep).join("/");
	return {
		...repository,
		root,
		topLevel,
		prefix,
		tasksDir: join(root, "tasks"),
		stateDir: join(repository.commonDir, "msgcode"),
		uid: readUid(root),
	};
}

function readUid(root: string): string {
	const path = join(root, MARKER_FILE);
	const content = readFileIfThere(path);
	if (content === null) return "";
	try {
		const marker = JSON.parse(content.toString("utf8")) as { schemaVersion?: unknown; uid?: unknown };
		if (typeof marker.uid === "string") {
			if (marker.schemaVersion === 1) return marker.uid;
			throw new MsgcodeError(
				"ledger_damaged",
				`${path} has schemaVersion ${String(marker.schemaVersion)}; this msgcode knows 1.`,
				{
					hint: "Install a newer msgcode.",
				},
			);
		}
	} catch (cause) {
		if (cause instanceof MsgcodeError) throw cause;
	}
	throw new MsgcodeError("ledger_damaged", `${path} is not a readable ledger marker.`, {
		hint: `Bring it back from history: git -C <root> restore ${MARKER_FILE}`,
	});
}

function realOrResolved(path: string): string {
	try {
		return realpathSync(path);
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code === "ENOENT") return resolve(path);
		throw fileError("read", path, cause);
	}
}
