// Finds a run by its id or the beginning of one, among recorded runs, live ones and those whose result waits to be committed.
// Invariant: an ambiguous beginning never picks one; it lists the matches.
import { MsgcodeError } from "../../core/errors.ts";
import { tasksWithRuns } from "../../ledger/archive/archive-places.ts";
import { listPending } from "../../ledger/change/pending.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { parseMessage } from "../../ledger/message.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import { readReceipt, runIdsOf } from "../../ledger/runs/runs.ts";
import { type Claim, listClaims } from "../run/claim.ts";

export interface FoundRun {
	readonly taskId: string;
	readonly runId: string;
	/** The claim of a run that has not ended. */
	readonly live: Claim | null;
	/** null until the run is recorded in the checked-out branch. */
	readonly receipt: Receipt | null;
}

/** The one run whose id is or begins with `text` (`run_` may be left out), of one task if told. Throws `run_not_found`, `run_ambiguous`. */
export function findRun(ledger: Ledger, text: string, ofTask?: string): FoundRun {
	const { root } = ledger.workspace;
	const prefix = text.startsWith("run_") ? text : `run_${text}`;
	const runs = knownRuns(ledger, ofTask);
	const exact = runs.get(text);
	const matches =
		exact === undefined ? [...runs].filter(([runId]) => runId.startsWith(prefix)) : [[text, exact] as const];
	const [first] = matches;
	if (first === undefined) {
		const where = ofTask === undefined ? "" : ` of ${ofTask}`;
		throw new MsgcodeError("run_not_found", `No run${where} has an id that begins with ${JSON.stringify(text)}.`, {
			...(ofTask === undefined ? {} : { hint: `msgcode task runs ${ofTask}` }),
		});
	}
	if (matches.length > 1) {
		const ids = matches.map(([runId]) => runId).sort();
		const shown = ids.slice(0, 20);
		throw new MsgcodeError("run_ambiguous", `${ids.length} runs begin with ${JSON.stringify(text)}.`, {
			hint: `Type more of the id: ${shown.join(", ")}${ids.length > shown.length ? " …" : ""}`,
			details: { matches: shown },
		});
	}
	const [runId, { taskId, live }] = first;
	return { runId, taskId, live, receipt: readReceipt(root, taskId, runId) };
}

interface KnownRun {
	readonly taskId: string;
	readonly live: Claim | null;
}

function knownRuns(ledger: Ledger, ofTask: string | undefined): Map<string, KnownRun> {
	const { root, stateDir } = ledger.workspace;
	const runs = new Map<string, KnownRun>();
	for (const taskId of ofTask === undefined ? tasksWithRuns(root) : [ofTask]) {
		for (const runId of runIdsOf(root, taskId)) runs.set(runId, { taskId, live: null });
	}
	for (const pending of listPending(stateDir)) {
		const { runId, taskId } = parseMessage(pending.message);
		if (runId !== undefined && taskId !== undefined && isWanted(taskId, ofTask))
			runs.set(runId, { taskId, live: null });
	}
	for (const { claim } of listClaims(stateDir, ledger.now())) {
		if (isWanted(claim.taskId, ofTask)) runs.set(claim.runId, { taskId: claim.taskId, live: claim });
	}
	return runs;
}

function isWanted(taskId: string, ofTask: string | undefined): boolean {
	return ofTask === undefined || ofTask === taskId;
}
