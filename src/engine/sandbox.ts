// The sandbox that runner.sandbox asks for: what a run may write, and whether the tool that keeps it there works.
// Invariant: asked for and not working means no run at all; nothing falls back to running without it.

import { existsSync, mkdirSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { configFolder } from "../config/config-folder.ts";
import { runnerEnvironment } from "../config/environment.ts";
import type { Settings } from "../config/settings.ts";
import { MsgcodeError } from "../core/errors.ts";
import { driverProgram } from "../core/program-files.ts";
import { superviseProcess } from "../core/supervisor.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Capability } from "../runners/capabilities.ts";
import { type Enclosure, RUN_MARKER } from "./attempt.ts";
import type { RunFolder } from "./run-folder.ts";
import type { Running, RunRequest } from "./run-request.ts";
import { bubblewrapCall, keepsSharedTmp, type SandboxPlaces, systemdRunCall } from "./sandbox-call.ts";

export type SandboxKind = Exclude<Settings["runner"]["sandbox"], "off">;

const TRIAL_MS = 10_000;
const NAMES: Readonly<Record<SandboxKind, string>> = { bubblewrap: "bubblewrap (bwrap)", "systemd-run": "systemd-run" };

/** The sandbox that this run needs; null = none. A runner that only sends messages or reads has nothing to enclose. */
export function sandboxOf({ sandbox, runner }: Pick<RunRequest, "sandbox" | "runner">): SandboxKind | null {
	const harmless = runner.capability.sideEffects.every((effect) => effect === "message-send" || effect === "read-only");
	return sandbox === "off" || harmless ? null : sandbox;
}

/** Throws sandbox_unavailable unless the tool is there and a trial of it works. */
export async function requireSandbox(ledger: Ledger, kind: SandboxKind): Promise<void> {
	const env = runnerEnvironment(ledger.env);
	const said: string[] = [];
	const places = { cwd: "/", writable: [], readOnly: [], visible: [], temporary: ledger.workspace.stateDir };
	const ended = await superviseProcess({
		argv: [...callOf(kind, places, `trial-${process.pid}`, []), "true"],
		cwd: "/",
		env,
		stdin: null,
		timeoutMs: TRIAL_MS,
		cancel: new AbortController().signal,
		marker: { name: RUN_MARKER, value: `sandbox-trial-${process.pid}` },
		onSpawn: () => {},
		onLine: (_, text) => void (said.length < 3 && said.push(text.slice(0, 200))),
	});
	if (ended.outcome === "exited" && ended.exitCode === 0) return;
	const why = ended.outcome === "not_found" ? "it is not installed" : (said[0] ?? `it ended by ${ended.outcome}`);
	throw new MsgcodeError(
		"sandbox_unavailable",
		`runner.sandbox asks for ${NAMES[kind]}, which does not work here: ${why}`,
		{
			details: { sandbox: kind, outcome: ended.outcome, exitCode: ended.exitCode },
		},
	);
}

type Variables = Readonly<Record<string, string>>;

/** Puts each program of a run into its sandbox, when it is to have one: what it is started with, and by. */
export function enclosing(
	ledger: Ledger,
	{ request, running, cwd }: { readonly request: RunRequest; readonly running: Running; readonly cwd: string },
): (env: Variables) => { readonly env: Variables; readonly enclosure: Enclosure | null } {
	const kind = sandboxOf(request);
	if (kind === null) return (env) => ({ env, enclosure: null });
	const places = placesOf(ledger, request, running, cwd);
	const below = kind === "bubblewrap";
	const temporary = below || !keepsSharedTmp(places) ? "/tmp" : places.temporary;
	return (given) => {
		const env = { ...given, TMPDIR: temporary };
		return { env, enclosure: { wrapper: callOf(kind, places, running.runId, Object.keys(env)), below } };
	};
}

function callOf(kind: SandboxKind, places: SandboxPlaces, name: string, variables: readonly string[]): string[] {
	if (kind === "bubblewrap") return bubblewrapCall(places);
	const user = userInfo().uid !== 0;
	return systemdRunCall(places, { user, unit: `msgcode-${name}`, variables: [...variables, RUN_MARKER] });
}

function placesOf(ledger: Ledger, request: RunRequest, running: Running, cwd: string): SandboxPlaces {
	const { workspace, env } = ledger;
	const { root, topLevel, commonDir } = workspace;
	const { worktree, folder } = running;
	const home = env.HOME ?? userInfo().homedir;
	const own = homesOf(request.runner.capability, env, home);
	const writable = worktree === null ? [root] : [worktree.path, ...gitPlaces(commonDir, worktree, request.taskId)];
	const temporary = temporaryOf(folder);
	return {
		cwd,
		writable: [...writable, folder.artifacts, temporary, ...own].filter((path) => existsSync(path)),
		readOnly: worktree === null ? [commonDir, workspace.gitDir, join(root, "worktrees")].filter(existsSync) : [],
		visible: [home, topLevel, commonDir, configFolder(env), dirname(process.execPath), dirname(driverProgram())].filter(
			(path): path is string => path !== null && existsSync(path),
		),
		temporary,
	};
}

/** What git needs to commit in the worktree: the worktree's own part, the objects, and the task's own branches. */
function gitPlaces(commonDir: string, { gitDir }: { readonly gitDir: string }, taskId: string): string[] {
	const branches = join("refs/heads/msgcode", taskId);
	return [gitDir, join(commonDir, "objects"), join(commonDir, branches), join(commonDir, "logs", branches)];
}

/** Where the program keeps its login and its sessions. The home folder as a whole is never one of those places. */
function homesOf(
	{ homes = [], auth }: Capability,
	env: Readonly<Record<string, string | undefined>>,
	home: string,
): string[] {
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
