// A local model's server on loopback: the part of the OpenAI-compatible API that the lmstudio driver uses. A word in
// brackets in the prompt tells it what to do; nothing of it is timed.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface ChatRequest {
	readonly model: string;
	readonly messages: readonly { readonly role: string; readonly content: string }[];
	readonly stream?: boolean;
	readonly stream_options?: unknown;
}

export interface LocalModelOptions {
	/** What the model says, by the request; "made.txt" as a diff unless told. */
	readonly answer?: (request: ChatRequest) => string;
	/** The bytes of the stream after the head, in place of an answer; behind them it ends, is cut or stays open. */
	readonly stream?: { readonly bytes: Uint8Array; readonly whole: boolean | "open" };
	/** Answers of other routes or statuses, by `METHOD path`. */
	readonly routes?: Readonly<Record<string, { status: number; body?: unknown; headers?: Record<string, string> }>>;
	readonly models?: readonly unknown[];
	/** A key without which everything is 401. */
	readonly key?: string;
}

export interface LocalModel {
	readonly url: string;
	/** `METHOD path`, as they came. */
	readonly calls: readonly string[];
	readonly chats: readonly ChatRequest[];
	/** Settles when a request has come that the server does not answer. */
	readonly hanging: Promise<void>;
	/** Settles when the client of that one has gone. */
	readonly abandoned: Promise<void>;
}

export const MADE_DIFF = "--- /dev/null\n+++ b/made.txt\n@@ -0,0 +1 @@\n+made by a model\n";

/** The stream of an answer as LM Studio sends it. */
export function chatStream(
	text: string,
	{ finish = "stop", done = true }: { finish?: string | null; done?: boolean } = {},
): string {
	const chunk = (choices: readonly unknown[], more = {}) =>
		`data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", model: "qwen3-8b", choices, ...more })}\n\n`;
	const pieces = text.match(/[\s\S]{1,7}/gu) ?? [];
	return [
		chunk([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }]),
		...pieces.map((content) => chunk([{ index: 0, delta: { content }, finish_reason: null }])),
		...(finish === null ? [] : [chunk([{ index: 0, delta: {}, finish_reason: finish }])]),
		...(done
			? [chunk([], { usage: { prompt_tokens: 31, completion_tokens: 12, total_tokens: 43 } }), "data: [DONE]\n\n"]
			: []),
	].join("");
}

export async function localModel(options: LocalModelOptions = {}): Promise<LocalModel> {
	const calls: string[] = [];
	const chats: ChatRequest[] = [];
	const hanging = Promise.withResolvers<void>();
	const abandoned = Promise.withResolvers<void>();
	const server = createServer(async (request, response) => {
		const call = `${request.method} ${request.url}`;
		calls.push(call);
		const route = options.routes?.[call];
		if (options.key !== undefined && request.headers.authorization !== `Bearer ${options.key}`) {
			return send(response, 401, { error: { message: "Invalid API key", code: "invalid_api_key" } });
		}
		if (route !== undefined) return send(response, route.status, route.body, route.headers);
		if (call === "GET /v1/models") {
			return send(response, 200, { object: "list", data: options.models ?? [{ id: "qwen3-8b", object: "model" }] });
		}
		if (call !== "POST /v1/chat/completions") return send(response, 404, { error: "Unexpected endpoint" });
		const chat = JSON.parse(await bodyOf(request)) as ChatRequest;
		chats.push(chat);
		response.writeHead(200, { "content-type": "text/event-stream" });
		const prompt = chat.messages.map(({ content }) => content).join("\n");
		if (prompt.includes("[hang]")) {
			response.flushHeaders();
			response.on("close", abandoned.resolve);
			hanging.resolve();
			return;
		}
		if (options.stream !== undefined) {
			response.write(options.stream.bytes, () => {
				if (options.stream?.whole === true) response.end();
				else if (options.stream?.whole === false) response.socket?.destroy();
			});
			return;
		}
		const said = options.answer?.(chat) ?? `Here it is:\n\n\`\`\`diff\n${MADE_DIFF}\`\`\`\n`;
		response.end(chatStream(prompt.includes("[nochange]") ? "There is nothing to do." : said));
	});
	return { url: await listen(server), calls, chats, hanging: hanging.promise, abandoned: abandoned.promise };
}

/** The address of the server, which is closed when the test ends. */
export async function listen(server: Server): Promise<string> {
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An address of loopback where nothing listens. */
export async function deadAddress(): Promise<string> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo;
	await new Promise((resolve) => server.close(resolve));
	return `http://127.0.0.1:${port}`;
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
	response.writeHead(status, { "content-type": "application/json", ...headers });
	response.end(body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body));
}
