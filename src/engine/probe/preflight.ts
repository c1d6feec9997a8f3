// What has to be there before work starts, in three groups: without the first nothing can be done, without the second some
// tasks cannot be run, the third is only worth knowing.
// Invariant: the answer has the same form with everything missing, and it always comes.

import {
	PREFLIGHT_GROUPS,
	type PreflightFile,
	type PreflightGroup,
	type PreflightItem,
} from "../../config/preflight-file.ts";
import type { HealthCheck } from "../../core/health.ts";
import type { RegistryEntry } from "../../runners/registry.ts";
import { isSet } from "./login-probe.ts";
import { type Look, lookFor, type PreflightPlace, type PreflightStatus } from "./preflight-item.ts";
import { isUsable, type RunnerState } from "./runner-probe.ts";

export interface PreflightResult {
	readonly name: string;
	readonly kind: PreflightItem["kind"];
	readonly target: string;
	readonly status: PreflightStatus;
	readonly detail: string | null;
	readonly fixHint: string | null;
}

export type PreflightGroups = Readonly<Record<PreflightGroup, readonly PreflightResult[]>>;

/** One thing that is looked at anyway, and where it belongs. */
export interface Prepared {
	readonly group: PreflightGroup;
	readonly result: PreflightResult;
}

/** Puts what was found and what the user's file names into groups; the file goes before msgcode's own opinion. */
export async function preflight(
	own: readonly Prepared[],
	file: PreflightFile,
	place: PreflightPlace,
): Promise<PreflightGroups> {
	const groups = new Map<string, Prepared>(own.map((one) => [one.result.name, one]));
	for (const group of PREFLIGHT_GROUPS) {
		for (const { name, kind, target, model, fixHint } of file[group] ?? []) {
			const known = groups.get(name);
			if (kind !== undefined && target !== undefined) {
				const look = await lookFor({ name, kind, target, model }, place);
				groups.set(name, { group, result: resultOf({ name, kind, target }, look, fixHint ?? null) });
			} else if (known === undefined) {
				const look: Look = {
					status: "unknown",
					detail: "deps.json names it without kind and target, and msgcode does not know it.",
				};
				groups.set(name, { group, result: resultOf({ name, kind: "fs_exists", target: name }, look, fixHint ?? null) });
			} else {
				groups.set(name, { group, result: { ...known.result, fixHint: fixHint ?? known.result.fixHint } });
			}
		}
	}
	for (const name of file.ignored ?? []) groups.delete(name);
	const of = (group: PreflightGroup) =>
		[...groups.values()].filter((one) => one.group === group).map((one) => one.result);
	return { requiredForStart: of("requiredForStart"), requiredForJobs: of("requiredForJobs"), optional: of("optional") };
}

export function resultOf(
	{ name, kind, target }: Pick<PreflightResult, "name" | "kind" | "target">,
	{ status, detail }: Look,
	fixHint: string | null,
): PreflightResult {
	return { name, kind, target, status, detail, fixHint: status === "ok" ? null : fixHint };
}

/** A check of `doctor` as an item: a warning is no reason not to start. */
export function checkedItem(
	item: Pick<PreflightResult, "name" | "kind" | "target">,
	{ status, message, hint }: HealthCheck,
): PreflightResult {
	return resultOf(item, { status: status === "error" ? "missing" : "ok", detail: message }, hint);
}

/** A runner as one item, with more for what it needs beside its program. */
export function runnerItems(
	{ id, capability }: RegistryEntry,
	state: RunnerState,
	place: PreflightPlace,
): PreflightResult[] {
	const name = `runner ${id}`;
	const [fixHint = null] = state.fixHint;
	const deps = capability?.deps ?? [];
	const binary = deps.find((one) => "binary" in one)?.binary;
	const service = deps.find((one) => "service" in one);
	const url = (service?.urlEnv ? place.env[service.urlEnv] : undefined) ?? service?.url ?? null;
	const main =
		binary === undefined && url !== null
			? ({ name, kind: "http", target: url } as const)
			: ({ name, kind: "bin", target: binary ?? capability?.exec?.argv[0] ?? id } as const);
	const more = deps.flatMap((one): PreflightResult[] => {
		if ("env" in one) {
			const item = { name: `${name}: ${one.env}`, kind: "env_set", target: one.env } as const;
			const set = isSet(place.env, one.env);
			return [resultOf(item, { status: set ? "ok" : "missing", detail: null }, `Set ${one.env}.`)];
		}
		if (!("model" in one) || url === null) return [];
		const status = state.works === "yes" ? "ok" : state.works === "no" ? "missing" : "unknown";
		return [
			resultOf({ name: `${name}: model`, kind: "model_loaded", target: url }, { status, detail: one.model }, fixHint),
		];
	});
	return [resultOf(main, lookOf(state), fixHint), ...more];
}

function lookOf(state: RunnerState): Look {
	const { installed, authenticated, works, version, problem, notes } = state;
	const said = [problem, authenticated === "no" ? "It is not signed in." : null, ...notes].filter(
		(one) => one !== null,
	);
	if (!isUsable(state)) return { status: "missing", detail: said.join(" ") || null };
	const status = installed === "yes" ? "ok" : "unknown";
	const answers = `installed ${installed}, signed in ${authenticated}, works ${works}`;
	return { status, detail: [version === null ? answers : `${version}: ${answers}`, ...said].join(". ") };
}

/** Whether work can start; with `strict` also whether all jobs could run. */
export function isReady(groups: PreflightGroups, strict: boolean): boolean {
	const needed = [...groups.requiredForStart, ...(strict ? groups.requiredForJobs : [])];
	return needed.every(({ status }) => status !== "missing");
}
