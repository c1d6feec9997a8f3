// What the lines of Gemini's stream mean: a beginning, pieces of what is said, calls of tools and their results, one result.
// Invariant: only a `result` line ends the work. An `error` line may be followed by success.

import type { LimitReached } from "../event-data.ts";
import type { JsonObject } from "../json-value.ts";
import { modelIn, numberIn, objectIn, textIn, wordIn } from "../json-value.ts";
import type { RunnerEvent, Seen } from "../runner.ts";
import { isLimitReached, serviceErrorIn } from "./service-error.ts";
import { todoUpdate } from "./todo-list.ts";

export interface GeminiMemory {
	/** The stream has begun: what ends from here on was no refused call. */
	began: boolean;
	result: GeminiResult | null;
	/** What the assistant is just saying; null between its messages. */
	saying: string | null;
	/** Calls of tools that are at work, by their id. */
	tools: Map<string, { readonly name: string; readonly input: JsonObject }>;
}

export interface GeminiResult {
	readonly success: boolean;
	/** The CLI's own name of the error: FatalTurnLimitedError, unknown. */
	readonly error: string | null;
	/** Where its message says so: with the service's own JSON, or in its words for a quota. */
	readonly httpStatus: number | null;
}

type Memory = Seen & GeminiMemory;

const TODO_TOOL = "write_todos";
/** Its own words for a quota that is used up; the service's JSON, with the time, stays with it. */
const QUOTA = /\bYou have exhausted your (?:daily quota|capacity) on this model\b/;

export function rememberGemini(): GeminiMemory {
	return { began: false, result: null, saying: null, tools: new Map() };
}

export function readGemini(memory: Memory, line: JsonObject): RunnerEvent[] | null {
	const events = readLine(memory, line);
	if (events === null) return null;
	memory.began = true;
	const goesOn = line.type === "message" && line.role === "assistant";
	return goesOn ? events : [...stopSaying(memory), ...events];
}

function readLine(memory: Memory, line: JsonObject): RunnerEvent[] | null {
	switch (line.type) {
		case "init":
			memory.session = wordIn(line.session_id) ?? memory.session;
			memory.model = line.model === "auto" ? memory.model : (modelIn(line.model) ?? memory.model);
			return [];
		case "message":
			return readMessage(memory, line);
		case "tool_use":
			return toolStarted(memory, line);
		case "tool_result":
			return toolFinished(memory, line);
		case "error":
			return [
				{
					type: "run.warning",
					data: { code: "runner_error", severity: wordIn(line.severity), message: textIn(line.message) },
				},
			];
		case "result":
			return readResult(memory, line);
		default:
			return null;
	}
}

function readMessage(memory: Memory, line: JsonObject): RunnerEvent[] | null {
	const text = typeof line.content === "string" ? line.content : null;
	// What it repeats of the user is the prompt that it was given.
	if (line.role === "user" && text !== null) return [];
	if (line.role !== "assistant" || text === null) return null;
	memory.saying = (memory.saying ?? "") + text;
	memory.lastText = memory.saying;
	const delta: RunnerEvent = { type: "message.delta", data: { text } };
	return line.delta === true ? [delta] : [delta, ...stopSaying(memory)];
}

function stopSaying(memory: Memory): RunnerEvent[] {
	if (memory.saying === null) return [];
	memory.saying = null;
	return [{ type: "message.stop", data: {} }];
}

function toolStarted(memory: Memory, line: JsonObject): RunnerEvent[] {
	const toolId = textIn(line.tool_id) ?? "";
	const name = textIn(line.tool_name) ?? "unknown";
	const input = objectIn(line.parameters) ?? {};
	memory.tools.set(toolId, { name, input });
	return [{ type: "tool.started", data: { toolId, name, input } }];
}

function toolFinished(memory: Memory, line: JsonObject): RunnerEvent[] {
	const toolId = textIn(line.tool_id) ?? "";
	const { name, input } = memory.tools.get(toolId) ?? { name: "unknown", input: {} as JsonObject };
	memory.tools.delete(toolId);
	const ok = line.status === "success";
	const output = textIn(line.output) ?? textIn(objectIn(line.error)?.message) ?? "";
	return [
		{ type: "tool.finished", data: { toolId, name, status: ok ? "ok" : "error", output } },
		...(ok && name === TODO_TOOL ? [todoUpdate(input.todos, "description")] : []),
	];
}

function readResult(memory: Memory, line: JsonObject): RunnerEvent[] {
	const success = line.status === "success";
	const error = objectIn(line.error);
	const message = textIn(error?.message);
	const at = Date.parse(textIn(line.timestamp) ?? "");
	const said = serviceErrorIn({ body: message, atMs: Number.isNaN(at) ? null : at });
	const httpStatus = said.httpStatus ?? (QUOTA.test(message ?? "") ? 429 : null);
	memory.terminal = true;
	memory.result = { success, error: wordIn(error?.type), httpStatus };
	const events = [...readUsage(memory, objectIn(line.stats))];
	if (success) return events;
	memory.lastText = message ?? memory.lastText;
	// It may be that only the exit code says that this is a limit: until then it is none that counts.
	memory.limit = { resetAtMs: said.resetAtMs, text: message };
	if (!isLimitReached(httpStatus)) {
		const data = { code: "runner_error", name: memory.result.error, httpStatus, message };
		return [{ type: "run.warning", data }, ...events];
	}
	const { resetAtMs } = said;
	const reached: LimitReached = { resetAtMs, estimated: resetAtMs === null, text: message };
	return [{ type: "run.limit", data: { ...reached } }, ...events];
}

/** It counts what this process spent, and knows no prices. */
function readUsage(memory: Memory, stats: JsonObject | null): RunnerEvent[] {
	if (stats === null) return [];
	const models = Object.keys(objectIn(stats.models) ?? {});
	if (memory.model === null && models.length === 1) memory.model = modelIn(models[0]);
	const usage = {
		inputTokens: numberIn(stats.input_tokens),
		outputTokens: numberIn(stats.output_tokens),
		costUsd: null,
	};
	if (usage.inputTokens === null && usage.outputTokens === null) return [];
	memory.usage = usage;
	return [{ type: "run.usage", data: { ...usage } }];
}
