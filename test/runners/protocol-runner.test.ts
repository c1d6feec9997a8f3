// What a program that speaks the runner protocol may say, and what counts of it: docs/writing-a-runner.md, rule by rule.
import { describe, expect, test } from "vitest";
import type { ProcessOutcome } from "../../src/core/supervisor.ts";
import { declaredCapability } from "../../src/runners/capabilities.ts";
import { REPORTABLE_CODES } from "../../src/runners/protocol.ts";
import { protocolRunner } from "../../src/runners/protocol-runner.ts";
import { EXITED, request } from "../support/runner-request.ts";

const declaration = { argv: ["speaker", "--now"], protocol: "runner-1" as const };
const runner = protocolRunner(declaredCapability("speaker", declaration), declaration);

function said(lines: readonly (object | string)[], process: Partial<ProcessOutcome> = {}) {
	const seen = runner.begin();
	const events = lines.flatMap((line) =>
		runner.interpret(seen, "stdout", typeof line === "string" ? line : JSON.stringify(line), false),
	);
	return { ...runner.outcome({ ...EXITED, ...process }, seen), events, seen };
}

const result = (more: object = {}) => ({ type: "result", status: "ok", ...more });

test("it gets the request as one line and can be spoken to afterwards", () => {
	const plan = runner.prepare(request({ prompt: "line\nline", args: ["--more"] }, { resume: "s-1" }));
	expect(plan).toMatchObject({ argv: ["speaker", "--now", "--more"], stdinStaysOpen: true });
	expect(plan.stdin?.endsWith("}\n")).toBe(true);
	expect(plan.stdin?.trimEnd()).not.toContain("\n");
	expect(JSON.parse(plan.stdin ?? "")).toMatchObject({
		type: "request",
		protocol: 1,
		payload: { prompt: "line\nline" },
		context: { resume: "s-1" },
	});
});

describe("the end", () => {
	test.each<[string, readonly object[], Partial<ProcessOutcome>, object]>([
		["ok and exit 0", [result()], {}, { status: "ok", errorCode: null }],
		["ok, and it lingers", [result()], { outcome: "lingered", exitCode: null }, { status: "ok" }],
		["ok and another exit code", [result()], { exitCode: 3 }, { errorCode: "RUNNER_FAILED", details: { exitCode: 3 } }],
		["ok and a signal", [result()], { outcome: "signaled", signal: "SIGSEGV" }, { errorCode: "RUNNER_CRASHED" }],
		["ok and canceled", [result()], { outcome: "canceled" }, { status: "canceled", errorCode: "RUN_CANCELED" }],
		["ok and out of time", [result()], { outcome: "timeout", timer: "idle" }, { status: "timeout" }],
		[
			"ok and over a limit",
			[result()],
			{ outcome: "over_limit", exceeded: "memory" },
			{ errorCode: "RUN_LIMIT_EXCEEDED" },
		],
		["no result and exit 0", [], {}, { errorCode: "RUNNER_INCOMPLETE", details: { result: "missing" } }],
		["no result and exit 3", [], { exitCode: 3 }, { errorCode: "RUNNER_FAILED" }],
		[
			"an error and exit 0",
			[result({ status: "error", errorCode: "AUTH_MISSING" })],
			{},
			{ errorCode: "AUTH_MISSING" },
		],
		["an error without a code", [result({ status: "error" })], {}, { errorCode: "RUNNER_FAILED" }],
		["an error and a cancel", [result({ status: "error" })], { outcome: "canceled" }, { errorCode: "RUN_CANCELED" }],
		["a result of no known status", [result({ status: "fine" })], {}, { errorCode: "RUNNER_INCOMPLETE" }],
		["two results", [result({ status: "error" }), result()], {}, { status: "ok" }],
	])("%s", (_, lines, process, expected) => {
		expect(said(lines, process)).toMatchObject(expected);
	});

	test.each(REPORTABLE_CODES)("%s can be reported", (errorCode) => {
		expect(said([result({ status: "error", errorCode })])).toMatchObject({ status: "error", errorCode });
	});

	test.each(["RUN_CANCELED", "RUN_TIMEOUT", "RUNNER_CRASHED", "SECRET_FOUND", "NO_SUCH_CODE", 7, null])(
		"%j is not its own to report",
		(errorCode) => {
			expect(said([result({ status: "error", errorCode })]).errorCode).toBe("RUNNER_FAILED");
		},
	);

	test("a result that was cut is none", () => {
		const seen = runner.begin();
		runner.interpret(seen, "stdout", JSON.stringify(result()), true);
		expect(runner.outcome(EXITED, seen)).toMatchObject({
			errorCode: "RUNNER_INCOMPLETE",
			details: { truncatedLines: 1 },
		});
	});

	test("what stderr says is none", () => {
		const seen = runner.begin();
		runner.interpret(seen, "stderr", JSON.stringify(result()), false);
		expect(runner.outcome(EXITED, seen).errorCode).toBe("RUNNER_INCOMPLETE");
	});
});

describe("a limit", () => {
	const cooldown = (more: object = {}) => result({ status: "error", errorCode: "COOLDOWN", ...more });

	test("has its time in the details and is an event, said once", () => {
		const limit = { resetAtMs: 1_767_326_645_000, text: "later" };
		const told = said([cooldown({ limit, details: { plan: "small" } })]);
		expect(told).toMatchObject({ limit, details: { plan: "small", resetAtMs: limit.resetAtMs, estimated: false } });
		expect(told.events).toEqual([{ type: "run.limit", data: { ...limit, estimated: false } }]);
		const event = { type: "run.limit", data: { ...limit, estimated: false } };
		expect(said([event, cooldown({ limit })]).events).toEqual([event]);
	});

	test.each([[{}], [{ limit: null }], [{ limit: { resetAtMs: "in an hour" } }], [{ limit: { resetAtMs: -1 } }]])(
		"without a time that a machine made is a guess: %j",
		(more) => {
			expect(said([cooldown(more)])).toMatchObject({
				limit: { resetAtMs: null },
				details: { resetAtMs: null, estimated: true },
			});
		},
	);

	test("belongs to COOLDOWN alone", () => {
		const told = said([result({ status: "error", errorCode: "AUTH_MISSING", limit: { resetAtMs: 1, text: "x" } })]);
		expect(told.limit).toBeNull();
		expect(told.events).toEqual([]);
	});
});

describe("what goes into tracked files", () => {
	test("of the details: numbers, flags, short words, twenty at most", () => {
		const details = {
			...{ count: 3, flag: true, nothing: null, word: "a/b-c_1.2", prose: "It failed: the file's gone!" },
			...{ nested: { a: 1 }, list: [1], long: "x".repeat(81) },
		};
		const kept = { count: 3, flag: true, nothing: null, word: "a/b-c_1.2" };
		expect(said([result({ details })]).details).toEqual(kept);
		const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`k${index}`, index]));
		expect(Object.keys(said([result({ details: many })]).details)).toHaveLength(20);
	});

	test("of the last words: two thousand characters", () => {
		expect(said([result({ preview: "y".repeat(5_000) })]).preview).toHaveLength(2_000);
	});
});

describe("names of files", () => {
	test.each(["/etc/passwd", "../x", "a/../../x", "./x", "a//b", "", "a\\b", "a\nb", 7, "x".repeat(501)])(
		"%j leads nowhere",
		(name) => {
			expect(said([result({ diff: name, artifacts: [name, "good.txt"] })])).toMatchObject({
				diffFile: null,
				artifacts: ["good.txt"],
			});
		},
	);

	test("a diff is taken of a success only, artifacts of every end", () => {
		const files = { diff: "out/work.diff", artifacts: ["log.html"] };
		expect(said([result(files)])).toMatchObject({ diffFile: "out/work.diff", artifacts: ["log.html"] });
		expect(said([result({ status: "error", ...files })])).toMatchObject({ diffFile: null, artifacts: ["log.html"] });
		expect(said([result(files)], { outcome: "canceled" }).diffFile).toBeNull();
	});
});

describe("events", () => {
	test("of a known type pass as they are", () => {
		const event = { type: "tool.finished", data: { toolId: "1", name: "x", status: "ok", output: "" } };
		expect(said([event]).events).toEqual([event]);
	});

	test.each([
		{ type: "run.finished", data: { status: "ok" } },
		{ type: "human_loop.resolved", data: {} },
		{ type: "run.started", data: {} },
		{ type: "something.else", data: {} },
		{ type: "message.delta" },
		{ type: "message.delta", data: [1] },
		{ no: "type" },
	])("that are not its own to send are kept, not believed: %j", (line) => {
		expect(said([line]).events).toEqual([{ type: "run.unknown", data: { line } }]);
	});

	test("that are no JSON are lines of the log, and an empty line is none", () => {
		expect(said(["plain words", "", '{"type":']).events).toEqual([
			{ type: "run.log", data: { stream: "stdout", text: "plain words" } },
			{ type: "run.log", data: { stream: "stdout", text: '{"type":' } },
		]);
	});
});

test("a session is known as soon as it is said, and the result goes before", () => {
	const line = { type: "session", session: "s-1", model: "m-1", version: "2.0" };
	expect(said([line]).events).toEqual([]);
	expect(said([line])).toMatchObject({ session: "s-1", model: "m-1", version: "2.0" });
	expect(said([line, result({ session: "s-2" })])).toMatchObject({ session: "s-2", model: "m-1" });
});
