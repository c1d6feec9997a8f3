// Tells of each runner whether it is installed, signed in, and works: three answers, each of which may be "unknown".
// Invariant: nothing that msgcode.toml names is executed here; it may have come with a pull.

import { driverProgram } from "../../core/program-files.ts";
import type { Capability } from "../../runners/capabilities.ts";
import { fillArguments } from "../../runners/placeholders.ts";
import type { RegistryEntry } from "../../runners/registry.ts";
import { type VersionStanding, versionStanding } from "../../runners/version-range.ts";
import { askProgram, type ProbePlace } from "./ask-program.ts";
import { isSet, loginSeen, loginVariables } from "./login-probe.ts";
import { type Findings, mainDependency, programState, programsThere, withVersion } from "./program-probe.ts";
import { serviceAnswer } from "./service-answer.ts";

export interface RunnerState extends Findings {
	readonly id: string;
	readonly origin: RegistryEntry["origin"];
	/** The version against the record's minimum and tested one. */
	readonly standing: VersionStanding;
	/** The ways out, the likeliest first; empty when nothing needs one. */
	readonly fixHint: readonly string[];
}

/** The states of all of them at once, in their order. */
export function probeRunners(entries: readonly RegistryEntry[], place: ProbePlace): Promise<RunnerState[]> {
	return Promise.all(entries.map((entry) => probeRunner(entry, place)));
}

export async function probeRunner(entry: RegistryEntry, place: ProbePlace): Promise<RunnerState> {
	const { id, origin, capability, problem, note } = entry;
	const unknown: Findings = {
		...{ installed: "unknown", authenticated: "unknown", works: "unknown" },
		...{ version: null, problem, notes: note === null ? [] : [note] },
	};
	if (capability === null || problem !== null) {
		return { id, origin, ...unknown, standing: "unknown", fixHint: capability?.fixHint ?? [] };
	}
	const found =
		origin === "settings"
			? lookedFor(capability, unknown, place)
			: await asked(entry, capability, place).catch((error: unknown) => ({
					...unknown,
					problem: (error as Error).message,
				}));
	const dependency = mainDependency(capability);
	const standing = versionStanding(found.version, dependency ?? { minimum: null, tested: null });
	const judged = withVersion(found, standing, dependency);
	const notes = [...unknown.notes, ...judged.notes];
	return { id, origin, ...judged, notes, standing, fixHint: waysOut(judged, capability.fixHint) };
}

/** The first is how to install it: no news for somebody who only has to sign in. */
function waysOut(found: Findings, hints: readonly string[]): readonly string[] {
	if (needsNothing(found)) return [];
	const signedOut = found.installed === "yes" && found.authenticated === "no" && found.problem === null;
	return signedOut && hints.length > 1 ? hints.slice(1) : hints;
}

/** Nothing is known to be in the way of using it. */
export function isUsable({ installed, authenticated, works, problem }: RunnerState): boolean {
	return installed !== "no" && authenticated !== "no" && works !== "no" && problem === null;
}

function needsNothing({ installed, authenticated, works, problem }: Findings): boolean {
	return installed === "yes" && authenticated !== "no" && works !== "no" && problem === null;
}

/** What a declaration of the settings names is only looked for. */
function lookedFor(capability: Capability, unknown: Findings, place: ProbePlace): Findings {
	const { answer, missing } = programsThere(capability, place);
	const notes = missing === null ? [] : [`${missing} is not on PATH.`];
	return { ...unknown, installed: answer, works: answer === "no" ? "no" : "unknown", notes };
}

async function asked(entry: RegistryEntry, capability: Capability, place: ProbePlace): Promise<Findings> {
	const { id } = entry;
	const { auth, exec, probe, kind } = capability;
	const allow = exec?.passEnv ?? [];
	const ask = (argv: readonly string[], more: readonly string[] = []) =>
		askProgram(id, filled(entry, argv), place, [...allow, ...more]);
	const seen = loginSeen(auth, place.env);

	const program = await programState(capability, ask, place);
	if (program.installed !== "yes" || program.works === "no") return { ...program, authenticated: seen };
	const unset = capability.deps.flatMap((one) => ("env" in one && !isSet(place.env, one.env) ? [one.env] : []));
	if (unset.length > 0) {
		const notes = [...program.notes, `Not set: ${unset.join(", ")}.`];
		return { ...program, authenticated: seen, works: "no", notes };
	}
	const command = auth?.command;
	const [login, service] = await Promise.all([
		seen === "unknown" && auth != null && command !== undefined ? ask(command, loginVariables(auth)) : null,
		probe?.works === undefined || place.services?.includes(id) === false ? null : ask(probe.works),
	]);
	const refused = auth?.complete === true ? "no" : "unknown";
	const authenticated = login === null || login.end === "silent" ? seen : login.end === "ok" ? "yes" : refused;
	if (service === null) {
		return { ...program, authenticated, works: kind === "shell" ? "yes" : authenticated === "no" ? "no" : "unknown" };
	}
	const answer = serviceAnswer(service.text);
	if (answer === null) {
		const problem = `Its probe ${service.how === "" ? "gave no answer that can be read" : service.how}.`;
		return { ...program, authenticated, works: "unknown", problem };
	}
	const { works, reason, version } = answer;
	const notes = works === "yes" || reason === null ? program.notes : [...program.notes, `Its service: ${reason}.`];
	const login2 = answer.authenticated === "unknown" ? authenticated : answer.authenticated;
	return { ...program, authenticated: login2, works, version: program.version ?? version, notes };
}

function filled({ id, own }: RegistryEntry, argv: readonly string[]): readonly string[] {
	return fillArguments(id, argv, { ...own, NODE: process.execPath, DRIVER: driverProgram() }).argv;
}
