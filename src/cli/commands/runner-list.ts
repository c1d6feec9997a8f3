// `msgcode runner list`: every runner with its three answers.

import type { CommandContext, CommandResult } from "../command.ts";
import { runnerRows } from "../runner-states.ts";
import { runnerData, runnerTable } from "../runner-text.ts";
import { runnersHere } from "../runners-here.ts";

interface Options {
	readonly probe?: boolean;
}

export async function run(context: CommandContext, _args: readonly string[], options: Options): Promise<CommandResult> {
	const here = await runnersHere(context, "runner list");
	const rows = await runnerRows(context, here, here.registry.list(), options.probe !== false);
	const data = rows.map(runnerData);
	return {
		kind: "runner.list",
		data,
		human: (style) => runnerTable(rows, style),
		plain: () =>
			data.map(({ id, origin, kind, installed, authenticated, works, version }) => [
				...[id, origin, kind, installed, authenticated, works, version],
			]),
		next: "msgcode runner probe tells what is missing",
	};
}
