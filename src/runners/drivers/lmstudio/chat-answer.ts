// What the stream of a chat completion has said so far: its text, its end, its use of tokens.
// Invariant: pure; a field of another form than expected counts as not there, and nothing of the text is lost but what is
// beyond the longest answer.

import { numberIn, objectIn, textIn } from "../../json-value.ts";
import type { Usage } from "../../runner.ts";

/** Beyond it an answer is no answer any more, and would only fill the memory. */
export const LONGEST_ANSWER = 8 * 1024 * 1024;

export interface ChatAnswer {
	text: string;
	/** Characters of text that were left out, since the answer is too long. */
	dropped: number;
	/** "stop", "length", "tool_calls" …: the model's word for why it ended; null while it has not. */
	finish: string | null;
	/** The stream's own end mark. */
	done: boolean;
	usage: Usage | null;
	model: string | null;
	/** What the service sent in place of a piece of text. */
	error: { readonly code: string | null; readonly message: string } | null;
}

export interface ChatPiece {
	readonly text: string;
	/** What a reasoning model thinks before it answers; no part of the answer. */
	readonly reasoning: string;
}

export function emptyAnswer(): ChatAnswer {
	return { text: "", dropped: 0, finish: null, done: false, usage: null, model: null, error: null };
}

/** Takes in the data of one event; gives what it adds, or null for data that is no piece of an answer. */
export function takeChunk(answer: ChatAnswer, data: string): ChatPiece | null {
	if (data.trim() === "[DONE]") {
		answer.done = true;
		return { text: "", reasoning: "" };
	}
	const chunk = objectIn(parsed(data));
	if (chunk === null) return null;
	const error = objectIn(chunk.error) ?? (typeof chunk.error === "string" ? { message: chunk.error } : null);
	if (error !== null) {
		answer.error = { code: textIn(error.code), message: textIn(error.message) ?? "" };
		return { text: "", reasoning: "" };
	}
	answer.model = textIn(chunk.model) ?? answer.model;
	answer.usage = usageOf(objectIn(chunk.usage)) ?? answer.usage;
	const choice = objectIn(Array.isArray(chunk.choices) ? chunk.choices[0] : null);
	// The last piece with the usage has no choices.
	if (choice === null) return Array.isArray(chunk.choices) ? { text: "", reasoning: "" } : null;
	answer.finish = textIn(choice.finish_reason) ?? answer.finish;
	const delta = objectIn(choice.delta) ?? objectIn(choice.message) ?? {};
	const text = textIn(delta.content) ?? "";
	const room = LONGEST_ANSWER - answer.text.length;
	answer.text += text.slice(0, room);
	answer.dropped += Math.max(0, text.length - room);
	return { text: text.slice(0, room), reasoning: textIn(delta.reasoning_content) ?? textIn(delta.reasoning) ?? "" };
}

function usageOf(usage: Readonly<Record<string, unknown>> | null): Usage | null {
	if (usage === null) return null;
	return { inputTokens: tokens(usage.prompt_tokens), outputTokens: tokens(usage.completion_tokens), costUsd: null };
}

function tokens(value: unknown): number | null {
	const amount = numberIn(value);
	return amount !== null && Number.isSafeInteger(amount) && amount >= 0 ? amount : null;
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}
