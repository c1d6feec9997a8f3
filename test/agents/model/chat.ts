// The Chat Completions API, as OpenCode speaks it with a provider of its own.
import { DONE, folderIn, listIn, MADE_TEXT, type ModelApi, madeIn, type Reply, textOf } from "./api.ts";

export const chat: ModelApi = {
	name: "chat",
	matches: (path) => path.endsWith("/chat/completions"),
	read: (body, text) => ({
		tools: listIn(body.tools).map((tool) => textOf((tool.function as { name?: unknown } | undefined)?.name)),
		results: listIn(body.messages).filter(({ role }) => role === "tool").length,
		length: listIn(body.messages).length,
		model: textOf(body.model),
		streamed: body.stream === true,
		folder: folderIn(text),
	}),
	work(conversation) {
		const todos = [{ content: "Check the file", status: "in_progress", priority: "high", id: "1" }];
		const turns = [
			{ calls: [{ name: "write", input: { filePath: madeIn(conversation), content: MADE_TEXT } }] },
			{ calls: [{ name: "todowrite", input: { todos } }] },
			{ text: DONE, calls: [] },
		];
		return turns.filter(({ calls }) => calls.every(({ name }) => conversation.tools.includes(name)));
	},
	small: () => ({ text: "A title", calls: [] }),
	write(turn, { model, streamed, results }) {
		const calls = turn.calls.map(({ name, input }, index) => ({
			index,
			id: `call_${results}_${index}`,
			type: "function",
			function: { name, arguments: JSON.stringify(input) },
		}));
		const reason = calls.length > 0 ? "tool_calls" : "stop";
		const said = { role: "assistant", content: turn.text ?? null, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
		const base = { id: `chatcmpl_${results}`, created: 1, model };
		if (!streamed) {
			const choices = [{ index: 0, message: said, finish_reason: reason }];
			return { status: 200, json: { ...base, object: "chat.completion", choices, usage: USAGE } };
		}
		const chunk = (delta: unknown, finish_reason: string | null): [null, unknown] => [
			null,
			{
				...base,
				object: "chat.completion.chunk",
				choices: [{ index: 0, delta, finish_reason }],
				...(finish_reason === null ? {} : { usage: USAGE }),
			},
		];
		return { events: [chunk(said, null), chunk({}, reason), [null, "[DONE]"]] };
	},
	refuse(mode, resetAt): Reply {
		if (mode === "e401") {
			const message = "Incorrect API key provided: dummy";
			return { status: 401, json: { error: { message, type: "invalid_request_error", code: "invalid_api_key" } } };
		}
		if (mode === "failed") {
			const message = "The request cannot be carried out.";
			return { status: 400, json: { error: { message, type: "invalid_request_error", code: "invalid_prompt" } } };
		}
		if (mode === "e429") {
			const error = { message: "Rate limit reached", type: "rate_limit_exceeded", code: "rate_limit_exceeded" };
			return { status: 429, json: { error }, headers: { "retry-after": "1" } };
		}
		const error = { type: "usage_limit_reached", message: "The usage limit has been reached", resets_at: resetAt };
		return { status: 429, json: { error } };
	},
};

const USAGE = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
