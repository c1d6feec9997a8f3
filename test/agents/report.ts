// The results as a table: on the terminal, and in docs/runners.md between its markers.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type AgentCase, agentCases, type CaseResult } from "./cases.ts";
import type { FoundProgram } from "./find-programs.ts";

const PAGE = fileURLToPath(new URL("../../docs/runners.md", import.meta.url));
const MARKERS = /(<!-- agents: results -->\n)[\s\S]*?(<!-- end -->)/;

export type Results = ReadonlyMap<FoundProgram, ReadonlyMap<AgentCase, CaseResult>>;

const WORDS = {
	passed: "passed",
	failed: "**failed**",
	other: "not applicable",
	absent: "absent, not run",
	skipped: "not run",
};

function word(program: FoundProgram, result: CaseResult | undefined): string {
	if (program.path === null) return WORDS.absent;
	if (result === undefined) return WORDS.skipped;
	if (result.passed === null) return WORDS.other;
	return result.passed ? WORDS.passed : WORDS.failed;
}

export function resultTable(results: Results): string {
	const header = ["", ...[...results.keys()].map(({ id, version }) => (version === null ? id : `${id} ${version}`))];
	const rows = agentCases.map((one) => [
		`${one.name}: ${one.means}`,
		...[...results].map(([program, cases]) => word(program, cases.get(one))),
	]);
	const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
	return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Writes the table into the page; false where the page has no place for it. */
export function writeResults(results: Results, day: string, alone: boolean): boolean {
	const page = readFileSync(PAGE, "utf8");
	if (!MARKERS.test(page)) return false;
	const where = alone ? ", with no network but loopback" : "";
	const said = `Written by \`npm run test:agents\` on ${day}${where}, verified against a scripted model, not the vendor's service.`;
	writeFileSync(
		PAGE,
		page.replace(MARKERS, (_, open: string, end: string) => `${open}\n${said}\n\n${resultTable(results)}\n\n${end}`),
	);
	return true;
}
