// The one door to the Agent Client Protocol's SDK: msgcode as the client of an agent that runs as its child.
// Invariant: whatever the agent prints is taken in: what is no message of the protocol goes to `onNoise`, and updates go to
// `onUpdate` as they were sent, because the SDK drops those that it does not know.

import {
	type AnyMessage,
	client,
	type InitializeResponse,
	methods,
	type NewSessionResponse,
	PROTOCOL_VERSION,
	type PromptResponse,
	RequestError,
	type RequestPermissionRequest,
} from "@agentclientprotocol/sdk";
import type { RunningChild } from "../../../core/launch.ts";
import { createLineSplitter } from "../../../core/line-splitter.ts";
import { FileMissing } from "./acp-files.ts";

export type { RequestPermissionRequest };
export { PROTOCOL_VERSION };

/** Of a session that was begun or gone on with. */
export type SessionFacts = Pick<NewSessionResponse, "configOptions" | "modes">;

/** A message may hold a whole file. */
const LONGEST_MESSAGE = 24 * 1024 * 1024;

export interface ClientSide {
	readonly mayWrite: boolean;
	onUpdate(update: unknown): void;
	onNoise(stream: "stdout" | "stderr", text: string, truncated: boolean): void;
	/** The id of the chosen option; null = the turn is being canceled, or nothing was chosen. */
	onPermission(request: RequestPermissionRequest): Promise<string | null>;
	readFile(path: string, line?: number | null, limit?: number | null): Promise<string>;
	writeFile(path: string, content: string): Promise<void>;
}

export interface AgentSide {
	initialize(version: string): Promise<InitializeResponse>;
	newSession(cwd: string): Promise<SessionFacts & { readonly sessionId: string }>;
	/** Tells the whole earlier session again, as updates, before it resolves. */
	loadSession(cwd: string, sessionId: string): Promise<SessionFacts>;
	resumeSession(cwd: string, sessionId: string): Promise<SessionFacts>;
	setOption(sessionId: string, configId: string, value: string): Promise<void>;
	setMode(sessionId: string, modeId: string): Promise<void>;
	prompt(sessionId: string, text: string): Promise<PromptResponse>;
	cancel(sessionId: string): Promise<void>;
	/** Nothing can be asked of it any more. */
	readonly gone: AbortSignal;
	close(): void;
}

/** A request that the agent answered with an error. */
export interface AgentError {
	readonly code: number;
	readonly message: string;
	readonly data?: unknown;
}

export function agentErrorIn(cause: unknown): AgentError | null {
	return cause instanceof RequestError ? { code: cause.code, message: cause.message, data: cause.data } : null;
}

export function connectAgent(child: RunningChild, side: ClientSide): AgentSide {
	const connection = client({ name: "msgcode" })
		.onRequest(methods.client.session.requestPermission, async ({ params }) => {
			const optionId = await side.onPermission(params);
			return { outcome: optionId === null ? { outcome: "cancelled" } : { outcome: "selected", optionId } };
		})
		.onRequest(methods.client.fs.readTextFile, async ({ params: { path, line, limit } }) => ({
			content: await side.readFile(path, line, limit).catch((cause) => refuse(path, cause)),
		}))
		.onRequest(methods.client.fs.writeTextFile, async ({ params: { path, content } }) => {
			await side.writeFile(path, content).catch((cause) => refuse(path, cause));
			return {};
		})
		.connect({ readable: messagesFrom(child, side), writable: messagesTo(child) });
	const { agent } = connection;
	const { session } = methods.agent;
	const place = (cwd: string) => ({ cwd, mcpServers: [] });
	return {
		initialize: (version) =>
			agent.request(methods.agent.initialize, {
				protocolVersion: PROTOCOL_VERSION,
				clientInfo: { name: "msgcode", version },
				// Reading is answered, but not offered: the disk says the same, and an agent that takes a missing file for a
				// failure of its client (gemini 0.61.0) could make no new file.
				clientCapabilities: { fs: { readTextFile: false, writeTextFile: side.mayWrite }, terminal: false },
			}),
		newSession: (cwd) => agent.request(session.new, place(cwd)),
		loadSession: (cwd, sessionId) => agent.request(session.load, { ...place(cwd), sessionId }),
		resumeSession: (cwd, sessionId) => agent.request(session.resume, { ...place(cwd), sessionId }),
		async setOption(sessionId, configId, value) {
			await agent.request(session.setConfigOption, { sessionId, configId, value });
		},
		async setMode(sessionId, modeId) {
			await agent.request(session.setMode, { sessionId, modeId });
		},
		prompt: (sessionId, text) => agent.request(session.prompt, { sessionId, prompt: [{ type: "text", text }] }),
		cancel: (sessionId) => agent.notify(session.cancel, { sessionId }),
		gone: connection.signal,
		close: () => connection.close(),
	};
}

function refuse(path: string, cause: unknown): never {
	if (cause instanceof FileMissing) throw RequestError.resourceNotFound(path);
	throw new RequestError(-32602, cause instanceof Error ? cause.message : String(cause));
}

function messagesFrom(child: RunningChild, side: ClientSide): ReadableStream<AnyMessage> {
	const errors = createLineSplitter(LONGEST_MESSAGE, (text, cut) => side.onNoise("stderr", text, cut));
	child.stderr.on("data", (chunk: Buffer) => errors.write(chunk));
	child.stderr.once("close", () => errors.end());
	let open = true;
	return new ReadableStream<AnyMessage>({
		start(controller) {
			const lines = createLineSplitter(LONGEST_MESSAGE, (text, truncated) => {
				const message = truncated ? null : messageIn(text);
				if (message === null) return side.onNoise("stdout", text, truncated);
				if (message.method === methods.client.session.update) {
					return side.onUpdate((message.params as { readonly update?: unknown } | undefined)?.update);
				}
				if (open) controller.enqueue(message as unknown as AnyMessage);
			});
			child.stdout.on("data", (chunk: Buffer) => lines.write(chunk));
			child.stdout.once("close", () => {
				lines.end();
				if (open) controller.close();
				open = false;
			});
		},
		// The connection was closed from our side; what the agent still prints is noise at most.
		cancel() {
			open = false;
		},
	});
}

function messagesTo(child: RunningChild): WritableStream<AnyMessage> {
	return new WritableStream<AnyMessage>({
		write: (message) =>
			new Promise((resolve) => {
				// An agent that has gone is noticed by its output's end.
				if (child.stdin?.writable !== true) return resolve();
				child.stdin.write(`${JSON.stringify(message)}\n`, () => resolve());
			}),
	});
}

function messageIn(text: string): Readonly<Record<string, unknown>> | null {
	try {
		const value: unknown = JSON.parse(text);
		const message = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
		return message.jsonrpc === "2.0" ? message : null;
	} catch {
		return null;
	}
}
