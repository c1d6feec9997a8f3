// `npm run test:agents`: the real agent programs, run by the built msgcode against a scripted model on loopback. Prints one
// line for each case and a table; a program that is absent is listed as absent and never as passed. Ends with 1 when a
// program that is there fails.
//   --install          installs the tested versions with npm, into --cache
//   --cache <folder>   where to; a folder below the system's temporary one unless told
//   --from <folder>    the folder of the programs, before PATH; also MSGCODE_AGENTS
//   --only <id>        this program alone; may be repeated
//   --case <name>      this case alone; may be repeated
//   --offline          in a network of its own that has loopback only; Linux, with unshare and ip
//   --keep             leaves the repositories of the cases and says where they are
//   --serve [--port n] only the scripted model, to try a program by hand
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { parseArgs } from "node:util";
import { isAlone, runAlone } from "./alone.ts";
import { type AgentCase, agentCases, type CaseResult, runCase } from "./cases.ts";
import { type FoundProgram, findPrograms, foldersOf, installPrograms } from "./find-programs.ts";
import { MODES } from "./model/api.ts";
import { startScriptedModel } from "./model/server.ts";
import { resultTable, writeResults } from "./report.ts";

const text = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;
const many = { type: "string", multiple: true, default: [] as string[] } as const;
const { values: options } = parseArgs({
	options: {
		install: flag,
		cache: text,
		from: text,
		only: many,
		case: many,
		keep: flag,
		offline: flag,
		serve: flag,
		port: text,
	},
});

if (options.serve) {
	const model = await startScriptedModel(Number(options.port ?? 0));
	for (const mode of MODES) process.stdout.write(`${model.address(mode)}\n`);
} else {
	process.exitCode = await testAgents();
}

async function testAgents(): Promise<number> {
	const installed = options.install ? [installPrograms(options.cache ?? join(tmpdir(), "msgcode-agents"))] : [];
	const given = [...installed, ...foldersOf(options.from ?? process.env.MSGCODE_AGENTS)];
	if (options.offline && !isAlone()) {
		const chosen = [
			...options.only.flatMap((id) => ["--only", id]),
			...options.case.flatMap((name) => ["--case", name]),
		];
		const keep = options.keep ? ["--keep"] : [];
		return runAlone(["--offline", "--from", given.join(delimiter), ...chosen, ...keep]);
	}
	const home = mkdtempSync(join(tmpdir(), "msgcode-agents-home-"));
	const programs = findPrograms([...given, ...foldersOf(process.env.PATH)], home).filter(
		({ id }) => options.only.length === 0 || options.only.includes(id),
	);
	rmSync(home, { recursive: true, force: true });
	const results = new Map<FoundProgram, ReadonlyMap<AgentCase, CaseResult>>();
	for (const program of programs) results.set(program, await testProgram(program));
	process.stdout.write(`\n${resultTable(results)}\n`);
	const all = options.only.length === 0 && options.case.length === 0;
	const present = programs.filter(({ path }) => path !== null);
	const written = all && present.length > 0 && writeResults(results, new Date().toISOString().slice(0, 10), isAlone());
	process.stdout.write(written ? "\nWritten into docs/runners.md.\n" : "");
	return [...results.values()].some((cases) => [...cases.values()].some(({ passed }) => passed === false)) ? 1 : 0;
}

async function testProgram(program: FoundProgram): Promise<ReadonlyMap<AgentCase, CaseResult>> {
	const { id, path, version, tested } = program;
	const results = new Map<AgentCase, CaseResult>();
	if (path === null) {
		process.stdout.write(`absent   ${id}: not on PATH; --install installs ${tested ?? "it"}\n`);
		return results;
	}
	if (version !== tested) process.stdout.write(`note     ${id}: version ${version}, tested is ${tested}\n`);
	for (const one of agentCases) {
		if (options.case.length > 0 && !options.case.includes(one.name)) continue;
		const model = await startScriptedModel();
		const result = await runCase(one, program, model, options.keep);
		await model.close();
		results.set(one, result);
		const word = result.passed === null ? "n/a     " : result.passed ? "passed  " : "FAILED  ";
		process.stdout.write(`${word} ${id}, ${one.name} (${result.tookMs} ms)\n`);
		for (const problem of result.problems) process.stdout.write(`           ${problem}\n`);
		const stray = [...new Set(model.unknown)];
		if (stray.length > 0 && options.keep) process.stdout.write(`           unknown requests: ${stray.join(" ")}\n`);
	}
	return results;
}
