// `npm run bench`: what msgcode costs above bare Node and the same git commands by hand. Prints a table, writes docs/benchmarks.md.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { archiveRows } from "./archive-rows.ts";
import { runProgram } from "./measure.ts";
import {
	addRow,
	growthRow,
	historyRows,
	listRow,
	parallelRow,
	type Row,
	runRow,
	showRows,
	versionRow,
} from "./rows.ts";
import { removeWorkspaces } from "./workspace.ts";

const rows: Row[] = [];
const only = process.argv.slice(2);
const all: readonly [string, () => Row[]][] = [
	["version", () => [versionRow()]],
	["show", showRows],
	["list", () => [listRow()]],
	["history", historyRows],
	["add", () => [addRow(0), addRow(5_000)]],
	["parallel", () => [parallelRow()]],
	["run", () => [runRow()]],
	["growth", () => [growthRow()]],
	["archive", archiveRows],
];
try {
	for (const [name, measure] of all) {
		if (only.length > 0 && !only.includes(name)) continue;
		for (const row of measure()) {
			rows.push(row);
			process.stdout.write(
				`${row.reached ? "reached " : "MISSED  "} ${row.what}: ${row.measured} (${row.floor}); must be ${row.must}\n`,
			);
		}
	}
} finally {
	removeWorkspaces();
}
if (only.length === 0) writeFileSync(fileURLToPath(new URL("../../docs/benchmarks.md", import.meta.url)), page(rows));

function page(measured: readonly Row[]): string {
	const machine = `${cpus().length} cores, Node ${process.version}, ${runProgram(["git", "--version"], join("/"), { PATH: process.env.PATH }).trim()}`;
	const lines = measured.map(
		(row) => `| ${row.what} | ${row.measured} | ${row.floor} | ${row.must} | ${row.reached ? "yes" : "**no**"} |`,
	);
	return `# Benchmarks

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)} (${machine}). Each figure is the median of
rounds that alternate with its floor on the same machine, so the ratios say more than the milliseconds. The floors are
bare \`node -e 0\` and the same git commands typed by hand.

| what | measured | floor | must reach | reached |
|---|---|---|---|---|
${lines.join("\n")}
`;
}
