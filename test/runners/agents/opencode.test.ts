// opencode's call, and the parts of its stream that no transcript holds. Its real output: transcripts.test.ts.
import { describe, expect, test } from "vitest";
import { createRegistry } from "../../../src/runners/registry.ts";
import type { RunnerPermission } from "../../../src/runners/runner.ts";
import { hear } from "../../support/agent-stream.ts";
import { request } from "../../support/runner-request.ts";

const opencode = createRegistry().get("opencode");
const SESSION = "ses_de56dab1effeqKZ0XvQf6oyFA3";

describe("the call", () => {
	test("headless, streamed, with its prompt on stdin, whatever that begins with and however long it is", () => {
		for (const prompt of ["Do it.\n", "--auto", `- a list\n${"x".repeat(200_000)}`]) {
			const plan = opencode.prepare(request({ prompt }));
			expect(plan.argv).toEqual(["opencode", "run", "--format", "json", "--dir", "/work space/repo"]);
			expect(plan).toMatchObject({ stdin: prompt, stdinStaysOpen: false, artifacts: [] });
			expect(plan.redactedArgv).toEqual(["opencode", "run", "--format", "json", "--dir", "{WORKSPACE}"]);
		}
	});

	test("looking only is said by rules over those of its settings, everything by --auto", () => {
		const planFor = (permission: RunnerPermission) =>
			opencode.prepare({ ...request(), constraints: { timeoutMs: 1, permission } });
		expect(JSON.parse(planFor("read-only").env.OPENCODE_PERMISSION ?? "")).toEqual({
			edit: "deny",
			bash: "deny",
			external_directory: "deny",
		});
		expect(planFor("edit").env).toEqual({ OPENCODE_DISABLE_AUTOUPDATE: "1" });
		expect(planFor("full").env).toEqual({ OPENCODE_DISABLE_AUTOUPDATE: "1" });
		expect(planFor("full").argv).toContain("--auto");
		for (const permission of ["read-only", "edit"] as const) expect(planFor(permission).argv).not.toContain("--auto");
	});

	test("model, an earlier session and the task's own arguments", () => {
		const wanted = request({ model: "anthropic/opus", args: ["--variant", "high"] }, { resume: SESSION });
		expect(opencode.prepare(wanted).argv.slice(6)).toEqual([
			...["--model", "anthropic/opus", "--session", SESSION, "--variant", "high"],
		]);
		for (const model of [null, "", "auto"]) expect(opencode.prepare(request({ model })).argv).not.toContain("--model");
	});

	test.each([
		["a model that would be an option", request({ model: "--auto" })],
		["a session that is none", request({}, { resume: "--auto" })],
		["no text", request({ prompt: " \n" })],
		["an argument with a NUL", request({ args: ["a\0b"] })],
	])("%s is the task's error", (_, wanted) => {
		expect(() => opencode.prepare(wanted)).toThrow(expect.objectContaining({ code: "task_invalid_spec" }));
	});
});

const line = (type: string, part: object) => ({ type, timestamp: 1_000_000, sessionID: SESSION, part });
const START = line("step_start", {});
const finish = (reason: unknown, facts: object = {}) => line("step_finish", { reason, ...facts });
const failure = (name: string, data: object) => ({ type: "error", timestamp: 1_000_000, error: { name, data } });

describe("the verdict", () => {
	test.each([
		["a plain success", [START, finish("stop")], 0, "ok", null],
		["a success with another exit code", [START, finish("stop")], 1, "error", "RUNNER_FAILED"],
		["two steps", [START, finish("tool-calls"), START, finish("stop")], 0, "ok", null],
		["a refused permission", [START, finish("tool-calls")], 0, "error", "RUNNER_INCOMPLETE"],
		["no more room", [START, finish("length")], 0, "error", "RUNNER_INCOMPLETE"],
		["a reason that is prose", [START, finish("it just had to end")], 0, "error", "RUNNER_INCOMPLETE"],
		["no reason", [START, finish(undefined)], 0, "error", "RUNNER_INCOMPLETE"],
		["a step after the last word", [START, finish("stop"), START], 0, "error", "RUNNER_INCOMPLETE"],
		["a step without an end", [START], 0, "error", "RUNNER_INCOMPLETE"],
		["nothing at all", [], 0, "error", "RUNNER_INCOMPLETE"],
		["a refused call", [], 1, "error", "RUNNER_FAILED"],
		["an error before the end", [failure("APIError", {}), START, finish("stop")], 0, "error", "RUNNER_FAILED"],
		["an error after the end", [START, finish("stop"), failure("APIError", {})], 0, "error", "RUNNER_FAILED"],
		["an error with exit code 0", [failure("UnknownError", {})], 0, "error", "RUNNER_FAILED"],
		["a key refused", [failure("APIError", { statusCode: 401 })], 1, "error", "AUTH_MISSING"],
		["a login without the right", [failure("APIError", { statusCode: 403 })], 1, "error", "AUTH_MISSING"],
		["no login", [failure("ProviderAuthError", { providerID: "x" })], 1, "error", "AUTH_MISSING"],
		["a limit", [failure("APIError", { statusCode: 429 })], 1, "error", "COOLDOWN"],
		["a fault of the service", [failure("APIError", { statusCode: 500 })], 1, "error", "RUNNER_FAILED"],
		["interrupted", [failure("MessageAbortedError", {})], 1, "error", "RUNNER_INCOMPLETE"],
	] as const)("%s", (_, lines, exitCode, status, errorCode) => {
		expect(hear(opencode, lines, { exitCode })).toMatchObject({ status, errorCode });
	});

	test("its last word is one until something follows it", () => {
		const terminal = (...lines: object[]) => hear(opencode, lines).seen.terminal;
		expect(terminal(START, finish("tool-calls"))).toBe(false);
		expect(terminal(START, finish("stop"))).toBe(true);
		expect(terminal(START, finish("stop"), START)).toBe(false);
		expect(terminal(failure("APIError", {}))).toBe(true);
		expect(terminal(failure("APIError", {}), START)).toBe(false);
	});

	test("a limit's time is a machine's, or there is none and it says so", () => {
		const body = (error: object) => JSON.stringify({ error });
		const resetOf = (data: object) =>
			hear(opencode, [failure("APIError", { statusCode: 429, ...data })], { exitCode: 1 }).details;
		expect(resetOf({ responseBody: body({ resets_at: 1_795_745_326 }) })).toEqual({
			resetAtMs: 1_795_745_326_000,
			estimated: false,
		});
		expect(resetOf({ responseBody: body({ resets_in_seconds: 60 }) })).toMatchObject({ resetAtMs: 1_060_000 });
		expect(resetOf({ responseHeaders: { "retry-after": "30" } })).toMatchObject({ resetAtMs: 1_030_000 });
		const none = [
			{ resets_at: 0 },
			{ resets_at: -5 },
			{ resets_at: 1e12 },
			{ resets_in_seconds: 0 },
			{ resets_at: "soon" },
		];
		for (const vague of [
			...[{}, { message: "retry in 60 seconds" }, { responseBody: "try again at 2:08 AM" }],
			...[{ responseHeaders: { "retry-after": "soon" } }, ...none.map((error) => ({ responseBody: body(error) }))],
		]) {
			expect(resetOf(vague)).toEqual({ resetAtMs: null, estimated: true });
		}
	});

	test("prose of the program is in no detail", () => {
		const lines = [failure("Some words that it says", { message: "secret words", statusCode: 418 })];
		expect(hear(opencode, lines, { exitCode: 1 }).details).toEqual({ exitCode: 1, reason: null, httpStatus: 418 });
		expect(hear(opencode, [START, finish("it just had to end")]).details).toMatchObject({ reason: "unknown" });
	});

	test("only a call that it refused at once is one for an unknown session", () => {
		const said = "Error: Session not found";
		expect(hear(opencode, [], { exitCode: 1 }, said).details).toEqual({ exitCode: 1, resume: "refused" });
		expect(hear(opencode, [START], { exitCode: 1 }, said).details).toEqual({ exitCode: 1 });
	});
});

describe("events", () => {
	const heard = (...lines: unknown[]) => hear(opencode, lines).events;
	const tool = (facts: object) => line("tool_use", { tool: "write", callID: "c1", ...facts });

	test("what it says, and what it thinks", () => {
		const { events, seen } = hear(opencode, [line("text", { text: "Said." }), line("reasoning", { text: "Hm." })]);
		expect(events).toEqual([
			{ type: "message.delta", data: { text: "Said." } },
			{ type: "message.stop", data: {} },
			{ type: "message.delta", data: { text: "Hm.", thinking: true } },
			{ type: "message.stop", data: { thinking: true } },
		]);
		expect(seen).toMatchObject({ lastText: "Said.", session: SESSION });
	});

	test("a list of what is to do, with the states of its items", () => {
		const todos = ["pending", "in_progress", "completed", "cancelled", "novelty"].map((status, at) => ({
			content: `t${at}`,
			status,
		}));
		const events = heard(tool({ tool: "todowrite", state: { status: "completed", input: { todos }, output: "" } }));
		expect(events.map(({ type }) => type)).toEqual(["tool.started", "tool.finished", "todo.update"]);
		const list = events[2]?.data.todos as { todoId: string; status: string; order: number }[];
		expect(list.map(({ todoId, status, order }) => [todoId, status, order])).toEqual([
			["1", "todo", 1],
			["2", "doing", 2],
			["3", "done", 3],
			["4", "canceled", 4],
			["5", "todo", 5],
		]);
		const refused = tool({ tool: "todowrite", state: { status: "error", input: { todos }, error: "no" } });
		expect(heard(refused).map(({ type }) => type)).toEqual(["tool.started", "tool.finished"]);
	});

	test("a tool that is not there is an error of the tool that was meant", () => {
		const state = { status: "completed", input: { tool: "bash", error: "x" }, output: "not there" };
		expect(heard(tool({ tool: "invalid", state }))[1]).toEqual({
			type: "tool.finished",
			data: { toolId: "c1", name: "bash", status: "error", output: "not there" },
		});
	});

	test("usage is the sum of the steps, cache and thinking included", () => {
		const tokens = { input: 10, output: 1, reasoning: 2, cache: { read: 4, write: 3 } };
		const { usage, events } = hear(opencode, [
			finish("tool-calls", { tokens, cost: 0.5 }),
			finish("stop", { tokens, cost: 0.25 }),
		]);
		expect(usage).toEqual({ inputTokens: 34, outputTokens: 6, costUsd: 0.75 });
		expect(events.at(-1)).toEqual({ type: "run.usage", data: usage });
		expect(hear(opencode, [finish("stop")]).usage).toBeNull();
	});

	test.each([
		["a kind of line that is not known", line("novelty", {})],
		["a line without its part", { type: "text", sessionID: SESSION }],
		["a tool in a state that is not known", line("tool_use", { state: { status: "running" } })],
		["an error without its facts", { type: "error" }],
	])("%s is kept as it is", (_, odd) => {
		expect(heard(odd)).toEqual([{ type: "run.unknown", data: { line: odd } }]);
	});

	test.each([null, 7, [], {}, { state: { status: "completed" } }, { tokens: 7, cost: "x", reason: {} }])(
		"odd content (%j) breaks nothing",
		(odd) => {
			for (const type of ["step_start", "step_finish", "tool_use", "text", "reasoning", "error"]) {
				expect(() => heard({ type, part: odd, error: odd, sessionID: odd, timestamp: odd })).not.toThrow();
			}
		},
	);
});
