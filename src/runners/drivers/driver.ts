// What msgcode's own drivers share: a driver is a small program that speaks the runner protocol, so that whatever it does
// (a network, another program) is supervised, limited and canceled like any runner.
// Invariant: it says exactly one result, as its last line, whatever happens.

import { lastWords } from "../process-verdict.ts";
import type { ReplyLine, RequestLine, ResultLine, SessionLine } from "../protocol.ts";
import type { RunnerEvent } from "../runner.ts";

export interface DriverInput {
	readonly request: RequestLine;
	/** The whole environment of the driver. */
	readonly env: Readonly<Record<string, string | undefined>>;
	/** Says, as soon as it is known, by what its session can go on and what it talks with. */
	announce(identity: Partial<Omit<SessionLine, "type">>): void;
	/** Says an event. */
	emit(event: RunnerEvent): void;
	/** The answer of a person to the question; never settles when nobody answers. */
	reply(questionId: string): Promise<string>;
	/** Aborted when the run is to end: SIGINT, SIGTERM, or msgcode is gone. */
	readonly stop: AbortSignal;
}

/** Its own end: what it leaves out is empty. `status` and, for errors, `errorCode` are what counts. */
export type DriverResult = Pick<ResultLine, "status"> & Partial<Omit<ResultLine, "type" | "status">>;

export type Driver = (input: DriverInput) => Promise<DriverResult>;

export interface DriverStreams {
	/** Lines of stdin. */
	readonly lines: AsyncIterable<string>;
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly stop: AbortController;
	write(line: string): void;
	/** For what went wrong: local, never in the ledger. */
	note(line: string): void;
}

/** Runs the driver on a request from the streams and gives the exit code. */
export async function runDriver(driver: Driver, streams: DriverStreams): Promise<number> {
	const iterator = streams.lines[Symbol.asyncIterator]();
	const say = (value: unknown) => streams.write(`${JSON.stringify(value)}\n`);
	const first = await iterator.next();
	const request = first.done === true ? null : parsed(first.value);
	if (request?.type !== "request" || request.protocol !== 1) {
		say(whole({ status: "error", errorCode: "RUNNER_FAILED", details: { reason: "no request" } }));
		return 2;
	}
	const waiting = new Map<string, (answer: string) => void>();
	const answers = new Map<string, string>();
	void hearReplies(iterator, ({ questionId, answer }) => {
		answers.set(questionId, answer);
		waiting.get(questionId)?.(answer);
	}).finally(() => streams.stop.abort());
	const result = await driver({
		request: request as unknown as RequestLine,
		env: streams.env,
		stop: streams.stop.signal,
		announce: ({ session = null, model = null, version = null }) => say({ type: "session", session, model, version }),
		emit: ({ type, data }) => say({ type, data }),
		reply: (questionId) =>
			new Promise((resolve) => {
				const known = answers.get(questionId);
				if (known === undefined) waiting.set(questionId, resolve);
				else resolve(known);
			}),
	}).catch((error: unknown): DriverResult => {
		if (streams.stop.signal.aborted)
			return { status: "error", errorCode: "RUNNER_FAILED", details: { reason: "stopped" } };
		// A bug, or a failure that the driver has no word for: its text goes to stderr, which is local.
		streams.note(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
		return { status: "error", errorCode: "RUNNER_FAILED", details: { reason: "driver failed" } };
	});
	say(whole(result));
	return 0;
}

/** Ends when stdin does. It is open as long as the run needs its driver, so by then msgcode is gone. */
async function hearReplies(lines: AsyncIterator<string>, onReply: (reply: ReplyLine) => void): Promise<void> {
	for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
		const line = parsed(next.value);
		if (line?.type === "human_loop.reply") onReply(line as unknown as ReplyLine);
	}
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
	} catch {
		return null;
	}
}

function whole(result: DriverResult): ResultLine {
	const { status, errorCode = null, details = {}, preview = "", usage = null, session = null } = result;
	const { model = null, limit = null, diff = null, artifacts = [] } = result;
	// A line that is too long would be cut, and then there would be no result.
	const bounded = {
		preview: lastWords(preview),
		limit: limit && { ...limit, text: limit.text?.slice(0, 2_000) ?? null },
	};
	return { type: "result", status, errorCode, details, ...bounded, usage, session, model, diff, artifacts };
}
