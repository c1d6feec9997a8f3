import { describe, expect, test } from "vitest";
import { readUpdates } from "../../../../src/runners/drivers/acp/acp-updates.ts";
import type { RunnerEvent } from "../../../../src/runners/runner.ts";

function eventsOf(...updates: unknown[]): readonly (readonly [string, unknown])[] {
	const events: RunnerEvent[] = [];
	const reader = readUpdates((event) => void events.push(event));
	for (const update of updates) reader.read(update);
	reader.end();
	return events.map(({ type, data }) => [type, data]);
}

const text = (words: string) => ({ type: "text", text: words });
const message = (words: string, messageId?: string) => ({
	sessionUpdate: "agent_message_chunk",
	content: text(words),
	...(messageId === undefined ? {} : { messageId }),
});

describe("what the agent says", () => {
	test("pieces are one message, and another message has an end between", () => {
		expect(eventsOf(message("a ", "1"), message("b", "1"), message("c", "2"))).toEqual([
			["message.delta", { text: "a b" }],
			["message.stop", {}],
			["message.delta", { text: "c" }],
			["message.stop", {}],
		]);
	});

	test("what is no text is named", () => {
		const image = { type: "image", data: "AAAA", mimeType: "image/png" };
		const link = { type: "resource_link", name: "x", uri: "file:///x" };
		expect(eventsOf(...[image, link].map((content) => ({ sessionUpdate: "agent_message_chunk", content })))).toEqual([
			["message.delta", { text: "[image] [resource_link file:///x] " }],
			["message.stop", {}],
		]);
	});

	test("a piece that no event could hold comes in several, whole characters each", () => {
		const long = "🦜".repeat(100_000);
		const events = eventsOf(message(long));
		const parts = events.flatMap(([type, data]) => (type === "message.delta" ? [(data as { text: string }).text] : []));
		expect(parts.length).toBeGreaterThan(2);
		expect(parts.every((part) => part.isWellFormed() && Buffer.byteLength(part) < 200_000)).toBe(true);
		expect(parts.join("")).toBe(long);
	});

	test("a thought is a message of its own kind", () => {
		const thought = (words: string) => ({ sessionUpdate: "agent_thought_chunk", content: text(words) });
		expect(eventsOf(thought("Hm, "), thought("yes."), message("Yes."))).toEqual([
			["message.delta", { text: "Hm, yes.", thinking: true }],
			["message.stop", { thinking: true }],
			["message.delta", { text: "Yes." }],
			["message.stop", {}],
		]);
	});
});

describe("a tool call", () => {
	const call = { sessionUpdate: "tool_call", toolCallId: "1", title: "Edit a.ts", kind: "edit", status: "pending" };

	test("starts once, tells what it prints as that grows, and ends once", () => {
		const change = (more: object) => ({ sessionUpdate: "tool_call_update", toolCallId: "1", ...more });
		const content = (...words: string[]) => words.map((word) => ({ type: "content", content: text(word) }));
		expect(
			eventsOf(
				{ ...call, locations: [{ path: "/w/a.ts" }] },
				change({ status: "in_progress" }),
				change({ content: content("one") }),
				change({ content: content("one two") }),
				change({
					status: "completed",
					content: [...content("one two three"), { type: "diff", path: "/w/a.ts", newText: "" }],
				}),
				change({ status: "completed" }),
			),
		).toEqual([
			[
				"tool.started",
				{ toolId: "1", name: "Edit a.ts", input: { kind: "edit", title: "Edit a.ts", paths: ["/w/a.ts"] } },
			],
			["run.log", { stream: "tool", toolId: "1", text: "one" }],
			["run.log", { stream: "tool", toolId: "1", text: " two" }],
			["tool.finished", { toolId: "1", name: "Edit a.ts", status: "ok", output: "one two three\nchanged /w/a.ts" }],
		]);
	});

	test("that comes finished, failed, with raw values", () => {
		expect(
			eventsOf({ ...call, name: "edit_file", status: "failed", rawInput: { a: 1 }, rawOutput: { why: "x" } }),
		).toEqual([
			["tool.started", { toolId: "1", name: "edit_file", input: { a: 1 } }],
			["tool.finished", { toolId: "1", name: "edit_file", status: "error", output: '{"why":"x"}' }],
		]);
	});

	test("whose input comes later tells it then", () => {
		const later = { sessionUpdate: "tool_call_update", toolCallId: "1", rawInput: { path: "a" } };
		expect(eventsOf({ ...call, rawInput: {} }, later, later)).toEqual([
			["tool.started", { toolId: "1", name: "Edit a.ts", input: { kind: "edit", title: "Edit a.ts", paths: [] } }],
			["run.log", { stream: "tool", toolId: "1", text: '{"path":"a"}' }],
		]);
	});

	test("that is only ever updated is a tool call too", () => {
		const only = { sessionUpdate: "tool_call_update", toolCallId: "9", status: "completed", content: null };
		expect(eventsOf(only).map(([type]) => type)).toEqual(["tool.started", "tool.finished"]);
	});

	test("ends the message before it", () => {
		expect(eventsOf(message("a"), call).map(([type]) => type)).toEqual([
			"message.delta",
			"message.stop",
			"tool.started",
		]);
	});

	test("too large for an event is cut and says so", () => {
		const [[, started] = []] = eventsOf({ ...call, rawInput: { text: "x".repeat(300_000) } });
		expect(started).toMatchObject({ input: { truncated: true } });
		expect(JSON.stringify(started).length).toBeLessThan(100_000);
	});

	test("a question about it knows what was said before", () => {
		const reader = readUpdates(() => {});
		reader.read({ ...call, locations: [{ path: "/w/a.ts" }] });
		expect(reader.tool({ toolCallId: "1", title: null })).toMatchObject({
			kind: "edit",
			paths: ["/w/a.ts"],
			title: "Edit a.ts",
		});
		expect(reader.tool({ toolCallId: "2", kind: "execute" })).toMatchObject({ kind: "execute", paths: [] });
		expect(reader.tool({})).toBeNull();
	});
});

test("a plan is a todo list, whole each time", () => {
	const entries = [
		{ content: "Look", priority: "high", status: "completed" },
		{ content: "Do", priority: "low", status: "in_progress" },
		{ content: "Check", priority: "low", status: "pending" },
		{ content: "Hope", priority: "low", status: "of later days" },
	];
	expect(eventsOf({ sessionUpdate: "plan", entries })).toEqual([
		[
			"todo.update",
			{
				todos: [
					{ todoId: "plan-1", content: "Look", status: "done", order: 1 },
					{ todoId: "plan-2", content: "Do", status: "doing", order: 2 },
					{ todoId: "plan-3", content: "Check", status: "todo", order: 3 },
					{ todoId: "plan-4", content: "Hope", status: "todo", order: 4 },
				],
			},
		],
	]);
});

test("what it costs is kept where it is in dollars", () => {
	const used = (currency: string, amount: number) => ({
		sessionUpdate: "usage_update",
		used: 5,
		size: 9,
		cost: { amount, currency },
	});
	const reader = readUpdates(() => {});
	reader.read(used("EUR", 1));
	expect(reader.costUsd()).toBeNull();
	reader.read(used("USD", 0.5));
	expect(reader.costUsd()).toBe(0.5);
});

test.each([
	[{ sessionUpdate: "available_commands_update", availableCommands: [] }],
	[{ sessionUpdate: "plan" }],
	[{ sessionUpdate: "tool_call" }],
	[null],
	["text"],
	[[1]],
	[undefined],
])("%j is kept as it is", (update) => {
	expect(eventsOf(update)).toEqual([["run.unknown", { line: update }]]);
});
