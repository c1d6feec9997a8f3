// The states of some or all runners, with the one marked that runner.default stands for.

import { autoCandidates, isChoosable } from "../engine/probe/auto-runner.ts";
import { probeRunners, type RunnerState } from "../engine/probe/runner-probe.ts";
import { AUTO } from "../runners/auto.ts";
import type { RegistryEntry } from "../runners/registry.ts";
import type { CommandContext } from "./command.ts";
import type { RunnerRow } from "./runner-text.ts";
import type { RunnersHere } from "./runners-here.ts";

/** Probes the runners; with `ask` false, only tells which there are. */
export async function runnerRows(
	context: CommandContext,
	here: RunnersHere,
	entries: readonly RegistryEntry[],
	ask: boolean,
): Promise<RunnerRow[]> {
	const states = ask ? await probeRunners(entries, { env: context.io.env }) : [];
	const chosen = here.defaultRunner === AUTO ? await autoAmong(here, states) : here.defaultRunner;
	return entries.map((entry, index) => ({ entry, state: states[index] ?? null, isDefault: entry.id === chosen }));
}

/** Told from the states where all were asked, else as it was found a short while ago. */
async function autoAmong(here: RunnersHere, states: readonly RunnerState[]): Promise<string | null> {
	const candidates = autoCandidates(here.registry.find);
	const known = candidates.map(({ id }) => states.find((state) => state.id === id));
	if (known.includes(undefined)) return (await here.app?.rememberedAuto()) ?? null;
	return candidates.find(({ capability }, index) => isChoosable(known[index] as RunnerState, capability))?.id ?? null;
}
