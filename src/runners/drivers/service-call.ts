// One HTTP call of a driver to its service.
// Invariant: a token goes to the host that it was meant for and to no other: no redirect is followed. What went wrong is
// one of three kinds, in words short enough for a receipt.

import { type IncomingMessage, request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";

export interface ServiceCall {
	readonly method: "GET" | "POST" | "DELETE";
	readonly url: URL;
	readonly headers?: Readonly<Record<string, string>>;
	/** Sent as JSON. */
	readonly body?: unknown;
	/** How long the service may stay silent, before its answer and within it, ms; null = as long as it likes. */
	readonly silenceMs: number | null;
	readonly stop: AbortSignal;
}

export interface ServiceAnswer {
	readonly status: number;
	/** From Retry-After, epoch ms. */
	readonly retryAtMs: number | null;
	/** Throws ServiceFailure when the answer breaks off. */
	readonly body: AsyncIterable<Uint8Array>;
	/** Reads no further. */
	close(): void;
}

/** "timeout": it stayed silent; "network": no connection, or one that broke. */
export class ServiceFailure extends Error {
	readonly kind: "timeout" | "network";
	/** What Node calls it: ECONNREFUSED, ENOTFOUND … */
	readonly reason: string;

	constructor(kind: "timeout" | "network", reason: string) {
		super(`${kind}: ${reason}`);
		this.kind = kind;
		this.reason = reason;
	}
}

/** Settles with the head of the answer, whatever its status. Rejects with ServiceFailure, or with the reason of `stop`. */
export function callService(call: ServiceCall): Promise<ServiceAnswer> {
	const { method, url, body, silenceMs, stop } = call;
	const content = body === undefined ? null : Buffer.from(JSON.stringify(body));
	const send = url.protocol === "https:" ? secureRequest : plainRequest;
	let silent = false;
	/** What is thrown for a failure: the reason to stop, where there is one. */
	const failureOf = (cause: unknown) =>
		stop.aborted ? stop.reason : silent ? new ServiceFailure("timeout", "silence") : networkFailure(cause);
	return new Promise((resolve, reject) => {
		const request = send(url, {
			method,
			signal: stop,
			// One connection for one call: a kept one may be dead already, and then a call would fail that was never received.
			agent: false,
			...(silenceMs === null ? {} : { timeout: silenceMs }),
			headers: {
				accept: "application/json, text/event-stream, application/x-ndjson",
				...(content === null ? {} : { "content-type": "application/json", "content-length": String(content.length) }),
				...call.headers,
			},
		});
		request.on("error", (cause) => reject(failureOf(cause)));
		request.on("timeout", () => {
			silent = true;
			request.destroy();
		});
		request.on("response", (response) =>
			resolve({
				status: response.statusCode ?? 0,
				retryAtMs: retryTime(response.headers["retry-after"], Date.now()),
				body: bytesOf(response, failureOf),
				close: () => request.destroy(),
			}),
		);
		request.end(content ?? undefined);
	});
}

async function* bytesOf(response: IncomingMessage, failureOf: (cause: unknown) => unknown): AsyncGenerator<Uint8Array> {
	try {
		yield* response;
	} catch (cause) {
		throw failureOf(cause);
	}
}

function networkFailure(cause: unknown): ServiceFailure {
	const { code = "" } = cause as NodeJS.ErrnoException;
	return new ServiceFailure(code === "ETIMEDOUT" ? "timeout" : "network", /^\w{1,40}$/.test(code) ? code : "failed");
}

/** Seconds, or a date as HTTP writes it; null for anything else. */
export function retryTime(value: string | undefined, nowMs: number): number | null {
	const text = value?.trim() ?? "";
	if (/^\d{1,9}$/.test(text)) return nowMs + Number(text) * 1_000;
	if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return null;
	const time = Date.parse(text);
	return Number.isNaN(time) ? null : time;
}

/** The whole answer as text, as far as `maxBytes`. */
export async function textOf(answer: ServiceAnswer, maxBytes: number): Promise<string> {
	const chunks: Uint8Array[] = [];
	let bytes = 0;
	for await (const chunk of answer.body) {
		chunks.push(chunk);
		bytes += chunk.length;
		if (bytes >= maxBytes) break;
	}
	answer.close();
	return Buffer.concat(chunks).subarray(0, maxBytes).toString("utf8");
}

/** The base address from a setting; null when it is none. A path in it is kept: https://host/prefix. */
export function baseAddress(text: string): URL | null {
	const url = URL.canParse(text) ? new URL(text) : null;
	if (url === null || (url.protocol !== "http:" && url.protocol !== "https:") || url.search !== "" || url.hash !== "")
		return null;
	return url;
}

/** An address below the base: its own path, then the segments. */
export function below(base: URL, ...segments: readonly string[]): URL {
	const url = new URL(base);
	url.pathname = [url.pathname.replace(/\/+$/, ""), ...segments.map(encodeURIComponent)].join("/");
	return url;
}
