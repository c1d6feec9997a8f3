// What commits changed in one task, wherever its files stood: its two files and its runs' before and after each commit.
// Invariant: one `git diff-tree` for all commits asked about, and only what differs is read.
import type { ObjectReader } from "../../git/object-reader.ts";
import type { Ledger } from "../ledger.ts";
import { ARCHIVE, definitionPath, LIVE, recordPath, runsFolder } from "../paths.ts";
import { fromTop, globPathspec, pathspec } from "../workspace.ts";
import { type PlaceOfPath, placeOfPath } from "./history-extend.ts";
import { changesOfTask, type FieldChange, type TaskState } from "./task-changes.ts";

export interface TaskDifference {
	/** Field by field; `home` where the files moved. Of a merge what no parent has. */
	readonly changes: readonly FieldChange[];
	/** The task's Markdown file came to be, or went. Both false where it only moved. */
	readonly born: boolean;
	readonly gone: boolean;
}

interface CommitToRead {
	readonly oid: string;
	readonly parents: readonly string[];
}

/** By commit id; a commit that is not in the map left the task alone. */
export async function differencesOfTask(
	ledger: Ledger,
	reader: ObjectReader,
	id: string,
	commits: readonly CommitToRead[],
): Promise<Map<string, TaskDifference>> {
	const found = await differences(ledger, reader, commits, pathspecsOf(ledger, id), (task) => task === id);
	return new Map([...found].map(([oid, tasks]) => [oid, tasks.get(id) as TaskDifference]));
}

/** What commits did to all their tasks, by commit and task; of a commit that changes very many, only to the first ones. */
export async function differencesOfCommits(
	ledger: Ledger,
	reader: ObjectReader,
	commits: readonly CommitToRead[],
): Promise<Map<string, Map<string, TaskDifference>>> {
	return await differences(ledger, reader, commits, [pathspec(ledger.workspace, LIVE)], () => true);
}

/** Of a commit that changes more tasks than this, the others are not read. */
const MOST_TASKS = 50;

async function differences(
	ledger: Ledger,
	reader: ObjectReader,
	commits: readonly CommitToRead[],
	pathspecs: readonly string[],
	isWanted: (id: string) => boolean,
): Promise<Map<string, Map<string, TaskDifference>>> {
	if (commits.length === 0) return new Map();
	const how = ["--stdin", "-m", "-r", "--root", "--raw", "--no-abbrev", "--no-renames", "-z"];
	const { stdout } = await ledger.git(["diff-tree", ...how, "--", ...pathspecs], {
		cwd: ledger.workspace.topLevel,
		stdin: `${commits.map(({ oid }) => oid).join("\n")}\n`,
	});
	const sections = sectionsOf(ledger, stdout, new Set(commits.map(({ oid }) => oid)));
	const read = textReader(reader);
	const all = await Promise.all(
		commits.map(async ({ oid, parents }) => {
			const [first, ...others] = sections.get(oid) ?? [];
			if (first === undefined || others.length + 1 < Math.max(1, parents.length)) return [];
			const ids = [...first.keys()].filter((id) => isWanted(id) && others.every((section) => section.has(id)));
			const found = await Promise.all(
				ids.slice(0, MOST_TASKS).map(async (id) => {
					const toEach = [first, ...others].map((section) => differenceOf(section.get(id) as Sides, read));
					return [id, inAll(await Promise.all(toEach))] as const;
				}),
			);
			const told = found.filter(([, { changes }]) => changes.length > 0);
			return told.length === 0 ? [] : [[oid, new Map(told)] as const];
		}),
	);
	return new Map(all.flat());
}

/** What a commit has that none of its parents had. */
function inAll(toEach: readonly TaskDifference[]): TaskDifference {
	const [first, ...others] = toEach as [TaskDifference, ...TaskDifference[]];
	return {
		changes: first.changes.filter(({ field }) =>
			others.every(({ changes }) => changes.some((change) => change.field === field)),
		),
		born: toEach.every(({ born }) => born),
		gone: toEach.every(({ gone }) => gone),
	};
}

/** Every place at which a task's files may stand, for git. */
export function pathspecsOf({ workspace }: Pick<Ledger, "workspace">, id: string): string[] {
	const live = [definitionPath(id), recordPath(id), runsFolder(id)];
	const archived = [`${id}.md`, `${id}.json`, `runs/${id}/**`];
	return [
		...live.map((path) => pathspec(workspace, path)),
		...archived.map((path) => globPathspec(workspace, `${ARCHIVE}/*/${path}`)),
	];
}

/** One side of a difference: the blobs that are there, of what differs. */
interface Side {
	/** `definition` and `record`, with the home that they stand in. */
	readonly files: Map<string, { readonly oid: string; readonly home: string }>;
	readonly runs: Map<string, Map<string, string>>;
}

interface Sides {
	readonly before: Side;
	readonly after: Side;
}

/** What differs from one parent, by task. */
type Section = Map<string, Sides>;

const newSide = (): Side => ({ files: new Map(), runs: new Map() });
const RAW = /^:\d+ \d+ ([0-9a-f]+) ([0-9a-f]+) [A-Z]\d*$/;
const NO_OBJECT = /^0+$/;

/** The differences of each commit, one for each parent that it differs from. */
function sectionsOf({ workspace }: Ledger, output: Buffer, commits: ReadonlySet<string>): Map<string, Section[]> {
	const sections = new Map<string, Section[]>();
	const below = fromTop(workspace, "").length;
	const fields = output.toString("utf8").split("\0");
	let current: Section | undefined;
	for (let at = 0; at < fields.length; at += 1) {
		const field = fields[at] as string;
		const raw = RAW.exec(field);
		if (raw === null) {
			if (!commits.has(field)) continue;
			current = new Map();
			sections.set(field, [...(sections.get(field) ?? []), current]);
			continue;
		}
		at += 1;
		const place = placeOfPath((fields[at] ?? "").slice(below));
		if (place === null || current === undefined) continue;
		const sides = current.get(place.taskId) ?? { before: newSide(), after: newSide() };
		current.set(place.taskId, sides);
		put(sides.before, place, raw[1] as string);
		put(sides.after, place, raw[2] as string);
	}
	return sections;
}

function put(side: Side, { home, runId, file }: PlaceOfPath, oid: string): void {
	if (NO_OBJECT.test(oid)) return;
	if (runId !== null) {
		const files = side.runs.get(runId) ?? new Map<string, string>();
		if (home === LIVE || !files.has(file)) files.set(file, oid);
		side.runs.set(runId, files);
	} else if (home === LIVE || !side.files.has(file)) {
		// Where a file stands twice, the live one counts.
		side.files.set(file, { oid, home });
	}
}

type ReadText = (oid: string | undefined) => Promise<string | null>;

function textReader(reader: ObjectReader): ReadText {
	return async (oid) => {
		const object = oid === undefined ? null : await reader.read(oid);
		return object?.type === "blob" ? object.content.toString("utf8") : null;
	};
}

async function differenceOf({ before, after }: Sides, read: ReadText): Promise<TaskDifference> {
	const [old, now] = await Promise.all([stateOf(before, after, read), stateOf(after, before, read)]);
	const changes = changesOfTask(old, now);
	const move = moveOf(before, after);
	const there = (side: Side) => side.files.has("definition");
	return {
		changes: move === null ? changes : [...changes, move],
		born: there(after) && !there(before),
		gone: there(before) && !there(after),
	};
}

async function stateOf(side: Side, other: Side, read: ReadText): Promise<TaskState> {
	const text = (file: string) => {
		const oid = side.files.get(file)?.oid;
		// A file that only moved is no difference.
		return oid === other.files.get(file)?.oid ? Promise.resolve(null) : read(oid);
	};
	const [definition, record] = await Promise.all([text("definition"), text("record")]);
	return { definition, record, runs: side.runs };
}

function moveOf(before: Side, after: Side): FieldChange | null {
	for (const file of ["definition", "record"]) {
		const [from, to] = [before.files.get(file)?.home, after.files.get(file)?.home];
		if (from !== undefined && to !== undefined && from !== to) return { field: "home", from, to };
	}
	return null;
}
