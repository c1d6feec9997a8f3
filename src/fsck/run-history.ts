// What history knows of the runs: which were born in it, which were taken back, which lines it held.
// Invariant: large run logs are read only at the commits where they shrank.
import { dirname } from "node:path/posix";
import { isRunId } from "../core/ids.ts";
import type { ObjectReader } from "../git/object-reader.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { RUNS_FILE, taskPath } from "../ledger/paths.ts";
import { kindOf } from "./commit-kind.ts";
import type { LedgerHistory, WalkedCommit } from "./history-walk.ts";
import { runIdsIn } from "./snapshot.ts";

export interface RunFileBirths {
	/** The content that counts: as born, and as a command changed it that may. Blob ids. */
	readonly legal: Set<string>;
	/** The last commit that gave the file another content. */
	readonly changedBy: Map<string, WalkedCommit>;
}

export interface RunHistory {
	/** The commit that a run's record came with. */
	readonly born: ReadonlyMap<string, { readonly taskId: string; readonly commit: WalkedCommit }>;
	/** Runs that a revert or an undo took out. */
	readonly takenBack: ReadonlySet<string>;
	/** Runs whose line a commit took out, with that commit's id. */
	readonly droppedLines: ReadonlyMap<string, string>;
	/** `<runId>/<file>` of receipts and patches. */
	readonly files: ReadonlyMap<string, RunFileBirths>;
	/** `<runId>/landing.json` → the commits that wrote it, oldest first, with the blob. */
	readonly landings: ReadonlyMap<string, readonly { readonly commit: WalkedCommit; readonly oid: string }[]>;
}

const MAY_CHANGE = new Set(["allow-secret"]);

export async function readRunHistory(
	ledger: Ledger,
	reader: ObjectReader,
	history: LedgerHistory,
): Promise<RunHistory> {
	const born = new Map<string, { taskId: string; commit: WalkedCommit }>();
	const takenBack = new Set<string>();
	const files = new Map<string, RunFileBirths>();
	const landings = new Map<string, { commit: WalkedCommit; oid: string }[]>();
	for (const commit of history.commits) {
		const kind = kindOf(commit);
		for (const change of runChanges(commit)) {
			const { runId, taskId, name, before, after } = change;
			if (name === "run_receipt.json") {
				if (after !== null && before === null && !born.has(runId)) born.set(runId, { taskId, commit });
				if (after !== null) takenBack.delete(runId);
				else if (kind === "taking-back") takenBack.add(runId);
			}
			if (name === "landing.json" && after !== null) {
				landings.set(runId, [...(landings.get(runId) ?? []), { commit, oid: after }]);
			}
			if ((name !== "run_receipt.json" && name !== "patch.diff") || after === null) continue;
			const key = `${runId}/${name}`;
			const known = files.get(key) ?? { legal: new Set(), changedBy: new Map() };
			files.set(key, known);
			const may = kind === "taking-back" || (kind !== "unknown" && MAY_CHANGE.has(commit.facts.op ?? ""));
			if (known.legal.size === 0 || may) known.legal.add(after);
			else if (!known.legal.has(after)) known.changedBy.set(after, commit);
		}
	}
	return { born, takenBack, files, landings, droppedLines: await droppedLines(ledger, reader, history, takenBack) };
}

interface RunFileChange {
	readonly taskId: string;
	readonly runId: string;
	readonly name: string;
	readonly before: string | null;
	readonly after: string | null;
}

/** Each file of a run once, wherever its home is: a move is no change. */
function runChanges(commit: WalkedCommit): RunFileChange[] {
	const changes = new Map<string, RunFileChange>();
	for (const { path, before, after } of commit.changes) {
		const place = taskPath(path);
		if (place?.kind !== "run") continue;
		const [runId = "", name = ""] = path.split("/").slice(-2);
		if (!isRunId(runId)) continue;
		const known = changes.get(`${runId}/${name}`);
		changes.set(`${runId}/${name}`, {
			taskId: place.taskId,
			runId,
			name,
			before: known?.before ?? before.find((oid) => oid !== null) ?? null,
			after: after ?? known?.after ?? null,
		});
	}
	return [...changes.values()];
}

/** Runs whose lines went at a commit where a log became shorter. What a revert took out is added to `takenBack`. */
async function droppedLines(
	ledger: Ledger,
	reader: ObjectReader,
	history: LedgerHistory,
	takenBack: Set<string>,
): Promise<Map<string, string>> {
	const logs = history.commits.flatMap((commit) =>
		commit.changes.filter(({ path }) => isRunLog(path)).map((change) => ({ commit, ...change })),
	);
	const sizes = await sizesOf(ledger, [...new Set(logs.flatMap(({ before, after }) => [...before, after]))]);
	const size = (oid: string | null) => (oid === null ? 0 : (sizes.get(oid) ?? 0));
	const dropped = new Map<string, string>();
	for (const { commit, before, after } of logs) {
		const kind = kindOf(commit);
		for (const former of before) {
			if (size(former) <= size(after)) continue;
			const [was, is] = [await idsIn(reader, former), await idsIn(reader, after)];
			for (const runId of was) {
				if (is.has(runId)) continue;
				if (kind === "taking-back") takenBack.add(runId);
				else dropped.set(runId, commit.facts.oid);
			}
		}
	}
	return dropped;
}

function isRunLog(path: string): boolean {
	return path === RUNS_FILE || /^tasks\/archive\/\d{4}$/.test(dirname(path)) ? path.endsWith(".jsonl") : false;
}

/** True when the run log that a commit wrote has the run's line. */
export async function hasLineAt(reader: ObjectReader, { changes }: WalkedCommit, runId: string): Promise<boolean> {
	for (const { path, after } of changes) {
		if (isRunLog(path) && (await idsIn(reader, after)).has(runId)) return true;
	}
	return false;
}

async function idsIn(reader: ObjectReader, oid: string | null): Promise<ReadonlySet<string>> {
	const object = oid === null ? null : await reader.read(oid);
	const text = object?.content.toString("utf8") ?? "";
	return new Set(runIdsIn(text));
}

async function sizesOf(ledger: Ledger, oids: readonly (string | null)[]): Promise<ReadonlyMap<string, number>> {
	const known = oids.filter((oid) => oid !== null);
	if (known.length === 0) return new Map();
	const result = await ledger.git(["cat-file", "--batch-check"], { stdin: `${known.join("\n")}\n` });
	const lines = result.stdout.toString("utf8").split("\n");
	return new Map(
		lines.flatMap((line) => {
			const [oid = "", type, size] = line.split(" ");
			return type === "blob" ? [[oid, Number(size)] as const] : [];
		}),
	);
}
