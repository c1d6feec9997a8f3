// The archive's tasks as a list, and those of them that no list may hide: what a merge left open there, or unreadable.
// Invariant: only a task that is known to be over is out of sight; what is known is forgotten when its files change, and the
// archive is looked into only when one of its folders changed.
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../../core/files.ts";
import type { Ledger } from "../ledger.ts";
import { TOO_YOUNG_MS } from "../listing/freshness.ts";
import { byUrgency, type ListedTask, listedTask } from "../listing/listed-task.ts";
import { ARCHIVE, definitionPath, LIVE, recordPath, taskIdOfFile } from "../paths.ts";
import { isOver } from "../task/over.ts";
import { parseRecord } from "../task/record.ts";
import type { Workspace } from "../workspace.ts";
import { archiveHomes, taskHome, taskIdsIn } from "./archive-places.ts";

/** All archived tasks by urgency, read from their files. */
export async function readArchived(ledger: Ledger): Promise<ListedTask[]> {
	const { root } = ledger.workspace;
	const ids = new Set(archiveHomes(root).flatMap((home) => taskIdsIn(root, home)));
	const tasks: ListedTask[] = [];
	for (const id of ids) if (taskHome(root, id) !== LIVE) tasks.push(await readListedTask(ledger, id));
	return tasks.sort(byUrgency);
}

/** The live tasks, and with them those in the archive that are not over. A task in both homes says so. */
export async function withStrays(ledger: Ledger, live: readonly ListedTask[]): Promise<readonly ListedTask[]> {
	const suspects = suspectsIn(ledger);
	if (suspects.length === 0) return live;
	const byId = new Map(live.map((task) => [task.id, task]));
	for (const id of suspects) {
		const home = taskHome(ledger.workspace.root, id);
		if (home !== null && (home === LIVE || !isAtRest(ledger.workspace.root, id, home)))
			byId.set(id, await readListedTask(ledger, id));
	}
	return [...byId.values()].sort(byUrgency);
}

async function readListedTask(ledger: Ledger, id: string): Promise<ListedTask> {
	const { readTask, viewTask } = await import("../task/store.ts");
	const { withoutPrompt } = await import("../task/task-view.ts");
	return listedTask(withoutPrompt(await viewTask(ledger, readTask(ledger.workspace.root, id), { liveRunId: null })));
}

/** What a look into the archive found, and of what its folders said then. */
interface Sighting {
	readonly signature: string;
	/** Ids of tasks that were not over, or stood in the live folder as well. */
	readonly suspects: readonly string[];
}

function suspectsIn({ workspace, useIndex }: Ledger): readonly string[] {
	const { root } = workspace;
	const beganAtMs = Date.now();
	if (lstatSync(join(root, ARCHIVE), { throwIfNoEntry: false }) === undefined) return [];
	const homes = archiveHomes(root);
	// One that another process takes away meanwhile is not there.
	const folders = [ARCHIVE, ...homes].flatMap((path) => lstatSync(join(root, path), { throwIfNoEntry: false }) ?? []);
	const signature = folders.map(({ ctimeMs, mtimeMs, ino }) => `${ctimeMs}.${mtimeMs}.${ino}`).join("|");
	const path = cachePath(workspace, "seen");
	const seen = useIndex ? readJson<Sighting>(path) : null;
	if (seen?.signature === signature && Array.isArray(seen.suspects)) return seen.suspects;
	const suspects = lookInto(workspace, homes, useIndex);
	// A folder that changed just now may change again without another time.
	const isSettled = folders.every(({ ctimeMs }) => ctimeMs <= beganAtMs - TOO_YOUNG_MS);
	if (useIndex && isSettled) writeJson(path, { signature, suspects } satisfies Sighting);
	return suspects;
}

/** Tasks that are over, as `<home>/<id>`, with what their files' sizes and times were when that was seen. */
type Known = Record<string, string>;

function lookInto(workspace: Workspace, homes: readonly string[], useIndex: boolean): string[] {
	const { root, tasksDir } = workspace;
	const beganAtMs = Date.now();
	const path = cachePath(workspace, "over");
	const known = (useIndex ? readJson<Known>(path) : null) ?? {};
	const live = new Set(readdirSync(tasksDir).flatMap((name) => taskIdOfFile(name) ?? []));
	const suspects = new Set<string>();
	const seen = new Set<string>();
	const over: Known = {};
	for (const home of homes) {
		for (const id of taskIdsIn(root, home)) {
			if (live.has(id)) suspects.add(id);
			if (live.has(id) || seen.has(id)) continue;
			seen.add(id);
			const place = `${home}/${id}`;
			const { text, changedAtMs } = statsOf(root, [definitionPath(id, home), recordPath(id, home)]);
			if (known[place] !== text && !isAtRest(root, id, home)) suspects.add(id);
			else if (known[place] === text || changedAtMs <= beganAtMs - TOO_YOUNG_MS) over[place] = text;
		}
	}
	if (useIndex) writeJson(path, over);
	return [...suspects].sort();
}

/** Both files are there, the record says that the task is over, and no merge left its markers. */
function isAtRest(root: string, id: string, home: string): boolean {
	try {
		const [definition, record] = [definitionPath(id, home), recordPath(id, home)].map((path) => {
			if (!lstatSync(join(root, path)).isFile()) throw new Error("not a plain file");
			return readFileSync(join(root, path), "utf8");
		}) as [string, string];
		const parsed = parseRecord(record, recordPath(id, home)).record;
		return parsed !== null && isOver(parsed) && !/^(<{7}|>{7}) /m.test(definition);
	} catch {
		return false;
	}
}

function statsOf(root: string, paths: readonly string[]): { text: string; changedAtMs: number } {
	const stats = paths.map((path) => lstatSync(join(root, path), { throwIfNoEntry: false }));
	const text = stats.map((stat) =>
		stat === undefined ? "-" : `${stat.mtimeMs}.${stat.ctimeMs}.${stat.size}.${stat.ino}`,
	);
	return { text: text.join("|"), changedAtMs: Math.max(...stats.map((stat) => stat?.ctimeMs ?? 0)) };
}

/** One for each workspace: a repository may hold several, and several checkouts of one. Derived and disposable. */
function cachePath({ stateDir, root }: Workspace, what: string): string {
	return join(stateDir, `archive-${what}-${createHash("sha256").update(root).digest("hex").slice(0, 8)}.json`);
}

function readJson<T extends object>(path: string): T | null {
	try {
		const value: unknown = JSON.parse(readFileSync(path, "utf8"));
		return typeof value === "object" ? (value as T | null) : null;
	} catch {
		return null;
	}
}

function writeJson(path: string, value: object): void {
	try {
		replaceFile(path, JSON.stringify(value), { mode: 0o600, durable: false });
	} catch {
		// A read-only or full disk: the next list looks again.
	}
}
