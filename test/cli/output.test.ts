import { describe, expect, test } from "vitest";
import { styleOf } from "../../src/cli/color.ts";
import type { CommandResult } from "../../src/cli/command.ts";
import { printError, printResult } from "../../src/cli/output.ts";
import { readLine } from "../../src/cli/parse.ts";
import { renderTable } from "../../src/cli/table.ts";
import { displayWidth, truncate, visible } from "../../src/cli/terminal-text.ts";
import { MsgcodeError } from "../../src/core/errors.ts";
import { type MemoryIoOptions, memoryIo } from "../support/cli.ts";

const result: CommandResult = {
	kind: "task.list",
	data: [{ id: "tsk_1" }],
	warnings: [
		{ code: "torn_line", message: "The last line is torn.", hint: "msgcode doctor", file: "tasks/runs.jsonl", line: 7 },
	],
	human: (style) => style.bold("one task"),
	plain: () => [
		["tsk_1", "a\tb\nc"],
		["tsk_2", null],
	],
	next: "msgcode task run tsk_1",
};

function print(flags: string[], options: MemoryIoOptions = {}, what: CommandResult = result) {
	const io = memoryIo(options);
	const exitCode = printResult(what, io, readLine(flags, () => false).flags);
	return { exitCode, ...io.written };
}

function fail(error: unknown, flags: string[] = [], options: MemoryIoOptions = {}) {
	const io = memoryIo(options);
	const exitCode = printError(error, io, readLine(flags, () => false).flags);
	return { exitCode, stdout: io.written.stdout, stderr: io.written.stderr };
}

describe("a result", () => {
	test("is text on stdout, with warnings and the next command on stderr", () => {
		const { exitCode, stdout, stderr } = print([]);
		expect(exitCode).toBe(0);
		expect(stdout).toBe("one task\n");
		expect(stderr).toBe(
			"warning: tasks/runs.jsonl:7: The last line is torn.\nhint: msgcode doctor\nnext: msgcode task run tsk_1\n",
		);
	});

	test("is one pretty-printed envelope with --json, and stderr stays empty", () => {
		const { stdout, stderr } = print(["--json"]);
		expect(JSON.parse(stdout)).toEqual({
			schemaVersion: 1,
			kind: "task.list",
			data: [{ id: "tsk_1" }],
			warnings: result.warnings,
		});
		expect(stdout.startsWith('{\n  "schemaVersion": 1,\n  "kind"')).toBe(true);
		expect(stderr).toBe("");
	});

	test("is lines of tab-separated cells with --plain; a cell cannot break out of its place", () => {
		expect(print(["--plain"]).stdout).toBe("tsk_1\ta␉b␊c\ntsk_2\t\n");
	});

	test("is printed without hints and warnings with --quiet", () => {
		expect(print(["--quiet"]).stderr).toBe("");
		expect(JSON.parse(print(["--quiet", "--json"]).stdout).warnings).toHaveLength(1);
	});

	test("gives its own exit code", () => {
		expect(print([], {}, { ...result, exitCode: 1 }).exitCode).toBe(1);
	});

	test("that was streamed adds nothing to stdout", () => {
		expect(print(["--json"], {}, { ...result, streamed: true }).stdout).toBe("");
		expect(print([], {}, { ...result, streamed: true }).stdout).toBe("");
	});

	test("cannot drive the terminal through its data", () => {
		const hostile = { ...result, human: () => "title \u001b]0;owned\u0007 \u001b[2J \u202egnp.exe\r\n" };
		const { stdout } = print([], { terminal: 80 }, hostile);
		expect(stdout).toBe("title ␛]0;owned␇ ␛[2J \\u202egnp.exe\r\n");
		expect(print(["--json"], {}, { ...result, data: "\u009b2J\u202e" }).stdout).toContain('"\\u009b2J\\u202e"');
	});
});

describe("a failure", () => {
	const error = new MsgcodeError("task_not_found", "No task tsk_x.", { details: { id: "tsk_x" } });

	test("is text with a hint on stderr, and its row's exit code", () => {
		expect(fail(error)).toEqual({
			exitCode: 3,
			stdout: "",
			stderr: "error: No task tsk_x.\nhint: msgcode task list --all\n",
		});
	});

	test("is an envelope on stdout with --json", () => {
		const { exitCode, stdout, stderr } = fail(error, ["--json"]);
		expect(exitCode).toBe(3);
		expect(stderr).toBe("");
		expect(JSON.parse(stdout)).toEqual({
			schemaVersion: 1,
			kind: "error",
			error: {
				code: "task_not_found",
				message: "No task tsk_x.",
				hint: "msgcode task list --all",
				details: { id: "tsk_x" },
			},
		});
	});

	test("keeps the envelope's keys where there is no hint and no detail", () => {
		const { stdout } = fail(new MsgcodeError("git_failed", "git ended with 1."), ["--json"]);
		expect(JSON.parse(stdout).error).toEqual({
			code: "git_failed",
			message: "git ended with 1.",
			hint: null,
			details: {},
		});
	});

	test("that nobody foresaw is a bug: exit 70, the stack only with MSGCODE_DEBUG=1", () => {
		const bug = new TypeError("x is not a function", { cause: new Error("the deeper reason") });
		const { exitCode, stderr } = fail(bug);
		expect(exitCode).toBe(70);
		expect(stderr).toContain("A bug in msgcode: x is not a function");
		expect(stderr).not.toContain("output.test.ts");
		const debug = fail(bug, [], { env: { MSGCODE_DEBUG: "1" } });
		expect(debug.stderr).toContain("output.test.ts");
		expect(debug.stderr).toContain("caused by: Error: the deeper reason");
		expect(JSON.parse(fail("thrown text", ["--json"]).stdout).error.code).toBe("internal");
	});

	test("cannot drive the terminal through its message", () => {
		expect(fail(new MsgcodeError("git_failed", "said \u001b[31mred")).stderr).toContain("said ␛[31mred");
	});
});

describe("colour", () => {
	const colored = (options: MemoryIoOptions, wanted = true) => {
		const io = memoryIo(options);
		return styleOf(io.stdout, io.env, wanted).color;
	};

	test.each([
		["a terminal", { terminal: 80 }, true, true],
		["a pipe", {}, true, false],
		["--no-color", { terminal: 80 }, false, false],
		["NO_COLOR", { terminal: 80, env: { NO_COLOR: "1" } }, true, false],
		["an empty NO_COLOR", { terminal: 80, env: { NO_COLOR: "" } }, true, true],
		["FORCE_COLOR in a pipe", { env: { FORCE_COLOR: "1" } }, true, true],
		["FORCE_COLOR=0", { terminal: 80, env: { FORCE_COLOR: "0" } }, true, false],
		["NO_COLOR over FORCE_COLOR", { env: { FORCE_COLOR: "1", NO_COLOR: "1" } }, true, false],
		["a dumb terminal", { terminal: 80, env: { TERM: "dumb" } }, true, false],
	])("%s", (_, options, wanted, expected) => {
		expect(colored(options, wanted)).toBe(expected);
	});

	test("styles text on a terminal and nothing elsewhere; --plain never", () => {
		expect(print([], { terminal: 80 }).stdout).toBe("\u001b[1mone task\u001b[22m\n");
		expect(print([]).stdout).toBe("one task\n");
		expect(print(["--plain"], { terminal: 80 }, { ...result, plain: undefined }).stdout).toBe("one task\n");
	});
});

describe("a table", () => {
	const columns = [{ title: "id" }, { title: "title", flexible: true }, { title: "n", align: "right" as const }];
	const style = (terminal?: number) => {
		const io = memoryIo(terminal === undefined ? {} : { terminal, env: { NO_COLOR: "1" } });
		return styleOf(io.stdout, io.env, true);
	};

	test("lines its columns up and leaves no space at a line's end", () => {
		expect(
			renderTable(
				columns,
				[
					["tsk_1", "short", "1"],
					["tsk_22", "longer", "10"],
				],
				style(),
			),
		).toBe("id      title    n\ntsk_1   short    1\ntsk_22  longer  10\n");
	});

	test("cuts the flexible column so that no line is wider than the terminal", () => {
		const text = renderTable(
			columns,
			[
				["tsk_1", "日本語の長い題名".repeat(5), "1"],
				["tsk_2", "e\u0301".repeat(60), "2"],
			],
			style(40),
		);
		const lines = text.trimEnd().split("\n");
		expect(lines.every((line) => displayWidth(line) <= 40)).toBe(true);
		expect(lines[1]).toContain("…");
		expect(displayWidth(lines[1] ?? "")).toBeGreaterThan(37);
	});

	test("stays within the terminal even when no column may be cut", () => {
		const text = renderTable([{ title: "a" }, { title: "b" }], [["x".repeat(50), "y".repeat(50)]], style(40));
		expect(text.split("\n").every((line) => displayWidth(line) <= 40)).toBe(true);
	});

	test("cuts what a row is named by last", () => {
		const many = ["RUNNER", "FROM", "INSTALLED", "SIGNED IN", "WORKS", "VERSION", "WHAT"].map((title) => ({ title }));
		const text = renderTable(many, [["wordcount", ...Array<string>(6).fill("something")]], style(40));
		expect(text.split("\n")[1]).toMatch(/^wordcount {2}/);
		expect(text.split("\n").every((line) => displayWidth(line) <= 40)).toBe(true);
	});

	test("is not cut in a pipe", () => {
		expect(renderTable(columns, [["tsk_1", "x".repeat(500), "1"]], style())).toContain("x".repeat(500));
	});

	test("shows control characters instead of sending them", () => {
		expect(renderTable([{ title: "t" }], [["a\u001b[2Jb\nc\u0085"]], style())).toBe("t\na␛[2Jb␊c\\u0085\n");
	});
});

describe("text on a terminal", () => {
	test.each([
		["abc", 3],
		["日本", 4],
		["한국어", 6],
		["ｆｕｌｌ", 8],
		["e\u0301", 1],
		["👍", 2],
		["naïve", 5],
	])("%s fills %i columns", (text, width) => {
		expect(displayWidth(text)).toBe(width);
	});

	test("is cut at a column, never through a wide character", () => {
		expect(truncate("日本語", 5)).toBe("日本…");
		expect(truncate("日本語", 4)).toBe("日…");
		expect(truncate("日本語", 6)).toBe("日本語");
		expect(truncate("abc", 0)).toBe("");
	});

	test("leaves letters of every script alone", () => {
		expect(visible("Grüße, мир, 世界, שלום")).toBe("Grüße, мир, 世界, שלום");
	});
});
