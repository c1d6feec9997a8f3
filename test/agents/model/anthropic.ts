// The Messages API, as Claude Code speaks it.
import {
	countOf,
	DONE,
	folderIn,
	listIn,
	MADE_TEXT,
	type ModelApi,
	madeIn,
	type Reply,
	type Turn,
	textOf,
} from "./api.ts";

const DAY_SECONDS = 86_400;

export const anthropic: ModelApi = {
	name: "anthropic",
	matches: (path) => path.endsWith("/messages"),
	read: (body, text) => ({
		tools: listIn(body.tools).map(({ name }) => textOf(name)),
		results: countOf(JSON.stringify(body.messages ?? []), /"type":"tool_result"/g),
		length: listIn(body.messages).length,
		model: textOf(body.model),
		streamed: body.stream === true,
		folder: folderIn(text),
	}),
	work(conversation) {
		const { tools } = conversation;
		const todo: Turn[] = tools.includes("TodoWrite")
			? [{ calls: [{ name: "TodoWrite", input: { todos: [todoItem] } }] }]
			: [];
		return [
			{
				text: "I will write the file.",
				calls: [{ name: "Write", input: { file_path: madeIn(conversation), content: MADE_TEXT } }],
			},
			...todo,
			{ text: DONE, calls: [] },
		];
	},
	small: () => ({ text: "A title", calls: [] }),
	write(turn, { model, streamed, results }) {
		const content = [
			...(turn.text === undefined ? [] : [{ type: "text", text: turn.text }]),
			...turn.calls.map(({ name, input }, index) => ({
				type: "tool_use",
				id: `toolu_${results}_${index}`,
				name,
				input,
			})),
		];
		const stop = turn.calls.length > 0 ? "tool_use" : "end_turn";
		const message = { id: `msg_${results}`, type: "message", role: "assistant", model, stop_sequence: null };
		if (!streamed)
			return { status: 200, json: { ...message, content, stop_reason: stop, usage: { ...USAGE, output_tokens: 33 } } };
		return {
			events: [
				[
					"message_start",
					{ type: "message_start", message: { ...message, content: [], stop_reason: null, usage: USAGE } },
				],
				...content.flatMap(blockEvents),
				[
					"message_delta",
					{ type: "message_delta", delta: { stop_reason: stop, stop_sequence: null }, usage: { output_tokens: 33 } },
				],
				["message_stop", { type: "message_stop" }],
			],
		};
	},
	refuse(mode, resetAt): Reply {
		if (mode === "e401") return refusal(401, "authentication_error", "invalid x-api-key");
		if (mode === "failed") return refusal(400, "invalid_request_error", "The request cannot be carried out.");
		if (mode === "e429") {
			return {
				...refusal(429, "rate_limit_error", "This request would exceed your rate limit"),
				headers: { "retry-after": "1" },
			};
		}
		return {
			...refusal(429, "rate_limit_error", "This request would exceed your account's rate limit."),
			headers: planLimit(resetAt),
		};
	},
};

const USAGE = { input_tokens: 120, cache_creation_input_tokens: 5, cache_read_input_tokens: 7, output_tokens: 1 };

const todoItem = { content: "Check the file", activeForm: "Checking the file", status: "in_progress" };

type Block = Readonly<Record<string, unknown>>;

function blockEvents(block: Block, index: number): [string, unknown][] {
	const isText = block.type === "text";
	const empty = isText ? { ...block, text: "" } : { ...block, input: {} };
	const delta = isText
		? { type: "text_delta", text: block.text }
		: { type: "input_json_delta", partial_json: JSON.stringify(block.input) };
	return [
		["content_block_start", { type: "content_block_start", index, content_block: empty }],
		["content_block_delta", { type: "content_block_delta", index, delta }],
		["content_block_stop", { type: "content_block_stop", index }],
	];
}

function refusal(status: number, type: string, message: string): { status: number; json: unknown } {
	return { status, json: { type: "error", error: { type, message } } };
}

/** The headers by which a plan's used-up window is told, with the time of its end. */
function planLimit(resetAt: number): Record<string, string> {
	const prefix = "anthropic-ratelimit-unified-";
	const rows = {
		status: "rejected",
		reset: resetAt,
		"representative-claim": "five_hour",
		"5h-status": "rejected",
		"5h-reset": resetAt,
		"5h-utilization": "1.0",
		"7d-status": "allowed",
		"7d-reset": resetAt + DAY_SECONDS,
		"7d-utilization": "0.3",
		"overage-status": "rejected",
		"overage-disabled-reason": "org_level_disabled",
	};
	const limits = Object.entries(rows).map(([name, value]) => [`${prefix}${name}`, String(value)]);
	return { ...Object.fromEntries(limits), "retry-after": "3600", "x-should-retry": "false" };
}
