// The Responses API, as Codex speaks it.
import {
	countOf,
	DONE,
	folderIn,
	type Json,
	listIn,
	MADE,
	MADE_TEXT,
	type ModelApi,
	type Reply,
	type ToolCall,
	type Turn,
	textOf,
} from "./api.ts";

export const responses: ModelApi = {
	name: "responses",
	matches: (path) => path.endsWith("/responses"),
	read: (body, text) => ({
		tools: listIn(body.tools).map(({ name, type }) => textOf(name) || textOf(type)),
		results: countOf(JSON.stringify(body.input ?? []), /"type":"(?:function|custom_tool)_call_output"/g),
		length: listIn(body.input).length,
		model: textOf(body.model),
		streamed: body.stream === true,
		folder: folderIn(text),
	}),
	work({ tools }) {
		const turns: Turn[] = [
			{ thought: "**Planning** the edit", calls: [plan("in_progress", "pending")] },
			{ calls: [shell(tools, `printf '%s' '${MADE_TEXT}' > ${MADE} && cat ${MADE}`)] },
			{ calls: [patch(tools)] },
			{ calls: [plan("completed", "completed")] },
			{ text: DONE, calls: [] },
		];
		return turns.filter(({ calls }) => calls.every(({ name }) => tools.includes(name)));
	},
	small: () => ({ text: "A title", calls: [] }),
	write(turn, { results }) {
		const id = `resp_${results}`;
		const items = [
			...(turn.thought === undefined ? [] : [reasoning(turn.thought)]),
			...turn.calls.map((call, index) => callItem(call, `call_${results}_${index}`)),
			...(turn.text === undefined
				? []
				: [
						{
							type: "message",
							role: "assistant",
							id: `msg_${results}`,
							content: [{ type: "output_text", text: turn.text }],
						},
					]),
		];
		const done = items.map((item, output_index): [string, unknown] => [
			"response.output_item.done",
			{ type: "response.output_item.done", output_index, item },
		]);
		return {
			events: [
				["response.created", { type: "response.created", response: { id } }],
				...done,
				["response.completed", { type: "response.completed", response: { id, usage: USAGE } }],
			],
		};
	},
	refuse(mode, resetAt): Reply {
		if (mode === "e401") {
			const message = "Incorrect API key provided: dummy";
			return { status: 401, json: { error: { message, type: "invalid_request_error", code: "invalid_api_key" } } };
		}
		if (mode === "e429") {
			const error = { message: "Rate limit reached", type: "rate_limit_exceeded", code: "rate_limit_exceeded" };
			return { status: 429, json: { error }, headers: { "retry-after": "1" } };
		}
		if (mode === "usage") {
			const message = "The usage limit has been reached";
			const limit = { plan_type: "plus", resets_at: resetAt, resets_in_seconds: 3600 };
			return { status: 429, json: { error: { type: "usage_limit_reached", message, ...limit } } };
		}
		const error = { code: "invalid_prompt", message: "The request cannot be carried out." };
		return {
			events: [
				["response.created", { type: "response.created", response: { id: "resp_f" } }],
				["response.failed", { type: "response.failed", response: { id: "resp_f", error } }],
			],
		};
	},
};

const USAGE = {
	input_tokens: 150,
	input_tokens_details: { cached_tokens: 50 },
	output_tokens: 20,
	output_tokens_details: { reasoning_tokens: 5 },
	total_tokens: 170,
};

function plan(write: string, verify: string): ToolCall {
	const steps = [
		{ step: "write the file", status: write },
		{ step: "verify it", status: verify },
	];
	return { name: "update_plan", input: { plan: steps } };
}

/** The program's way to run a command has had several names. */
function shell(tools: readonly string[], command: string): ToolCall {
	if (tools.includes("exec_command")) return { name: "exec_command", input: { cmd: command } };
	if (tools.includes("shell_command")) return { name: "shell_command", input: { command } };
	return { name: "shell", input: { command: ["bash", "-lc", command] } };
}

/** A patch; a program that offers no tool for it takes it from its shell. */
function patch(tools: readonly string[]): ToolCall {
	const plain = "*** Begin Patch\n*** Add File: patched.txt\n+patched by the scripted model\n*** End Patch";
	if (tools.includes("apply_patch")) return { name: "apply_patch", input: {}, plain };
	return shell(tools, `apply_patch <<'EOF'\n${plain}\nEOF`);
}

function callItem({ name, input, plain }: ToolCall, call_id: string): Json {
	return plain === undefined
		? { type: "function_call", id: `fc_${call_id}`, call_id, name, arguments: JSON.stringify(input) }
		: { type: "custom_tool_call", id: `ct_${call_id}`, call_id, name, input: plain };
}

function reasoning(text: string): Json {
	const summary = [{ type: "summary_text", text }];
	return { type: "reasoning", id: "rs_1", summary, content: null, encrypted_content: null };
}
