// `msgcode runner show`: the record of one runner and how it stands here.

import type { Capability } from "../../runners/capabilities.ts";
import type { Style } from "../color.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { runnerRows } from "../runner-states.ts";
import { runnerData, runnerRemarks } from "../runner-text.ts";
import { entryOf, runnersHere } from "../runners-here.ts";
import { visible } from "../terminal-text.ts";

export async function run(context: CommandContext, args: readonly string[]): Promise<CommandResult> {
	const here = await runnersHere(context, "runner show");
	const entry = entryOf(here, args[0] as string);
	const rows = await runnerRows(context, here, [entry], true);
	const { capability } = entry;
	const [data] = rows.map(runnerData);
	return {
		kind: "runner.show",
		data: { ...data, capability },
		human: (style) => {
			const head = `${style.bold(entry.id)}  ${visible(capability?.title ?? "not declared well")}\n`;
			const facts = [...stateFacts(data), ...(capability === null ? [] : recordFacts(capability))];
			const lines = [["from", entry.file ?? entry.origin] as const, ...facts].map((fact) => factLine(fact, style));
			return `${head}${lines.join("")}${runnerRemarks(rows, style)}`;
		},
	};
}

type Fact = readonly [string, string];

function stateFacts(data: ReturnType<typeof runnerData> | undefined): Fact[] {
	if (data === undefined) return [];
	const { installed, authenticated, works, version, minimum, tested } = data;
	const range = [minimum === null ? [] : [`needs ${minimum}`], tested === null ? [] : [`tried with ${tested}`]].flat();
	return [
		["installed", String(installed)],
		["signed in", String(authenticated)],
		["works", String(works)],
		...(version === null && range.length === 0
			? []
			: [["version", [version ?? "unknown", ...range].join(", ")] as const]),
	];
}

function recordFacts(record: Capability): Fact[] {
	const { risk, inputs, outputs, sideEffects, confirm, isolation, resume, permissions, configKeys, auth } = record;
	const risks = [risk.writes && "writes", risk.network && "network", risk.executesCode && "executes code"];
	const mapped = Object.entries(permissions ?? {}).map(([name, flags]): Fact => [name, flags ?? "refused"]);
	return [
		["risk", [`${risk.level}:`, risks.filter(Boolean).join(", ") || "none known"].join(" ")],
		["isolation", isolation],
		["confirm", confirm],
		["takes", inputs.join(", ")],
		["gives", outputs.join(", ")],
		["does", sideEffects.join(", ")],
		["sessions", resume.supported ? `can go on by ${resume.by}` : "each run is a new one"],
		...mapped,
		...(auth == null || auth.env.length === 0 ? [] : [["login by", auth.env.join(", ")] as const]),
		...(configKeys.length === 0 ? [] : [["settings", configKeys.join(", ")] as const]),
	];
}

function factLine([name, value]: Fact, style: Style): string {
	return `  ${style.dim(name.padEnd(9))} ${visible(value)}\n`;
}
