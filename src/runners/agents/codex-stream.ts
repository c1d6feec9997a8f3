// What the lines of Codex's stream mean: a thread, its turns, and the items of a turn.
// Invariant: only turn.completed and turn.failed end the work. An `error` line or item may be followed by success.

import type { LimitReached, RunnerRetry, Todo } from "../event-data.ts";
import type { JsonObject } from "../json-value.ts";
import { numberIn, objectIn, objectsIn, textIn, wordIn } from "../json-value.ts";
import type { RunnerEvent, Seen } from "../runner.ts";

export interface CodexMemory {
	/** The stream has begun: what ends from here on was no refused call. */
	began: boolean;
	turn: "none" | "open" | "completed" | "failed";
	/** Why the turn failed, in the CLI's prose. */
	failure: string | null;
	/** Items that were announced as begun and are not finished. */
	open: Set<string>;
	/** The list of what is to do, as it was last told. */
	todos: string;
}

type Memory = Seen & CodexMemory;

/** Codex has no machine's word for a usage limit; these are the forms of its prose. */
const LIMIT = /\busage limit\b|\brate limit\b|\b429 Too Many Requests\b|\bexceeded your current quota\b/i;

const RECONNECTING = /^Reconnecting\.\.\. (\d+)\/\d+/;
const HTTP_STATUS = /\b(?:unexpected|last) status:? (\d{3})\b/;

export function rememberCodex(): CodexMemory {
	return { began: false, turn: "none", failure: null, open: new Set(), todos: "" };
}

export function readCodex(memory: Memory, line: JsonObject): RunnerEvent[] | null {
	switch (line.type) {
		case "thread.started":
			memory.began = true;
			memory.session = wordIn(line.thread_id) ?? memory.session;
			return [];
		case "turn.started":
			memory.began = true;
			memory.turn = "open";
			memory.terminal = false;
			memory.limit = null;
			return [];
		case "turn.completed":
			return turnCompleted(memory, line);
		case "turn.failed":
			return turnFailed(memory, textIn(objectIn(line.error)?.message) ?? "");
		case "error":
			return [warningOf(textIn(line.message) ?? "")];
		case "item.started":
		case "item.updated":
		case "item.completed": {
			const item = objectIn(line.item);
			return item === null ? null : readItem(memory, item, line.type);
		}
		default:
			return null;
	}
}

function turnCompleted(memory: Memory, line: JsonObject): RunnerEvent[] {
	memory.turn = "completed";
	memory.terminal = true;
	const usage = objectIn(line.usage);
	if (usage === null) return [];
	memory.usage = {
		inputTokens: numberIn(usage.input_tokens),
		outputTokens: numberIn(usage.output_tokens),
		costUsd: null,
	};
	return [{ type: "run.usage", data: { ...memory.usage } }];
}

function turnFailed(memory: Memory, message: string): RunnerEvent[] {
	memory.turn = "failed";
	memory.terminal = true;
	memory.failure = message;
	if (message !== "") memory.lastText = message;
	if (!LIMIT.test(message)) return [{ type: "run.warning", data: { code: "runner_error", message } }];
	memory.limit = { resetAtMs: null, text: message };
	const reached: LimitReached = { resetAtMs: null, estimated: true, text: message };
	return [{ type: "run.limit", data: { ...reached } }];
}

function warningOf(message: string): RunnerEvent {
	const attempt = RECONNECTING.exec(message)?.[1];
	if (attempt === undefined) return { type: "run.warning", data: { code: "runner_error", message } };
	const status = HTTP_STATUS.exec(message)?.[1];
	const retry: RunnerRetry = {
		code: "retry",
		attempt: Number(attempt),
		delayMs: null,
		httpStatus: status === undefined ? null : Number(status),
		message,
	};
	return { type: "run.warning", data: { ...retry } };
}

function readItem(memory: Memory, item: JsonObject, line: string): RunnerEvent[] | null {
	const done = line === "item.completed";
	switch (item.type) {
		case "agent_message":
		case "reasoning": {
			const text = textIn(item.text);
			if (!done || text === null) return [];
			const thinking = item.type === "reasoning" ? { thinking: true } : {};
			if (item.type === "agent_message") memory.lastText = text;
			return [
				{ type: "message.delta", data: { text, ...thinking } },
				{ type: "message.stop", data: { ...thinking } },
			];
		}
		case "todo_list": {
			// Its end repeats the list.
			const todos = todosIn(item);
			const told = JSON.stringify(todos);
			if (told === memory.todos) return [];
			memory.todos = told;
			return [{ type: "todo.update", data: { todos } }];
		}
		case "error":
			return done ? [warningOf(textIn(item.message) ?? "")] : [];
		default: {
			const use = toolUse(item);
			return use === null ? null : toolEvents(memory, textIn(item.id) ?? "", use, done);
		}
	}
}

interface ToolUse {
	readonly name: string;
	readonly input: unknown;
	readonly failed: boolean;
	readonly output: string;
	readonly exitCode?: number | null;
}

/** Null for an item that is no tool of a known kind. */
function toolUse(item: JsonObject): ToolUse | null {
	const failed = item.status === "failed" || item.status === "declined";
	switch (item.type) {
		case "command_execution": {
			const output = textIn(item.aggregated_output) ?? "";
			const exitCode = numberIn(item.exit_code);
			return { name: "command_execution", input: { command: item.command ?? null }, failed, output, exitCode };
		}
		case "file_change": {
			const changes = objectsIn(item.changes);
			const output = changes.map(({ kind, path }) => `${textIn(kind) ?? "change"} ${textIn(path) ?? "?"}`).join("\n");
			return { name: "file_change", input: { changes }, failed, output };
		}
		case "mcp_tool_call": {
			const problem = textIn(objectIn(item.error)?.message);
			const said = objectsIn(objectIn(item.result)?.content).map((block) => textIn(block.text) ?? `[${block.type}]`);
			const name = [item.server, item.tool].filter((part) => typeof part === "string").join(".");
			const input = item.arguments ?? null;
			return { name, input, failed: failed || problem !== null, output: problem ?? said.join("\n") };
		}
		case "collab_tool_call":
			return { name: textIn(item.tool) ?? "collab", input: { prompt: item.prompt ?? null }, failed, output: "" };
		case "web_search":
			return { name: "web_search", input: { query: item.query ?? null }, failed, output: "" };
		default:
			return null;
	}
}

/** A tool that is only told of when it is done gets its beginning too, so that readers always meet pairs. */
function toolEvents(memory: Memory, toolId: string, use: ToolUse, done: boolean): RunnerEvent[] {
	const { name, input, failed, output, exitCode } = use;
	const events: RunnerEvent[] = [];
	if (!memory.open.has(toolId)) events.push({ type: "tool.started", data: { toolId, name, input } });
	if (!done) {
		memory.open.add(toolId);
		return events;
	}
	memory.open.delete(toolId);
	const code = exitCode === undefined ? {} : { exitCode };
	events.push({ type: "tool.finished", data: { toolId, name, status: failed ? "error" : "ok", output, ...code } });
	return events;
}

function todosIn(item: JsonObject): Todo[] {
	return objectsIn(item.items).map((entry, position) => ({
		todoId: String(position + 1),
		content: textIn(entry.text) ?? "",
		status: entry.completed === true ? "done" : "todo",
		order: position + 1,
	}));
}
