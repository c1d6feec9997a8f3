// Where the agent programs are: in a folder, on PATH, or installed on request in their tested versions.
// Invariant: nothing is installed into the project, and nothing at all unless it was asked for.
import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { shippedCapabilities } from "../../src/runners/capabilities.ts";
import { type AgentProgram, agentPrograms } from "./agent-programs.ts";

export interface FoundProgram extends AgentProgram {
	/** Absolute; null = it is not there. */
	readonly path: string | null;
	/** What it says of itself; null where it is not there or says nothing that looks like a version. */
	readonly version: string | null;
	/** The version that its record names. */
	readonly tested: string | null;
}

/** Looks in the folders, in order. */
export function findPrograms(folders: readonly string[], home: string): FoundProgram[] {
	return agentPrograms.map((agent) => {
		const path = folders.map((folder) => join(folder, agent.id)).find(isExecutable) ?? null;
		return { ...agent, path, version: path === null ? null : versionOf(path, home), tested: testedVersion(agent.id) };
	});
}

/** Installs the tested versions below `folder` with npm and gives the folder of the programs. */
export function installPrograms(folder: string): string {
	mkdirSync(folder, { recursive: true });
	const wanted = agentPrograms.map(({ id, packageName }) => [packageName, testedVersion(id) ?? "latest"] as const);
	// Its own install scripts fetch nothing; they put the program of this machine into place.
	const allowScripts = Object.fromEntries(wanted.map(([name]) => [name, true]));
	const manifest = { private: true, dependencies: Object.fromEntries(wanted), allowScripts };
	writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, "\t")}\n`);
	const npm = join(dirname(process.execPath), "npm");
	execFileSync(isExecutable(npm) ? npm : "npm", ["install", "--no-audit", "--no-fund"], {
		cwd: folder,
		stdio: "inherit",
	});
	return join(folder, "node_modules", ".bin");
}

export function foldersOf(path: string | undefined): string[] {
	return (path ?? "").split(delimiter).filter((folder) => folder.startsWith("/"));
}

function testedVersion(id: string): string | null {
	const dependency = shippedCapabilities.find((record) => record.id === id)?.deps.find((one) => "binary" in one);
	return dependency !== undefined && "tested" in dependency ? dependency.tested : null;
}

/** A program that is only a stub of that name says no version. */
function versionOf(path: string, home: string): string | null {
	const env = { PATH: process.env.PATH ?? "", HOME: home, CODEX_HOME: home, CLAUDE_CONFIG_DIR: home };
	const { stdout } = spawnSync(path, ["--version"], {
		env,
		cwd: home,
		encoding: "utf8",
		timeout: 30_000,
		stdio: ["ignore", "pipe", "ignore"],
	});
	return /\d+\.\d+\.\d+/.exec(stdout ?? "")?.[0] ?? null;
}

function isExecutable(path: string): boolean {
	try {
		accessSync(realpathSync(path), constants.X_OK);
		return true;
	} catch {
		return false;
	}
}
