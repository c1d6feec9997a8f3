// What "auto" stands for: the first runner of a fixed order that is installed and of which nothing is known to be in the way.
// Invariant: only msgcode's own records are chosen from, and never one that executes what a task says as a command.

import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { readFileIfThere, replaceFile } from "../../core/files.ts";
import { version } from "../../core/version.ts";
import type { Capability } from "../../runners/capabilities.ts";
import type { RegistryEntry } from "../../runners/registry.ts";
import type { ProbePlace } from "./ask-program.ts";
import { findProgram } from "./find-program.ts";
import { isSet, loginFiles, loginVariables } from "./login-probe.ts";
import { isUsable, probeRunner, type RunnerState } from "./runner-probe.ts";

export const AUTO_ORDER: readonly string[] = ["claude", "codex", "opencode", "gemini", "lmstudio"];

const ANSWER_FILE = "auto-runner.json";
/** How long an answer is believed; what is installed and signed in is part of its key. */
const BELIEVED_MS = 10 * 60_000;
/** A service can go at any time. */
const SERVICE_BELIEVED_MS = 60_000;

export interface AutoPlace extends ProbePlace {
	readonly stateDir: string;
	readonly now: number;
	/** Looks a runner up. */
	readonly find: (id: string) => RegistryEntry | null;
}

/** Those of the order that may be chosen: a declaration under such an id is another program than the one that is known. */
export function autoCandidates(find: AutoPlace["find"]): RegistryEntry[] {
	return AUTO_ORDER.map(find).filter((entry): entry is RegistryEntry => entry?.origin === "shipped");
}

/** A service has to have answered; an agent has to be installed and not known to be signed out. */
export function isChoosable(state: RunnerState, capability: Capability | null): boolean {
	if (state.installed !== "yes" || !isUsable(state)) return false;
	return capability?.probe?.works === undefined || state.works === "yes";
}

/** The runner's id; throws runner_unavailable, which tells each that was tried. The answer is remembered for a while. */
export async function resolveAuto(place: AutoPlace): Promise<string> {
	const known = rememberedAuto(place);
	if (known !== null) return known;
	const candidates = autoCandidates(place.find);
	const tried: RunnerState[] = [];
	for (const entry of candidates) {
		const state = await probeRunner(entry, place);
		if (isChoosable(state, entry.capability)) {
			remember(place, candidates, entry.id);
			return entry.id;
		}
		tried.push(state);
	}
	throw noneWorks(tried);
}

/** The answer that was found a short while ago and that nothing visible speaks against; starts no program. */
export function rememberedAuto(place: Omit<AutoPlace, "timeoutMs">): string | null {
	try {
		const bytes = readFileIfThere(join(place.stateDir, ANSWER_FILE), { maxBytes: 4096 });
		if (bytes === null) return null;
		const { key, id, atMs } = JSON.parse(bytes.toString("utf8")) as Readonly<Record<string, unknown>>;
		const candidates = autoCandidates(place.find);
		const entry = candidates.find((one) => one.id === id);
		if (entry === undefined || typeof atMs !== "number") return null;
		const believed = entry.capability?.probe?.works === undefined ? BELIEVED_MS : SERVICE_BELIEVED_MS;
		const age = place.now - atMs;
		return age >= 0 && age < believed && key === keyOf(place, candidates) ? entry.id : null;
	} catch {
		return null; // it is asked anew
	}
}

function remember(place: AutoPlace, candidates: readonly RegistryEntry[], id: string): void {
	const answer = { key: keyOf(place, candidates), id, atMs: place.now };
	try {
		replaceFile(join(place.stateDir, ANSWER_FILE), `${JSON.stringify(answer)}\n`);
	} catch {
		// Where nothing can be written it is asked anew each time.
	}
}

/** Changes with what is on PATH under those names, and with what shows a login. */
function keyOf({ env }: Pick<AutoPlace, "env">, candidates: readonly RegistryEntry[]): string {
	const seen = candidates.map(({ id, capability }) => {
		const programs = (capability?.deps ?? []).flatMap((one) =>
			"binary" in one ? [stamp(findProgram(one.binary, env.PATH ?? "") ?? null)] : [],
		);
		const auth = capability?.auth ?? null;
		const files = auth === null ? [] : loginFiles(auth, env).map(stamp);
		const variables = auth === null ? [] : loginVariables(auth).filter((name) => isSet(env, name));
		return [id, programs, files, variables];
	});
	return createHash("sha256")
		.update(JSON.stringify([version, seen]))
		.digest("hex");
}

function stamp(file: string | null): readonly unknown[] | null {
	const stats = file === null ? undefined : statSync(file, { throwIfNoEntry: false });
	return stats === undefined ? null : [file, stats.mtimeMs, stats.size];
}

/** The sentence says what each of them lacks; the hint is the first thing to do for each. */
export function noneWorks(tried: readonly RunnerState[]): MsgcodeError {
	const lacks = tried.map((state) => `${state.id} ${lackOf(state)}`);
	const hints = tried.flatMap(({ id, fixHint }) => (fixHint[0] === undefined ? [] : [`${id}: ${fixHint[0]}`]));
	return new MsgcodeError(
		"runner_unavailable",
		`None of the runners that auto chooses from works here: ${lacks.join("; ")}.`,
		{
			hint: hints.join(" "),
			details: {
				tried: tried.map(({ id, installed, authenticated, works, version: found, fixHint }) => ({
					...{ id, installed, authenticated, works, version: found, fixHint },
				})),
			},
		},
	);
}

function lackOf({ installed, authenticated, problem, notes, works }: RunnerState): string {
	if (problem !== null) return `has a problem (${problem.replace(/\.$/, "")})`;
	if (installed !== "yes") return "is not installed";
	if (authenticated === "no") return "is not signed in";
	return `does not work${works === "no" && notes[0] !== undefined ? ` (${notes[0].replace(/\.$/, "")})` : ""}`;
}
