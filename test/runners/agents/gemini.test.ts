// Gemini's call, and the parts of its stream that no transcript holds. Its real output: transcripts.test.ts.
import { describe, expect, test } from "vitest";
import { createRegistry } from "../../../src/runners/registry.ts";
import { hear, linesOf, transcript } from "../../support/agent-stream.ts";
import { request } from "../../support/runner-request.ts";

const gemini = createRegistry().get("gemini");
const SESSION = "c775793e-1125-4758-9a81-b0367094cfaa";

describe("the call", () => {
	test("headless, streamed, with its prompt on stdin, in a folder that it is told to trust", () => {
		const plan = gemini.prepare(request({ prompt: "--yolo and more" }));
		expect(plan.argv).toEqual(["gemini", "--approval-mode", "auto_edit", "--output-format", "stream-json"]);
		expect(plan).toMatchObject({ stdin: "--yolo and more", stdinStaysOpen: false, artifacts: [] });
		expect(plan.env).toEqual({ GEMINI_CLI_TRUST_WORKSPACE: "true" });
		expect(plan.passEnv).toContain("GEMINI_API_KEY");
		expect(plan.redactedArgv).toEqual(plan.argv);
	});

	test("a text that begins like a command of a repository's own does not become one", () => {
		expect(gemini.prepare(request({ prompt: "/deploy now" })).stdin).toBe("\n/deploy now");
	});

	test("a text longer than it reads is refused, because it would cut it off in silence", () => {
		const longest = gemini.capability.limits.promptBytes ?? 0;
		expect(longest).toBe(8 * 1024 * 1024);
		expect(gemini.prepare(request({ prompt: "x".repeat(longest) })).stdin).toHaveLength(longest);
		expect(() => gemini.prepare(request({ prompt: `é${"x".repeat(longest - 1)}` }))).toThrow(
			expect.objectContaining({ code: "limit_exceeded" }),
		);
	});

	test.each([
		["read-only", "plan"],
		["edit", "auto_edit"],
		["full", "yolo"],
	] as const)("%s is --approval-mode %s", (permission, mode) => {
		const { argv } = gemini.prepare({ ...request(), constraints: { timeoutMs: 1, permission } });
		expect(argv.slice(1, 3)).toEqual(["--approval-mode", mode]);
		expect(gemini.capability.permissions?.[permission]).toBe(`--approval-mode ${mode}`);
	});

	test("model, an earlier session and the task's own arguments", () => {
		const args = ["--include-directories", "/work space/repo/lib"];
		const plan = gemini.prepare(request({ model: "gemini-2.5-pro", args }, { resume: SESSION }));
		expect(plan.argv.slice(5)).toEqual(["--model", "gemini-2.5-pro", "--resume", SESSION, ...args]);
		expect(plan.redactedArgv.at(-1)).toBe("{WORKSPACE}/lib");
	});

	test.each([
		["a model that would be an option", request({ model: "--yolo" })],
		["a session that is none", request({}, { resume: "latest" })],
		["no text", request({ prompt: "" })],
	])("%s is the task's error", (_, wanted) => {
		expect(() => gemini.prepare(wanted)).toThrow(expect.objectContaining({ code: "task_invalid_spec" }));
	});
});

const INIT = { type: "init", session_id: SESSION, model: "auto" };
const at = "2026-11-20T12:00:00.000Z";
const SUCCESS = { type: "result", timestamp: at, status: "success", stats: {} };
const failure = (type: string, message: string) => ({
	type: "result",
	timestamp: at,
	status: "error",
	error: { type, message },
});
const service = (error: object) => failure("unknown", `[API Error: ${JSON.stringify({ error })}]`);

describe("the verdict", () => {
	test.each([
		["a plain success", [INIT, SUCCESS], 0, "ok", null],
		["an error line on the way", [INIT, { type: "error", severity: "error", message: "x" }, SUCCESS], 0, "ok", null],
		["a status that is none", [{ ...SUCCESS, status: "Success" }], 0, "error", "RUNNER_FAILED"],
		["a result without a status", [{ type: "result" }], 0, "error", "RUNNER_FAILED"],
		["an error with exit code 0", [{ ...SUCCESS, status: "error" }], 0, "error", "RUNNER_FAILED"],
		["interrupted: exit code 0 and no result", [INIT], 0, "error", "RUNNER_INCOMPLETE"],
		["nothing at all", [], 0, "error", "RUNNER_INCOMPLETE"],
		["a refused call", [], 1, "error", "RUNNER_FAILED"],
		["no input", [], 42, "error", "RUNNER_FAILED"],
		["no login, said on stderr only", [], 41, "error", "AUTH_MISSING"],
		["a folder that it does not trust", [], 55, "error", "TRUST_REQUIRED"],
		["out of turns", [failure("FatalTurnLimitedError", "x")], 53, "error", "RUNNER_INCOMPLETE"],
		["canceled by itself", [failure("FatalCancellationError", "x")], 130, "error", "RUNNER_INCOMPLETE"],
		["401 as exit code 145", [INIT, failure("unknown", "x")], 145, "error", "AUTH_MISSING"],
		["403 as exit code 147", [INIT, failure("unknown", "x")], 147, "error", "AUTH_MISSING"],
		["429 as exit code 173", [INIT, failure("unknown", "x")], 173, "error", "COOLDOWN"],
		["429 without a result", [INIT], 173, "error", "COOLDOWN"],
		["500 as exit code 244", [INIT, failure("unknown", "x")], 244, "error", "RUNNER_FAILED"],
		["an exit code below those", [INIT, failure("unknown", "x")], 143, "error", "RUNNER_FAILED"],
		["the service's own 401", [service({ code: 401 })], 1, "error", "AUTH_MISSING"],
		["the service's own 429", [service({ code: 429 })], 1, "error", "COOLDOWN"],
		["a tool that failed for good", [failure("disk_full", "x")], 54, "error", "RUNNER_FAILED"],
	] as const)("%s", (_, lines, exitCode, status, errorCode) => {
		expect(hear(gemini, lines, { exitCode })).toMatchObject({ status, errorCode });
	});

	test("what lingered has no exit code: its word alone counts", () => {
		const end = { outcome: "lingered", exitCode: null } as const;
		expect(hear(gemini, [INIT, SUCCESS], end).status).toBe("ok");
		expect(hear(gemini, [INIT, service({ code: 429 })], end).errorCode).toBe("COOLDOWN");
		expect(hear(gemini, [INIT, failure("unknown", "x")], end).errorCode).toBe("RUNNER_FAILED");
	});

	test("a signal is one, and an exit code that looks like one is not", () => {
		const killed = { outcome: "signaled", signal: "SIGKILL", exitCode: null } as const;
		expect(hear(gemini, [INIT], killed).errorCode).toBe("RUNNER_CRASHED");
		expect(hear(gemini, [INIT, failure("unknown", "x")], { exitCode: 173 }).errorCode).toBe("COOLDOWN");
	});

	test("exit codes below 400 modulo 256 are no HTTP status, and neither is a number that is none", () => {
		const statusOf = (exitCode: number, error: object = {}) =>
			hear(gemini, [INIT, service(error)], { exitCode }).details.httpStatus;
		expect([143, 144, 1, 255].map((exitCode) => statusOf(exitCode))).toEqual([null, 400, null, 511]);
		for (const code of [9, 399, 600, 401.5, "401"]) expect(statusOf(1, { code })).toBeNull();
	});

	test("only a call that it refused at once is one for an unknown session", () => {
		const said = "Error resuming session: no such one";
		expect(hear(gemini, [], { exitCode: 42 }, said).details).toMatchObject({ resume: "refused" });
		expect(hear(gemini, [INIT], { exitCode: 42 }, said).details).not.toHaveProperty("resume");
	});

	test("a limit's time is a machine's, or there is none and it says so", () => {
		const resetOf = (error: object) => hear(gemini, [service({ code: 429, ...error })], { exitCode: 173 }).details;
		const retry = (retryDelay: unknown) => ({
			details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay }],
		});
		expect(resetOf(retry("3600s"))).toEqual({ resetAtMs: Date.parse(at) + 3_600_000, estimated: false });
		expect(resetOf(retry("1.5s"))).toMatchObject({ resetAtMs: Date.parse(at) + 1_500 });
		for (const vague of [{}, retry("soon"), retry(60), { message: "Please retry in 3600s." }]) {
			expect(resetOf(vague)).toEqual({ resetAtMs: null, estimated: true });
		}
		const untimed = { ...service({ code: 429, ...retry("60s") }), timestamp: undefined };
		expect(hear(gemini, [untimed], { exitCode: 173 }).details).toEqual({ resetAtMs: null, estimated: true });
	});

	test("its other output format is no result", () => {
		const { stdout } = transcript("gemini-ok-json");
		expect(hear(gemini, linesOf(stdout))).toMatchObject({ errorCode: "RUNNER_INCOMPLETE" });
	});
});

describe("events", () => {
	const heard = (...lines: unknown[]) => hear(gemini, lines).events;
	const said = (content: string, delta?: boolean) => ({ type: "message", role: "assistant", content, delta });

	test("pieces of one message become one, up to what follows them", () => {
		const { events, seen } = hear(gemini, [INIT, said("One ", true), said("two.", true), SUCCESS, said("Three.")]);
		expect(events).toEqual([
			{ type: "message.delta", data: { text: "One " } },
			{ type: "message.delta", data: { text: "two." } },
			{ type: "message.stop", data: {} },
			{ type: "message.delta", data: { text: "Three." } },
			{ type: "message.stop", data: {} },
		]);
		expect(seen.lastText).toBe("Three.");
		expect(hear(gemini, [said("One ", true), said("two.", true)]).seen.lastText).toBe("One two.");
	});

	test("the prompt that it repeats is not said again", () => {
		expect(heard({ type: "message", role: "user", content: "Do it." })).toEqual([]);
	});

	test("a list of what is to do, once the tool has taken it", () => {
		const todos = ["pending", "blocked", "in_progress", "completed", "cancelled"].map((status, at) => ({
			description: `t${at}`,
			status,
		}));
		const use = { type: "tool_use", tool_name: "write_todos", tool_id: "w1", parameters: { todos } };
		const events = heard(use, { type: "tool_result", tool_id: "w1", status: "success" });
		expect(events.map(({ type }) => type)).toEqual(["tool.started", "tool.finished", "todo.update"]);
		const list = events[2]?.data.todos as { content: string; status: string }[];
		expect(list.map(({ content, status }) => `${content} ${status}`)).toEqual([
			...["t0 todo", "t1 todo", "t2 doing", "t3 done", "t4 canceled"],
		]);
		const refused = { type: "tool_result", tool_id: "w1", status: "error", error: { message: "no" } };
		expect(heard(use, refused)[1]?.data).toMatchObject({ name: "write_todos", status: "error", output: "no" });
		expect(heard(use, refused)).toHaveLength(2);
	});

	test("a failure is a warning with the service's status, a limit an event of its own", () => {
		expect(heard(service({ code: 500 }))[0]).toMatchObject({
			type: "run.warning",
			data: { code: "runner_error", httpStatus: 500 },
		});
		expect(heard(service({ code: 429 }))[0]).toMatchObject({ type: "run.limit", data: { estimated: true } });
		expect(heard({ type: "error", severity: "warning", message: "Loop detected" })).toEqual([
			{ type: "run.warning", data: { code: "runner_error", severity: "warning", message: "Loop detected" } },
		]);
	});

	test.each([
		["a kind of line that is not known", { type: "novelty" }],
		["a message of another role", { type: "message", role: "system", content: "x" }],
		["a message without content", { type: "message", role: "assistant" }],
	])("%s is kept as it is", (_, odd) => {
		expect(heard(odd)).toEqual([{ type: "run.unknown", data: { line: odd } }]);
	});

	test.each([null, 7, [], {}, { message: 7, todos: 7, models: 7 }])("odd content (%j) breaks nothing", (odd) => {
		for (const type of ["init", "message", "tool_use", "tool_result", "error", "result"]) {
			const line = { type, session_id: odd, role: odd, parameters: odd, error: odd, stats: odd, timestamp: odd };
			expect(() => heard(line, line)).not.toThrow();
		}
	});
});
