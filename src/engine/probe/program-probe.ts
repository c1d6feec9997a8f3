// Whether a runner's program is there, is the one that it is taken for, and in which version.
// Invariant: a file of the right name is not believed: it has to say its version the way that program does.

import type { Capability } from "../../runners/capabilities.ts";
import type { Answer } from "../../runners/drivers/driver-probe.ts";
import type { VersionStanding } from "../../runners/version-range.ts";
import type { ProbePlace, ProgramAnswer } from "./ask-program.ts";
import { findProgram } from "./find-program.ts";

export interface Findings {
	readonly installed: Answer;
	readonly authenticated: Answer;
	readonly works: Answer;
	readonly version: string | null;
	/** What is wrong: with its declaration, its program, its version. Null for a runner that is merely not there. */
	readonly problem: string | null;
	/** Why an answer is not yes, where that is no fault; what else is worth knowing. */
	readonly notes: readonly string[];
}

/** Whether its program is there and is what it is taken for. */
export async function programState(
	capability: Capability,
	ask: (argv: readonly string[]) => Promise<ProgramAnswer>,
	place: ProbePlace,
): Promise<Findings> {
	const { argv, version: pattern } = capability.probe ?? {};
	const state = (installed: Answer, works: Answer, more: Partial<Findings> = {}): Findings => ({
		...{ installed, authenticated: "unknown", works, version: null, problem: null, notes: [], ...more },
	});
	if (argv === undefined) {
		const { answer, missing } = programsThere(capability, place);
		return state(answer, answer === "no" ? "no" : "unknown", {
			notes: missing === null ? [] : [`${missing} is not on PATH.`],
		});
	}
	const { end, how, text } = await ask(argv);
	const shown = `\`${argv.join(" ")}\``;
	if (end === "not_found") return state("no", "no", { notes: [`${argv[0]} is not on PATH.`] });
	if (end === "silent") return state("unknown", "unknown", { problem: `${shown} ${how}.` });
	const first = text.split("\n").find((line) => line.trim() !== "") ?? "";
	if (pattern === undefined) {
		const version = first === "" ? null : first.trim().slice(0, 200);
		if (end === "ok") return state("yes", "unknown", { version });
		return state("yes", "no", { version, problem: `${shown} ${how}.` });
	}
	const version = versionIn(text, pattern);
	if (version === null) {
		const said = end === "ok" ? "did not say a version as that program does" : how;
		const problem = `A program of that name is there, but it is not the one: ${shown} ${said}.`;
		return state("no", "no", { problem });
	}
	if (end === "failed") return state("yes", "no", { version, problem: `${shown} ${how}.` });
	return state("yes", "unknown", { version });
}

function versionIn(text: string, pattern: string): string | null {
	try {
		return new RegExp(pattern, "m").exec(text)?.[1] ?? null;
	} catch {
		return null;
	}
}

/** An older version than the record can do with is no use; a newer one than was tried is worth a word. */
export function withVersion(found: Findings, standing: VersionStanding, dependency: Binary | null): Findings {
	if (standing === "older") {
		const problem = `Version ${found.version} is older than ${dependency?.minimum}, the oldest that msgcode can use.`;
		return { ...found, works: "no", problem: found.problem ?? problem };
	}
	if (standing !== "newer") return found;
	const note = `Version ${found.version} is newer than ${dependency?.tested}, the newest that was tried.`;
	return { ...found, notes: [...found.notes, note] };
}

type Binary = Extract<Capability["deps"][number], { binary: string }>;

/** The program whose version its probe tells. */
export function mainDependency({ deps, probe }: Capability): Binary | null {
	const binaries = deps.filter((one): one is Binary => "binary" in one);
	return binaries.find(({ binary }) => binary === probe?.argv?.[0]) ?? binaries[0] ?? null;
}

/** Looks for the programs and runs none of them. */
export function programsThere({ deps }: Capability, { env }: ProbePlace): { answer: Answer; missing: string | null } {
	const binaries = deps.flatMap((one) => ("binary" in one ? [one.binary] : []));
	const found = binaries.map((binary) => findProgram(binary, env.PATH ?? ""));
	const missing = binaries[found.indexOf(null)] ?? null;
	return { answer: missing !== null ? "no" : found.includes(undefined) ? "unknown" : "yes", missing };
}
