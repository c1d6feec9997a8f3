// docs/cli.md, rendered from the declarations and the table of error codes. Invariant: nothing in that file is written
// by hand; a test compares the two.

import { type ErrorCode, errorRow, errorTable } from "../core/errors.ts";
import { type Declaration, flagsOf, isGroup, nameOf, operandsOf } from "./declaration.ts";
import { exitCodes } from "./help.ts";
import { globalFlags } from "./parse.ts";

/** The whole document, from the declarations of all nouns. */
export async function renderDocumentation(nouns: readonly Declaration[]): Promise<string> {
	const commands = (await Promise.all(nouns.map((noun) => commandSections(noun, [])))).flat();
	const sections = [
		"# Command line",
		"<!-- Generated from the commands' declarations: `UPDATE_DOCS=1 npx vitest run test/cli/documentation.test.ts`. -->",
		INTRODUCTION,
		"## Flags of every command",
		table(
			["flag", "meaning"],
			globalFlags.map(({ long, short, value, help }) => [
				`\`${short === undefined ? "" : `${short}, `}${long}${value === undefined ? "" : ` <${value}>`}\``,
				help,
			]),
		),
		...commands,
		"## Exit codes",
		table(
			["code", "meaning"],
			exitCodes.map(([code, meaning]) => [String(code), meaning]),
		),
		"## Error codes",
		ERROR_CODES,
		errorCodeTable(),
	];
	return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

const INTRODUCTION = `\`msgcode <noun> <command> [flags]\`. The flags of the table below may stand anywhere in the line; \`--\` ends all flags.
An id may be shortened to any prefix that only one task, or one run, begins with.

Data goes to stdout; warnings, hints, questions and progress go to stderr. With \`--json\`, stdout holds one document,
\`{"schemaVersion": 1, "kind": "task.list", "data": …, "warnings": []}\`, or, when the command fails,
\`{"schemaVersion": 1, "kind": "error", "error": {"code", "message", "hint", "details"}}\` together with the exit code. A run
that was executed and failed is data with exit code 1, not an error. With \`--plain\`, rows are lines and cells are
separated by tabs. Colour is used on a terminal unless \`NO_COLOR\` is set; \`FORCE_COLOR\` turns it on elsewhere.`;

const ERROR_CODES = `A code in lower case is a refusal: nothing was run. A code in upper case is recorded on a run.`;

async function commandSections(node: Declaration, above: readonly string[]): Promise<readonly string[]> {
	const path = [...above, nameOf(node)];
	const heading = `${above.length === 0 ? "##" : "###"} msgcode ${path.join(" ")}`;
	if (isGroup(node)) {
		const below = await Promise.all(node.verbs.map((child) => commandSections(child, path)));
		return [heading, `${node.does}.`, ...below.flat()];
	}
	const behind = node.argv === undefined ? [] : ["[-- <argv…>]"];
	const usage = ["msgcode", ...path, "[flags]", ...operandsOf(node), ...behind].join(" ");
	const rows = (await flagsOf(node)).map((flag) => [`\`${flag.flag}\``, flag.help]);
	if (node.argv !== undefined) rows.push(["`-- <argv…>`", node.argv]);
	return [
		heading,
		[`${node.does}.`, node.more ?? ""].join(" ").trim(),
		`\`\`\`\n${usage}\n\`\`\``,
		node.aliases === undefined ? "" : `Also: ${node.aliases.map((alias) => `\`${alias}\``).join(", ")}.`,
		rows.length === 0 ? "" : table(["flag", "meaning"], rows),
		`\`\`\`sh\n${node.examples.join("\n")}\n\`\`\``,
	];
}

function errorCodeTable(): string {
	const codes = Object.keys(errorTable) as ErrorCode[];
	return table(
		["code", "exit", "meaning", "way out"],
		codes.map((code) => [`\`${code}\``, String(errorRow(code).exit), errorRow(code).means, errorRow(code).hint ?? ""]),
	);
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
	const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
	return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}
