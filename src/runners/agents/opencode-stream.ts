// What the lines of opencode's stream mean: steps of the model, the tools that it used in them, what it said.
// Invariant: a step that has begun takes back what the step before came to, so that only a finished last step can be a success.

import type { LimitReached } from "../event-data.ts";
import type { JsonObject } from "../json-value.ts";
import { numberIn, objectIn, textIn, wordIn } from "../json-value.ts";
import type { RunnerEvent, Seen } from "../runner.ts";
import { isLimitReached, serviceErrorIn } from "./service-error.ts";
import { todoUpdate } from "./todo-list.ts";

export interface OpencodeMemory {
	/** The stream has begun: what ends from here on was no refused call. */
	began: boolean;
	/** Why the last step ended; null while one is under way and before the first. */
	reason: string | null;
	error: OpencodeError | null;
}

export interface OpencodeError {
	/** The CLI's own name for it: APIError, ProviderAuthError. */
	readonly name: string | null;
	readonly httpStatus: number | null;
}

type Memory = Seen & OpencodeMemory;

export function rememberOpencode(): OpencodeMemory {
	return { began: false, reason: null, error: null };
}

export function readOpencode(memory: Memory, line: JsonObject): RunnerEvent[] | null {
	const part = objectIn(line.part);
	const events = line.type === "error" ? readError(memory, line) : part === null ? null : readPart(memory, line, part);
	if (events === null) return null;
	memory.began = true;
	memory.session = wordIn(line.sessionID) ?? memory.session;
	return events;
}

function readPart(memory: Memory, line: JsonObject, part: JsonObject): RunnerEvent[] | null {
	switch (line.type) {
		case "step_start":
			memory.reason = null;
			memory.terminal = false;
			return [];
		case "step_finish":
			return readStepFinish(memory, part);
		case "tool_use":
			memory.terminal = false;
			return readTool(part);
		case "text":
		case "reasoning":
			return readText(memory, textIn(part.text) ?? "", line.type === "reasoning");
		default:
			return null;
	}
}

/** After "tool-calls" the next step follows, unless a permission was refused: then the stream just ends. */
function readStepFinish(memory: Memory, part: JsonObject): RunnerEvent[] {
	memory.reason = wordIn(part.reason) ?? "unknown";
	memory.terminal = memory.reason !== "tool-calls";
	const tokens = objectIn(part.tokens);
	const costUsd = numberIn(part.cost);
	if (tokens === null && costUsd === null) return [];
	const cache = objectIn(tokens?.cache);
	const spent = {
		inputTokens: sum(tokens?.input, cache?.read, cache?.write),
		outputTokens: sum(tokens?.output, tokens?.reasoning),
		costUsd,
	};
	// Each step tells of itself alone.
	memory.usage = {
		inputTokens: sum(memory.usage?.inputTokens, spent.inputTokens),
		outputTokens: sum(memory.usage?.outputTokens, spent.outputTokens),
		costUsd: sum(memory.usage?.costUsd, spent.costUsd),
	};
	return [{ type: "run.usage", data: { ...memory.usage } }];
}

function sum(...values: readonly unknown[]): number | null {
	const numbers = values.map(numberIn).filter((value) => value !== null);
	return numbers.length === 0 ? null : numbers.reduce((total, value) => total + value, 0);
}

/** A tool is only told of once it is done. */
function readTool(part: JsonObject): RunnerEvent[] | null {
	const state = objectIn(part.state);
	if (state === null || (state.status !== "completed" && state.status !== "error")) return null;
	const toolId = textIn(part.callID) ?? "";
	const input = objectIn(state.input) ?? {};
	// A call of a tool that is not there comes as a tool "invalid" that went well.
	const invalid = part.tool === "invalid";
	const name = (invalid ? textIn(input.tool) : textIn(part.tool)) ?? "unknown";
	const ok = state.status === "completed" && !invalid;
	const metadata = objectIn(state.metadata);
	const exitCode = numberIn(metadata?.exit);
	const finished = {
		toolId,
		name,
		status: ok ? "ok" : "error",
		output: textIn(state.output) ?? textIn(state.error) ?? "",
		...(exitCode === null ? {} : { exitCode }),
	};
	return [
		{ type: "tool.started", data: { toolId, name, input } },
		{ type: "tool.finished", data: finished },
		...(ok && name === "todowrite" ? [todoUpdate(metadata?.todos ?? input.todos, "content")] : []),
	];
}

function readText(memory: Memory, text: string, isThought: boolean): RunnerEvent[] {
	const thinking = isThought ? { thinking: true } : {};
	if (!isThought && text !== "") memory.lastText = text;
	return [
		{ type: "message.delta", data: { text, ...thinking } },
		{ type: "message.stop", data: { ...thinking } },
	];
}

/** It has tried again by itself before it says so; should it go on after all, the next step takes the last word back. */
function readError(memory: Memory, line: JsonObject): RunnerEvent[] | null {
	const error = objectIn(line.error);
	if (error === null) return null;
	const data = objectIn(error.data);
	const message = textIn(data?.message);
	const said = serviceErrorIn({
		body: data?.responseBody,
		headers: data?.responseHeaders,
		atMs: numberIn(line.timestamp),
	});
	const httpStatus = numberIn(data?.statusCode) ?? said.httpStatus;
	memory.error = { name: wordIn(error.name), httpStatus };
	memory.terminal = true;
	if (!isLimitReached(httpStatus)) {
		return [{ type: "run.warning", data: { code: "runner_error", name: memory.error.name, httpStatus, message } }];
	}
	const { resetAtMs } = said;
	memory.limit = { resetAtMs, text: message };
	const reached: LimitReached = { resetAtMs, estimated: resetAtMs === null, text: message };
	return [{ type: "run.limit", data: { ...reached } }];
}
