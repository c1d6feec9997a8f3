// One of a task's two files that neither the checkout nor HEAD has, though history had it.
// Invariant: a file that was taken out on purpose (undone, rolled back, archived, reverted) is never brought back, and a task
// of which no trace is left is nobody's loss to mend.
import { basename } from "node:path/posix";
import type { ObjectReader } from "../../git/object-reader.ts";
import { entryAt, listTree } from "../../git/tree-edit.ts";
import { archiveHomes, taskHome, taskIdsIn, tasksWithRuns } from "../archive/archive-places.ts";
import type { LedgerView } from "../change/apply.ts";
import type { Ledger } from "../ledger.ts";
import { parseMessage } from "../message.ts";
import { definitionPath, LIVE, recordPath } from "../paths.ts";
import { fromTop } from "../workspace.ts";
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
			const removal = removals.get(fromTop(ledger.workspace, path));
			if (removal === undefined || isMeant(removal)) continue;
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

interface Removal {
	readonly oid: string;
	readonly parents: readonly string[];
	readonly message: string;
}

/** The newest commit that removed each path below tasks/, by path from the repository's top folder. */
async function lastRemovals(ledger: Ledger): Promise<ReadonlyMap<string, Removal>> {
	const { git, workspace } = ledger;
	const format = "--format=%x01%H%x02%P%x02%B%x02";
	const how = [
		"--diff-filter=D",
		"--no-renames",
		"--name-only",
		"-z",
		"--no-show-signature",
		"--encoding=UTF-8",
		format,
	];
	const pathspec = `:(top,literal)${fromTop(workspace, "tasks")}`;
	const log = await git(["log", ...how, "--", pathspec], { cwd: workspace.topLevel, accept: [0, 128] });
	const removals = new Map<string, Removal>();
	for (const entry of log.stdout.toString("utf8").split("\u0001").slice(1)) {
		const [oid = "", parents = "", message = "", paths = ""] = entry.split("\u0002");
		for (const path of paths.split("\0").map((name) => name.replace(/^\n+/, ""))) {
			if (path !== "" && !removals.has(path)) removals.set(path, { oid, parents: parents.split(" "), message });
		}
	}
	return removals;
}

const MEANT = new Set(["undo", "rollback", "archive", "fix"]);

function isMeant({ message }: Removal): boolean {
	return MEANT.has(parseMessage(message).op) || /^This reverts commit [0-9a-f]{7,}/m.test(message);
}

async function contentBefore(reader: ObjectReader, { parents }: Removal, path: string): Promise<Buffer | null> {
	for (const parent of parents) {
		const blob = parent === "" ? null : await reader.read(`${parent}:${path}`);
		if (blob?.type === "blob") return blob.content;
	}
	return null;
}
