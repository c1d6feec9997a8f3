// Questions of a live run to a person, and their answers: files in the run's local folder, one pair for each question.
// Invariant: an answer appears whole and once; whoever comes second is told so, and nobody overwrites it.

import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createFile, ensureFolder, readFileIfThere, replaceFile } from "../../core/files.ts";
import type { RunFolder } from "../run/run-folder.ts";

export interface Question {
	/** `q_` and ten hex digits; unique over all runs. */
	readonly questionId: string;
	readonly runId: string;
	readonly taskId: string;
	/** The asker's own id for it. */
	readonly asked: string;
	/** "runner": the answer goes to its stdin; "program": whoever asked looks for it here. */
	readonly by: "runner" | "program";
	readonly prompt: string;
	/** Empty = any text. */
	readonly choices: readonly string[];
	readonly about: "permission" | "question";
	readonly requestedAtMs: number;
	/** Null = it waits as long as its run. */
	readonly expiresAtMs: number | null;
}

export interface Answer {
	readonly status: "resolved" | "canceled" | "expired";
	/** Null unless resolved, and once it has been delivered. */
	readonly answer: string | null;
	/** Who answered. */
	readonly by: string | null;
	readonly atMs: number;
}

export interface KnownQuestion {
	readonly question: Question;
	readonly answer: Answer | null;
}

const QUESTION_FILE = /^(q_[0-9a-f]{10})\.json$/;
const MAX_BYTES = 1024 * 1024;

/** `time`: from 0, how often the asker has used its id. */
export function questionIdOf(runId: string, asked: string, time = 0): string {
	const hash = createHash("sha256").update(`${runId}\0${asked}\0${time}`).digest("hex");
	return `q_${hash.slice(0, 10)}`;
}

export function putQuestion(folder: RunFolder, question: Question): void {
	ensureFolder(folder.questions, 0o700);
	createFile(join(folder.questions, `${question.questionId}.json`), JSON.stringify(question), {
		mode: 0o600,
		temporaryIn: folder.stateDir,
	});
}

/** All questions of the run, in the order in which they came. */
export function readQuestions(folder: RunFolder): KnownQuestion[] {
	if (!existsSync(folder.questions)) return [];
	return readdirSync(folder.questions)
		.flatMap((name) => QUESTION_FILE.exec(name)?.[1] ?? [])
		.flatMap((questionId) => {
			const question = readJson<Question>(join(folder.questions, `${questionId}.json`));
			return question === null ? [] : [{ question, answer: readAnswer(folder, questionId) }];
		})
		.sort((a, b) => a.question.requestedAtMs - b.question.requestedAtMs);
}

export function readAnswer(folder: RunFolder, questionId: string): Answer | null {
	return readJson<Answer>(answerPath(folder, questionId));
}

/** False when the question has its answer already. */
export function putAnswer(folder: RunFolder, questionId: string, answer: Answer): boolean {
	return createFile(answerPath(folder, questionId), JSON.stringify(answer), {
		mode: 0o600,
		temporaryIn: folder.stateDir,
	});
}

/** What was answered may be a secret: once it is delivered, only who and when stay. */
export function forgetAnswer(folder: RunFolder, questionId: string): void {
	const answer = readAnswer(folder, questionId);
	if (answer === null || answer.answer === null) return;
	replaceFile(answerPath(folder, questionId), JSON.stringify({ ...answer, answer: null }), {
		mode: 0o600,
		temporaryIn: folder.stateDir,
	});
}

function answerPath(folder: RunFolder, questionId: string): string {
	return join(folder.questions, `${questionId}.answer.json`);
}

function readJson<T>(path: string): T | null {
	const content = readFileIfThere(path, { maxBytes: MAX_BYTES });
	if (content === null) return null;
	try {
		return JSON.parse(content.toString("utf8")) as T;
	} catch {
		return null;
	}
}
