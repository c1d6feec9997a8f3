// The runners that the user brings along: a folder `<config dir>/runners/<id>/` with a capability.json for each.
// Invariant: a bad one disables only itself; what others could have written is not believed.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Capability, declaredCapability } from "./capabilities.ts";
import { userCapabilitySchema } from "./capability-schema.ts";
import { lookAt } from "./look-at.ts";
import { olderRunners } from "./older-runners.ts";
import { firstIssue, foreignProblem, readOwnJson, type UserRunner } from "./own-file.ts";
import { placeholderProblem } from "./placeholders.ts";
import { userRunnerFile } from "./user-runner-file.ts";

const ID = /^[a-z][a-z0-9-]{0,39}$/;
const OWN_FOLDER = "{RUNNER_DIR}/";

/** The runner of that id; null when the user has none. */
export function userRunner(configDir: string, id: string): UserRunner | null {
	if (!ID.test(id)) return null;
	return lookAt(join(configDir, "runners", id), { followLink: false }) === undefined
		? (olderRunners(configDir).find((one) => one.id === id) ?? null)
		: inFolder(configDir, id);
}

/** All of them; a folder goes before the older file. */
export function userRunners(configDir: string): UserRunner[] {
	const home = join(configDir, "runners");
	const names = namesIn(home);
	const folders = names.filter((name) => ID.test(name)).map((id) => inFolder(configDir, id));
	const taken = new Set(folders.map(({ id }) => id));
	return [...folders, ...olderRunners(configDir).filter(({ id }) => ID.test(id) && !taken.has(id))];
}

function namesIn(home: string): string[] {
	try {
		return readdirSync(home).sort();
	} catch {
		return []; // no folder, or one that may not be read: nothing is declared there
	}
}

function inFolder(configDir: string, id: string): UserRunner {
	const folder = join(configDir, "runners", id);
	const file = userRunnerFile(configDir, id);
	const bad = (problem: string): UserRunner => ({
		...{ id, file, folder, modelRoot: null, capability: null, problem, note: null },
	});
	const read = readOwnJson(configDir, join(configDir, "runners"), folder, file);
	if ("problem" in read) return bad(read.problem);
	const parsed = userCapabilitySchema().safeParse(read.value);
	if (!parsed.success) return bad(firstIssue(parsed.error));
	const { $schema, ...record } = parsed.data;
	if (record.id !== undefined && record.id !== id) return bad(`Its id is ${record.id} and its folder is called ${id}.`);
	const programs = record.exec.argv.filter((argument) => argument.startsWith(OWN_FOLDER));
	const problem =
		placeholderProblem(record.exec.argv, record.exec.env) ??
		foreignProblem(programs.map((program) => join(folder, program.slice(OWN_FOLDER.length))));
	if (problem !== null) return bad(problem);
	const given = Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
	const capability: Capability = { ...assumed(id, record.exec, file), ...given };
	return { id, file, folder, modelRoot: null, capability, problem: null, note: null };
}

/** What is taken for true of a record that does not say it. */
function assumed(id: string, exec: NonNullable<Capability["exec"]>, file: string): Capability {
	const record = declaredCapability(id, exec);
	const bringsIts = (exec.argv[0] ?? "").includes("{") && exec.requires?.binaries === undefined;
	return { ...record, deps: bringsIts ? [] : record.deps, configKeys: [], fixHint: [`Look at ${file}.`] };
}
