// A finished run of any age: in the checkout, or only in the branch's history, its folder long gone.
// Invariant: what is read from history is the run as its last commit had it, and is said to be from there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import { readFacts } from "../../ledger/history/history.ts";
import { nameAt, nameCount } from "../../ledger/history/history-table.ts";
import { type History, openHistory } from "../../ledger/history/history-walk.ts";
import { contentIn, jsonIn, receiptIn, runFilesOf } from "../../ledger/history/task-at.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import { type Landing, patchFile, type Rejection, readLanding, readRejection } from "../../ledger/runs/runs.ts";
import type { Claim } from "../run/claim.ts";
import { findRun } from "./find-run.ts";

export interface RecordedRun {
	readonly taskId: string;
	readonly runId: string;
	/** The claim of a run that has not ended. */
	readonly live: Claim | null;
	/** null for a live run, and for one that waits to be committed. */
	readonly receipt: Receipt | null;
	readonly landing: Landing | null;
	readonly rejection: Rejection | null;
	/** The commit that it was read from; null where it stands in the checkout. */
	readonly commit: string | null;
	/** Its patch as the ledger has it; null where it is withheld or gone. */
	readonly patch: Buffer | null;
}

/** The one run whose id is or begins with `text`, wherever it is. Throws `run_not_found`, `run_ambiguous`. */
export async function recordedRun(
	ledger: Ledger,
	text: string,
	onBuild?: (commits: number) => void,
): Promise<RecordedRun> {
	let here: RecordedRun | null = null;
	try {
		here = fromCheckout(ledger, text);
		if (here.receipt !== null || here.live !== null) return here;
	} catch (error) {
		if (!(error instanceof MsgcodeError) || error.code !== "run_not_found") throw error;
		const found = await fromHistory(ledger, text, onBuild);
		if (found === null) throw error;
		return found;
	}
	return (await fromHistory(ledger, here.runId, onBuild)) ?? here;
}

function fromCheckout(ledger: Ledger, text: string): RecordedRun {
	const { taskId, runId, live, receipt } = findRun(ledger, text);
	const { root } = ledger.workspace;
	const nothing = { landing: null, rejection: null, patch: null };
	if (receipt === null) return { taskId, runId, live, receipt, commit: null, ...nothing };
	return {
		taskId,
		runId,
		live,
		receipt,
		landing: readLanding(root, taskId, runId),
		rejection: readRejection(root, taskId, runId),
		commit: null,
		patch: patchOf(root, receipt),
	};
}

function patchOf(root: string, receipt: Receipt): Buffer | null {
	if (receipt.patch === null || receipt.patch.withheld !== undefined) return null;
	try {
		return readFileSync(join(root, patchFile(root, receipt)));
	} catch {
		return null;
	}
}

async function fromHistory(
	ledger: Ledger,
	text: string,
	onBuild?: (commits: number) => void,
): Promise<RecordedRun | null> {
	const reader = ledger.openReader();
	try {
		const head = await reader.read("HEAD");
		if (head === null) return null;
		const history = await openHistory(ledger, head.oid, onBuild);
		const name = runNameIn(history, text);
		return name === null ? null : await newestOf(ledger, reader, history, name);
	} finally {
		reader.close();
	}
}

/** The run as `<task>/<run>`. */
function runNameIn(history: History, text: string): string | null {
	const { runs } = history.table;
	const prefix = text.startsWith("run_") ? text : `run_${text}`;
	const matches: string[] = [];
	for (let number = 0; number < nameCount(runs); number += 1) {
		const name = nameAt(runs, number);
		if (!(name.split("/")[1] ?? "").startsWith(prefix)) continue;
		// The index may know other branches too.
		if (history.knows(name)) matches.push(name);
	}
	if (matches.length < 2) return matches[0] ?? null;
	const ids = matches.map((name) => name.split("/")[1] as string).sort();
	throw new MsgcodeError(
		"run_ambiguous",
		`${ids.length} runs of the branch's history begin with ${JSON.stringify(text)}.`,
		{
			hint: `Type more of the id: ${ids.slice(0, 20).join(", ")}${ids.length > 20 ? " …" : ""}`,
			details: { matches: ids.slice(0, 20) },
		},
	);
}

/** The commit that removed a run's folder does not have it any more; its parents do. */
async function newestOf(
	ledger: Ledger,
	reader: ObjectReader,
	history: History,
	name: string,
): Promise<RecordedRun | null> {
	const [taskId = "", runId = ""] = name.split("/");
	for (const { oid } of history.touching(name)) {
		const { parents } = await readFacts(reader, oid);
		for (const commit of [oid, ...parents]) {
			const files = await runFilesOf(ledger, reader, commit, taskId, runId);
			const receipt = files === null ? null : await receiptIn(reader, files);
			if (files === null || receipt?.runId !== runId || receipt.taskId !== taskId) continue;
			return {
				taskId,
				runId,
				live: null,
				receipt,
				landing: await jsonIn<Landing>(reader, files, "landing.json"),
				rejection: await jsonIn<Rejection>(reader, files, "rejection.json"),
				commit,
				patch: await contentIn(reader, files, "patch.diff"),
			};
		}
	}
	return null;
}
