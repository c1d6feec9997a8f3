// Makes a folder of a repository a workspace: the marker and its neighbours, in one commit.
// Invariant: lines of the user's own .gitattributes and .gitignore in tasks/ stay; running it again changes nothing.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { appendLine, ensureFolder } from "../core/files.ts";
import { changeLedger } from "./change/transaction.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { refreshIndex } from "./listing/task-index.ts";
import { type DriverState, driverState, registerDriver } from "./merge/merge-driver.ts";
import { fromTop, MARKER_FILE, rememberWorkspace, type Workspace, workspaceAt } from "./workspace.ts";

/** Lines that tasks/.gitattributes holds besides the user's own. */
export const ATTRIBUTES: readonly string[] = [
	"runs.jsonl merge=union",
	"tsk_*.json merge=msgcode",
	"tsk_*.md merge=msgcode",
	"patch.diff -text -diff",
];
/** The same of tasks/.gitignore. */
export const IGNORED: readonly string[] = ["/index.json", "runs/**/events.jsonl", ".msgcode-tmp-*"];

export interface Initialised {
	readonly workspace: Workspace;
	readonly commit: string | null;
	/** False when the workspace was there already. */
	readonly created: boolean;
	/** `missing` where git's configuration could not be written. */
	readonly mergeDriver: DriverState;
}

/** `options.workspace` describes the folder; its uid is empty where there is no marker yet. */
export async function initWorkspace(options: Parameters<typeof openLedger>[0]): Promise<Initialised> {
	const created = options.workspace.uid === "";
	const uid = created ? `wsp_${randomBytes(8).toString("hex")}` : options.workspace.uid;
	const workspace: Workspace = { ...options.workspace, uid };
	const ledger: Ledger = openLedger({ ...options, workspace });
	const result = await changeLedger(ledger, (view) => {
		const text = (path: string) => view.working(path)?.toString("utf8") ?? "";
		const marker = view.working(MARKER_FILE) ?? `${JSON.stringify({ schemaVersion: 1, uid }, null, 2)}\n`;
		return {
			writes: [
				{ path: MARKER_FILE, content: marker },
				{ path: "tasks/.gitattributes", content: withLines(text("tasks/.gitattributes"), ATTRIBUTES) },
				{ path: "tasks/.gitignore", content: withLines(text("tasks/.gitignore"), IGNORED) },
			],
			message: { op: "init", summary: "make this folder a msgcode workspace" },
			value: null,
		};
	});
	excludeWorktrees(workspace);
	rememberWorkspace(workspace);
	// A workspace without the driver is whole: git then merges as text.
	const mergeDriver = await registerDriver(ledger.git).catch(() => driverState(ledger.git));
	await refreshIndex(ledger);
	// Of two that ran at once, both have the marker of the one that came first.
	return { workspace: workspaceAt(workspace.root), commit: result.commit, created, mergeDriver };
}

/** Keeps what is local out of `git status`, in this clone only and without touching a tracked file. */
export function excludeWorktrees(workspace: Workspace): void {
	const folder = join(workspace.commonDir, "info");
	const file = join(folder, "exclude");
	ensureFolder(folder);
	const present = new Set(existsSync(file) ? readFileSync(file, "utf8").split(/\r?\n/) : []);
	for (const line of excludeLines(workspace)) if (!present.has(line)) appendLine(file, line);
}

/** Lines of .git/info/exclude: the tasks' worktrees, and what tasks/.gitignore names, for branches that do not hold it. */
export function excludeLines(workspace: Pick<Workspace, "prefix">): readonly string[] {
	const events = ["tasks/runs/**/events.jsonl", "tasks/archive/*/runs/**/events.jsonl"];
	return ["worktrees/tsk_*/", "tasks/index.json", ...events].map((path) => `/${fromTop(workspace, path)}`);
}

/** The text with the wanted lines that it lacks at its end. */
export function withLines(text: string, wanted: readonly string[]): string {
	const present = new Set(text.split(/\r?\n/));
	const missing = wanted.filter((line) => !present.has(line));
	if (missing.length === 0) return text;
	const gap = text === "" || text.endsWith("\n") ? "" : "\n";
	return `${text}${gap}${missing.join("\n")}\n`;
}
