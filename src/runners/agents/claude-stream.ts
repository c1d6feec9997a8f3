// What the lines of Claude Code's stream mean. Most content comes as whole blocks; with --include-partial-messages (which a
// task may ask for) a text comes in pieces first and then once more as a whole.
// Invariant: usage is taken from `result` lines alone, and only what this process spent: a resumed session goes on counting
// where it left off.

import type { LimitReached, RunnerRetry } from "../event-data.ts";
import type { RunnerEvent, Seen, Usage } from "../runner.ts";
import type { JsonObject } from "./agent.ts";
import { rememberTodos, type TodoMemory, todosAfterCall, todosAfterResult } from "./claude-todos.ts";
import { modelIn, numberIn, objectIn, objectsIn, textIn, wordIn } from "./json-value.ts";

export interface ClaudeMemory extends TodoMemory {
	/** The stream has begun: what ends from here on was no refused call. */
	began: boolean;
	/** What the last turn came to; null while a turn is under way. */
	result: ClaudeResult | null;
	/** What went wrong with its service, in the CLI's own word, where its last message is about that. */
	apiError: string | null;
	/** A limit was reported as reached. */
	limitRejected: boolean;
	/** Names of the tools that are at work, by the id of the call. */
	tools: Map<string, string>;
	/** The text that came in pieces and has not yet come whole. */
	pieces: string;
	thoughtPieces: string;
}

export interface ClaudeResult {
	readonly isError: boolean;
	readonly subtype: string | null;
	readonly httpStatus: number | null;
	/** The session that was to go on is not there. */
	readonly sessionUnknown: boolean;
}

type Memory = Seen & ClaudeMemory;

export function rememberClaude(): ClaudeMemory {
	return {
		...rememberTodos(),
		began: false,
		result: null,
		apiError: null,
		limitRejected: false,
		tools: new Map(),
		pieces: "",
		thoughtPieces: "",
	};
}

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
	// What a helper of the agent says is not the agent's word, and its list not the agent's list.
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
	const stop: RunnerEvent = { type: "message.stop", data: {} };
	return known ? [stop] : [{ type: "message.delta", data: { text } }, stop];
}

function thought(memory: Memory, text: string | null): RunnerEvent[] {
	const known = memory.thoughtPieces === text;
	memory.thoughtPieces = "";
	if (text === null) return [];
	const stop: RunnerEvent = { type: "message.stop", data: { thinking: true } };
	return known ? [stop] : [{ type: "message.delta", data: { text, thinking: true } }, stop];
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

function readLimit(memory: Memory, line: JsonObject): RunnerEvent[] | null {
	const info = objectIn(line.rate_limit_info);
	if (info === null) return null;
	const text = textIn(info.rateLimitType);
	const seconds = numberIn(info.resetsAt);
	const resetAtMs = seconds === null || seconds <= 0 ? null : seconds * 1_000;
	if (info.status !== "rejected") {
		const near = { code: "limit_near", limit: text, resetAtMs, utilization: numberIn(info.utilization) };
		return info.status === "allowed_warning" ? [{ type: "run.warning", data: near }] : [];
	}
	memory.limitRejected = true;
	memory.limit = { resetAtMs, text };
	const reached: LimitReached = { resetAtMs, estimated: resetAtMs === null, text };
	return [{ type: "run.limit", data: { ...reached } }];
}

function readResult(memory: Memory, line: JsonObject): RunnerEvent[] {
	const errors = Array.isArray(line.errors) ? line.errors.filter((text) => typeof text === "string") : [];
	const said = textIn(line.result);
	const httpStatus = numberIn(line.api_error_status);
	const refused = httpStatus === 429 || memory.apiError === "rate_limit";
	memory.session = wordIn(line.session_id) ?? memory.session;
	memory.result = {
		// Absent is not false: only a plain `false` is a success.
		isError: line.is_error !== false,
		subtype: wordIn(line.subtype),
		httpStatus,
		sessionUnknown: errors.some((text) => text.startsWith("No conversation found with session ID")),
	};
	// With turns still queued this is not the last word.
	memory.terminal = (numberIn(line.queued_turn_count) ?? 0) === 0;
	memory.lastText = said ?? (errors.length > 0 ? errors.join("\n") : memory.lastText);
	const events: RunnerEvent[] = [];
	if (memory.result.isError && refused) {
		// A limit that was only said in prose has no time; a time from a rate_limit_event stays.
		if (memory.limit === null) {
			const reached: LimitReached = { resetAtMs: null, estimated: true, text: said };
			events.push({ type: "run.limit", data: { ...reached } });
		}
		memory.limit = { resetAtMs: memory.limit?.resetAtMs ?? null, text: said ?? memory.limit?.text ?? null };
	}
	if (errors.length > 0)
		events.push({ type: "run.warning", data: { code: "runner_error", message: errors.join("\n") } });
	memory.usage = usageAfter(memory.usage, line);
	return memory.usage === null ? events : [...events, { type: "run.usage", data: { ...memory.usage } }];
}

/** `model_usage_since_last_result` is what this process spent, helpers included; older CLIs have only totals. */
function usageAfter(before: Usage | null, line: JsonObject): Usage | null {
	const spent = objectIn(line.model_usage_since_last_result);
	if (spent !== null) {
		const models = objectsIn(Object.values(spent));
		const sum = (key: string, earlier: number | null | undefined) =>
			models.reduce((total, model) => total + (numberIn(model[key]) ?? 0), earlier ?? 0);
		return {
			inputTokens: sum("inputTokens", before?.inputTokens),
			outputTokens: sum("outputTokens", before?.outputTokens),
			costUsd: sum("costUSD", before?.costUsd),
		};
	}
	const usage = objectIn(line.usage);
	const costUsd = numberIn(line.total_cost_usd);
	if (usage === null && costUsd === null) return before;
	return { inputTokens: numberIn(usage?.input_tokens), outputTokens: numberIn(usage?.output_tokens), costUsd };
}
