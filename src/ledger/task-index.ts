// tasks/index.json: every task's summary, so that a list need not parse thousands of files. Derived and disposable.
// Invariant: an entry counts only while every file behind it has the size, times and inode that it had when it was read.
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../core/files.ts";
import { isLeftoverTemporary } from "../core/temporary-files.ts";
import type { Ledger } from "./ledger.ts";
import { INDEX_FILE, taskIdOfFile } from "./paths.ts";
import { runFactsSignature } from "./run-facts.ts";
import type { TaskSummary } from "./task-view.ts";
import type { Workspace } from "./workspace.ts";

/** Files changed this shortly before a scan may change again without a new time: they are read again next time. */
const TOO_YOUNG_MS = 50;

interface IndexFile {
	readonly schemaVersion: 1;
	readonly kind: "task.index";
	readonly tasks: readonly IndexedTask[];
}

type IndexedTask = TaskSummary & { readonly freshness: string };

/** All tasks' summaries by id, without live runs. Reads only the files that changed since the index was written. */
export async function readSummaries(ledger: Ledger): Promise<TaskSummary[]> {
	const { root, tasksDir } = ledger.workspace;
	const scannedAtMs = Date.now();
	const found = scan(tasksDir, root);
	const loaded = ledger.useIndex ? loadIndex(root) : null;
	const known = loaded ?? new Map<string, IndexedTask>();
	let headSeen: string | null = null;
	const headSignature = () => {
		headSeen ??= `@${readHeadSignature(ledger.workspace)}`;
		return headSeen;
	};
	const summaries: TaskSummary[] = [];
	const indexed: IndexedTask[] = [];
	let changed = loaded?.size !== found.size;
	for (const [id, { freshness, newestMs }] of found) {
		const entry = known.get(id);
		if (entry !== undefined && (entry.freshness === freshness || entry.freshness === freshness + headSignature())) {
			summaries.push(entry);
			indexed.push(entry);
			continue;
		}
		const { readTask, viewTask } = await import("./store.ts");
		const { withoutPrompt } = await import("./task-view.ts");
		const task = readTask(root, id);
		const summary = withoutPrompt(await viewTask(ledger, task, { liveRunId: null }));
		summaries.push(summary);
		// Without a record git is asked when it first saw the file: the answer changes with HEAD.
		const basis = task.record === null ? freshness + headSignature() : freshness;
		indexed.push({ ...summary, freshness: newestMs > scannedAtMs - TOO_YOUNG_MS ? "" : basis });
		changed = true;
	}
	if (ledger.useIndex && changed) writeIndex(root, indexed);
	return summaries.map((summary) => withoutFreshness(summary));
}

/** Brings the file up to date after a change. Failing to is no failure of the change: the index is only a cache. */
export async function refreshIndex(ledger: Ledger): Promise<void> {
	if (ledger.useIndex) await readSummaries(ledger).catch(() => {});
}

interface Found {
	readonly freshness: string;
	readonly newestMs: number;
}

/** Changes whenever HEAD does. Reads a file or two instead of asking git. */
function readHeadSignature(workspace: Pick<Workspace, "gitDir" | "commonDir">): string {
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

function scan(tasksDir: string, root: string): Map<string, Found> {
	const names = new Map<string, string[]>();
	for (const name of readdirSync(tasksDir).sort()) {
		const id = taskIdOfFile(name);
		if (id === null) {
			if (isLeftoverTemporary(tasksDir, name)) rmSync(join(tasksDir, name), { force: true });
			continue;
		}
		const group = names.get(id);
		if (group === undefined) names.set(id, [name]);
		else group.push(name);
	}
	const runs = existsSync(join(tasksDir, "runs")) ? new Set(readdirSync(join(tasksDir, "runs"))) : new Set<string>();
	const found = new Map<string, Found>();
	for (const [id, files] of names) {
		let freshness = "";
		let newestMs = 0;
		for (const name of files) {
			const stat = lstatSync(`${tasksDir}/${name}`, { throwIfNoEntry: false });
			if (stat === undefined) continue;
			newestMs = Math.max(newestMs, stat.mtimeMs, stat.ctimeMs);
			freshness += `${name.endsWith(".md") ? "m" : "j"}${stat.mtimeMs},${stat.ctimeMs},${stat.size},${stat.ino};`;
		}
		if (runs.has(id)) freshness += runFactsSignature(root, id);
		found.set(id, { freshness, newestMs });
	}
	return found;
}

/** null where the file is missing or damaged: it is made anew from the tasks' own. */
function loadIndex(root: string): Map<string, IndexedTask> | null {
	try {
		const data = JSON.parse(readFileSync(join(root, INDEX_FILE), "utf8")) as IndexFile;
		if (data.schemaVersion !== 1 || data.kind !== "task.index") return null;
		return new Map(data.tasks.map((task) => [task.id, task]));
	} catch {
		return null;
	}
}

function writeIndex(root: string, tasks: readonly IndexedTask[]): void {
	const lines = tasks.map((task) => JSON.stringify(task));
	const content = `{"schemaVersion":1,"kind":"task.index","tasks":[\n${lines.join(",\n")}\n]}\n`;
	try {
		replaceFile(join(root, INDEX_FILE), content, { durable: false });
	} catch {
		// A read-only or full disk: the next list reads the files again, which is only slower.
	}
}

function withoutFreshness(task: TaskSummary | IndexedTask): TaskSummary {
	if (!("freshness" in task)) return task;
	const { freshness: _, ...summary } = task;
	return summary;
}
