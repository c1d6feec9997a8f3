// The acp driver with an agent of its own kind: fixtures/agents/acp-agent.mjs, which knows the protocol but not its SDK.
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { acpDriver } from "../../../../src/runners/drivers/acp/acp.ts";
import { createRegistry } from "../../../../src/runners/registry.ts";
import type { RunnerEvent, RunnerRequest } from "../../../../src/runners/runner.ts";
import { temporaryFolder } from "../../../support/repo.ts";
import { REQUEST, request } from "../../../support/runner-request.ts";
import { endEverythingStarted, newMarker } from "../../../support/supervise.ts";

const AGENT = fileURLToPath(new URL("../../../../fixtures/agents/acp-agent.mjs", import.meta.url));

afterAll(endEverythingStarted);

interface Talk {
	readonly args?: readonly string[];
	readonly home?: string;
	readonly model?: string;
	readonly permission?: RunnerRequest["constraints"]["permission"];
	readonly resume?: string;
	/** Answers of a person, in order. */
	readonly answers?: readonly string[];
	readonly stop?: AbortController;
	readonly onEvent?: (event: RunnerEvent) => void;
}

function talk(prompt: string, options: Talk = {}) {
	const home = options.home ?? temporaryFolder();
	const cwd = join(home, "work");
	mkdirSync(cwd, { recursive: true });
	const events: RunnerEvent[] = [];
	const announced: unknown[] = [];
	const answers = [...(options.answers ?? [])];
	const marker = newMarker();
	const { permission, resume, model, args = [AGENT, "--acp"] } = options;
	const ended = acpDriver({
		request: {
			...REQUEST,
			type: "request",
			protocol: 1,
			kind: "acp",
			workspacePath: cwd,
			payload: { prompt, args: [process.execPath, ...args], model },
			constraints: { timeoutMs: 15_000, permission },
			context: { ...REQUEST.context, resume },
		},
		env: { PATH: process.env.PATH ?? "", HOME: home, [marker.name]: marker.value },
		announce: (identity) => void announced.push(identity),
		emit(event) {
			events.push(event);
			options.onEvent?.(event);
		},
		async reply(questionId) {
			const asked = events.some(({ data }) => data.questionId === questionId);
			const answer = asked ? answers.shift() : undefined;
			return answer ?? (await new Promise<string>(() => {}));
		},
		stop: (options.stop ?? new AbortController()).signal,
	});
	const made = () => (existsSync(join(cwd, "made.txt")) ? readFileSync(join(cwd, "made.txt"), "utf8") : null);
	const dataOf = (type: string) => events.filter((event) => event.type === type).map(({ data }) => data);
	return { ended, events, made, dataOf, cwd, announced };
}

describe("a turn", () => {
	test("with a file: its events, its usage, its session, its last words", async () => {
		const { ended, events, made, cwd, announced } = talk("Make it. [ok]");
		expect(await ended).toEqual({
			status: "ok",
			details: { stopReason: "end_turn", agent: "stand-in", agentVersion: "1.2.3" },
			session: expect.stringMatching(/^sess-/),
			model: null,
			usage: { inputTokens: 360, outputTokens: 99, costUsd: 0.02 },
			preview: "Done: wrote made.txt",
		});
		expect(made()).toBe("made by the stand-in\n");
		expect(announced).toEqual([{ session: expect.stringMatching(/^sess-/), version: "1.2.3", model: null }]);
		const path = join(cwd, "made.txt");
		expect(events).toEqual([
			{ type: "message.delta", data: { text: "I will write the file." } },
			{ type: "message.stop", data: {} },
			{ type: "tool.started", data: { toolId: "call_1", name: "Write made.txt", input: { path } } },
			{ type: "tool.finished", data: { toolId: "call_1", name: "Write made.txt", status: "ok", output: "wrote it" } },
			expect.objectContaining({ type: "run.usage" }),
			{ type: "message.delta", data: { text: "Done: wrote made.txt" } },
			{ type: "message.stop", data: {} },
			{ type: "run.usage", data: { inputTokens: 360, outputTokens: 99, costUsd: 0.02 } },
		]);
	});

	test.each([
		["[nochange]", "ok", undefined, { stopReason: "end_turn" }, null],
		["[fail]", "error", "RUNNER_FAILED", { request: "session/prompt", code: -32603 }, "made"],
		["[turns]", "error", "RUNNER_INCOMPLETE", { stopReason: "max_turn_requests" }, "made"],
		["[tokens]", "error", "RUNNER_INCOMPLETE", { stopReason: "max_tokens" }, null],
		["[refusal]", "error", "RUNNER_FAILED", { stopReason: "refusal" }, null],
		["[limit]", "error", "COOLDOWN", { request: "session/prompt", code: 429 }, null],
		["[auth]", "error", "AUTH_MISSING", {}, null],
		["[silent]", "error", "RUNNER_FAILED", { reason: "agent ended", exitCode: 0 }, "made"],
		["[garbage]", "error", "RUNNER_FAILED", { reason: "agent ended", exitCode: 0 }, "made"],
		["[crash]", "error", "RUNNER_FAILED", { reason: "agent ended", signal: "SIGKILL" }, "made"],
	] as const)("%s", async (prompt, status, errorCode, details, file) => {
		const { ended, made } = talk(prompt);
		const end = await ended;
		expect(end).toMatchObject({ status, details, ...(errorCode && { errorCode }) });
		expect(made()).toEqual(file === null ? null : expect.stringContaining(file));
	});

	test("what the agent says of its failure is in the log, not in the details", async () => {
		const { ended, dataOf } = talk("[fail]");
		expect(JSON.stringify((await ended).details)).not.toContain("broke");
		expect(dataOf("run.log")).toEqual([{ stream: "acp", text: "Internal error: The model broke down" }]);
	});

	test("a stop reason that the protocol does not have is no success", async () => {
		expect((await talk("[later]").ended).status).toBe("error");
	});

	test("lines that are no messages are kept, also one of 100 MB and one that is not UTF-8", async () => {
		const garbage = talk("[garbage]");
		await garbage.ended;
		const noise = garbage.dataOf("run.log").map(({ text }) => text);
		expect(noise).toEqual(expect.arrayContaining(["no json", '{"level":"info"}', '{"jsonrpc":']));
		const long = talk("[long-line]");
		expect((await long.ended).status).toBe("ok");
		expect(long.dataOf("run.log")).toEqual([
			expect.objectContaining({
				stream: "stdout",
				truncated: true,
				text: expect.stringMatching(/^\{"jsonrpc".{1000}/),
			}),
		]);
		const bytes = talk("[invalid-utf8]");
		expect((await bytes.ended).status).toBe("ok");
		expect(JSON.stringify(bytes.dataOf("message.delta"))).toContain("bad \ufffd\ufffd byte");
	});

	test("plans become todo lists, unknown updates and thoughts are kept", async () => {
		const todos = talk("[todos]");
		await todos.ended;
		expect(
			todos.dataOf("todo.update").map(({ todos: list }) => (list as { status: string }[]).map(({ status }) => status)),
		).toEqual([
			["doing", "todo", "todo"],
			["done", "doing", "todo"],
			["done", "done", "doing"],
			["done", "done", "done"],
		]);
		const strange = talk("[strange]");
		await strange.ended;
		expect(strange.dataOf("run.unknown")).toEqual([
			{ line: { sessionUpdate: "a_kind_of_later_days", text: "keep me" } },
		]);
		expect(strange.dataOf("message.delta")).toEqual([{ text: "Hm, yes.", thinking: true }]);
	});
});

describe("an agent that cannot begin", () => {
	test.each([
		["is not there", ["/no/such/agent.mjs"], "RUNNER_FAILED", { reason: "agent ended", exitCode: 1 }],
		["ends at once", [AGENT, "--acp", "--exit"], "RUNNER_FAILED", { reason: "agent ended", exitCode: 3 }],
		[
			"speaks another version",
			[AGENT, "--acp", "--version-2"],
			"RUNNER_FAILED",
			{ reason: "protocol version", version: 2 },
		],
		["is not signed in", [AGENT, "--acp", "--auth"], "AUTH_MISSING", { request: "session/new", code: -32000 }],
	] as const)("%s", async (_, args, errorCode, details) => {
		expect(await talk("[ok]", { args }).ended).toMatchObject({ status: "error", errorCode, details });
	});

	test("is no program", async () => {
		const { payload } = REQUEST;
		const end = acpDriver({
			request: {
				...REQUEST,
				type: "request",
				protocol: 1,
				workspacePath: temporaryFolder(),
				payload: { ...payload, args: ["no-such-agent"] },
			},
			env: { PATH: "/nowhere" },
			announce: () => {},
			emit: () => {},
			reply: () => new Promise(() => {}),
			stop: new AbortController().signal,
		});
		expect(await end).toMatchObject({ errorCode: "RUNNER_NOT_FOUND", details: { program: "no-such-agent" } });
	});
});

describe("what the agent asks", () => {
	test("is answered by the run's permission where that is clear", async () => {
		const reader = talk("[ok]", { permission: "read-only" });
		expect(await reader.ended).toMatchObject({ status: "ok", preview: "I may not: no" });
		expect(reader.made()).toBeNull();
		expect(reader.dataOf("run.warning")).toMatchObject([{ code: "read_only_not_held" }]);
		const planner = talk("[ok]", { permission: "read-only", args: [AGENT, "--acp", "--modes"] });
		expect(await planner.ended).toMatchObject({ status: "ok", preview: "I only looked." });
		expect(planner.dataOf("run.warning")).toEqual([]);
		expect(await talk("[shell]", { permission: "full" }).ended).toMatchObject({ preview: "chosen: once" });
		expect(await talk("[shell]", { permission: "read-only" }).ended).toMatchObject({ preview: "chosen: no" });
	});

	test("is asked of a person where it is not, until the answer is one of the choices", async () => {
		const { ended, dataOf } = talk("[shell]", { answers: ["sure", "Always allow"] });
		expect(await ended).toMatchObject({ status: "ok", preview: "chosen: always" });
		const choices = ["Allow", "Always allow", "Reject"];
		const prompt = "May the agent do this? Run the tests (execute) · npm test";
		expect(dataOf("human_loop.requested")).toEqual([
			{ questionId: "permission-1", prompt, choices, about: "permission" },
			{ questionId: "permission-2", prompt: `That was none of the choices. ${prompt}`, choices, about: "permission" },
		]);
		expect(await talk("[outside]", { answers: ["3"] }).ended).toMatchObject({ preview: "chosen: no" });
	});

	test("files are given and taken inside the folder only, and terminals not at all", async () => {
		const home = temporaryFolder();
		mkdirSync(join(home, "work"));
		symlinkSync("/etc", join(home, "work", "link"));
		const { ended, cwd } = talk("[fs]", { home });
		const { preview } = await ended;
		expect(JSON.parse(preview ?? "")).toEqual(["ok", "two\n", "refused", "refused", "refused", "refused", "refused"]);
		expect(readFileSync(join(cwd, "sub/made.txt"), "utf8")).toBe("one\ntwo\nthree\n");
	});
});

describe("a session", () => {
	test("goes on by its id, and what it tells again is not said twice", async () => {
		const home = temporaryFolder();
		const first = await talk("[nochange]", { home }).ended;
		const session = first.session as string;
		const again = talk("[ok]", { home, resume: session });
		expect(await again.ended).toMatchObject({ status: "ok", session });
		expect(again.made()).toBe(`resumed ${session}\n`);
		expect(JSON.stringify(again.events)).not.toContain("what was answered");
		expect(again.dataOf("run.log")).toEqual([
			{ stream: "acp", text: "The earlier session was told again: 2 updates." },
		]);
	});

	test("that the agent does not know is refused; an agent that cannot go on begins anew and says so", async () => {
		expect(await talk("[ok]", { resume: "sess-none" }).ended).toMatchObject({
			errorCode: "RUNNER_FAILED",
			details: { request: "session/load", resume: "refused" },
		});
		const anew = talk("[ok]", { resume: "sess-none", args: [AGENT, "--acp", "--no-load"] });
		expect(await anew.ended).toMatchObject({ status: "ok" });
		expect(anew.dataOf("run.warning")).toMatchObject([{ code: "resume_unsupported" }]);
	});

	test("has the model that the task wants, or none is begun", async () => {
		const args = [AGENT, "--acp", "--models"];
		const large = talk("[ok]", { args, model: "The large one" });
		expect(await large.ended).toMatchObject({ status: "ok", model: "large" });
		expect(large.made()).toBe("made by the large one\n");
		const reason = { errorCode: "RUNNER_FAILED", details: { reason: "model not offered" } };
		expect(await talk("[ok]", { args, model: "huge" }).ended).toMatchObject(reason);
		expect(await talk("[ok]", { model: "large" }).ended).toMatchObject(reason);
		expect(await talk("[ok]", { model: "auto" }).ended).toMatchObject({ status: "ok" });
	});
});

describe("a run that is stopped", () => {
	test.each([
		["[hang]", "asked to cancel, it ends its turn", { agent: "stand-in" }],
		["[stubborn]", "one that does not is not waited for long", {}],
	])("%s: %s", async (prompt, _, about) => {
		const stop = new AbortController();
		const { ended } = talk(prompt, { stop, onEvent: ({ type }) => type === "message.delta" && stop.abort() });
		expect(await ended).toMatchObject({ status: "error", details: { stopReason: "cancelled", ...about } });
	});

	test("in the middle of a question answers that nothing was chosen", async () => {
		const stop = new AbortController();
		const { ended, dataOf } = talk("[shell]", {
			stop,
			onEvent: ({ type }) => type === "human_loop.requested" && stop.abort(),
		});
		await ended;
		expect(dataOf("tool.finished")).toMatchObject([{ status: "error" }]);
	});
});

test("an agent that stays after its turn keeps its result", async () => {
	expect(await talk("[linger]").ended).toMatchObject({ status: "ok" });
});

test("a task that names no agent is refused before anything starts, and the agent's argv is on record", () => {
	const runner = createRegistry().get("acp");
	for (const args of [undefined, [], [""]]) {
		expect(() => runner.prepare(request({ args }))).toThrow(expect.objectContaining({ code: "task_invalid_spec" }));
	}
	const plan = runner.prepare(request({ args: ["probe", "--acp"] }));
	expect(plan.argv.slice(2)).toEqual(["acp", "--", "probe", "--acp"]);
	expect(plan.redactedArgv).toEqual(["{NODE}", "{DRIVER}", "acp", "--", "probe", "--acp"]);
});
