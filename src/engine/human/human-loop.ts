// The questions that a live run waits with: taken in from its runner and its programs, answered by people, delivered.
// Invariant: a run waits as long as one question is open, its clocks stand still meanwhile, and every question that was
// requested is resolved, expired or canceled in the run's events before the run is finished.

import type { EventData, EventType } from "../../core/event.ts";
import type { Hold } from "../../core/hold.ts";
import { redactSecrets } from "../../trust/secrets.ts";
import type { RunFolder } from "../run/run-folder.ts";
import { takeAsked } from "./asked-by-program.ts";
import {
	type Answer,
	forgetAnswer,
	putAnswer,
	putQuestion,
	type Question,
	questionIdOf,
	readAnswer,
	readQuestions,
} from "./question.ts";

export interface HumanLoop {
	/** The runner asks: the data of its human_loop.requested. */
	requested(data: EventData): void;
	/** Looks for what programs asked and people answered. */
	look(): void;
	/** The run has ended: nobody waits any more. */
	end(): void;
}

export interface HumanLoopOptions {
	readonly runId: string;
	readonly taskId: string;
	readonly folder: RunFolder;
	readonly hold: Pick<Hold, "begin" | "end">;
	readonly now: () => number;
	readonly emit: (type: EventType, data: EventData) => void;
	/** Delivers an answer to the runner, under the runner's own id of the question. */
	readonly reply: (asked: string, answer: string) => void;
	/** The first question opened, or the last one closed. */
	readonly onWaiting: (waiting: boolean) => void;
}

const MAX_QUESTIONS = 1_000;
const TOO_MANY = {
	code: "too_many_questions",
	max: MAX_QUESTIONS,
	message: `A run may ask ${MAX_QUESTIONS} questions; further ones are not put to anybody.`,
};
const MAX_CHOICES = 50;
const MAX_PROMPT = 64 * 1024;

type Asked = Pick<Question, "asked" | "prompt" | "choices" | "by" | "about"> & {
	readonly expiresAfterMs: number | null;
};

export function humanLoop(options: HumanLoopOptions): HumanLoop {
	const { runId, taskId, folder, hold, now, emit } = options;
	const open = new Map<string, Question>();
	const times = new Map<string, number>();
	let count = 0;

	function ask({ expiresAfterMs, ...question }: Asked): void {
		if (question.by === "runner" && [...open.values()].some((known) => known.asked === question.asked)) return;
		count += 1;
		if (count > MAX_QUESTIONS) {
			if (count === MAX_QUESTIONS + 1) emit("run.warning", TOO_MANY);
			return;
		}
		const time = times.get(question.asked) ?? 0;
		times.set(question.asked, time + 1);
		const requestedAtMs = now();
		const full: Question = {
			questionId: questionIdOf(runId, question.asked, time),
			...{ runId, taskId },
			...question,
			requestedAtMs,
			expiresAtMs: expiresAfterMs === null ? null : requestedAtMs + expiresAfterMs,
		};
		putQuestion(folder, full);
		open.set(full.questionId, full);
		const { questionId, asked, prompt, choices, about } = full;
		emit("human_loop.requested", { questionId, asked, prompt, choices, about, expiresAfterMs });
		if (open.size > 1) return;
		hold.begin();
		options.onWaiting(true);
	}

	function close(question: Question, answer: Answer): void {
		const { questionId, asked } = question;
		open.delete(questionId);
		const { status, by } = answer;
		emit("human_loop.resolved", { questionId, asked, status, answer: answer.answer, by });
		if (question.by === "runner" && answer.answer !== null) {
			options.reply(asked, answer.answer);
			forgetAnswer(folder, questionId);
		}
		if (open.size > 0) return;
		hold.end();
		options.onWaiting(false);
	}

	return {
		requested: (data) => ask(fromRunner(data, count)),
		look() {
			for (const { asked, prompt, choices, expiresAfterMs } of takeAsked(folder)) {
				const about = "question" as const;
				ask({ asked, prompt: shown(prompt), choices: choicesIn(choices), by: "program", about, expiresAfterMs });
			}
			for (const question of [...open.values()]) {
				const { questionId, expiresAtMs } = question;
				if (expiresAtMs !== null && now() >= expiresAtMs) endQuestion(folder, questionId, "expired", now());
				const answer = readAnswer(folder, questionId);
				if (answer !== null) close(question, answer);
			}
		},
		end() {
			for (const question of [...open.values()]) {
				endQuestion(folder, question.questionId, "canceled", now());
				close(question, readAnswer(folder, question.questionId) ?? ended("canceled", now()));
			}
			for (const { question } of readQuestions(folder)) forgetAnswer(folder, question.questionId);
		},
	};
}

/** Closes what a killed process left open. Gives the data of the events that say so. */
export function cancelOpenQuestions(folder: RunFolder, atMs: number): EventData[] {
	return readQuestions(folder).flatMap(({ question, answer }) => {
		const { questionId, asked } = question;
		if (answer === null) endQuestion(folder, questionId, "canceled", atMs);
		else forgetAnswer(folder, questionId);
		return answer === null ? [{ questionId, asked, status: "canceled", answer: null, by: null }] : [];
	});
}

/** A reply that came in the same instant counts. */
function endQuestion(folder: RunFolder, questionId: string, status: "canceled" | "expired", atMs: number): void {
	putAnswer(folder, questionId, ended(status, atMs));
}

function ended(status: "canceled" | "expired", atMs: number): Answer {
	return { status, answer: null, by: null, atMs };
}

function fromRunner(data: EventData, count: number): Asked {
	const { questionId, prompt, about, expiresAfterMs } = data;
	const lasts = typeof expiresAfterMs === "number" && Number.isFinite(expiresAfterMs) && expiresAfterMs > 0;
	return {
		asked: typeof questionId === "string" && questionId !== "" ? questionId.slice(0, 500) : `question ${count + 1}`,
		prompt: shown(typeof prompt === "string" ? prompt : ""),
		choices: choicesIn(data.choices),
		by: "runner",
		about: about === "permission" ? "permission" : "question",
		expiresAfterMs: lasts ? expiresAfterMs : null,
	};
}

function choicesIn(value: unknown): string[] {
	const texts = Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
	return texts.slice(0, MAX_CHOICES);
}

function shown(prompt: string): string {
	return redactSecrets(prompt.slice(0, MAX_PROMPT).toWellFormed());
}
