// Codex's call, and the parts of its stream that no transcript holds. Its real output: transcripts.test.ts.
import { describe, expect, test } from "vitest";
import { createRegistry } from "../../../src/runners/registry.ts";
import type { RunnerRequest } from "../../../src/runners/runner.ts";
import { hear } from "../../support/agent-stream.ts";
import { request } from "../../support/runner-request.ts";

const codex = createRegistry().get("codex");
const THREAD = "01a1f8e8-f01d-7560-afa1-de8ad0f94830";

function planWith(constraints: Partial<RunnerRequest["constraints"]>, wanted = request()) {
	return codex.prepare({ ...wanted, constraints: { ...wanted.constraints, ...constraints } });
}

describe("the call", () => {
	test("headless, in its folder, with its prompt on stdin and its last message in the run's folder", () => {
		const { runDir } = request().context;
		const plan = codex.prepare(request({ prompt: "Do it.\n" }));
		expect(plan.argv).toEqual([
			...["codex", "exec", "--json", "--sandbox", "workspace-write", "-C", "/work space/repo"],
			...["-o", `${runDir}/last.txt`, "-"],
		]);
		expect(plan).toMatchObject({ stdin: "Do it.\n", stdinStaysOpen: false, artifacts: [`${runDir}/last.txt`] });
		expect(plan.redactedArgv.slice(5)).toEqual(["-C", "{WORKSPACE}", "-o", "{RUN_DIR}/last.txt", "-"]);
		expect(plan.passEnv).toContain("CODEX_HOME");
	});

	test.each([
		["read-only", "read-only"],
		["edit", "workspace-write"],
		["full", "danger-full-access"],
	] as const)("%s is --sandbox %s", (permission, mode) => {
		const { argv } = planWith({ permission });
		expect(argv[argv.indexOf("--sandbox") + 1]).toBe(mode);
		expect(codex.capability.permissions?.[permission]).toBe(`--sandbox ${mode}`);
	});

	test("an earlier session goes on with the same sandbox, which `resume` itself would not take", () => {
		const { argv } = planWith(
			{ permission: "read-only" },
			request({ model: "m", args: ["-c", "a=1"] }, { resume: THREAD }),
		);
		expect(argv.slice(0, 9)).toEqual([
			...["codex", "exec", "--json", "--sandbox", "read-only", "-C", "/work space/repo", "-m", "m"],
		]);
		expect(argv.slice(11)).toEqual(["-c", "a=1", "resume", THREAD, "-"]);
	});

	test.each([
		["a model that would be an option", request({ model: "--yolo" })],
		["a session that is none", request({}, { resume: "--last" })],
	])("%s is the task's error", (_, wanted) => {
		expect(() => codex.prepare(wanted)).toThrow(expect.objectContaining({ code: "task_invalid_spec" }));
	});
});

const BEGIN = [{ type: "thread.started", thread_id: THREAD }, { type: "turn.started" }];
const COMPLETED = { type: "turn.completed", usage: { input_tokens: 3, output_tokens: 1 } };
const turnFailed = (message: string) => ({ type: "turn.failed", error: { message } });
const item = (type: string, facts: object) => ({ type: `item.${type}`, item: { id: "item_1", ...facts } });

describe("the verdict", () => {
	test.each([
		["a plain success", [...BEGIN, COMPLETED], 0, "", "ok", null],
		["a completed turn with another exit code", [...BEGIN, COMPLETED], 1, "", "error", "RUNNER_FAILED"],
		[
			"errors on the way",
			[...BEGIN, { type: "error", message: "odd" }, item("completed", { type: "error", message: "odd" }), COMPLETED],
			0,
			"",
			"ok",
			null,
		],
		["no end, exit code 0", BEGIN, 0, "", "error", "RUNNER_INCOMPLETE"],
		["no end, another exit code", BEGIN, 1, "", "error", "RUNNER_INCOMPLETE"],
		["nothing at all", [], 0, "", "error", "RUNNER_INCOMPLETE"],
		["a refused call", [], 2, "error: unexpected argument '--nope' found", "error", "RUNNER_FAILED"],
		[
			"a folder that it does not trust",
			[],
			1,
			"WARNING: x\nNot inside a trusted directory and so on.",
			"error",
			"TRUST_REQUIRED",
		],
		[
			"the same words in the middle of the work",
			BEGIN,
			1,
			"Not inside a trusted directory",
			"error",
			"RUNNER_INCOMPLETE",
		],
		["a failed turn with exit code 0", [...BEGIN, turnFailed("odd")], 0, "", "error", "RUNNER_FAILED"],
		[
			"no key",
			[...BEGIN, turnFailed("Missing environment variable: `OPENAI_API_KEY`.")],
			1,
			"",
			"error",
			"AUTH_MISSING",
		],
		["a key refused", [...BEGIN, turnFailed("unexpected status 401 Unauthorized: no")], 1, "", "error", "AUTH_MISSING"],
		[
			"401 in other words",
			[...BEGIN, turnFailed("the test expects 401 Unauthorized")],
			1,
			"",
			"error",
			"RUNNER_FAILED",
		],
		["a usage limit", [...BEGIN, turnFailed("You've hit your usage limit.")], 1, "", "error", "COOLDOWN"],
		[
			"a rate limit",
			[...BEGIN, turnFailed("Rate limit reached. Please try again in 20s.")],
			1,
			"",
			"error",
			"COOLDOWN",
		],
		[
			"a second turn that is well",
			[...BEGIN, turnFailed("usage limit"), { type: "turn.started" }, COMPLETED],
			0,
			"",
			"ok",
			null,
		],
		["a second turn that is not", [...BEGIN, COMPLETED, { type: "turn.started" }], 0, "", "error", "RUNNER_INCOMPLETE"],
	] as const)("%s", (_, lines, exitCode, stderr, status, errorCode) => {
		expect(hear(codex, lines, { exitCode }, stderr)).toMatchObject({ status, errorCode });
	});

	test("what a turn before it came to no longer counts", () => {
		const again = [...BEGIN, turnFailed("usage limit"), { type: "turn.started" }];
		expect(hear(codex, [...again, turnFailed("odd")], { exitCode: 1 })).toMatchObject({ errorCode: "RUNNER_FAILED" });
		expect(hear(codex, [...BEGIN, COMPLETED]).seen.terminal).toBe(true);
		expect(hear(codex, again).seen.terminal).toBe(false);
	});

	test("a refused key is only what the service itself answered", () => {
		const quoted = turnFailed("The tool said: unexpected status 401 Unauthorized");
		expect(hear(codex, [...BEGIN, quoted], { exitCode: 1 }).errorCode).toBe("RUNNER_FAILED");
	});

	test("a limit is prose: kept, and never read for a time", () => {
		const text = "You’ve hit your usage limit. Try again at 2:08 AM.";
		expect(hear(codex, [...BEGIN, turnFailed(text)], { exitCode: 1 })).toMatchObject({
			details: { resetAtMs: null, estimated: true },
			limit: { resetAtMs: null, text },
			preview: text,
		});
	});
});

describe("events", () => {
	const heard = (...lines: unknown[]) => hear(codex, lines).events;

	test("a list of what is to do, as it begins, changes and ends", () => {
		const list = (kind: string, ...completed: boolean[]) =>
			item(kind, { type: "todo_list", items: completed.map((done, at) => ({ text: `t${at}`, completed: done })) });
		const begun = [list("started", false, false), list("updated", true, false)];
		const events = heard(...begun, list("updated", true, true), list("completed", true, true));
		expect(events.map(({ type }) => type)).toEqual(["todo.update", "todo.update", "todo.update"]);
		expect(events[1]?.data.todos).toEqual([
			{ todoId: "1", content: "t0", status: "done", order: 1 },
			{ todoId: "2", content: "t1", status: "todo", order: 2 },
		]);
	});

	test("thinking is marked, and is not the last word", () => {
		const said = item("completed", { type: "agent_message", text: "Said." });
		const { events, seen } = hear(codex, [said, item("completed", { type: "reasoning", text: "Hm." })]);
		expect(events.slice(2)).toEqual([
			{ type: "message.delta", data: { text: "Hm.", thinking: true } },
			{ type: "message.stop", data: { thinking: true } },
		]);
		expect(seen.lastText).toBe("Said.");
	});

	test("an id that is used again is another call", () => {
		const call = (kind: string) => item(kind, { type: "command_execution", command: "x", status: "completed" });
		const types = heard(call("started"), call("completed"), call("completed")).map(({ type }) => type);
		expect(types).toEqual(["tool.started", "tool.finished", "tool.started", "tool.finished"]);
	});

	test("changed files, also where only their end is told", () => {
		const changes = [
			{ path: "a.txt", kind: "add" },
			{ path: "b.txt", kind: "update" },
		];
		const facts = { type: "file_change", changes };
		const pair = [
			{ type: "tool.started", data: { toolId: "item_1", name: "file_change", input: { changes } } },
			{
				type: "tool.finished",
				data: { toolId: "item_1", name: "file_change", status: "ok", output: "add a.txt\nupdate b.txt" },
			},
		];
		expect(heard(item("completed", { ...facts, status: "completed" }))).toEqual(pair);
		const both = [
			item("started", { ...facts, status: "in_progress" }),
			item("completed", { ...facts, status: "completed" }),
		];
		expect(heard(...both)).toEqual(pair);
		expect(heard(item("completed", { ...facts, status: "failed" }))[1]?.data.status).toBe("error");
	});

	test("a tool of a server, a search, a helper", () => {
		const call = { type: "mcp_tool_call", server: "docs", tool: "find", arguments: { q: 1 } };
		const said = { ...call, status: "completed", result: { content: [{ type: "text", text: "found" }] } };
		expect(heard(item("started", call), item("completed", said))).toEqual([
			{ type: "tool.started", data: { toolId: "item_1", name: "docs.find", input: { q: 1 } } },
			{ type: "tool.finished", data: { toolId: "item_1", name: "docs.find", status: "ok", output: "found" } },
		]);
		const broken = { ...call, status: "failed", error: { message: "gone" } };
		expect(heard(item("completed", broken))[1]?.data).toMatchObject({ status: "error", output: "gone" });
		expect(heard(item("completed", { type: "web_search", query: "q" }))[0]?.data).toMatchObject({
			input: { query: "q" },
		});
		expect(heard(item("completed", { type: "collab_tool_call", tool: "spawn_agent", prompt: "p" }))[0]?.data.name).toBe(
			"spawn_agent",
		);
	});

	test.each([
		["a kind of line that is not known", { type: "novelty" }],
		["a kind of item that is not known", item("completed", { type: "novelty" })],
		["a line without its item", { type: "item.completed" }],
	])("%s is kept as it is", (_, line) => {
		expect(heard(line)).toEqual([{ type: "run.unknown", data: { line } }]);
	});

	test.each([null, 7, [], {}, { message: 7, items: [null], changes: 7, type: "file_change" }])(
		"odd content (%j) breaks nothing",
		(odd) => {
			for (const type of [
				"item.started",
				"item.completed",
				"turn.completed",
				"turn.failed",
				"error",
				"thread.started",
			]) {
				expect(() => heard({ type, item: odd, usage: odd, error: odd, message: odd, thread_id: odd })).not.toThrow();
			}
		},
	);
});
