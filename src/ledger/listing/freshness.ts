// By what a task's files are known to be unchanged: size, times and inode of each, and what else the task was read from.
// Invariant: whatever could make reading the task give another answer changes something here.

import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runFactsSignature } from "../runs/run-facts.ts";
import type { Workspace } from "../workspace.ts";
import { FRESHNESS_NUMBERS } from "./index-file.ts";

/** Files changed this shortly before a look may change again without a new time: they are read again next time. */
export const TOO_YOUNG_MS = 50;

const IF_THERE = { throwIfNoEntry: false } as const;

/** One look at the task files of a workspace. */
export interface Look {
	/** Stats the task's two files into `numbers`; returns how many there are. The numbers of a missing file are -1. */
	files(id: string): number;
	/** Size, times and inode of the files that were looked at last. */
	readonly numbers: Float64Array;
	/** True where those files changed so shortly before the look that their times prove nothing. */
	isTooYoung(): boolean;
	/** What the task's runs say it rests on; empty for a task that never ran. */
	runs(id: string): string;
	/** Changes whenever HEAD does: without a record, git is asked when it first saw the file. */
	head(): string;
}

export function look(workspace: Workspace): Look {
	const { root, tasksDir } = workspace;
	const beganAtMs = Date.now();
	const numbers = new Float64Array(FRESHNESS_NUMBERS);
	const runsDir = join(tasksDir, "runs");
	const tasksWithRuns = new Set(existsSync(runsDir) ? readdirSync(runsDir) : []);
	let headSeen: string | null = null;
	const statInto = (path: string, at: number): number => {
		const stat = lstatSync(path, IF_THERE);
		if (stat === undefined) {
			numbers.fill(-1, at, at + 4);
			return 0;
		}
		numbers[at] = stat.mtimeMs;
		numbers[at + 1] = stat.ctimeMs;
		numbers[at + 2] = stat.size;
		numbers[at + 3] = stat.ino;
		return 1;
	};
	return {
		numbers,
		files: (id) => statInto(`${tasksDir}/${id}.md`, 0) + statInto(`${tasksDir}/${id}.json`, 4),
		isTooYoung: () => [0, 1, 4, 5].some((at) => (numbers[at] as number) > beganAtMs - TOO_YOUNG_MS),
		runs: (id) => (tasksWithRuns.has(id) ? runFactsSignature(root, id) : ""),
		head() {
			headSeen ??= `@${headSignature(workspace)}`;
			return headSeen;
		},
	};
}

/** Reads a file or two instead of asking git. */
function headSignature(workspace: Pick<Workspace, "gitDir" | "commonDir">): string {
	const textOf = (path: string) => (existsSync(path) ? readFileSync(path, "utf8").trim() : null);
	const head = textOf(join(workspace.gitDir, "HEAD")) ?? "";
	const ref = /^ref: (\S+)/.exec(head)?.[1];
	if (ref === undefined) return head;
	const loose = textOf(join(workspace.commonDir, ref));
	if (loose !== null) return `${ref}=${loose}`;
	const packed = ["packed-refs", "reftable/tables.list"].map((name) => {
		const stat = lstatSync(join(workspace.commonDir, name), { throwIfNoEntry: false });
		return stat === undefined ? "" : `${stat.mtimeMs},${stat.size},${stat.ino}`;
	});
	return `${ref}~${packed.join()}`;
}
