// Moves tasks with all their files between the live folder and the archive, as they are.
// Invariant: a file is never written over: where the place that it goes to has another content, it stays where it is.
import { existsSync, lstatSync, readdirSync, renameSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensureFolder } from "../../core/files.ts";
import { isRunId } from "../../core/ids.ts";
import { entriesAt, filesIn } from "../../git/tree-edit.ts";
import type { LedgerView } from "../change/apply.ts";
import type { FileWrite } from "../change/planned-writes.ts";
import { contentId } from "../change/working-files.ts";
import type { Ledger } from "../ledger.ts";
import { definitionPath, LIVE, RUN_FILES, recordPath, runFolder, runsFolder } from "../paths.ts";
import { fromTop } from "../workspace.ts";
import { archiveHomes, isThere } from "./archive-places.ts";

export interface Move {
	readonly id: string;
	readonly from: string;
	readonly to: string;
}

interface MovedFile {
	readonly source: string;
	readonly target: string;
	readonly content: Buffer;
}

export interface PlannedMove extends Move {
	readonly files: readonly MovedFile[];
	/** A file in the checkout is not as HEAD has it. */
	readonly edited: boolean;
	/** A file stays, because another content stands where it would go. */
	readonly partial: boolean;
}

/** The writes of a change of one task, and with them those that bring to the live folder what the archive holds of it. */
export async function withHome(
	ledger: Ledger,
	view: LedgerView,
	id: string,
	writes: readonly FileWrite[],
): Promise<FileWrite[]> {
	const moves = archivedHomes(ledger.workspace.root, id).map((from) => ({ id, from, to: LIVE }));
	if (moves.length === 0) return [...writes];
	const byPath = new Map<string, FileWrite>();
	for (const { files } of await planMoves(ledger, view, moves)) {
		// Of two years that hold a file the newer one's comes home; the other stays for a person to see.
		const first = files.filter(({ target }) => !byPath.has(target));
		for (const write of first.flatMap(writesOf)) byPath.set(write.path, write);
	}
	for (const write of writes) byPath.set(write.path, write);
	return [...byPath.values()];
}

export function writesOf({ source, target, content }: MovedFile): FileWrite[] {
	return [
		{ path: target, content },
		{ path: source, content: null },
	];
}

/** What each move takes along. Reads the contents of all files that move. */
export async function planMoves(ledger: Ledger, view: LedgerView, moves: readonly Move[]): Promise<PlannedMove[]> {
	const { workspace, git } = ledger;
	const committed = await committedFiles(ledger, view, moves);
	const contentAt = async (path: string): Promise<Buffer | null> => {
		const working = view.working(path);
		const oid = committed.files.get(path);
		// A file that was taken away by hand comes from HEAD: a missing file never means a removal.
		return working !== null || oid === undefined ? working : ((await view.reader.read(oid))?.content ?? null);
	};
	const planned: PlannedMove[] = [];
	for (const move of moves) {
		const files: MovedFile[] = [];
		let edited = false;
		let partial = false;
		const ofRuns = committed.runFiles.get(runsFolder(move.id, move.from)) ?? [];
		for (const name of namesOf(workspace.root, move, ofRuns)) {
			const source = `${move.from}/${name}`;
			const target = `${move.to}/${name}`;
			const content = await contentAt(source);
			if (content === null) continue;
			edited ||= committed.files.get(source) !== (await contentId(git, workspace, fromTop(workspace, source), content));
			const there = await contentAt(target);
			if (there === null || there.equals(content)) files.push({ source, target, content });
			else partial = true;
		}
		planned.push({ ...move, files, edited, partial });
	}
	return planned;
}

interface Committed {
	/** What HEAD has of the tasks, in the homes that they leave and go to: blob ids by path. */
	readonly files: ReadonlyMap<string, string>;
	/** Paths of the files below each folder of runs, from its home on. */
	readonly runFiles: ReadonlyMap<string, readonly string[]>;
}

async function committedFiles(ledger: Ledger, view: LedgerView, moves: readonly Move[]): Promise<Committed> {
	const { workspace } = ledger;
	const places = moves.flatMap(({ id, from, to }) =>
		[from, to].flatMap((home) => [definitionPath(id, home), recordPath(id, home), runsFolder(id, home)]),
	);
	const tops = places.map((path) => fromTop(workspace, path));
	const entries = await entriesAt(view.reader, view.head.tree, tops);
	const files = new Map<string, string>();
	const runFiles = new Map<string, string[]>();
	for (const [position, path] of places.entries()) {
		const entry = entries.get(tops[position] as string);
		if (entry === undefined) continue;
		if (entry.mode !== "40000") {
			files.set(path, entry.oid);
			continue;
		}
		const below = await filesIn(view.reader, entry.oid);
		for (const [file, { oid }] of below) files.set(`${path}/${file}`, oid);
		const fromHome = path.slice(path.lastIndexOf("runs/"));
		runFiles.set(
			path,
			[...below.keys()].map((file) => `${fromHome}/${file}`),
		);
	}
	return { files, runFiles };
}

/** The names, from the home on, of all files of the task in its home. */
function namesOf(root: string, { id, from }: Move, committed: readonly string[]): Iterable<string> {
	const names = new Set([`${id}.md`, `${id}.json`, ...committed]);
	for (const path of runFilesIn(root, id, from)) if (isThere(join(root, path))) names.add(path.slice(from.length + 1));
	return names;
}

/** Bytes of the task's files in a home, as far as they are in the checkout. */
export function bytesOf(root: string, id: string, home: string): number {
	return [definitionPath(id, home), recordPath(id, home), ...runFilesIn(root, id, home)].reduce(
		(sum, path) => sum + (lstatSync(join(root, path), { throwIfNoEntry: false })?.size ?? 0),
		0,
	);
}

/** Takes along what is local to the runs' folders: their events, which git does not know. */
export function moveLocalEvents(root: string, { id, from, to }: Move): void {
	for (const runId of runIdsIn(root, id, from)) {
		const source = join(root, runFolder(id, runId, from), "events.jsonl");
		const target = join(root, runFolder(id, runId, to), "events.jsonl");
		if (!existsSync(source) || existsSync(target)) continue;
		try {
			ensureFolder(dirname(target));
			renameSync(source, target);
			for (let folder = dirname(source); folder !== join(root, LIVE); folder = dirname(folder)) rmdirSync(folder);
		} catch {
			// Something else is in the folder; or the events stay, and `run logs` has its own copy below .git/msgcode.
		}
	}
}

/** The homes in the archive that hold something of the task. */
export function archivedHomes(root: string, id: string): string[] {
	return archiveHomes(root).filter((home) =>
		[definitionPath(id, home), recordPath(id, home), runsFolder(id, home)].some((path) => isThere(join(root, path))),
	);
}

function runFilesIn(root: string, id: string, home: string): string[] {
	return runIdsIn(root, id, home).flatMap((runId) => RUN_FILES.map((file) => `${runFolder(id, runId, home)}/${file}`));
}

function runIdsIn(root: string, id: string, home: string): string[] {
	const folder = join(root, runsFolder(id, home));
	return existsSync(folder) ? readdirSync(folder).filter(isRunId) : [];
}
