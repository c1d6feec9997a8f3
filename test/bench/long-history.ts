// A repository with a long history of ledger commits, made by `git fast-import`: adds, edits, runs, landings, closings, merges.
import { spawnSync } from "node:child_process";
import { runProgram } from "./measure.ts";
import { type BenchWorkspace, definitionOf, file, idOf, recordOf, workspaceWith } from "./workspace.ts";

export const COMMITS = 50_000;
export const TASKS = 1_000;
/** Every so many commits two go on a side branch and are merged. */
const MERGE_EVERY = 100;
const START = 1_600_000_000;

/** `COMMITS` commits on `main`; the history index is not made yet. */
export function workspaceWithHistory(): BenchWorkspace {
	const workspace = workspaceWith(0);
	const uid =
		/"uid": "([^"]+)"/.exec(runProgram(["cat", "tasks/ledger.json"], workspace.path, workspace.env))?.[1] ?? "";
	const ids = Array.from({ length: TASKS }, (_, number) => idOf(number));
	const pieces: string[] = [];
	let mark = 0;
	const commit = (message: string, from: string, changes: string, merge = "") => {
		mark += 1;
		const seconds = START + mark * 60;
		pieces.push(
			`commit refs/heads/main\nmark :${mark}\nauthor Bench <bench@example.invalid> ${seconds} +0000\ncommitter Bench <bench@example.invalid> ${seconds} +0000\ndata ${Buffer.byteLength(message)}\n${message}\nfrom ${from}\n${merge}${changes}\n`,
		);
		return `:${mark}`;
	};
	let tip = "refs/heads/main^0";
	let side: string | null = null;
	while (mark < COMMITS) {
		const number = mark % TASKS;
		const round = Math.floor(mark / TASKS);
		const id = ids[number] as string;
		const turn = mark % MERGE_EVERY;
		const made = changeOf(id, number, round, uid);
		if (turn === MERGE_EVERY - 1 && side !== null) {
			// What the side changed has to be told again: fast-import takes the first parent's tree.
			const [other, otherNumber] = [ids[(mark - 1) % TASKS] as string, (mark - 1) % TASKS];
			tip = commit("Merge branch 'side'\n", tip, changeOf(other, otherNumber, round, uid).changes, `merge ${side}\n`);
			side = null;
		} else if (turn === MERGE_EVERY - 2) {
			side = commit(made.message, tip, made.changes);
		} else {
			tip = commit(made.message, tip, made.changes);
		}
	}
	pieces.push(`reset refs/heads/main\nfrom ${tip}\n\ndone\n`);
	const result = spawnSync("git", ["fast-import", "--quiet", "--done"], {
		cwd: workspace.path,
		env: workspace.env,
		input: pieces.join(""),
		maxBuffer: 1 << 28,
	});
	if (result.status !== 0) throw new Error(`git fast-import: ${result.stderr.toString()}`);
	workspace.git("reset", "-q", "--hard");
	return { ...workspace, ids };
}

function changeOf(id: string, number: number, round: number, uid: string): { message: string; changes: string } {
	const definition = file(`tasks/${id}.md`, definitionOf(number, round));
	if (round === 0)
		return told(id, "add", `Task number ${number}`, definition + file(`tasks/${id}.json`, recordOf(id, uid, number)));
	if (round % 10 !== 5) return told(id, "edit", `priority, prompt (round ${round})`, definition);
	const run = `run_20260102T0304${String(round % 60).padStart(2, "0")}Z_${number.toString(16).padStart(8, "0")}`;
	const receipt = { schemaVersion: 1, runId: run, taskId: id, status: "ok", round };
	const folder = `tasks/runs/${id}/${run}`;
	const files = [
		file(`${folder}/run_receipt.json`, `${JSON.stringify(receipt, null, 2)}\n`),
		file(`${folder}/summary.md`, `# Round ${round}\n\nDone.\n`),
		file(`${folder}/patch.diff`, ""),
	];
	return told(id, "run", "run ok", files.join(""), run);
}

function told(id: string, op: string, summary: string, changes: string, run?: string) {
	const trailers = [`Msgcode-Op: ${op}`, `Msgcode-Task: ${id}`];
	if (run !== undefined) trailers.push(`Msgcode-Run: ${run}`);
	return { message: `task(${id}): ${summary}\n\n${[...trailers, "Msgcode-Actor: Bench"].join("\n")}\n`, changes };
}
