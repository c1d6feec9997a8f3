// The older form of the user's own runners: all of them in one file, `<config dir>/runners.json`.
// Invariant: it says no more than a folder could say; what it says beyond is told as not heeded.

import { join } from "node:path";
import { declaredCapability } from "./capabilities.ts";
import { olderRunnerSchema, olderRunnersSchema } from "./capability-schema.ts";
import { lookAt } from "./look-at.ts";
import { firstIssue, readOwnJson, type UserRunner } from "./own-file.ts";
import { placeholderProblem } from "./placeholders.ts";

/** Its runners, whatever their ids. A file that cannot be read as a whole says so under the id `runners-json`. */
export function olderRunners(configDir: string): UserRunner[] {
	const file = join(configDir, "runners.json");
	if (lookAt(file, { followLink: false }) === undefined) return [];
	const bad = (id: string, problem: string): UserRunner => ({
		...{ id, file, folder: null, modelRoot: null, capability: null, problem, note: null },
	});
	const read = readOwnJson(configDir, file);
	if ("problem" in read) return [bad("runners-json", read.problem)];
	const whole = olderRunnersSchema().safeParse(read.value);
	if (!whole.success) return [bad("runners-json", firstIssue(whole.error))];
	const { modelRoot = null, runners } = whole.data;
	return Object.entries(runners).map(([id, value]) => {
		const parsed = olderRunnerSchema().safeParse(value);
		if (!parsed.success) return bad(id, firstIssue(parsed.error));
		const { command, args = [], cwd = "{WORKSPACE}", timeoutMs } = parsed.data;
		if (cwd !== "{WORKSPACE}" && cwd !== ".") return bad(id, "A runner works in the task's folder; leave cwd out.");
		const exec = { argv: [command, ...args] };
		const problem = placeholderProblem(exec.argv);
		if (problem !== null) return bad(id, problem);
		const note =
			timeoutMs === undefined ? null : "timeoutMs is not heeded: the task's timeout, or run.timeout, counts.";
		const capability = { ...declaredCapability(id, exec), configKeys: [], fixHint: [`Look at ${file}.`] };
		return { id, file, folder: null, modelRoot, capability, problem: null, note };
	});
}
