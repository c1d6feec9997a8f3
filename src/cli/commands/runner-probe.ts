// `msgcode runner probe`: the three answers with their reasons and ways out; with --live after a real try.

import { MsgcodeError } from "../../core/errors.ts";
import { type Trial, tryRunner } from "../../engine/probe/live-probe.ts";
import { isUsable } from "../../engine/probe/runner-probe.ts";
import type { RegistryEntry } from "../../runners/registry.ts";
import { type CommandContext, type CommandResult, confirm } from "../command.ts";
import { runnerRows } from "../runner-states.ts";
import { type RunnerRow, runnerData, runnerRemarks, runnerTable } from "../runner-text.ts";
import { entryOf, type RunnersHere, runnersHere } from "../runners-here.ts";

interface Options {
	readonly live?: boolean;
}

interface Probed extends RunnerRow {
	/** Null where nothing was tried. */
	readonly trial: Trial | null;
}

export async function run(context: CommandContext, args: readonly string[], options: Options): Promise<CommandResult> {
	const here = await runnersHere(context, "runner probe");
	const [id] = args;
	const entries = id === undefined ? here.registry.list() : [entryOf(here, id)];
	const rows = await runnerRows(context, here, entries, true);
	const probed = options.live === true ? await tried(context, here, rows, id) : rows.map(untried);
	const data = probed.map((row) => ({ ...runnerData(row), live: row.trial }));
	const usable = probed.every(({ state }) => state !== null && isUsable(state));
	return {
		kind: "runner.probe",
		data: id === undefined ? data : data[0],
		human: (style) => `${runnerTable(probed, style)}\n${runnerRemarks(probed, style)}`.trimEnd().concat("\n"),
		plain: () =>
			data.map((row) => [
				row.id,
				row.installed,
				row.authenticated,
				row.works,
				row.version,
				row.problem ?? row.notes[0],
			]),
		exitCode: id === undefined || usable ? 0 : 1,
	};
}

const untried = (row: RunnerRow): Probed => ({ ...row, trial: null });

/** Tries those that can be tried, one after the other, after a yes. */
async function tried(
	context: CommandContext,
	{ registry }: RunnersHere,
	rows: readonly RunnerRow[],
	id: string | undefined,
): Promise<Probed[]> {
	const chosen = rows.filter(({ entry, state }) => isTriable(entry, id !== undefined) && state?.installed === "yes");
	if (chosen.length === 0) {
		const what = id === undefined ? "No runner here" : `The runner ${id}`;
		throw new MsgcodeError("usage", `${what} can be tried with a prompt.`, {
			hint: "Agents and models that are installed can; a runner of msgcode.toml is tried by running a task.",
		});
	}
	const names = chosen.map(({ entry }) => entry.id).join(", ");
	await confirm(context, `Send a tiny prompt to ${names}? A vendor may take money or quota for that.`);
	const trials = new Map<string, Trial>();
	for (const { entry } of chosen) {
		trials.set(entry.id, await tryRunner(registry.get(entry.id), { env: context.io.env }));
	}
	return rows.map((row) => {
		const trial = trials.get(row.entry.id) ?? null;
		if (trial === null || row.state === null) return untried(row);
		const { works, errorCode } = trial;
		const authenticated = trial.authenticated === "unknown" ? row.state.authenticated : trial.authenticated;
		const notes = errorCode === null ? row.state.notes : [...row.state.notes, `The try ended with ${errorCode}.`];
		const fixHint = works === "yes" ? [] : (row.entry.capability?.fixHint ?? []);
		return { ...row, trial, state: { ...row.state, works, authenticated, notes, fixHint } };
	});
}

/** An agent or a model of msgcode's own; another runner only where it is named. What msgcode.toml declares never. */
function isTriable({ origin, capability }: RegistryEntry, named: boolean): boolean {
	if (origin === "settings" || capability === null || capability.sideEffects.includes("message-send")) return false;
	const model = capability.inputs.includes("prompt") || capability.inputs.includes("text");
	return capability.kind === "agent" || (named && model && capability.kind === "exec");
}
