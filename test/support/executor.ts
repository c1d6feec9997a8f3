// The reference executor: docs/executor-protocol.md, whole, in memory, on loopback. A word in brackets in the prompt says
// how the work ends; `faults` say what goes wrong with the requests that begin it. Nothing of it is timed.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { bodyOf, listen } from "./local-model.ts";

export type Fault =
	| { readonly status: number; readonly headers?: Record<string, string>; readonly body?: unknown }
	/** The connection is broken before anything is begun; after the work was begun; or nothing is ever said. */
	| "broken"
	| "lost_answer"
	| "silent";

export interface ExecutorOptions {
	readonly token?: string;
	/** One for each request to begin, in order; those after the last are answered. */
	readonly faults?: readonly Fault[];
	/** The lines of the work, without their numbers; by the prompt's word unless told. */
	readonly lines?: readonly object[];
	/** Bytes of the stream after which its first connection is cut. */
	readonly cutAt?: number;
	/** How often the stream is cut there; once unless told. */
	readonly cuts?: number;
	/** False: a stream that was cut is not given again. */
	readonly replay?: boolean;
	/** A key that is known already is refused with 409, not answered with its stream. */
	readonly refusesDuplicates?: boolean;
	/** An answer of a person is refused, and the work given up. */
	readonly refusesReplies?: boolean;
	readonly health?: { readonly status: number; readonly body: unknown };
	/** Raw bytes in place of the stream. */
	readonly raw?: Uint8Array;
}

export interface ExecutorRequest {
	readonly call: string;
	readonly headers: IncomingMessage["headers"];
	// biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every kind
	readonly body: any;
}

export interface Executor {
	readonly url: string;
	readonly requests: readonly ExecutorRequest[];
	/** Keys of the work that was begun. */
	readonly begun: readonly string[];
	readonly canceled: readonly string[];
	/** Settles when work is begun that waits for ever, or for a person. */
	readonly waiting: Promise<void>;
	/** Settles when a run was canceled. */
	readonly ended: Promise<void>;
}

interface Work {
	readonly lines: string[];
	readonly listeners: Set<ServerResponse>;
	finished: boolean;
	answers: Map<string, string>;
	onAnswer: ((answer: string) => void) | null;
}

export const EXECUTOR_DIFF =
	"diff --git a/made.txt b/made.txt\nnew file mode 100644\n--- /dev/null\n+++ b/made.txt\n@@ -0,0 +1 @@\n+made far away\n";

const USAGE = { inputTokens: 10, outputTokens: 5, costUsd: 0.01 };

export function okLines(diff: string | null = EXECUTOR_DIFF): object[] {
	return [
		{ type: "message.delta", data: { text: "Working: größer 変更 🙂.\n" } },
		{ type: "message.stop", data: {} },
		{ type: "todo.update", data: { todos: [{ todoId: "1", content: "Make it", status: "done", order: 1 }] } },
		{ type: "of.another.kind", data: { kept: true } },
		{ type: "result", status: "ok", preview: "Done.", usage: USAGE, session: "remote-1", model: "far-1", diff },
	];
}

const ENDS: Readonly<Record<string, (send: (line: object) => void, work: Work, signal: () => void) => void>> = {
	"[nochange]": (send) => okLines(null).forEach(send),
	"[fail]": (send) =>
		send({ type: "result", status: "error", errorCode: "RUNNER_FAILED", details: { reason: "tests" } }),
	"[limit]": (send) =>
		send({
			type: "result",
			status: "error",
			errorCode: "COOLDOWN",
			limit: { resetAtMs: 4_102_444_800_000, text: "later" },
		}),
	"[auth]": (send) => send({ type: "result", status: "error", errorCode: "AUTH_MISSING" }),
	"[hang]": (send, _, signal) => {
		send({ type: "message.delta", data: { text: "Thinking" } });
		signal();
	},
	"[ask]": (send, work, signal) => {
		const data = { questionId: "q1", prompt: "May I?", choices: ["yes", "no"], about: "permission" };
		work.onAnswer = (answer) => {
			send({ type: "result", status: "ok", preview: `They said ${answer}.`, diff: EXECUTOR_DIFF });
		};
		send({ type: "human_loop.requested", data });
		signal();
	},
};

export async function executor(options: ExecutorOptions = {}): Promise<Executor> {
	const requests: ExecutorRequest[] = [];
	const works = new Map<string, Work>();
	const canceled: string[] = [];
	const waiting = Promise.withResolvers<void>();
	const ended = Promise.withResolvers<void>();
	const faults = [...(options.faults ?? [])];
	let cuts = options.cutAt === undefined ? 0 : (options.cuts ?? 1);

	function begin(key: string, prompt: string): Work {
		const work: Work = { lines: [], listeners: new Set(), finished: false, answers: new Map(), onAnswer: null };
		works.set(key, work);
		const send = (line: object) => {
			work.lines.push(`${JSON.stringify({ seq: work.lines.length + 1, ...line })}\n`);
			work.finished = (line as { type?: string }).type === "result";
			for (const listener of work.listeners) {
				listener.write(work.lines.at(-1));
				if (work.finished) listener.end();
			}
		};
		const word = Object.keys(ENDS).find((one) => prompt.includes(one));
		if (options.lines !== undefined) options.lines.forEach(send);
		else if (word !== undefined) ENDS[word]?.(send, work, waiting.resolve);
		else okLines().forEach(send);
		return work;
	}

	function stream(response: ServerResponse, work: Work, from: number): void {
		response.writeHead(200, { "content-type": "application/x-ndjson" });
		const bytes = options.raw ?? Buffer.from(work.lines.slice(from - 1).join(""));
		if (cuts > 0) {
			cuts -= 1;
			response.flushHeaders();
			// The socket is ended only when the bytes are out.
			response.write(bytes.subarray(0, options.cutAt), () => response.socket?.destroy());
			return;
		}
		response.write(bytes);
		if (work.finished || options.raw !== undefined || options.lines !== undefined) response.end();
		else work.listeners.add(response);
	}

	const server = createServer(async (request, response) => {
		const call = `${request.method} ${request.url}`;
		const text = await bodyOf(request);
		const body = text === "" ? null : JSON.parse(text);
		requests.push({ call, headers: request.headers, body });
		const refuse = (status: number, code: string) => answer(response, status, { error: { code, message: `${code}.` } });
		if (options.token !== undefined && request.headers.authorization !== `Bearer ${options.token}`) {
			return refuse(401, "unauthorized");
		}
		if (call === "GET /health") {
			return answer(response, options.health?.status ?? 200, options.health?.body ?? { protocol: 1, version: "0.9" });
		}
		const [, key = "", part = ""] = /^\/runs\/([^/?]+)(?:\/(\w+))?/.exec(request.url ?? "") ?? [];
		if (call === "POST /runs") {
			const fault = faults.shift();
			if (fault === "silent") return;
			if (fault === "broken") return void request.socket.destroy();
			if (typeof fault === "object") return answer(response, fault.status, fault.body, fault.headers);
			const known = works.get(body.key);
			if (known !== undefined && options.refusesDuplicates === true) return refuse(409, "run_exists");
			const work = known ?? begin(body.key, body.prompt);
			if (fault === "lost_answer") return void request.socket.destroy();
			return stream(response, work, 1);
		}
		const work = works.get(decodeURIComponent(key));
		if (work === undefined || (part === "events" && options.replay === false)) return refuse(404, "run_unknown");
		if (request.method === "GET" && part === "events") {
			return stream(response, work, Number(new URL(call.slice(4), "http://x").searchParams.get("from") ?? 1));
		}
		if (request.method === "POST" && part === "replies") {
			if (options.refusesReplies === true) {
				// Not before the client has read the refusal.
				response.on("close", () => {
					for (const listener of work.listeners) listener.end('{"seq":2,"type":"result","status":"error"}\n');
				});
				refuse(404, "question_unknown");
				return;
			}
			if (!work.answers.has(body.questionId)) work.onAnswer?.(body.answer);
			work.answers.set(body.questionId, body.answer);
			return answer(response, 200, { ok: true });
		}
		if (request.method === "DELETE") {
			canceled.push(decodeURIComponent(key));
			ended.resolve();
			return answer(response, 202, { ok: true });
		}
		return refuse(405, "not_allowed");
	});
	const url = await listen(server);
	return {
		...{ url, requests, canceled, waiting: waiting.promise, ended: ended.promise },
		get begun() {
			return [...works.keys()];
		},
	};
}

function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
	response.writeHead(status, { "content-type": "application/json", ...headers });
	response.end(body === undefined ? "" : JSON.stringify(body));
}
