// The http runner against the reference executor: what is tried again, what is not, and that work begins once.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { http, probeHttp } from "../../../src/runners/drivers/http/http.ts";
import { type DriverOptions, drive } from "../../support/driver.ts";
import { EXECUTOR_DIFF, type ExecutorOptions, executor, okLines } from "../../support/executor.ts";
import { deadAddress } from "../../support/local-model.ts";
import { REQUEST } from "../../support/runner-request.ts";

const KEY = `${REQUEST.context.runId}.1`;
const QUICK = { EXECUTOR_RETRY_DELAY_MS: "1", EXECUTOR_TIMEOUT_MS: "5000" };

async function runWith(options: ExecutorOptions, env: Record<string, string> = {}, more: DriverOptions = {}) {
	const service = await executor(options);
	const ran = await drive("http", http, { ...more, env: { EXECUTOR_BASE_URL: service.url, ...QUICK, ...env } });
	return { ...ran, service, calls: service.requests.map(({ call }) => call) };
}

describe("a run at the executor", () => {
	test("is begun with the task's words and gives back events, result and diff", async () => {
		const { outcome, events, service, runDir, text, notes } = await runWith(
			{ token: "secret-1" },
			{ EXECUTOR_AUTH_TOKEN: "secret-1" },
			{ payload: { prompt: "Do it.", model: "auto" }, context: { baseCommit: "abc123", resume: "remote-0" } },
		);
		expect(outcome).toMatchObject({
			status: "ok",
			preview: "Done.",
			session: "remote-1",
			model: "far-1",
			diffFile: "executor.diff",
			usage: { inputTokens: 10, outputTokens: 5, costUsd: 0.01 },
		});
		expect(readFileSync(join(runDir, "executor.diff"), "utf8")).toBe(EXECUTOR_DIFF);
		expect(text).toBe("Working: größer 変更 🙂.\n");
		expect(events.map(({ type }) => type)).toEqual(["message.delta", "message.stop", "todo.update", "run.unknown"]);
		expect(notes).toBe("");
		const [start] = service.requests;
		expect(start?.body).toMatchObject({
			protocol: 1,
			key: KEY,
			baseCommit: "abc123",
			prompt: "Do it.",
			model: null,
			resume: "remote-0",
			files: [],
		});
		expect(JSON.stringify(start?.body)).not.toContain(REQUEST.workspacePath);
		expect(start?.headers).toMatchObject({
			authorization: "Bearer secret-1",
			"idempotency-key": KEY,
			"x-run-id": REQUEST.context.runId,
			"x-operation": "run.start",
			"x-session-id": "remote-0",
			"x-trace-id": expect.stringMatching(/^[0-9a-f]{32}$/),
			"x-executor-id": expect.stringMatching(/^127\.0\.0\.1:\d+$/),
			"x-ts": expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
		});
		expect(service.requests).toHaveLength(1);
	});

	test("that fails or meets a limit is what the executor says it is", async () => {
		for (const [word, code, details] of [
			["[fail]", "RUNNER_FAILED", { reason: "tests" }],
			["[auth]", "AUTH_MISSING", {}],
			["[limit]", "COOLDOWN", { resetAtMs: 4_102_444_800_000, estimated: false }],
		] as const) {
			const { outcome, service } = await runWith({}, {}, { payload: { prompt: word } });
			expect(outcome).toMatchObject({ status: "error", errorCode: code, details, diffFile: null });
			expect(service.canceled).toEqual([]);
		}
	});

	test("may hand back files, by plain names only", async () => {
		const files = [
			{ name: "log.txt", content: "fine" },
			{ name: "shot.png", content: "iVBO", encoding: "base64" },
			{ name: "../out.txt", content: "bad" },
			{ name: ".git", content: "bad" },
			{ name: "a/b", content: "bad" },
			7,
		];
		const { outcome, runDir } = await runWith({ lines: [{ type: "result", status: "ok", artifacts: files }] });
		expect(outcome).toMatchObject({ status: "ok", diffFile: null, artifacts: ["log.txt", "shot.png"] });
		expect(readFileSync(join(runDir, "shot.png"))).toEqual(Buffer.from("iVBO", "base64"));
	});
});

describe("what is tried again", () => {
	const TWO = { EXECUTOR_MAX_RETRIES: "2" };

	test.each([
		["a 503", { status: 503 }],
		["a broken connection", "broken"],
		["an answer that got lost after the work was begun", "lost_answer"],
	] as const)("%s: then the run succeeds, and was begun once", async (_, fault) => {
		for (const refusesDuplicates of [false, true]) {
			const { outcome, service } = await runWith({ faults: [fault], refusesDuplicates }, TWO);
			expect(outcome).toMatchObject({ status: "ok", errorCode: null, diffFile: "executor.diff" });
			expect(service.begun).toEqual([KEY]);
			expect(new Set(service.requests.map(({ headers }) => headers["idempotency-key"]))).toEqual(new Set([KEY]));
		}
	});

	test("silence", async () => {
		const { outcome, calls } = await runWith({ faults: ["silent"] }, { ...TWO, EXECUTOR_TIMEOUT_MS: "150" });
		expect(outcome.status).toBe("ok");
		expect(calls).toEqual(["POST /runs", "POST /runs"]);
		const before = await runWith({ faults: ["silent"] }, { EXECUTOR_TIMEOUT_MS: "150" });
		expect(before.outcome).toMatchObject({ errorCode: "RUNNER_UNREACHABLE", details: { kind: "timeout", attempt: 1 } });
		const within = await runWith({}, { EXECUTOR_TIMEOUT_MS: "150" }, { payload: { prompt: "[hang]" } });
		expect(within.outcome).toMatchObject({
			errorCode: "RUNNER_INCOMPLETE",
			details: { reason: "stream_cut", kind: "timeout", events: 1 },
		});
	});

	test("as often as set and not once more; the last failure is told", async () => {
		const faults = [{ status: 502 }, { status: 500 }, { status: 504 }, { status: 503 }];
		const { outcome, calls } = await runWith({ faults }, TWO);
		expect(outcome).toMatchObject({
			status: "error",
			errorCode: "RUNNER_UNREACHABLE",
			details: { kind: "http_status", path: "/runs", status: 504, attempt: 3, maxAttempts: 3 },
		});
		expect(calls).toEqual(["POST /runs", "POST /runs", "POST /runs", `DELETE /runs/${KEY}`]);
	});

	test("nothing, unless set", async () => {
		const { outcome, calls } = await runWith({ faults: [{ status: 503 }] });
		expect(outcome).toMatchObject({ errorCode: "RUNNER_UNREACHABLE", details: { attempt: 1, maxAttempts: 1 } });
		expect(calls).toEqual(["POST /runs", `DELETE /runs/${KEY}`]);
	});

	test("no other status than those that are set", async () => {
		const codes = { ...TWO, EXECUTOR_RETRY_STATUS_CODES: "503" };
		const { outcome, calls } = await runWith({ faults: [{ status: 500 }] }, codes);
		expect(outcome).toMatchObject({
			errorCode: "RUNNER_UNREACHABLE",
			details: { status: 500, attempt: 1, maxAttempts: 3 },
		});
		expect(calls[1]).toBe(`DELETE /runs/${KEY}`);
	});

	test.each([
		[400, "RUNNER_FAILED", { reason: "refused" }],
		[401, "AUTH_MISSING", {}],
		[403, "AUTH_MISSING", {}],
		[404, "RUNNER_FAILED", {}],
		[409, "RUNNER_FAILED", {}],
		[422, "RUNNER_FAILED", {}],
		[429, "COOLDOWN", { resetAtMs: null, estimated: true }],
		[302, "RUNNER_FAILED", {}],
	])("never a %i, which is final at once", async (status, errorCode, details) => {
		const elsewhere = await executor();
		const headers = status === 302 ? { location: `${elsewhere.url}/runs` } : {};
		const fault = { status, headers, body: { error: { message: "No." } } };
		const { outcome, calls } = await runWith({ faults: [fault, fault] }, { ...TWO, EXECUTOR_AUTH_TOKEN: "secret-1" });
		expect(outcome).toMatchObject({
			status: "error",
			errorCode,
			details: { kind: "http_status", path: "/runs", status, attempt: 1, maxAttempts: 3, ...details },
			preview: "No.",
		});
		expect(calls).toEqual(["POST /runs"]);
		// The token goes to no other host.
		expect(elsewhere.requests).toEqual([]);
	});

	test("a limit's end is taken from Retry-After", async () => {
		const began = Date.now();
		const { outcome, events } = await runWith({ faults: [{ status: 429, headers: { "retry-after": "90" } }] });
		const { resetAtMs, estimated } = outcome.details as { resetAtMs: number; estimated: boolean };
		expect(estimated).toBe(false);
		expect(resetAtMs).toBeGreaterThanOrEqual(began + 90_000);
		expect(resetAtMs).toBeLessThanOrEqual(Date.now() + 90_000);
		expect(outcome.limit?.resetAtMs).toBe(resetAtMs);
		expect(events).toContainEqual({ type: "run.limit", data: { resetAtMs, estimated: false, text: null } });
	});

	test("an address where nobody listens is unreachable", async () => {
		const env = { ...QUICK, EXECUTOR_BASE_URL: await deadAddress(), EXECUTOR_MAX_RETRIES: "1" };
		const { outcome } = await drive("http", http, { env });
		expect(outcome).toMatchObject({
			errorCode: "RUNNER_UNREACHABLE",
			details: { kind: "network", reason: "ECONNREFUSED", attempt: 2, maxAttempts: 2 },
		});
	});
});

describe("a stream that breaks off", () => {
	const whole = Buffer.from(
		okLines()
			.map((line, at) => `${JSON.stringify({ seq: at + 1, ...line })}\n`)
			.join(""),
	);

	test("is gone on with, and every event comes once", async () => {
		const expected = await runWith({});
		for (let cutAt = 0; cutAt <= whole.length; cutAt += 23) {
			const { outcome, events, service } = await runWith({ cutAt }, { EXECUTOR_MAX_RETRIES: "1" });
			expect(events, `cut at ${cutAt}`).toEqual(expected.events);
			expect(outcome).toEqual(expected.outcome);
			expect(service.begun).toEqual([KEY]);
		}
	});

	test("again and again is gone on with as long as something comes", async () => {
		const { outcome, calls } = await runWith({ cutAt: 130, cuts: 3 }, { EXECUTOR_MAX_RETRIES: "1" });
		expect(outcome.status).toBe("ok");
		expect(calls.length).toBeGreaterThan(2);
	});

	test("without progress ends after the retries that are set", async () => {
		const { outcome, calls } = await runWith({ cutAt: 10, cuts: 9 }, { EXECUTOR_MAX_RETRIES: "2" });
		expect(outcome).toMatchObject({
			errorCode: "RUNNER_INCOMPLETE",
			details: { reason: "stream_cut", kind: "network" },
		});
		const events = `GET /runs/${KEY}/events?from=1`;
		expect(calls).toEqual(["POST /runs", events, events, `DELETE /runs/${KEY}`]);
	});

	test("at an executor that cannot repeat it is incomplete", async () => {
		const { outcome, calls } = await runWith({ cutAt: 200, replay: false }, { EXECUTOR_MAX_RETRIES: "2" });
		expect(outcome).toMatchObject({
			errorCode: "RUNNER_INCOMPLETE",
			details: { reason: "stream_cut", kind: "http_status", status: 404, events: expect.any(Number) },
		});
		expect(calls).toHaveLength(2);
	});

	test("is incomplete at once where no retries are set, and the executor is told to end", async () => {
		const { outcome, calls } = await runWith({ cutAt: 200 });
		expect(outcome).toMatchObject({ errorCode: "RUNNER_INCOMPLETE", details: { reason: "stream_cut" } });
		expect(calls).toEqual(["POST /runs", `DELETE /runs/${KEY}`]);
	});

	test("in order but without a result is incomplete", async () => {
		const { outcome } = await runWith({ lines: okLines().slice(0, 2) });
		expect(outcome).toMatchObject({ errorCode: "RUNNER_INCOMPLETE", details: { reason: "stream_ended", events: 2 } });
	});
});

describe("what a stream may hold", () => {
	test("nothing that makes sense: kept, and incomplete", async () => {
		const raw = Buffer.concat([Buffer.from("hello\n\n[1]\n{}\nnull\n"), Buffer.from([0xff, 0xfe, 0x0a])]);
		const { outcome, events } = await runWith({ raw });
		expect(outcome).toMatchObject({ status: "error", errorCode: "RUNNER_INCOMPLETE" });
		expect(events.map(({ type, data }) => [type, data.text ?? data.line])).toEqual([
			["run.log", "hello"],
			["run.log", "[1]"],
			["run.unknown", {}],
			["run.log", "null"],
			["run.log", "\ufffd\ufffd"],
		]);
	});

	test("a line that is too long for an event is cut and said to be", async () => {
		const lines = [{ type: "message.delta", data: { text: "x".repeat(300_000) } }, ...okLines()];
		const { outcome, events } = await runWith({ lines });
		expect(outcome.status).toBe("ok");
		expect(events[0]).toMatchObject({ type: "run.log", data: { stream: "executor", truncated: true } });
	});

	test("a gap in the numbers is said", async () => {
		const raw = Buffer.from('{"seq":1,"type":"message.stop","data":{}}\n{"seq":4,"type":"result","status":"ok"}\n');
		const { outcome, events } = await runWith({ raw });
		expect(outcome.status).toBe("ok");
		expect(events).toContainEqual(
			expect.objectContaining({ data: expect.objectContaining({ code: "events_lost", from: 2, to: 3 }) }),
		);
	});

	test("events that only msgcode itself writes are not believed", async () => {
		const lines = [{ type: "run.finished", data: { status: "ok" } }, ...okLines()];
		const { events } = await runWith({ lines });
		expect(events[0]?.type).toBe("run.unknown");
	});
});

describe("people", () => {
	test("a question passes through and its answer goes to the executor", async () => {
		const { outcome, events, service } = await runWith({}, {}, { payload: { prompt: "[ask]" }, answer: "yes" });
		expect(events.map(({ type }) => type)).toEqual(["human_loop.requested"]);
		expect(outcome).toMatchObject({ status: "ok", preview: "They said yes." });
		const reply = service.requests.find(({ call }) => call === `POST /runs/${KEY}/replies`);
		expect(reply?.body).toEqual({ questionId: "q1", answer: "yes" });
	});

	test("an answer that cannot be given is said to be lost", async () => {
		const more = { payload: { prompt: "[ask]" }, answer: "yes" };
		const { events } = await runWith({ refusesReplies: true }, {}, more);
		expect(events).toContainEqual({
			type: "run.warning",
			data: expect.objectContaining({ code: "reply_lost", questionId: "q1", kind: "http_status", status: 404 }),
		});
	});

	test("a run that is stopped is ended at the executor as well", async () => {
		const service = await executor();
		const stop = new AbortController();
		void service.waiting.then(() => stop.abort());
		const env = { ...QUICK, EXECUTOR_BASE_URL: service.url };
		const { results, notes } = await drive("http", http, { env, stop, payload: { prompt: "[hang]" } });
		expect(service.canceled).toEqual([KEY]);
		expect(results).toBe(1);
		expect(notes).toBe("");
	});
});

describe("the settings", () => {
	test.each([
		[{}, "EXECUTOR_BASE_URL"],
		[{ EXECUTOR_BASE_URL: "ftp://x" }, "EXECUTOR_BASE_URL"],
		[{ EXECUTOR_AUTH_TOKEN: "a\nx-other: b" }, "EXECUTOR_AUTH_TOKEN"],
		[{ EXECUTOR_TIMEOUT_MS: "soon" }, "EXECUTOR_TIMEOUT_MS"],
		[{ EXECUTOR_MAX_RETRIES: "-1" }, "EXECUTOR_MAX_RETRIES"],
		[{ EXECUTOR_RETRY_STATUS_CODES: "404" }, "EXECUTOR_RETRY_STATUS_CODES"],
	])("%j: %s is named, nothing is sent", async (env, variable) => {
		const base =
			Object.keys(env)[0] === undefined || "EXECUTOR_BASE_URL" in env
				? {}
				: { EXECUTOR_BASE_URL: "http://127.0.0.1:9" };
		const { outcome } = await drive("http", http, { env: { ...base, ...env } });
		expect(outcome).toMatchObject({ errorCode: "RUNNER_FAILED", details: { reason: "bad_setting", variable } });
	});

	test("an address with a path keeps it", async () => {
		const service = await executor();
		await drive("http", http, { env: { EXECUTOR_BASE_URL: `${service.url}/team/a/` } });
		expect(service.requests[0]?.call).toBe("POST /team/a/runs");
	});
});

describe("the probe", () => {
	const ask = (env: Record<string, string>) => probeHttp({ env, stop: new AbortController().signal });

	test("asks for the health, with the token", async () => {
		const service = await executor({ token: "t" });
		expect(await ask({ EXECUTOR_BASE_URL: service.url, EXECUTOR_AUTH_TOKEN: "t" })).toMatchObject({
			works: "yes",
			authenticated: "yes",
			version: "0.9",
		});
		expect(await ask({ EXECUTOR_BASE_URL: service.url })).toMatchObject({ works: "no", authenticated: "no" });
	});

	test("tells what is in the way", async () => {
		expect(await ask({})).toMatchObject({ works: "no", reason: "not set up" });
		expect(await ask({ EXECUTOR_BASE_URL: await deadAddress() })).toMatchObject({ works: "no", reason: "unreachable" });
		const other = await executor({ health: { status: 200, body: "<html>" } });
		expect(await ask({ EXECUTOR_BASE_URL: other.url })).toMatchObject({ works: "no", reason: "another protocol" });
	});
});
