// What preflight says of runners: those that the default and the open tasks name are required for jobs, the others optional.
// Invariant: which runners are needed is read from the ledger and the settings, never from what happens to be installed.

import type { Ledger } from "../../ledger/ledger.ts";
import { readTask, taskIds } from "../../ledger/task/store.ts";
import { AUTO } from "../../runners/auto.ts";
import type { Registry } from "../../runners/registry.ts";
import { autoCandidates, isChoosable, noneWorks } from "./auto-runner.ts";
import { type Prepared, resultOf, runnerItems } from "./preflight.ts";
import type { PreflightPlace } from "./preflight-item.ts";
import { probeRunners, type RunnerState } from "./runner-probe.ts";

/** `ledger` is null outside a workspace: then nothing is required. */
export async function preflightRunners(
	registry: Registry,
	defaultRunner: string | null,
	ledger: Ledger | null,
	place: PreflightPlace,
): Promise<Prepared[]> {
	const entries = registry.list();
	const states = await probeRunners(entries, place);
	const wanted = ledger === null ? new Set<string>() : wantedKinds(ledger, defaultRunner);
	const items: Prepared[] = [];
	if (wanted.has(AUTO)) {
		const { chosen, result } = autoItem(registry, states);
		if (chosen !== null) wanted.add(chosen);
		items.push({ group: "requiredForJobs", result });
	}
	for (const [index, entry] of entries.entries()) {
		const group = wanted.has(entry.id) ? "requiredForJobs" : "optional";
		const results = runnerItems(entry, states[index] as RunnerState, place);
		items.push(...results.map((result): Prepared => ({ group, result })));
	}
	for (const kind of wanted) {
		if (kind === AUTO || registry.find(kind) !== null) continue;
		const item = { name: `runner ${kind}`, kind: "bin", target: kind } as const;
		const look = { status: "missing", detail: "There is no such runner here." } as const;
		items.push({ group: "requiredForJobs", result: resultOf(item, look, "msgcode runner list") });
	}
	return items;
}

function wantedKinds({ workspace }: Ledger, defaultRunner: string | null): Set<string> {
	const kinds = new Set(defaultRunner === null ? [] : [defaultRunner]);
	for (const id of taskIds(workspace.tasksDir)) {
		const { definition, record } = readTask(workspace.root, id);
		const isOpen = record === null || (record.removed === null && record.closed === null);
		if (isOpen && definition.runner?.kind !== undefined) kinds.add(definition.runner.kind);
	}
	return kinds;
}

function autoItem({ find }: Registry, states: readonly RunnerState[]) {
	const candidates = autoCandidates(find);
	const known = candidates.flatMap(({ id }) => states.find((state) => state.id === id) ?? []);
	const chosen = known.find((state) => isChoosable(state, find(state.id)?.capability ?? null))?.id ?? null;
	const item = { name: "runner auto", kind: "bin", target: chosen ?? AUTO } as const;
	if (chosen !== null) return { chosen, result: resultOf(item, { status: "ok", detail: chosen }, null) };
	const { message, hint } = noneWorks(known);
	return { chosen, result: resultOf(item, { status: "missing", detail: message }, hint ?? null) };
}
