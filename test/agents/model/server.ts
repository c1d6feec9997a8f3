// A model on loopback that follows a script instead of thinking, so that a real agent program can be run from end to end
// without an account and without a network. The first part of the address is the mode: http://127.0.0.1:PORT/ok
// Invariant: it listens on loopback only, and what it saw of the requests holds no header of theirs.
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { anthropic } from "./anthropic.ts";
import { type Conversation, type Json, MODES, type Mode, type ModelApi, type Reply } from "./api.ts";
import { chat } from "./chat.ts";
import { google } from "./google.ts";
import { responses } from "./responses.ts";

const APIS: readonly ModelApi[] = [anthropic, responses, chat, google];
const AN_HOUR = 3_600;
const MODELS = { object: "list", data: [{ id: "scripted", object: "model" }], models: [] };

/** One request for work; those that only want a title or a list of models are not noted. */
export interface Asked extends Conversation {
	readonly api: string;
	readonly mode: Mode;
}

export interface ScriptedModel {
	/** Where a program finds the model that behaves so. */
	address(mode: Mode): string;
	readonly asked: readonly Asked[];
	/** Every path that was asked for and is not known. */
	readonly unknown: readonly string[];
	close(): Promise<void>;
}

/** Port 0 takes a free one. */
export async function startScriptedModel(port = 0): Promise<ScriptedModel> {
	const asked: Asked[] = [];
	const unknown: string[] = [];
	const server = createServer((request, response) => {
		const chunks: Buffer[] = [];
		request.on("data", (chunk: Buffer) => chunks.push(chunk));
		request.on("error", () => {});
		request.on("end", () => {
			const reply = answer(request.url ?? "/", Buffer.concat(chunks).toString("utf8"), asked, unknown);
			if (reply === null) hold(response);
			else send(response, reply);
		});
	});
	server.listen(port, "127.0.0.1");
	await once(server, "listening");
	const { port: taken } = server.address() as AddressInfo;
	return {
		address: (mode) => `http://127.0.0.1:${taken}/${mode}`,
		asked,
		unknown,
		async close() {
			server.closeAllConnections();
			server.close();
			await once(server, "close");
		},
	};
}

/** The answer to one request; null = none, for ever. */
function answer(url: string, text: string, asked: Asked[], unknown: string[]): Reply | null {
	const [, first = "", path = ""] = /^\/([^/]*)(\/[^?]*)?/.exec(url) ?? [];
	if (/count_?tokens/i.test(path)) return { status: 200, json: { input_tokens: 10, totalTokens: 10 } };
	if (path.endsWith("/models")) return { status: 200, json: MODELS };
	const mode = MODES.find((name) => name === first);
	const api = APIS.find((candidate) => candidate.matches(path));
	if (mode === undefined || api === undefined) {
		unknown.push(url);
		return { status: 404, json: { error: { message: "not found" } } };
	}
	const body = objectIn(text);
	const conversation = api.read(body, text);
	const isSmall = conversation.tools.length === 0;
	if (!isSmall) asked.push({ ...conversation, api: api.name, mode });
	if (mode === "e401" || mode === "e429" || mode === "usage" || mode === "failed") {
		return api.refuse(mode, Math.floor(Date.now() / 1000) + AN_HOUR);
	}
	if (mode === "hang" || (mode === "stall" && !isSmall && conversation.results > 0)) return null;
	const turns = isSmall ? [api.small(body)] : api.work(conversation);
	const turn = turns[Math.min(conversation.results, turns.length - 1)];
	return turn === undefined ? { status: 500, json: {} } : api.write(turn, conversation, path);
}

function send(response: ServerResponse, reply: Reply): void {
	if ("events" in reply) {
		response.writeHead(200, { "content-type": "text/event-stream" });
		for (const [name, data] of reply.events) {
			const line = typeof data === "string" ? data : JSON.stringify(data);
			response.write(`${name === null ? "" : `event: ${name}\n`}data: ${line}\n\n`);
		}
		response.end();
		return;
	}
	response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers });
	response.end(JSON.stringify(reply.json));
}

/** An answer that has begun and never goes on: silence to the program, no end of the connection. */
function hold(response: ServerResponse): void {
	response.writeHead(200, { "content-type": "text/event-stream" });
	response.write(": begun\n\n");
}

function objectIn(text: string): Json {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === "object" && value !== null ? (value as Json) : {};
	} catch {
		return {};
	}
}
