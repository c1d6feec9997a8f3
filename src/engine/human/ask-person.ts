// A program inside a run asks a person and waits for the answer, beside the process that supervises the run.
// Invariant: it never waits for a run that nobody supervises any more.

import { setTimeout as sleep } from "node:timers/promises";
import { ownerState, readClaim } from "../run/claim.ts";
import { runFolderAt } from "../run/run-folder.ts";
import { askFromProgram, type ProgramQuestion } from "./asked-by-program.ts";
import { type Answer, questionIdOf, readAnswer } from "./question.ts";

const POLL_MS = 100;

export interface Asking {
	readonly stateDir: string;
	readonly taskId: string;
	readonly runId: string;
}

export interface Asked {
	readonly questionId: string;
	/** Null where the run ended, or `stop` came, before somebody answered. */
	readonly answer: Answer | null;
}

/** True while a process is at work on the run. From inside a sandbox it cannot be seen: then its lease is believed. */
export function isSupervised({ stateDir, taskId, runId }: Asking, nowMs: number): boolean {
	const claim = readClaim(stateDir, taskId);
	return claim?.runId === runId && ownerState(claim, nowMs) !== "dead";
}

export async function askPerson(
	asking: Asking,
	question: Omit<ProgramQuestion, "asked">,
	now: () => number,
	stop: AbortSignal,
): Promise<Asked> {
	const folder = runFolderAt(asking.stateDir, asking.runId);
	const questionId = questionIdOf(asking.runId, askFromProgram(folder, question));
	while (!stop.aborted) {
		const goesOn = isSupervised(asking, now());
		const answer = readAnswer(folder, questionId);
		if (answer !== null) return { questionId, answer };
		if (!goesOn) break;
		await sleep(POLL_MS, undefined, { signal: stop }).catch(() => {});
	}
	return { questionId, answer: null };
}
