// What a run needs to write: its worktree and what git needs to commit there, its own folders, and those that its runner
// keeps its login and its sessions in.
// Invariant: never the home folder as a whole, never the user's checkout, its configuration, its hooks or other branches.

import { existsSync, mkdirSync } from "node:fs";
import { userInfo } from "node:os";
import { delimiter, dirname, extname, isAbsolute, join } from "node:path";
import { configFolder } from "../../config/config-folder.ts";
import type { Environment } from "../../config/environment.ts";
import { driverProgram } from "../../core/program-files.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Capability } from "../../runners/capabilities.ts";
import type { RunFolder } from "../run/run-folder.ts";
import type { Running } from "../run/run-request.ts";
import type { SandboxPlaces } from "./sandbox-call.ts";

export interface EnclosedRun {
	readonly capability: Capability;
	readonly taskId: string;
	readonly running: Pick<Running, "worktree" | "folder">;
	readonly cwd: string;
}

export function sandboxPlaces(
	{ workspace, env }: Pick<Ledger, "workspace" | "env">,
	{ capability, taskId, running, cwd }: EnclosedRun,
): SandboxPlaces {
	const { root, topLevel, commonDir } = workspace;
	const { worktree, folder } = running;
	const home = env.HOME ?? userInfo().homedir;
	const own = homesOf(capability, env, home);
	// A program that starts for the first time would make its folders itself. A name with an ending is a file's.
	for (const path of own.filter((one) => extname(one) === "")) mkdirSync(path, { recursive: true, mode: 0o700 });
	const writable = worktree === null ? [root] : [worktree.path, ...gitPlaces(commonDir, worktree, taskId)];
	const temporary = temporaryOf(folder);
	return {
		cwd,
		writable: [...writable, folder.artifacts, folder.evidence, temporary, ...own].filter((path) => existsSync(path)),
		readOnly: worktree === null ? [commonDir, workspace.gitDir, join(root, "worktrees")].filter(existsSync) : [],
		visible: [home, topLevel, commonDir, configFolder(env), ...programFolders(env)].filter(
			(path): path is string => path !== null && isAbsolute(path) && existsSync(path),
		),
		temporary,
	};
}

function programFolders({ PATH = "" }: Environment): string[] {
	return [dirname(process.execPath), dirname(driverProgram()), ...PATH.split(delimiter)];
}

/** What git needs to commit in the worktree: the worktree's own part, the objects, and the task's own branches. */
function gitPlaces(commonDir: string, { gitDir }: { readonly gitDir: string }, taskId: string): string[] {
	const branches = join("refs/heads/msgcode", taskId);
	return [gitDir, join(commonDir, "objects"), join(commonDir, branches), join(commonDir, "logs", branches)];
}

/** Where the program keeps its login and its sessions. The home folder as a whole is never one of those places. */
export function homesOf({ homes = [], auth }: Capability, env: Environment, home: string): string[] {
	const base = (folderEnv: string | null, folder: string) => {
		const set = folderEnv === null ? undefined : env[folderEnv];
		return set === undefined || set === "" ? join(home, folder) : set;
	};
	return [
		...homes.map(({ folderEnv, folder, file }) => join(base(folderEnv, folder), file)),
		...(auth?.files ?? []).map(({ folderEnv, folder, file }) => dirname(join(base(folderEnv, folder), file))),
	].filter((path) => !home.startsWith(path.endsWith("/") ? path : `${path}/`) && path !== home);
}

function temporaryOf(folder: RunFolder): string {
	const path = join(folder.scratch, "tmp");
	mkdirSync(path, { recursive: true, mode: 0o700 });
	return path;
}
