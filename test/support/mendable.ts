// A ledger to break and to mend: made once, then copied; `msgcode doctor --fix` on it; and proof that looking wrote nothing.
import { expect } from "vitest";
import { type Repo, repo } from "./repo.ts";
import { snapshotOf } from "./snapshot.ts";
import { copies } from "./template.ts";
import { addTask, succeed } from "./two-clones.ts";

export interface Fixed {
	readonly code: string;
	readonly taskId: string | null;
	readonly file: string;
	readonly message: string;
	readonly why: string;
	readonly diff: string;
	readonly local: boolean;
	readonly made: boolean;
	readonly commit: string | null;
	readonly undo: string | null;
	readonly error: { readonly code: string } | null;
}

export interface Answer {
	readonly exitCode: number;
	readonly dryRun: boolean;
	readonly fixes: readonly Fixed[];
	readonly undecided: readonly { code: string; file: string; fields: string[]; message: string; hint: string }[];
	readonly checks: readonly { name: string; status: string; message: string }[];
}

export async function fix(place: Repo, ...flags: string[]): Promise<Answer> {
	const result = await place.msgcode("--json", "doctor", "--fix", ...flags);
	return { exitCode: result.exitCode, ...result.json().data };
}

/** Everything in the folder, the git folder included, but the index that every list brings up to date. */
export function everything(place: Repo) {
	return snapshotOf(place.path, (path) => path.endsWith("tasks/index.json"));
}

const WORKSPACES = [".", "packages/api"] as const;
const copyIn = Object.fromEntries(
	WORKSPACES.map((workspace) => [workspace, copies(() => makeLedger(workspace), workspace)]),
);

/** A repository with a user's own uncommitted work, three tasks and two runs of one of them. */
export async function ledgerIn(workspace: (typeof WORKSPACES)[number]): Promise<Place> {
	const { made, kept } = await (copyIn[workspace] as NonNullable<(typeof copyIn)[string]>)();
	return { ...made, root: workspace === "." ? "" : `${workspace}/`, ...kept };
}

async function makeLedger(workspace: string) {
	const made = await repo({ files: { "app.txt": "one\n" }, ledger: true, ...(workspace === "." ? {} : { workspace }) });
	const first = await addTask(made, "First", "--label", "a", "--prompt", "Do the first thing.");
	const second = await addTask(made, "Second");
	const ran = await addTask(made, "Runs", "--runner", "shell", "--", "true");
	for (let run = 0; run < 2; run += 1) await succeed(made, "task", "run", ran, "--in-place");
	await succeed(made, "task", "close", second, "--reason", "done");
	made.write("app.txt", "one, not staged\n");
	made.write("staged.txt", "staged\n");
	made.git("add", "staged.txt");
	return { made, kept: { first, second, ran } };
}

export interface Place extends Repo {
	/** What stands before the ledger's paths: the workspace's folder with its slash. */
	readonly root: string;
	readonly first: string;
	readonly second: string;
	readonly ran: string;
}

/** Commits what was changed in tasks/, as a person does with git. */
export function commitTasks(place: Place, message: string): void {
	place.git("add", "--all", "--", `${place.root}tasks`);
	place.git("commit", "--quiet", "-m", message, "--", `${place.root}tasks`);
}

export function rows(place: Place): string[] {
	return place.read(`${place.root}tasks/runs.jsonl`).trimEnd().split("\n");
}

export function writeRows(place: Place, text: string): void {
	place.write(`${place.root}tasks/runs.jsonl`, text);
}

/** What a dry run finds; that it changed nothing is proven on the way. */
export async function dryRun(place: Repo, ...flags: string[]): Promise<Answer> {
	await place.msgcode("doctor");
	const before = everything(place);
	const answer = await fix(place, ...flags);
	expect(everything(place)).toEqual(before);
	return answer;
}
