// What commits changed in one task, wherever its files stood: its two files and its runs' before and after each commit.
// Invariant: one `git diff-tree` for all commits asked about, and only what differs is read.
import type { ObjectReader } from "../git/object-reader.ts";
import { placeOfPath } from "./history-extend.ts";
import type { Ledger } from "./ledger.ts";
import { changesOfTask, type FieldChange, type TaskState } from "./task-changes.ts";
import { fromTop } from "./workspace.ts";

export interface TaskDifference {
	/** Field by field; `home` where the files moved. Of a merge what no parent has. */
	readonly changes: readonly FieldChange[];
	/** The task's Markdown file came to be, or went. Both false where it only moved. */
	readonly born: boolean;
	readonly gone: boolean;
}

const LIVE_HOME = "tasks";

/** By commit id; a commit that is not in the map left the task alone. */
export async function differencesOfTask(
	ledger: Ledger,
	reader: ObjectReader,
	id: string,
	commits: readonly { readonly oid: string; readonly parents: readonly string[] }[],
): Promise<Map<string, TaskDifference>> {
	const differences = new Map<string, TaskDifference>();
	if (commits.length === 0) return differences;
	const how = ["--stdin", "-m", "-r", "--root", "--raw", "--no-abbrev", "--no-renames", "-z"];
	const { stdout } = await ledger.git(["diff-tree", ...how, "--", ...pathspecsOf(ledger, id)], {
		cwd: ledger.workspace.topLevel,
		stdin: `${commits.map(({ oid }) => oid).join("\n")}\n`,
	});
	const sections = sectionsOf(ledger, stdout, new Set(commits.map(({ oid }) => oid)));
	const read = textReader(reader);
	await Promise.all(
		commits.map(async ({ oid, parents }) => {
			const found = sections.get(oid) ?? [];
			if (found.length < Math.max(1, parents.length)) return;
			const all = await Promise.all(found.map((section) => differenceOf(section, read)));
			const [first, ...others] = all as [TaskDifference, ...TaskDifference[]];
			const inAll = first.changes.filter((change) =>
				others.every(({ changes }) => changes.some(({ field }) => field === change.field)),
			);
			const every = (which: "born" | "gone") => all.every((difference) => difference[which]);
			if (inAll.length > 0) differences.set(oid, { changes: inAll, born: every("born"), gone: every("gone") });
		}),
	);
	return differences;
}

/** Every place at which a task's files may stand, for git. */
export function pathspecsOf({ workspace }: Pick<Ledger, "workspace">, id: string): string[] {
	const live = [`${LIVE_HOME}/${id}.md`, `${LIVE_HOME}/${id}.json`, `${LIVE_HOME}/runs/${id}`];
	const archived = [`${id}.md`, `${id}.json`, `runs/${id}/**`];
	const escaped = fromTop(workspace, "").replace(/[\\*?[\]]/g, "\\$&");
	return [
		...live.map((path) => `:(top,literal)${fromTop(workspace, path)}`),
		...archived.map((path) => `:(top,glob)${escaped}tasks/archive/*/${path}`),
	];
}

/** One side of a difference: the blobs that are there, of what differs. */
interface Side {
	/** `definition` and `record`, with the home that they stand in. */
	readonly files: Map<string, { readonly oid: string; readonly home: string }>;
	readonly runs: Map<string, Map<string, string>>;
}

interface Section {
	readonly before: Side;
	readonly after: Side;
}

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
			current = { before: newSide(), after: newSide() };
			sections.set(field, [...(sections.get(field) ?? []), current]);
			continue;
		}
		at += 1;
		const path = (fields[at] ?? "").slice(below);
		put(current?.before, path, raw[1] as string);
		put(current?.after, path, raw[2] as string);
	}
	return sections;
}

function put(side: Side | undefined, path: string, oid: string): void {
	const place = placeOfPath(path);
	if (side === undefined || place === null || NO_OBJECT.test(oid)) return;
	const { home, runId, file } = place;
	if (runId !== null) {
		const files = side.runs.get(runId) ?? new Map<string, string>();
		if (home === LIVE_HOME || !files.has(file)) files.set(file, oid);
		side.runs.set(runId, files);
	} else if (home === LIVE_HOME || !side.files.has(file)) {
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

async function differenceOf({ before, after }: Section, read: ReadText): Promise<TaskDifference> {
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
