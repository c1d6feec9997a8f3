// What real CLIs printed, against what their runners make of it. See fixtures/transcripts/README.md for what is real there.
import { describe, expect, test } from "vitest";
import { createRegistry } from "../../../src/runners/registry.ts";
import { hear, linesOf, transcript } from "../../support/agent-stream.ts";
import { EXITED } from "../../support/runner-request.ts";

/** name, verdict, code, details in part. A transcript that its caller cut short is judged as if the program had ended. */
const TABLE: readonly (readonly [string, string, string | null, object])[] = [
	["claude-ok", "ok", null, {}],
	["claude-partial", "ok", null, {}],
	["claude-plan", "ok", null, {}],
	["claude-resume", "ok", null, {}],
	["claude-maxturns", "error", "RUNNER_INCOMPLETE", { exitCode: 1, subtype: "error_max_turns" }],
	["claude-noauth", "error", "AUTH_MISSING", { reason: "authentication_failed" }],
	["claude-e401", "error", "AUTH_MISSING", { httpStatus: 401 }],
	["claude-limit", "error", "COOLDOWN", { resetAtMs: 1795745285000, estimated: false }],
	["claude-usage", "error", "COOLDOWN", { resetAtMs: null, estimated: true }],
	["claude-e429", "error", "RUNNER_INCOMPLETE", { result: "missing" }],
	["claude-e500", "error", "RUNNER_FAILED", { httpStatus: 500 }],
	["claude-hang-INT", "error", "RUNNER_FAILED", { exitCode: 0, subtype: "error_during_execution" }],
	["claude-unknown-session", "error", "RUNNER_FAILED", { resume: "refused" }],
	["claude-unknown-option", "error", "RUNNER_FAILED", { exitCode: 1, result: "missing" }],
	["claude-noverbose", "error", "RUNNER_FAILED", { exitCode: 1 }],
	["claude-rootbypass", "error", "RUNNER_FAILED", { exitCode: 1 }],
	["codex-ok", "ok", null, {}],
	["codex-resume", "ok", null, {}],
	["codex-e401", "error", "AUTH_MISSING", { exitCode: 1 }],
	["codex-usage", "error", "COOLDOWN", { resetAtMs: null, estimated: true }],
	["codex-e429", "error", "COOLDOWN", { resetAtMs: null, estimated: true }],
	["codex-e500", "error", "RUNNER_FAILED", { exitCode: 1, turn: "failed" }],
	["codex-failed", "error", "RUNNER_INCOMPLETE", { turn: "open" }],
	["codex-noauth", "error", "RUNNER_INCOMPLETE", { turn: "open" }],
	["codex-hang-INT", "error", "RUNNER_INCOMPLETE", { exitCode: 1, turn: "open" }],
	["codex-untrusted", "error", "TRUST_REQUIRED", { exitCode: 1 }],
	["codex-unknown-session", "error", "RUNNER_FAILED", { exitCode: 1, resume: "refused" }],
	["codex-unknown-option", "error", "RUNNER_FAILED", { exitCode: 2 }],
	["opencode-full", "ok", null, {}],
	["opencode-resume", "ok", null, {}],
	["opencode-ok", "error", "RUNNER_INCOMPLETE", { exitCode: 0, reason: "tool-calls" }],
	["opencode-read-only", "error", "RUNNER_INCOMPLETE", { exitCode: 0, reason: "tool-calls" }],
	["opencode-e401", "error", "AUTH_MISSING", { httpStatus: 401 }],
	["opencode-usage", "error", "COOLDOWN", { resetAtMs: 1795745326000, estimated: false }],
	["opencode-unknown-model", "error", "RUNNER_FAILED", { exitCode: 1, reason: "UnknownError" }],
	["opencode-unknown-session", "error", "RUNNER_FAILED", { exitCode: 1, resume: "refused" }],
	["opencode-unknown-option", "error", "RUNNER_FAILED", { exitCode: 1 }],
	["opencode-no-prompt", "error", "RUNNER_FAILED", { exitCode: 1 }],
	["gemini-ok", "ok", null, {}],
	["gemini-edit", "ok", null, {}],
	["gemini-plan", "ok", null, {}],
	["gemini-resume", "ok", null, {}],
	["gemini-maxturns", "error", "RUNNER_INCOMPLETE", { exitCode: 53, reason: "FatalTurnLimitedError" }],
	["gemini-e401", "error", "AUTH_MISSING", { httpStatus: 401 }],
	["gemini-noauth", "error", "AUTH_MISSING", { exitCode: 41 }],
	["gemini-e429", "error", "COOLDOWN", { resetAtMs: null, estimated: true }],
	["gemini-untrusted", "error", "TRUST_REQUIRED", { exitCode: 55 }],
	["gemini-unknown-session", "error", "RUNNER_FAILED", { exitCode: 42, resume: "refused" }],
	["gemini-unknown-option", "error", "RUNNER_FAILED", { exitCode: 1 }],
	["gemini-no-prompt", "error", "RUNNER_FAILED", { exitCode: 42 }],
];

const registry = createRegistry();
const runnerOf = (name: string) => registry.get(name.split("-")[0] ?? "");
const ended = (exitCode: number | null) => ({ ...EXITED, exitCode: exitCode ?? 0 });

function heard(name: string) {
	const { stdout, stderr, exitCode } = transcript(name);
	return hear(runnerOf(name), linesOf(stdout), ended(exitCode), stderr);
}

describe("the verdict", () => {
	test.each(TABLE)("%s is %s, %s", (name, status, errorCode, details) => {
		const outcome = heard(name);
		expect(outcome).toMatchObject({ status, errorCode, details });
		// No prose of the program in what is tracked.
		for (const fact of Object.values(outcome.details)) {
			expect(typeof fact === "string" ? fact : "").toMatch(/^[\w.-]{0,60}$/);
		}
	});

	test.each(TABLE)("%s: what msgcode did itself goes before it", (name) => {
		const { stdout, stderr } = transcript(name);
		const judged = (end: Parameters<typeof hear>[2]) => hear(runnerOf(name), linesOf(stdout), end, stderr);
		expect(judged({ outcome: "canceled" })).toMatchObject({ status: "canceled", errorCode: "RUN_CANCELED" });
		const idle = { outcome: "timeout", timer: "idle" } as const;
		expect(judged(idle)).toMatchObject({ status: "timeout", errorCode: "RUN_TIMEOUT", details: { timer: "idle" } });
		const killed = { outcome: "signaled", signal: "SIGKILL", exitCode: null } as const;
		expect(judged(killed)).toMatchObject({ status: "error", errorCode: "RUNNER_CRASHED" });
		const large = { outcome: "over_limit", exceeded: "memory", exitCode: null } as const;
		expect(judged(large)).toMatchObject({ status: "error", errorCode: "RUN_LIMIT_EXCEEDED" });
	});

	test.each(TABLE)("%s: what lingers is judged by its word alone", (name, status, errorCode) => {
		const { stdout, stderr } = transcript(name);
		const outcome = hear(runnerOf(name), linesOf(stdout), { outcome: "lingered", exitCode: null }, stderr);
		if (outcome.seen.terminal) expect(outcome).toMatchObject({ status, errorCode });
		else expect(outcome.status).toBe("error");
	});
});

describe("what is remembered", () => {
	test("claude: session, model, version, last words, usage of the result", () => {
		expect(heard("claude-ok")).toMatchObject({
			session: "966005f5-34c8-48bf-8b66-23dbe3a7a71c",
			model: "claude-opus-5-5",
			version: "2.1.329",
			preview: "Done: wrote made.txt",
			usage: { inputTokens: 360, outputTokens: 99, costUsd: 0.0034992 },
		});
		expect(heard("claude-maxturns").preview).toContain("maximum number of turns");
		expect(heard("claude-limit").limit?.text).toContain("You've hit your 5-hour limit");
	});

	test("claude: a resumed session's run costs what it cost itself, although the program goes on counting", () => {
		expect(transcript("claude-resume").stdout.toString()).toContain('"total_cost_usd":0.0046656');
		const { usage } = heard("claude-resume");
		expect(usage).toEqual({ inputTokens: 120, outputTokens: 33, costUsd: 0.0011664 });
	});

	test("codex: session, last words, usage of the turn", () => {
		expect(heard("codex-ok")).toMatchObject({
			session: "01a1f8e8-f01d-7560-afa1-de8ad0f94830",
			preview: "Done: wrote made.txt",
			usage: { inputTokens: 750, outputTokens: 100, costUsd: null },
		});
		expect(heard("codex-usage")).toMatchObject({
			limit: { resetAtMs: null, text: expect.stringContaining("You’ve hit your usage limit") },
		});
	});

	test("opencode: session, last words, the sum of its steps", () => {
		expect(heard("opencode-full")).toMatchObject({
			session: "ses_de56dab1effeqKZ0XvQf6oyFA3",
			preview: "Done: wrote made.txt",
			usage: { inputTokens: 500, outputTokens: 100, costUsd: 0 },
		});
		expect(heard("opencode-usage").limit).toEqual({
			resetAtMs: 1795745326000,
			text: "The usage limit has been reached",
		});
	});

	test("gemini: session, model, last words, usage of the result; for its own choice of a model the one that answered", () => {
		expect(heard("gemini-ok")).toMatchObject({
			session: "c775793e-1125-4758-9a81-b0367094cfaa",
			model: "gemini-2.5-flash",
			preview: "Done: wrote made.txt",
			usage: { inputTokens: 300, outputTokens: 30, costUsd: null },
		});
		expect(heard("gemini-edit").model).toBe("mock");
		expect(heard("gemini-e429").limit).toMatchObject({ text: expect.stringContaining("exhausted your daily quota") });
	});
});

describe("events", () => {
	const kinds = (name: string) =>
		heard(name).events.map(({ type, data }) => [type, data.name ?? data.code ?? data.text]);

	test("claude-ok", () => {
		expect(kinds("claude-ok")).toEqual([
			["message.delta", "I will write the file."],
			["message.stop", undefined],
			["tool.started", "Write"],
			["tool.finished", "Write"],
			["tool.started", "Bash"],
			["run.warning", "Bash"],
			["tool.finished", "Bash"],
			["message.delta", "Done: wrote made.txt"],
			["message.stop", undefined],
			["run.usage", undefined],
		]);
	});

	test("pieces of a message are not said twice", () => {
		const said = heard("claude-partial").events.filter(({ type }) => type === "message.delta");
		expect(said.map(({ data }) => data.text)).toEqual(["I will write the file.", "Done: wrote made.txt"]);
	});

	test("codex-ok", () => {
		expect(kinds("codex-ok").filter(([type]) => type !== "run.log")).toEqual([
			["run.warning", "runner_error"],
			["message.delta", "**Planning** the edit"],
			["message.stop", undefined],
			["tool.started", "command_execution"],
			["tool.finished", "command_execution"],
			["tool.started", "command_execution"],
			["tool.finished", "command_execution"],
			["message.delta", "Done: wrote made.txt"],
			["message.stop", undefined],
			["run.usage", undefined],
		]);
		const finished = heard("codex-ok").events.filter(({ type }) => type === "tool.finished");
		expect(finished.map(({ data }) => [data.status, data.exitCode, data.output])).toEqual([
			["ok", 0, "made by mock\n"],
			["error", 3, ""],
		]);
	});

	test("opencode-ok", () => {
		expect(kinds("opencode-ok").filter(([type]) => type !== "run.log")).toEqual([
			["tool.started", "write"],
			["tool.finished", "write"],
			["run.usage", undefined],
			["tool.started", "todowrite"],
			["tool.finished", "todowrite"],
			["todo.update", undefined],
			["run.usage", undefined],
			["tool.started", "bash"],
			["tool.finished", "bash"],
			["run.usage", undefined],
			["tool.started", "read"],
			["tool.finished", "read"],
			["run.usage", undefined],
		]);
		const finished = heard("opencode-ok").events.filter(({ type }) => type === "tool.finished");
		expect(finished.map(({ data }) => [data.status, data.exitCode])).toEqual([
			["ok", undefined],
			["ok", undefined],
			["ok", 3],
			["error", undefined],
		]);
		expect(kinds("opencode-full").slice(-3)).toEqual([
			["message.delta", "Done: wrote made.txt"],
			["message.stop", undefined],
			["run.usage", undefined],
		]);
		expect(kinds("opencode-read-only")[0]).toEqual(["tool.started", "write"]);
	});

	test("gemini-ok", () => {
		expect(kinds("gemini-ok").filter(([type]) => type !== "run.log")).toEqual([
			["message.delta", "I will write the file."],
			["message.stop", undefined],
			["tool.started", "write_file"],
			["tool.finished", "write_file"],
			["tool.started", "run_shell_command"],
			["tool.finished", "run_shell_command"],
			["message.delta", "Done: wrote made.txt"],
			["message.stop", undefined],
			["run.usage", undefined],
		]);
	});

	test.each([
		["claude-e429", 7, 429],
		["claude-e401", 10, 401],
		["codex-e401", 5, 401],
		["codex-e429", 5, 429],
		["codex-noauth", 4, null],
	])("%s: %i retries are warnings", (name, count, httpStatus) => {
		const retries = heard(name).events.filter(({ data }) => data.code === "retry");
		expect(retries).toHaveLength(count);
		expect(retries[0]).toMatchObject({ type: "run.warning", data: { httpStatus } });
	});

	test("a limit is an event, with its time where a machine said it", () => {
		const limit = (name: string) => heard(name).events.filter(({ type }) => type === "run.limit");
		expect(limit("claude-limit")).toEqual([
			{ type: "run.limit", data: { resetAtMs: 1795745285000, estimated: false, text: "five_hour" } },
		]);
		expect(limit("claude-usage")).toMatchObject([{ data: { resetAtMs: null, estimated: true } }]);
		expect(limit("codex-usage")).toMatchObject([{ data: { resetAtMs: null, estimated: true } }]);
		expect(limit("opencode-usage")).toMatchObject([{ data: { resetAtMs: 1795745326000, estimated: false } }]);
		expect(limit("gemini-e429")).toMatchObject([{ data: { resetAtMs: null, estimated: true } }]);
	});
});

describe("a stream in pieces", () => {
	const names = TABLE.map(([name]) => name).filter((name) => transcript(name).stdout.length > 0);

	test.each(names)("%s cut in two at every byte, and into bytes, gives the events of the whole", (name) => {
		const { stdout } = transcript(name);
		const whole = linesOf(stdout);
		// A cut matters to its own line alone: the others come whole before and after it.
		let start = 0;
		for (const line of whole) {
			const after = stdout.indexOf("\n", start) + 1;
			for (let cut = start; cut <= after; cut += 1) {
				const lines = linesOf(stdout.subarray(start, cut), stdout.subarray(cut, after));
				if (lines.length !== 1 || lines[0] !== line) expect.fail(`cut at ${cut}`);
			}
			start = after;
		}
		expect(start).toBe(stdout.length);
		const bytes = linesOf(...[...stdout].map((byte) => Uint8Array.of(byte)));
		expect(hear(runnerOf(name), bytes).events).toEqual(hear(runnerOf(name), whole).events);
	});

	test.each(names)("%s broken off at any byte succeeds only with its whole last word", (name) => {
		const { stdout, exitCode } = transcript(name);
		const runner = runnerOf(name);
		const seen = runner.begin();
		const end = ended(exitCode);
		let start = 0;
		let sayingOk = 0;
		while (start < stdout.length) {
			const lineEnd = stdout.indexOf("\n", start);
			const torn = structuredClone(seen);
			for (let cut = start; cut < lineEnd; cut += 1) {
				for (const line of linesOf(stdout.subarray(start, cut))) runner.interpret(torn, "stdout", line, false);
				if (runner.outcome(end, torn).status === "ok") expect.fail(`ok although cut at ${cut}`);
			}
			runner.interpret(seen, "stdout", stdout.toString("utf8", start, lineEnd), false);
			start = lineEnd + 1;
			if (runner.outcome(end, seen).status === "ok") {
				sayingOk += 1;
				expect(start, "nothing may follow the last word").toBe(stdout.length);
			}
		}
		expect(sayingOk).toBe(TABLE.find(([known]) => known === name)?.[1] === "ok" ? 1 : 0);
	});
});
