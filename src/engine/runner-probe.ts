// Tells which runners are installed: a shipped runner's own probe is run, a declared one's program is only looked for.
// Invariant: nothing that msgcode.toml names is executed here; it may have come with a pull.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { runnerEnvironment } from "../config/environment.ts";
import { superviseProcess } from "../core/supervisor.ts";
import type { Registry, RegistryEntry } from "../runners/registry.ts";
import { RUN_MARKER } from "./attempt.ts";

const PROBE_TIMEOUT_MS = 5_000;

export interface RunnerState {
	readonly id: string;
	readonly origin: RegistryEntry["origin"];
	/** null where that cannot be told without running what settings name. */
	readonly installed: boolean | null;
	/** What the probe said first; null where nothing was run. */
	readonly version: string | null;
	/** What is wrong with its declaration, or with the probe's answer. */
	readonly problem: string | null;
	readonly fixHint: string | null;
}

export interface ProbePlace {
	readonly env: Readonly<Record<string, string | undefined>>;
	/** A folder whose content cannot change what the programs do. */
	readonly cwd: string;
}

/** The state of every runner, by id. */
export function probeRunners(registry: Registry, place: ProbePlace): Promise<RunnerState[]> {
	return Promise.all(registry.list().map((entry) => stateOf(entry, place)));
}

async function stateOf(entry: RegistryEntry, place: ProbePlace): Promise<RunnerState> {
	const { id, origin, capability, problem } = entry;
	const fixHint = capability?.fixHint[0] ?? null;
	const nothing = { id, origin, installed: null, version: null, problem, fixHint };
	if (capability === null || problem !== null) return nothing;
	if (origin === "settings") {
		const binaries = capability.deps.flatMap((one) => ("binary" in one ? [one.binary] : []));
		const missing = binaries.find((binary) => isOnPath(binary, place.env.PATH ?? "") === false);
		const unsure = binaries.some((binary) => isOnPath(binary, place.env.PATH ?? "") === null);
		return { ...nothing, installed: missing !== undefined ? false : unsure ? null : true };
	}
	const argv = capability.probe?.argv;
	return argv === undefined ? nothing : { ...nothing, ...(await probe(id, argv, place)) };
}

async function probe(
	id: string,
	argv: readonly string[],
	{ env, cwd }: ProbePlace,
): Promise<Pick<RunnerState, "installed" | "version" | "problem">> {
	const lines: string[] = [];
	const ended = await superviseProcess({
		argv,
		cwd,
		env: runnerEnvironment(env),
		stdin: null,
		timeoutMs: PROBE_TIMEOUT_MS,
		cancel: new AbortController().signal,
		marker: { name: RUN_MARKER, value: `probe-${id}-${process.pid}` },
		onSpawn: () => {},
		onLine: (stream, text) => {
			if (stream === "stdout" && lines.length === 0 && text.trim() !== "") lines.push(text.trim().slice(0, 200));
		},
	});
	const version = lines[0] ?? null;
	if (ended.outcome === "exited" && ended.exitCode === 0) return { installed: true, version, problem: null };
	if (ended.outcome === "not_found") return { installed: false, version: null, problem: null };
	const how = ended.outcome === "exited" ? `ended with exit code ${ended.exitCode}` : `ended by ${ended.outcome}`;
	return { installed: true, version, problem: `\`${argv.join(" ")}\` ${how}.` };
}

/** null for a path that is not absolute: which file it means depends on where it is started. */
function isOnPath(binary: string, path: string): boolean | null {
	if (binary.startsWith("/")) return isExecutable(binary);
	if (binary.includes("/") || binary.includes("{")) return null;
	return path.split(delimiter).some((folder) => folder.startsWith("/") && isExecutable(join(folder, binary)));
}

function isExecutable(file: string): boolean {
	try {
		accessSync(file, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}
