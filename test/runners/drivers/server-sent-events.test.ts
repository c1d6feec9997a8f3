// The reader of server-sent events and the memory of a chat's answer, cut at every byte.
import { describe, expect, test } from "vitest";
import { emptyAnswer, takeChunk } from "../../../src/runners/drivers/lmstudio/chat-answer.ts";
import { createEventReader, type SentEvent } from "../../../src/runners/drivers/lmstudio/server-sent-events.ts";
import { chatStream } from "../../support/local-model.ts";

function read(chunks: readonly Uint8Array[], maxLineBytes = 1_000_000): { events: SentEvent[]; truncated: number } {
	const events: SentEvent[] = [];
	const reader = createEventReader(maxLineBytes, (event) => events.push(event));
	for (const chunk of chunks) reader.write(chunk);
	reader.end();
	return { events, truncated: reader.truncated };
}

const text = (value: string) => read([Buffer.from(value)]).events.map(({ event, data }) => [event, data]);

describe("server-sent events", () => {
	test("follow the standard's rules", () => {
		expect(text("data: a\n\n")).toEqual([["message", "a"]]);
		expect(text("\ufeffdata:a\r\n\r\n")).toEqual([["message", "a"]]);
		expect(text("data: a\ndata: b\ndata\n\n")).toEqual([["message", "a\nb\n"]]);
		expect(text("event: error\ndata: x\n\ndata: y\n\n")).toEqual([
			["error", "x"],
			["message", "y"],
		]);
		expect(text(": hello\nid: 1\nretry: 5\nother\ndata:  two spaces\n\n")).toEqual([["message", " two spaces"]]);
		expect(text("event: nothing\n\n\n\n")).toEqual([]);
		// An event counts once its empty line is there.
		expect(text("data: a\n\ndata: b\n")).toEqual([["message", "a"]]);
	});

	test("cut at every byte, the answer is the same", () => {
		const whole = Buffer.from(chatStream("größer 変更 🙂 \\n").replaceAll("\n\n", "\r\n\r\n"));
		const answerOf = (chunks: readonly Uint8Array[]) => {
			const answer = emptyAnswer();
			const pieces = read(chunks).events.map(({ data }) => takeChunk(answer, data));
			return { answer, pieces };
		};
		const expected = answerOf([whole]);
		expect(expected.answer).toMatchObject({ text: "größer 変更 🙂 \\n", finish: "stop", done: true });
		for (let at = 0; at <= whole.length; at += 1) {
			expect(answerOf([whole.subarray(0, at), whole.subarray(at)]), `cut at ${at}`).toEqual(expected);
		}
		expect(answerOf([...whole].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
	});

	test("a line of 100 MB, or as much in short lines, is left out and said, and what follows is read", () => {
		const piece = Buffer.alloc(1024 * 1024, 0x78);
		const long = [Buffer.from("data: "), ...Array(100).fill(piece), Buffer.from("\n\ndata: next\n\n")];
		expect(read(long)).toEqual({ events: [{ event: "message", data: "next" }], truncated: 1 });
		const many = [...Array(200).fill(Buffer.from(`data: ${"x".repeat(100)}\n`)), Buffer.from("\ndata: next\n\n")];
		expect(read(many, 10_000)).toEqual({ events: [{ event: "message", data: "next" }], truncated: 1 });
	});
});

describe("a chat's answer", () => {
	test("takes fields of another form for absent ones", () => {
		const answer = emptyAnswer();
		for (const data of [
			'{"choices":[{"delta":{"content":7},"finish_reason":3}]}',
			'{"choices":[null]}',
			'{"usage":{"prompt_tokens":-1}, "choices":[]}',
		])
			expect(takeChunk(answer, data)).toEqual({ text: "", reasoning: "" });
		for (const data of ["[]", "null", "7", "{", '{"choices":{}}']) expect(takeChunk(answer, data), data).toBeNull();
		expect(answer).toEqual({ ...emptyAnswer(), usage: { inputTokens: null, outputTokens: null, costUsd: null } });
	});

	test("is no longer than it may be, and says what was left out", () => {
		const answer = emptyAnswer();
		const data = JSON.stringify({ choices: [{ delta: { content: "x".repeat(3 * 1024 * 1024) } }] });
		for (let round = 0; round < 3; round += 1) takeChunk(answer, data);
		expect([answer.text.length, answer.dropped]).toEqual([8 * 1024 * 1024, 1024 * 1024]);
	});
});
