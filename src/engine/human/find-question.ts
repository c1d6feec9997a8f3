// The questions that live runs wait with, and the one of them that somebody means.
// Invariant: an ambiguous beginning never picks one; a question of a run that has ended is none.

import { MsgcodeError } from "../../core/errors.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { type Claim, listClaims } from "../run/claim.ts";
import { runFolderAt } from "../run/run-folder.ts";
import { type KnownQuestion, readQuestions } from "./question.ts";

export interface LiveQuestion extends KnownQuestion {
	readonly claim: Claim;
}

/** Every question of every live run, answered ones included, in the order in which they came. */
export function liveQuestions(ledger: Ledger): LiveQuestion[] {
	const { stateDir } = ledger.workspace;
	return listClaims(stateDir, ledger.now())
		.filter(({ owner }) => owner !== "dead")
		.flatMap(({ claim }) => readQuestions(runFolderAt(stateDir, claim.runId)).map((known) => ({ ...known, claim })))
		.sort((a, b) => a.question.requestedAtMs - b.question.requestedAtMs);
}

/** The open question whose id, or whose run's id, begins with `text`. Throws question_not_found, question_ambiguous, question_answered. */
export function findQuestion(ledger: Ledger, text: string): LiveQuestion {
	const questions = liveQuestions(ledger);
	const byId = questions.filter(({ question }) => begins(question.questionId, "q_", text));
	const byRun = questions.filter(({ question, answer }) => answer === null && begins(question.runId, "run_", text));
	const [first, ...others] = byId.length > 0 ? byId : byRun;
	if (first === undefined) {
		throw new MsgcodeError("question_not_found", `No live run waits with a question ${JSON.stringify(text)}.`);
	}
	if (others.length > 0) {
		const matches = [first, ...others].map(({ question }) => question.questionId);
		throw new MsgcodeError("question_ambiguous", `${matches.length} questions are meant by ${JSON.stringify(text)}.`, {
			hint: `Name one: ${matches.slice(0, 20).join(", ")}`,
			details: { matches: matches.slice(0, 20) },
		});
	}
	if (first.answer !== null) throw answered(first);
	return first;
}

export function answered({ question, answer }: Pick<LiveQuestion, "question" | "answer">): MsgcodeError {
	const { questionId, runId } = question;
	const status = answer?.status ?? "resolved";
	const by = answer?.by == null ? "" : ` by ${answer.by}`;
	const was = status === "resolved" ? "answered" : status;
	return new MsgcodeError("question_answered", `The question ${questionId} was ${was} already${by}.`, {
		details: { questionId, runId, status },
	});
}

function begins(id: string, prefix: string, text: string): boolean {
	return text !== "" && text !== prefix && id.startsWith(text.startsWith(prefix) ? text : `${prefix}${text}`);
}
