// A remote executor: the whole work is done elsewhere, and comes back as events, a result and a diff (docs/executor-protocol.md).
// Invariant: one run begins there once, whatever is sent twice; when nobody listens to it any more, it is told to end.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { RunnerEvent } from "../../runner.ts";
import type { Driver, DriverInput, DriverResult } from "../driver.ts";
import type { DriverProbe } from "../driver-probe.ts";
import { failure } from "../outcome.ts";
import { below, type ServiceAnswer, ServiceFailure, textOf } from "../service-call.ts";
import { callExecutor, type ExecutorFailure, type RunHeaders } from "./executor-call.ts";
import { type ExecutorResult, type ExecutorStream, readStream } from "./executor-stream.ts";
import { runBody, runHeaders, runKey } from "./run-request.ts";
import { type ExecutorSettings, executorSettings } from "./settings.ts";
import { judgeBroken, judgeRefusal } from "./verdict.ts";

/** Shorter than a rung of the ladder of signals: the request to end has to be out before this program is killed. */
const FAREWELL_MS = 1_500;

export const http: Driver = async (input) => {
	const settings = executorSettings(input.env);
	if ("wrong" in settings) return failure("RUNNER_FAILED", { reason: "bad_setting", variable: settings.wrong });
	const executor = { settings, run: runHeaders(input.request), key: runKey(input.request.context) };
	let over = false;
	try {
		const ended = await carryOut(executor, input);
		over = ended.over;
		return ended.result;
	} finally {
		if (!over) await tellToEnd(executor);
	}
};

interface Executor {
	readonly settings: ExecutorSettings;
	readonly run: RunHeaders;
	readonly key: string;
}

interface Ended {
	readonly result: DriverResult;
	/** The executor does nothing for this run any more, or never has. */
	readonly over: boolean;
}

async function carryOut(executor: Executor, input: DriverInput): Promise<Ended> {
	const { settings, run } = executor;
	const { request, stop } = input;
	const stream: ExecutorStream = { lastSeq: 0, result: null, truncated: 0 };
	const url = below(settings.base, "runs");
	const call = { method: "POST", url, operation: "run.start", body: runBody(request), stop } as const;
	const started = await callExecutor(settings, run, call);
	let answer: ServiceAnswer | null = null;
	if ("answer" in started) answer = started.answer;
	else if (started.failure.code !== "run_exists" || started.failure.status !== 409) {
		const { kind, status } = started.failure;
		// After a 4xx nothing runs there; after anything else it may.
		return { result: judgeRefusal(started.failure), over: kind === "http_status" && status !== null && status < 500 };
	}
	// Where this very run exists, an earlier request had arrived after all: its events are asked for.
	const lost = await listen(executor, input, stream, answer);
	const { result } = stream;
	if (result !== null) return { result: keep(request.context.runDir, result), over: true };
	return { result: judgeBroken(stream, lost.broken, lost.reconnect), over: lost.reconnect?.status === 404 };
}

interface Lost {
	/** How the last connection broke; null where it ended in order. */
	readonly broken: ServiceFailure | null;
	readonly reconnect: ExecutorFailure | null;
}

/** Takes in the stream until its result, over as many connections as the settings allow without any progress. */
async function listen(
	executor: Executor,
	input: DriverInput,
	stream: ExecutorStream,
	first: ServiceAnswer | null,
): Promise<Lost> {
	const { settings, run, key } = executor;
	let broken: ServiceFailure | null = null;
	let answer = first;
	let idle = 0;
	for (;;) {
		if (answer !== null) {
			const before = stream.lastSeq;
			broken = await takeIn(executor, input, stream, answer);
			if (stream.result !== null || stream.truncated > 0) return { broken, reconnect: null };
			if (stream.lastSeq > before) idle = 0;
			if (idle >= settings.maxRetries) return { broken, reconnect: null };
			idle += 1;
			await delay(settings.retryDelayMs * idle, undefined, { signal: input.stop });
		}
		const url = below(settings.base, "runs", key, "events");
		url.searchParams.set("from", String(stream.lastSeq + 1));
		const call = { method: "GET", url, operation: "run.events", stop: input.stop } as const;
		const called = await callExecutor(settings, run, { ...call, maxRetries: settings.maxRetries - idle });
		if ("failure" in called) return { broken, reconnect: called.failure };
		answer = called.answer;
	}
}

/** Takes in one connection; gives how it broke, or null. */
async function takeIn(
	executor: Executor,
	{ emit, announce, reply, stop }: DriverInput,
	stream: ExecutorStream,
	answer: ServiceAnswer,
): Promise<ServiceFailure | null> {
	const say = (event: RunnerEvent) => {
		emit(event);
		const { questionId } = event.data;
		if (event.type !== "human_loop.requested" || typeof questionId !== "string") return;
		void reply(questionId).then((answerText) => passOn(executor, { questionId, answer: answerText }, emit, stop));
	};
	const reader = readStream(stream, say, announce);
	try {
		for await (const chunk of answer.body) {
			reader.write(chunk);
			if (stream.result !== null) break;
		}
		return null;
	} catch (cause) {
		if (!(cause instanceof ServiceFailure)) throw cause;
		return cause;
	} finally {
		answer.close();
		reader.end();
	}
}

/** A person's answer. That it could not be given is said: the executor goes on waiting for it. */
async function passOn(
	{ settings, run, key }: Executor,
	body: { readonly questionId: string; readonly answer: string },
	emit: DriverInput["emit"],
	stop: AbortSignal,
): Promise<void> {
	const url = below(settings.base, "runs", key, "replies");
	const call = { method: "POST", url, operation: "run.reply", body, stop } as const;
	const called = await callExecutor(settings, run, call).catch(() => null);
	if (called === null) return; // the run is being stopped
	if ("answer" in called) return called.answer.close();
	const { kind, status } = called.failure;
	const message = "The executor could not be given the answer.";
	emit({ type: "run.warning", data: { code: "reply_lost", message, questionId: body.questionId, kind, status } });
}

async function tellToEnd({ settings, run, key }: Executor): Promise<void> {
	const stop = AbortSignal.timeout(Math.min(FAREWELL_MS, settings.timeoutMs));
	const call = { method: "DELETE", url: below(settings.base, "runs", key), operation: "run.cancel", stop } as const;
	await callExecutor(settings, run, { ...call, maxRetries: 0 }).then(
		(called) => "answer" in called && called.answer.close(),
		() => {},
	);
}

/** Keeps what came back in the run's folder. */
function keep(runDir: string, { line, diff, files }: ExecutorResult): DriverResult {
	const artifacts = files.map(({ name, content }) => {
		writeFileSync(join(runDir, name), content, { mode: 0o600 });
		return name;
	});
	if (diff === null) return { ...line, artifacts };
	writeFileSync(join(runDir, "executor.diff"), diff, { mode: 0o600 });
	return { ...line, artifacts, diff: "executor.diff" };
}

/** Asks for the executor's health. */
export const probeHttp: DriverProbe = async ({ env, stop }) => {
	const settings = executorSettings(env);
	if ("wrong" in settings) {
		const reason = settings.wrong === "EXECUTOR_BASE_URL" && !env.EXECUTOR_BASE_URL ? "not set up" : "bad setting";
		return { works: "no", authenticated: "unknown", reason, details: { variable: settings.wrong } };
	}
	const { host } = settings.base;
	const run = { traceId: "0".repeat(32), sessionId: "probe", runId: "probe", key: null };
	const call = { method: "GET", url: below(settings.base, "health"), operation: "health", stop } as const;
	const called = await callExecutor({ ...settings, timeoutMs: Math.min(settings.timeoutMs, 4_000) }, run, {
		...call,
		maxRetries: 0,
	});
	if ("failure" in called) {
		const { kind, status } = called.failure;
		const refused = status === 401 || status === 403;
		const reason = refused ? "token refused" : kind === "http_status" ? "refused" : "unreachable";
		return { works: "no", authenticated: refused ? "no" : "unknown", reason, details: { host, kind, status } };
	}
	const health = await textOf(called.answer, 64 * 1024).catch(() => "");
	return { ...healthIn(health), details: { host } };
};

function healthIn(text: string): Awaited<ReturnType<DriverProbe>> {
	try {
		const { protocol, version } = JSON.parse(text) as { protocol?: unknown; version?: unknown };
		const named = typeof version === "string" && /^[\w.+-]{1,40}$/.test(version) ? version : null;
		if (protocol === 1) return { works: "yes", authenticated: "yes", version: named };
	} catch {
		// Something else answers there.
	}
	return { works: "no", authenticated: "unknown", reason: "another protocol" };
}
