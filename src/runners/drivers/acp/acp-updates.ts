// What an agent that speaks the Agent Client Protocol says while it works, as events.
// Invariant: nothing is dropped: an update that nobody here understands becomes run.unknown, pieces become whole messages.

import type { MessageDelta, Todo, TodoUpdate, ToolFinished, ToolStarted } from "../../event-data.ts";
import type { JsonObject } from "../../json-value.ts";
import { objectIn, objectsIn } from "../../json-value.ts";
import type { RunnerEvent } from "../../runner.ts";
import { coalesce } from "../coalesced-text.ts";

/** What is known so far of a tool call: each update says only what has changed. */
export interface KnownTool {
	readonly toolId: string;
	readonly name: string;
	readonly title: string;
	/** read, edit, delete, move, search, execute, think, fetch, switch_mode, other. */
	readonly kind: string;
	/** The files that it says it touches, as it names them. */
	readonly paths: readonly string[];
	readonly input: unknown;
	readonly output: string;
	readonly finished: boolean;
}

export interface UpdateReader {
	/** Takes in the `update` of one session/update. */
	read(update: unknown): void;
	/** The tool call that a question is about, with what the question says of it. */
	tool(call: JsonObject): KnownTool | null;
	/** No update will come any more. */
	end(): void;
	/** The last whole message. */
	lastText(): string;
	/** What the session has cost so far, where the agent tells it in dollars. */
	costUsd(): number | null;
}

/** One event's line must stay below 256 KiB. */
const PIECE_CHARACTERS = 16 * 1024;
const OUTPUT_CHARACTERS = 32 * 1024;
const TODO_STATUS: Readonly<Record<string, Todo["status"]>> = {
	pending: "todo",
	in_progress: "doing",
	completed: "done",
};

export function readUpdates(emit: (event: RunnerEvent) => void): UpdateReader {
	const tools = new Map<string, KnownTool>();
	const delta = coalesce((text) => emit({ type: "message.delta", data: { text } satisfies MessageDelta }));
	const thought = coalesce((text) =>
		emit({ type: "message.delta", data: { text, thinking: true } satisfies MessageDelta }),
	);
	let open: "message" | "thought" | null = null;
	let openId: unknown;
	let text = "";
	let lastText = "";
	let costUsd: number | null = null;

	function close(): void {
		if (open === "message") {
			delta.flush();
			emit({ type: "message.stop", data: {} });
			lastText = text;
		}
		if (open === "thought") {
			thought.flush();
			emit({ type: "message.stop", data: { thinking: true } });
		}
		open = null;
		text = "";
	}

	function chunk(kind: "message" | "thought", { content, messageId }: JsonObject): void {
		if (open !== kind || messageId !== openId) close();
		open = kind;
		openId = messageId;
		const words = contentText(content);
		if (kind === "message") text += words;
		for (const piece of pieces(words)) (kind === "message" ? delta : thought).add(piece);
	}

	function tool(call: JsonObject): KnownTool | null {
		const toolId = textOr(call.toolCallId, "");
		if (toolId === "") return null;
		const before = tools.get(toolId);
		const now = merged(toolId, before, call);
		tools.set(toolId, now);
		if (before === undefined) {
			close();
			const { name, kind, title, paths } = now;
			const input = bounded(now.input ?? { kind, title, paths });
			emit({ type: "tool.started", data: { toolId, name, input } satisfies ToolStarted });
		} else if (now.input !== before.input) {
			emit({ type: "run.log", data: { stream: "tool", toolId, text: JSON.stringify(bounded(now.input)) } });
		}
		return now;
	}

	function toolUpdate(call: JsonObject): boolean {
		const before = tools.get(textOr(call.toolCallId, ""));
		const now = tool(call);
		if (now === null) return false;
		if (now.finished || before?.finished) return true;
		if (call.status === "completed" || call.status === "failed") {
			tools.set(now.toolId, { ...now, finished: true });
			const status = call.status === "completed" ? "ok" : "error";
			const output = clipped(now.output === "" ? rawText(call.rawOutput) : now.output);
			const finished: ToolFinished = { toolId: now.toolId, name: now.name, status, output };
			emit({ type: "tool.finished", data: { ...finished } });
		} else if (now.output !== (before?.output ?? "")) {
			const added = now.output.startsWith(before?.output ?? "") ? now.output.slice(before?.output.length) : now.output;
			emit({ type: "run.log", data: { stream: "tool", toolId: now.toolId, text: clipped(added) } });
		}
		return true;
	}

	function understood(update: JsonObject): boolean {
		switch (update.sessionUpdate) {
			case "agent_message_chunk":
				chunk("message", update);
				return true;
			case "agent_thought_chunk":
				chunk("thought", update);
				return true;
			case "tool_call":
			case "tool_call_update":
				close();
				return toolUpdate(update);
			case "plan":
				if (!Array.isArray(update.entries)) return false;
				close();
				emit({ type: "todo.update", data: { todos: update.entries.map(todo) } satisfies TodoUpdate });
				return true;
			case "usage_update": {
				const cost = objectIn(update.cost);
				if (cost?.currency === "USD" && typeof cost.amount === "number") costUsd = cost.amount;
				const { used: contextTokens, size: contextSize } = update;
				emit({
					type: "run.usage",
					data: { inputTokens: null, outputTokens: null, costUsd, contextTokens, contextSize },
				});
				return true;
			}
			default:
				return false;
		}
	}

	return {
		read(update) {
			const fields = objectIn(update);
			if (fields === null || !understood(fields)) emit({ type: "run.unknown", data: { line: bounded(update) } });
		},
		tool,
		end: close,
		lastText: () => (open === "message" ? text : lastText),
		costUsd: () => costUsd,
	};
}

function merged(toolId: string, before: KnownTool | undefined, call: JsonObject): KnownTool {
	const content = Array.isArray(call.content) ? objectsIn(call.content) : null;
	const named = [...objectsIn(call.locations), ...(content ?? [])].flatMap(({ path }) =>
		typeof path === "string" ? [path] : [],
	);
	const title = textOr(call.title, before?.title ?? "");
	return {
		toolId,
		title,
		kind: textOr(call.kind, before?.kind ?? "other"),
		name: before?.name ?? textOr(call.name, textOr(call.title, textOr(call.kind, "tool"))),
		paths: [...new Set([...(before?.paths ?? []), ...named])],
		input: isEmpty(call.rawInput) ? before?.input : call.rawInput,
		output: content === null ? (before?.output ?? "") : content.map(partText).join("\n"),
		finished: before?.finished ?? false,
	};
}

/** Agents that are still being told the input by their model say that it is {}. */
function isEmpty(value: unknown): boolean {
	return value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);
}

function partText(part: JsonObject): string {
	if (part.type === "content") return contentText(part.content);
	return part.type === "diff" ? `changed ${textOr(part.path, "a file")}` : `[${textOr(part.type, "?")}]`;
}

function contentText(content: unknown): string {
	const block = objectIn(content);
	if (block === null) return "";
	if (block.type === "text") return textOr(block.text, "");
	const resource = objectIn(block.resource);
	return `[${textOr(block.type, "?")}${typeof block.uri === "string" ? ` ${block.uri}` : ""}] ${textOr(resource?.text, "")}`;
}

function todo(entry: unknown, position: number): Todo {
	const { content, status } = objectIn(entry) ?? {};
	const known = TODO_STATUS[textOr(status, "pending")] ?? "todo";
	return { todoId: `plan-${position + 1}`, content: textOr(content, ""), status: known, order: position + 1 };
}

function rawText(raw: unknown): string {
	if (raw === undefined || raw === null) return "";
	return typeof raw === "string" ? raw : JSON.stringify(raw);
}

function bounded(value: unknown): unknown {
	const json = JSON.stringify(value) ?? "null";
	return json.length <= OUTPUT_CHARACTERS ? value : { truncated: true, start: clipped(json) };
}

function clipped(text: string): string {
	return text.length <= OUTPUT_CHARACTERS ? text : `${text.slice(0, OUTPUT_CHARACTERS).toWellFormed()}…`;
}

/** The text in pieces that an event can hold, without a character cut in two. */
function pieces(text: string): string[] {
	return text.match(new RegExp(`[^]{1,${PIECE_CHARACTERS}}`, "gu")) ?? [];
}

function textOr(value: unknown, otherwise: string): string {
	return typeof value === "string" ? value : otherwise;
}
