// How runners and their states read.

import type { RunnerState } from "../engine/probe/runner-probe.ts";
import type { RegistryEntry } from "../runners/registry.ts";
import type { Style } from "./color.ts";
import { type Cell, renderTable } from "./table.ts";
import { visible } from "./terminal-text.ts";

export interface RunnerRow {
	readonly entry: RegistryEntry;
	/** Null where nothing was asked. */
	readonly state: RunnerState | null;
	/** It is what runner.default stands for. */
	readonly isDefault: boolean;
}

/** What machines read of a runner in a list. */
export function runnerData({ entry, state, isDefault }: RunnerRow) {
	const { id, origin, file, capability, problem, note } = entry;
	const { installed = null, authenticated = null, works = null, version = null, standing = null } = state ?? {};
	return {
		...{ id, title: capability?.title ?? null, kind: capability?.kind ?? null, origin, file, default: isDefault },
		...{ risk: capability?.risk ?? null, installed, authenticated, works, version, standing },
		minimum: binaryOf(entry)?.minimum ?? null,
		tested: binaryOf(entry)?.tested ?? null,
		problem: state?.problem ?? problem,
		notes: state?.notes ?? (note === null ? [] : [note]),
		fixHint: state?.fixHint ?? [],
	};
}

function binaryOf({ capability }: RegistryEntry) {
	return capability?.deps.find((one) => "binary" in one) ?? null;
}

export function runnerTable(rows: readonly RunnerRow[], style: Style): string {
	const cells = rows.map(({ entry, state, isDefault }): Cell[] => [
		`${entry.id}${isDefault ? " *" : ""}`,
		entry.origin,
		answerCell(state?.installed ?? "-", style),
		answerCell(state?.authenticated ?? "-", style),
		answerCell(state?.works ?? "-", style),
		state?.version ?? "",
		entry.capability?.title ?? entry.problem ?? "",
	]);
	const columns = [
		{ title: "RUNNER" },
		{ title: "FROM" },
		{ title: "INSTALLED" },
		{ title: "SIGNED IN" },
		{ title: "WORKS" },
		{ title: "VERSION", flexible: true },
		{ title: "WHAT", flexible: true },
	];
	return renderTable(columns, cells, style);
}

function answerCell(answer: string, style: Style): Cell {
	const paint = answer === "yes" ? style.green : answer === "no" ? style.red : style.dim;
	return { text: answer, paint };
}

/** What is wrong or worth knowing of each, and the ways out. */
export function runnerRemarks(rows: readonly RunnerRow[], style: Style): string {
	return rows
		.flatMap(({ entry, state }) => {
			const said = [state?.problem ?? entry.problem, ...(state?.notes ?? [])].filter((one) => one !== null);
			const hints = state?.fixHint ?? [];
			if (said.length === 0 && hints.length === 0) return [];
			const lines = [
				`${style.bold(entry.id)}: ${visible(said.join(" ") || (state?.authenticated === "no" ? "It is not signed in." : "It does not work."))}\n`,
				...hints.map((hint) => `  ${style.dim("hint:")} ${visible(hint)}\n`),
			];
			return [lines.join("")];
		})
		.join("");
}
