// One of a task's two files that neither the checkout nor HEAD has, though history had it.
// Invariant: a file that was taken out on purpose (undone, rolled back, archived, reverted) is never brought back, and a task
// of which no trace is left is nobody's loss to mend.
import { basename } from "node:path/posix";
import type { ObjectReader } from "../../git/object-reader.ts";
import { entryAt, listTree } from "../../git/tree-edit.ts";
import { archiveHomes, taskHome, taskIdsIn, tasksWithRuns } from "../archive/archive-places.ts";
import type { LedgerView } from "../change/apply.ts";
import type { CommitFacts } from "../history/commit-facts.ts";
import { readFacts } from "../history/history.ts";
import type { Ledger } from "../ledger.ts";
import { definitionPath, LIVE, recordPath } from "../paths.ts";
import { fromTop, pathspec } from "../workspace.ts";
import { type Fix, type FixGround, type FixKind, NOTHING } from "./fix.ts";
import { isAbsent } from "./task-files.ts";

export const missingFile: FixKind = {
	code: "file_missing",
	wrong: "a task's `.md` or `.json` is in no commit any more, though history had it and the task is there",
	mended: "it is brought back from the last commit that had it",
	async find(ground) {
		const wanted = await halvesMissing(ground);
		if (wanted.length === 0) return NOTHING;
		const { ledger, reader } = ground;
		const removals = await lastRemovals(ledger);
		const fixes: Fix[] = [];
		for (const { taskId, path } of wanted) {
			const oid = removals.get(fromTop(ledger.workspace, path));
			const removal = oid === undefined ? null : await readFacts(reader, oid);
			if (removal === null || isMeant(removal)) continue;
			const content = await contentBefore(reader, removal, fromTop(ledger.workspace, path));
			if (content === null) continue;
			const from = removal.oid.slice(0, 10);
			fixes.push({
				taskId,
				file: path,
				message: `${path} is gone; the commit ${from} took it out.`,
				why: "The task's other traces are still there, and no msgcode command has taken the file out on purpose.",
				summary: `bring ${path.endsWith(".md") ? "the Markdown file" : "the record"} back from before ${from}`,
				writes: [{ path, seen: null, content }],
			});
		}
		return { fixes, undecided: [] };
	},
};

/** Paths of the halves that are nowhere, of tasks that have left another trace. */
async function halvesMissing({ ledger, view, unmerged }: FixGround): Promise<{ taskId: string; path: string }[]> {
	const { root } = ledger.workspace;
	const homes = [LIVE, ...archiveHomes(root)];
	const ids = new Set(homes.flatMap((home) => taskIdsIn(root, home)));
	for (const id of tasksWithRuns(root)) ids.add(id);
	// One look at each folder of HEAD, however many tasks are a Markdown file alone.
	const committed = new Map<string, ReadonlySet<string>>();
	for (const home of homes) committed.set(home, await namesAt(ledger, view, home));
	const missing: { taskId: string; path: string }[] = [];
	for (const taskId of [...ids].sort()) {
		const home = taskHome(root, taskId) ?? LIVE;
		for (const path of [definitionPath(taskId, home), recordPath(taskId, home)]) {
			if (!isAbsent(root, path) || unmerged.has(path)) continue;
			if (committed.get(home)?.has(basename(path)) !== true) missing.push({ taskId, path });
		}
	}
	return missing;
}

/** The names that HEAD has in a home. */
async function namesAt(
	{ workspace }: Ledger,
	{ head, reader }: LedgerView,
	home: string,
): Promise<ReadonlySet<string>> {
	const entry = await entryAt(reader, head.tree, fromTop(workspace, home));
	return new Set(entry?.mode === "40000" ? (await listTree(reader, entry.oid)).keys() : []);
}

/** The newest commit that removed each path below tasks/, by path from the repository's top folder. */
async function lastRemovals({ git, workspace }: Ledger): Promise<ReadonlyMap<string, string>> {
	const how = ["--diff-filter=D", "--no-renames", "--name-only", "-z", "--format=%x01%H"];
	const options = { cwd: workspace.topLevel, accept: [0, 128] };
	const log = await git(["log", ...how, "--", pathspec(workspace, LIVE)], options);
	const removals = new Map<string, string>();
	let oid = "";
	for (const field of log.stdout.toString("utf8").split("\0")) {
		const text = field.replace(/^\n+/, "");
		if (text.startsWith("\u0001")) oid = text.slice(1);
		else if (text !== "" && !removals.has(text)) removals.set(text, oid);
	}
	return removals;
}

const MEANT = new Set(["undo", "rollback", "archive", "fix"]);

function isMeant({ op, reverts }: CommitFacts): boolean {
	return reverts !== null || (op !== null && MEANT.has(op));
}

async function contentBefore(reader: ObjectReader, { parents }: CommitFacts, path: string): Promise<Buffer | null> {
	for (const parent of parents) {
		const blob = await reader.read(`${parent}:${path}`);
		if (blob?.type === "blob") return blob.content;
	}
	return null;
}
