// What the lines of Claude Code's stream mean. Most content comes as whole blocks; with --include-partial-messages (which a
// task may ask for) a text comes in pieces first and then once more as a whole.
// Invariant: nothing is told twice, and what a subagent says is never taken for the agent's own.

import type { MessageDelta, RunnerRetry } from "../event-data.ts";
import type { JsonObject } from "../json-value.ts";
import { modelIn, numberIn, objectIn, objectsIn, textIn, wordIn } from "../json-value.ts";
import type { RunnerEvent, Seen } from "../runner.ts";
import type { ClaudeMemory } from "./claude-memory.ts";
import { readLimit, readResult } from "./claude-result.ts";
import { todosAfterCall, todosAfterResult } from "./claude-todos.ts";

type Memory = Seen & ClaudeMemory;

export function readClaude(memory: Memory, line: JsonObject): RunnerEvent[] | null {
	switch (line.type) {
		case "system":
			return readSystem(memory, line);
		case "assistant":
			return readAssistant(memory, line);
		case "user":
			return readUser(memory, line);
		case "stream_event":
			return readPiece(memory, line);
		case "rate_limit_event":
			return readLimit(memory, line);
		case "result":
			return readResult(memory, line);
		default:
			return null;
	}
}

function readSystem(memory: Memory, line: JsonObject): RunnerEvent[] | null {
	switch (line.subtype) {
		case "init":
			// Every turn begins with one: what an earlier turn came to no longer counts.
			memory.began = true;
			memory.result = null;
			memory.terminal = false;
			memory.session = wordIn(line.session_id) ?? memory.session;
			memory.model = modelIn(line.model) ?? memory.model;
			memory.version = wordIn(line.claude_code_version) ?? memory.version;
			return [];
		case "api_retry": {
			const retry: RunnerRetry = {
				code: "retry",
				attempt: numberIn(line.attempt),
				delayMs: numberIn(line.retry_delay_ms),
				httpStatus: numberIn(line.error_status),
				message: textIn(line.error),
			};
			return [{ type: "run.warning", data: { ...retry } }];
		}
		case "permission_denied": {
			const data = {
				code: "permission_denied",
				toolId: textIn(line.tool_use_id),
				name: textIn(line.tool_name),
				message: textIn(line.message),
			};
			return [{ type: "run.warning", data }];
		}
		default:
			return null;
	}
}

function readAssistant(memory: Memory, line: JsonObject): RunnerEvent[] | null {
	const message = objectIn(line.message);
	if (message === null) return null;
	// What its subagent says is not the agent's word, and its list not the agent's list.
	const own = textIn(line.parent_tool_use_id) === null;
	if (own) memory.apiError = wordIn(line.error);
	return objectsIn(message.content).flatMap((block): RunnerEvent[] => {
		switch (block.type) {
			case "text":
				return saidText(memory, textIn(block.text), own);
			case "thinking":
				return thought(memory, textIn(block.thinking));
			case "tool_use":
			case "server_tool_use":
			case "mcp_tool_use":
				return toolStarted(memory, block, own);
			default:
				return toolResult(memory, block, null, own) ?? [{ type: "run.unknown", data: { line: block } }];
		}
	});
}

function saidText(memory: Memory, text: string | null, own: boolean): RunnerEvent[] {
	if (text === null) return [];
	const known = memory.pieces === text;
	memory.pieces = "";
	if (own) memory.lastText = text;
	return messageOf({ text }, known);
}

function thought(memory: Memory, text: string | null): RunnerEvent[] {
	const known = memory.thoughtPieces === text;
	memory.thoughtPieces = "";
	return text === null ? [] : messageOf({ text, thinking: true }, known);
}

/** A whole message; only its end where its text is known already. */
function messageOf(message: MessageDelta, known: boolean): RunnerEvent[] {
	const { text: _, ...kind } = message;
	const stop: RunnerEvent = { type: "message.stop", data: kind };
	return known ? [stop] : [{ type: "message.delta", data: { ...message } }, stop];
}

function toolStarted(memory: Memory, block: JsonObject, own: boolean): RunnerEvent[] {
	const toolId = textIn(block.id) ?? "";
	const name = textIn(block.name) ?? "unknown";
	memory.tools.set(toolId, name);
	const started: RunnerEvent = { type: "tool.started", data: { toolId, name, input: block.input ?? null } };
	return [started, ...(own ? todosAfterCall(memory, toolId, name, objectIn(block.input) ?? {}) : [])];
}

function readUser(memory: Memory, line: JsonObject): RunnerEvent[] | null {
	const content = objectIn(line.message)?.content;
	if (typeof content === "string") return [{ type: "run.log", data: { stream: "stdout", text: content } }];
	if (!Array.isArray(content)) return null;
	const own = textIn(line.parent_tool_use_id) === null;
	return objectsIn(content).flatMap((block): RunnerEvent[] => {
		if (block.type === "text") return [{ type: "run.log", data: { stream: "stdout", text: textIn(block.text) ?? "" } }];
		return (
			toolResult(memory, block, objectIn(line.tool_use_result), own) ?? [{ type: "run.unknown", data: { line: block } }]
		);
	});
}

/** Null for a block that is no result of a tool. */
function toolResult(memory: Memory, block: JsonObject, facts: JsonObject | null, own: boolean): RunnerEvent[] | null {
	if (typeof block.type !== "string" || !block.type.endsWith("tool_result")) return null;
	const toolId = textIn(block.tool_use_id) ?? "";
	const name = memory.tools.get(toolId) ?? "unknown";
	memory.tools.delete(toolId);
	const failed = block.is_error === true;
	const output = outputOf(block.content);
	const finished: RunnerEvent = {
		type: "tool.finished",
		data: { toolId, name, status: failed ? "error" : "ok", output },
	};
	return [finished, ...(own ? todosAfterResult(memory, toolId, { failed, facts, output }) : [])];
}

function outputOf(content: unknown): string {
	if (typeof content === "string") return content;
	return objectsIn(content)
		.map((block) => textIn(block.text) ?? `[${textIn(block.type) ?? "unknown"}]`)
		.join("\n");
}

function readPiece(memory: Memory, line: JsonObject): RunnerEvent[] | null {
	const event = objectIn(line.event);
	if (event === null) return null;
	const delta = objectIn(event.delta);
	if (event.type === "content_block_delta" && delta?.type === "text_delta") {
		const text = textIn(delta.text) ?? "";
		memory.pieces += text;
		return [{ type: "message.delta", data: { text } }];
	}
	if (event.type === "content_block_delta" && delta?.type === "thinking_delta") {
		const text = textIn(delta.thinking) ?? "";
		memory.thoughtPieces += text;
		return [{ type: "message.delta", data: { text, thinking: true } }];
	}
	// The rest frames what comes whole in a line of its own.
	return typeof event.type === "string" && /^(message|content_block)_(start|delta|stop)$/.test(event.type) ? [] : null;
}
