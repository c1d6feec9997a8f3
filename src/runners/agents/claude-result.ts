// Claude Code's last word of a turn, and what it says of its usage limits.
// Invariant: usage is taken from `result` lines alone, and only what this process spent: a resumed session goes on counting
// where it left off.

import type { LimitReached } from "../event-data.ts";
import type { JsonObject } from "../json-value.ts";
import { numberIn, objectIn, objectsIn, textIn, wordIn } from "../json-value.ts";
import type { RunnerEvent, Seen, Usage } from "../runner.ts";
import type { ClaudeMemory } from "./claude-memory.ts";

export function readLimit(memory: Seen & ClaudeMemory, line: JsonObject): RunnerEvent[] | null {
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

export function readResult(memory: Seen & ClaudeMemory, line: JsonObject): RunnerEvent[] {
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

/** `model_usage_since_last_result` is what this process spent, subagents included; older CLIs have only totals. */
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
