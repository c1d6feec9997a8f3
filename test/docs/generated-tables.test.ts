// Tables that are made from code stand between `<!-- table: name -->` and `<!-- end -->`. `UPDATE_DOCS=1` writes them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FAIL_POINTS } from "../../src/core/failpoint.ts";
import { findingTable } from "../../src/fsck/finding.ts";
import { diagnosticTable } from "../../src/ledger/diagnostic.ts";
import { fixKinds } from "../../src/ledger/fixes/registry.ts";
import { LIMITS } from "../../src/ledger/limits.ts";
import { definitionDefaults } from "../../src/ledger/task/definition.ts";
import { definitionKeys } from "../../src/ledger/task/definition-keys.ts";
import { shippedCapabilities } from "../../src/runners/capabilities.ts";
import { readDocument, root } from "./documents.ts";

const KINDS: Readonly<Record<string, string>> = { object: "map", integer: "whole number", boolean: "true or false" };

const tables: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
	"docs/ledger-format.md": {
		"front-matter": () =>
			table(
				["key", "value", "default", "flag of `task add` and `task edit`", "what"],
				definitionKeys.map(({ key, kind, flag, help }) => {
					const value = (definitionDefaults as Readonly<Record<string, unknown>>)[key];
					const shown = value === undefined || JSON.stringify(value) === "[]" ? "" : `\`${value}\``;
					return [`\`${key}\``, KINDS[kind] ?? kind, shown, `\`${flag}\``, help];
				}),
			),
		limits: () =>
			table(
				["what", "at most"],
				[
					["title", `${LIMITS.titleCharacters} characters, one line`],
					["front matter", bytes(LIMITS.frontMatterBytes)],
					["body (the prompt)", bytes(LIMITS.bodyBytes)],
					["record", bytes(LIMITS.recordBytes)],
					["patch", bytes(LIMITS.patchBytes)],
					["one line of events", bytes(LIMITS.eventBytes)],
				],
			),
		diagnostics: () =>
			table(
				["code", "severity", "meaning"],
				Object.entries(diagnosticTable).map(([code, { severity, means }]) => [`\`${code}\``, severity, means]),
			),
	},
	"docs/fsck.md": {
		findings: () =>
			table(
				["code", "verdict", "meaning"],
				Object.entries(findingTable)
					.sort(([, a], [, b]) => (a.verdict < b.verdict ? -1 : a.verdict > b.verdict ? 1 : 0))
					.map(([code, { verdict, means }]) => [`\`${code}\``, verdict, means]),
			),
	},
	"docs/runners.md": {
		runners: () =>
			table(
				["runner", "what", "kind", "takes", "gives", "risk", "sessions go on", "tried with"],
				shippedCapabilities.map(({ id, title, kind, inputs, outputs, risk, resume, deps }) => [
					`\`${id}\``,
					title,
					kind,
					inputs.join(", "),
					outputs.join(", "),
					risk.level,
					resume.supported ? `by ${resume.by}` : "no",
					deps.flatMap((one) => ("binary" in one && one.tested !== null ? [one.tested] : [])).join(", "),
				]),
			),
	},
	"docs/reliability.md": {
		fixes: () =>
			table(
				["code", "what is wrong", "what is done"],
				fixKinds.map(({ code, wrong, mended }) => [`\`${code}\``, wrong, mended]),
			),
	},
	"docs/architecture.md": {
		"fail-points": () => {
			const groups = [...new Set(FAIL_POINTS.map((name) => name.split(".")[0]))];
			const rows = groups.map((group) => {
				const names = FAIL_POINTS.filter((name) => name.startsWith(`${group}.`));
				return [`\`${group}\``, names.map((name) => `\`${name}\``).join(", ")];
			});
			return table(["group", "fail points"], rows);
		},
	},
};

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
	const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
	return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

function bytes(count: number): string {
	return count % (1024 * 1024) === 0 ? `${count / 1024 / 1024} MiB` : `${count / 1024} KiB`;
}

test.each(Object.keys(tables))("the tables of %s are what the code says", (path) => {
	const text = readDocument(path);
	let expected = text;
	for (const [name, render] of Object.entries(tables[path] ?? {})) {
		const place = new RegExp(`(<!-- table: ${name} -->\n)[^]*?(<!-- end -->)`);
		expect(text).toMatch(place);
		expected = expected.replace(place, (_, open: string, close: string) => `${open}\n${render()}\n\n${close}`);
	}
	if (process.env.UPDATE_DOCS === "1") writeFileSync(join(root, path), expected);
	else expect(text).toBe(expected);
});
