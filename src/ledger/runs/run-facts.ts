// What a task's run folders say about it: counts, patches, landings, the last run's words.
// Invariant: everything here is read from run folders and runs.jsonl; nothing is kept anywhere else.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isRunId } from "../../core/ids.ts";
import { runsFolder } from "../paths.ts";
import { NO_RUNS, type RunFacts } from "../task/task-view.ts";
import { lastRunOf } from "./last-run.ts";
import { type Landing, placeOfRun, readLanding, readReceipt, runIdsOf } from "./runs.ts";

/** The facts of one task; NO_RUNS for a task that never ran. */
export function readRunFacts(root: string, taskId: string): RunFacts {
	const runIds = runIdsOf(root, taskId);
	const last = runIds.at(-1);
	if (last === undefined) return NO_RUNS;
	const artifacts: string[] = [];
	const patches: string[] = [];
	const landings: Landing[] = [];
	for (const runId of runIds) {
		const folder = placeOfRun(root, taskId, runId);
		for (const name of ["patch.diff", "summary.md", "run_receipt.json"]) {
			if (!existsSync(join(root, folder, name))) continue;
			artifacts.push(`${folder}/${name}`);
			if (name === "patch.diff") patches.push(`${folder}/${name}`);
		}
		const landing = readLanding(root, taskId, runId);
		if (landing !== null) landings.push(landing);
	}
	return {
		count: runIds.length,
		artifacts,
		patches,
		lastSummary: readText(join(root, placeOfRun(root, taskId, last), "summary.md")),
		landings,
		lastRun: lastRunOf(readReceipt(root, taskId, last)),
	};
}

/** Changes whenever readRunFacts could answer differently. Empty for a task without runs. */
export function runFactsSignature(root: string, taskId: string): string {
	const folder = join(root, runsFolder(taskId));
	return (existsSync(folder) ? readdirSync(folder).filter(isRunId).sort() : [])
		.flatMap((runId) => {
			const place = join(folder, runId);
			return [place, join(place, "summary.md"), join(place, "run_receipt.json"), join(place, "landing.json")];
		})
		.map((path) => {
			const stat = statSync(path, { throwIfNoEntry: false });
			return stat === undefined ? "-" : `${stat.mtimeMs}.${stat.ctimeMs}.${stat.size}.${stat.ino}`;
		})
		.join("|");
}

function readText(path: string): string {
	return existsSync(path) ? readFileSync(path, "utf8") : "";
}
