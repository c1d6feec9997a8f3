// How the result of `msgcode preflight` reads.

import type { PreflightGroups, PreflightResult } from "../engine/probe/preflight.ts";
import type { Style } from "./color.ts";
import { visible } from "./terminal-text.ts";

const TITLES = [
	["requiredForStart", "Required to start"],
	["requiredForJobs", "Required for tasks and jobs"],
	["optional", "Optional"],
] as const;

export function preflightText(groups: PreflightGroups, ready: boolean, style: Style): string {
	const sections = TITLES.flatMap(([group, title]) => {
		const items = withoutRepetition(groups[group]);
		return items.length === 0 ? [] : [`${style.bold(title)}\n${items.map((item) => itemLines(item, style)).join("")}`];
	});
	return `${sections.join("\n")}\n${ready ? "Ready." : "Not ready: something required is missing."}\n`;
}

/** What a missing runner needs beside its program is what its own line says already. */
function withoutRepetition(items: readonly PreflightResult[]): readonly PreflightResult[] {
	const missing = items.filter(({ status }) => status === "missing").map(({ name }) => `${name}: `);
	return items.filter(({ name }) => !missing.some((beginning) => name.startsWith(beginning)));
}

function itemLines({ name, status, detail, fixHint }: PreflightResult, style: Style): string {
	const paint = status === "ok" ? style.green : status === "missing" ? style.red : style.yellow;
	const head = `  ${paint(status.padEnd(7))}  ${name}${detail === null ? "" : `: ${visible(detail)}`}\n`;
	return fixHint === null ? head : `${head}           ${style.dim("hint:")} ${visible(fixHint)}\n`;
}
