// A run's events as lines to be read.
import { describe, expect, test, vi } from "vitest";
import { styleOf } from "../../src/cli/color.ts";
import type { CommandContext } from "../../src/cli/command.ts";
import { showProgress } from "../../src/cli/run-progress.ts";
import { createTranscript } from "../../src/cli/run-transcript.ts";
import { EVENT_TYPES, type RunEvent } from "../../src/core/event.ts";
import type { RunRequest } from "../../src/engine/run/run-request.ts";
import { memoryIo } from "../support/cli.ts";

const style = styleOf(memoryIo().stdout, {}, false);
let seq = 0;
const event = (type: string, data: Record<string, unknown>, second = 5): RunEvent => {
	seq += 1;
	return { v: 1, seq, ts: `2026-01-02T03:04:0${second}.678Z`, runId: "run_x", taskId: "tsk_x", type, data };
};
const read = (...events: RunEvent[]) => {
	const transcript = createTranscript(style);
	return events.map((one) => transcript.add(one)).join("") + transcript.end();
};

/** What no runner should say, under every name that events have. */
const NAMES = ["text", "todos", "done", "total", "name", "input", "resetAtMs", "costUsd", "prompt", "choices", "code"];
const MORE = ["delayMs", "attempt", "message", "status", "output", "exitCode", "check", "tool", "questionId"];
const VALUES: readonly unknown[] = [
	null,
	1e300,
	-1,
	{},
	{ toString: 1 },
	[],
	[null],
	[{ toString: 1, status: {} }],
	"\u001b[2J",
];
const ODD = [
	...VALUES.map((value) => Object.fromEntries([...NAMES, ...MORE].map((name) => [name, value]))),
	{ code: "retry", delayMs: 1e300, httpStatus: -1, attempt: 0.5 },
	{ input: { path: [{ toString: 1 }] } },
];

describe("a transcript", () => {
	test("puts pieces of what was said together into lines, with the time at which each began", () => {
		expect(
			read(
				event("message.delta", { text: "I will wr" }, 1),
				event("message.delta", { text: "ite it.\nThen te" }, 2),
				event("message.delta", { text: "st." }, 3),
				event("message.stop", {}, 4),
			),
		).toBe("03:04:01  I will write it.\n03:04:02  Then test.\n");
	});

	test("ends an open text before whatever comes next, and at the end", () => {
		const used = event("tool.started", { toolId: "1", name: "Write", input: { file_path: "made.txt", content: "x" } });
		expect(read(event("message.delta", { text: "Now" }), used)).toBe("03:04:05  Now\n03:04:05  ▸ Write  made.txt\n");
		expect(read(event("message.delta", { text: "Cut off" }))).toBe("03:04:05  Cut off\n");
	});

	test("keeps apart what the runner thinks and what it says", () => {
		const thought = event("message.delta", { text: "Hm.", thinking: true });
		expect(read(thought, event("message.delta", { text: "Yes." }))).toBe("03:04:05  Hm.\n03:04:05  Yes.\n");
		const painted = createTranscript(styleOf(memoryIo().stdout, { FORCE_COLOR: "1" }, true));
		painted.add(thought);
		expect(painted.end()).toContain("\u001b[2mHm.");
	});

	test("shows a long text without line breaks before it ends", () => {
		const transcript = createTranscript(style);
		expect(transcript.add(event("message.delta", { text: "x".repeat(2_000) }))).toContain("xxx");
	});

	test.each([
		["tool.started", { name: "bash", input: { command: "npm test", description: "Run" } }, "▸ bash  npm test"],
		["tool.started", { name: "exec", input: { command: ["ls", "-l"] } }, "▸ exec  ls -l"],
		["tool.started", { name: "odd", input: { a: 1 } }, '▸ odd  {"a":1}'],
		[
			"tool.finished",
			{ status: "error", output: "no such file\nmore", exitCode: 3 },
			"failed  exit 3  no such file  (2 lines)",
		],
		["tool.finished", { status: "ok", output: "fine" }, "  fine"],
		["run.status", { status: "checking", check: "npm test" }, "check  npm test"],
		["run.usage", { inputTokens: 360, outputTokens: 99, costUsd: 0.0035 }, "usage  360 in, 99 out, $0.0035"],
		["run.limit", { resetAtMs: Date.UTC(2026, 0, 2), estimated: false }, "until 2026-01-02T00:00:00.000Z"],
		["run.limit", { resetAtMs: null, estimated: true, text: "Try later" }, "until an unknown time: Try later"],
		["run.artifact", { name: "last.txt", bytes: 20, sha256: "a0" }, "artifact  last.txt"],
		[
			"run.warning",
			{ code: "retry", attempt: 2, delayMs: 3000, httpStatus: 429 },
			"warning  retry (attempt 2, HTTP 429, again in 3s)",
		],
		["run.finished", { status: "error", errorCode: "COOLDOWN" }, "finished  error  COOLDOWN"],
		["run.unknown", { line: { type: "new" } }, 'unknown  line={"type":"new"}'],
		["run.invented", { a: "b" }, "invented  a=b"],
		["run.artifact", { path: "report.html" }, "artifact  report.html"],
		["run.progress", { done: 2, total: 5 }, "progress  2 of 5"],
		["human_loop.resolved", { questionId: "q", answer: "yes", by: "Ada" }, "answered  yes  Ada"],
		["human_loop.resolved", { questionId: "q", status: "expired", answer: null, by: null }, "question  expired\n"],
	])("shows %s %j", (type, data, words) => {
		expect(read(event(type, data))).toContain(words);
	});

	test("says once how it ended", () => {
		const ended = [event("run.status", { status: "error" }), event("run.finished", { status: "error" })];
		expect(read(...ended)).toBe("03:04:05  finished  error\n");
	});

	test("shows a plan as a list, and a question with the way to answer it", () => {
		const todos = [
			{ todoId: "1", content: "write", status: "done", order: 1 },
			{ todoId: "2", content: "test", status: "doing", order: 2 },
			{ todoId: "3", content: "tell", status: "todo", order: 3 },
		];
		expect(
			read(event("todo.update", { todos }))
				.split("\n")
				.map((line) => line.slice(10)),
		).toEqual(["plan  1 of 3 done", "  ✓ write", "  ▸ test", "  ○ tell", ""]);
		const told = [event("todo.update", { todos }), event("run.progress", { done: 1, total: 3 })];
		expect(read(...told)).not.toContain("progress");
		const asked = { questionId: "q_1", prompt: "May I?", choices: ["yes", "no"], about: "permission" };
		expect(read(event("human_loop.requested", asked))).toContain("question  May I?  (yes, no)");
		expect(read(event("human_loop.requested", asked))).toContain("msgcode human reply q_1 --answer");
	});

	test("lets no control character of a runner through, in whatever field", () => {
		const evil = "\u001b[2J\u202e\u0007";
		for (const type of EVENT_TYPES) {
			const data = {
				text: evil,
				name: evil,
				input: { path: evil },
				output: evil,
				status: evil,
				message: evil,
				code: evil,
			};
			const more = {
				prompt: evil,
				choices: [evil],
				questionId: evil,
				answer: evil,
				todos: [{ content: evil, status: evil }],
			};
			expect(read(event(type, { ...data, ...more })), type).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
		}
	});

	test.each(ODD)("takes %j wherever a runner may put it", (odd) => {
		for (const type of EVENT_TYPES) expect(() => read(event(type, odd)), type).not.toThrow();
	});
});

describe("live progress", () => {
	test.each(ODD)("takes %j wherever a runner may put it, and shows no character that moves the cursor", (odd) => {
		const io = memoryIo({ terminal: 80 });
		const context = { io, flags: {}, progressStyle: style } as unknown as CommandContext;
		vi.useFakeTimers();
		const progress = showProgress(context, { runner: { kind: "x" } } as RunRequest);
		// Only msgcode itself says run.status.
		for (const type of EVENT_TYPES.filter((type) => type !== "run.status")) progress.event({ type, data: odd });
		vi.advanceTimersByTime(1000);
		progress.end();
		vi.useRealTimers();
		expect(io.written.stderr).toContain("x: preparing");
		expect(io.written.stderr.replaceAll("\u001b[K", "")).not.toContain("\u001b");
	});
});
