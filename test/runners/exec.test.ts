import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { createRegistry } from "../../src/runners/registry.ts";
import type { Runner } from "../../src/runners/runner.ts";
import { EXITED, request, runIn } from "../support/runner-request.ts";
import { endEverythingStarted, programArgv } from "../support/supervise.ts";

const root = mkdtempSync(join(tmpdir(), "msgcode-exec-"));
let folder: string;

beforeEach(() => {
	folder = mkdtempSync(join(root, "run-"));
});

afterAll(async () => {
	await endEverythingStarted();
	rmSync(root, { recursive: true });
});

function declared(declaration: Record<string, unknown>): Runner {
	return createRegistry(undefined, { tool: declaration }).get("tool");
}

describe("placeholders", () => {
	test("each has its value, and the record has no body and no path of this machine", () => {
		const names = ["PROMPT", "WORKSPACE", "INPUT", "OUTPUT", "MODEL", "MODEL_ROOT", "TASK_ID", "RUN_ID"];
		const tool = declared({ argv: ["tool", ...names.map((name) => `x={${name}}`)] });
		const context = { inputFile: "/in", outputFile: "/out", modelRoot: "/models" };
		const plan = tool.prepare(request({ model: "m1" }, context));
		const { taskId, runId } = request().context;
		expect(plan.argv.slice(1)).toEqual(
			["Do it.\n", "/work space/repo", "/in", "/out", "m1", "/models", taskId, runId].map((value) => `x=${value}`),
		);
		expect(plan.redactedArgv.slice(1)).toEqual(
			["{PROMPT}", "{WORKSPACE}", "{INPUT}", "{OUTPUT}", "m1", "{MODEL_ROOT}", taskId, runId].map((v) => `x=${v}`),
		);
		expect(plan.artifacts).toEqual(["/out"]);
	});

	test("a value stays one argument and is not read again", () => {
		const tool = declared({ argv: ["tool", "{PROMPT}", "{{MODEL?}}"] });
		const prompt = "{MODEL} $1 $& $(id)\n'\" {NOPE}";
		expect(tool.prepare(request({ prompt, model: "$&" })).argv).toEqual(["tool", prompt, "{$&}"]);
	});

	test("braces that are no placeholder stay", () => {
		const argv = ["tool", '{"a":1}', "{}", "{model}", "{ MODEL }"];
		expect(declared({ argv }).prepare(request()).argv).toEqual(argv);
	});

	test.each([
		[
			["t", "--model", "{MODEL?}", "-p"],
			["t", "-p"],
		],
		[["t", "-m", "{MODEL?}"], ["t"]],
		[
			["t", "--model={MODEL?}", "-p"],
			["t", "-p"],
		],
		[
			["t", "-v", "--model={MODEL?}"],
			["t", "-v"],
		],
		[
			["t", "run", "{MODEL?}"],
			["t", "run"],
		],
		[
			["t", "--", "{MODEL?}"],
			["t", "--"],
		],
		[
			["t", "-", "{MODEL?}"],
			["t", "-"],
		],
		[["t", "-a", "{INPUT?}", "{MODEL?}"], ["t"]],
		[
			["t", "-a", "x", "{MODEL?}"],
			["t", "-a", "x"],
		],
		[["-t", "{MODEL?}"], ["-t"]],
	])("without a model %j is %j", (argv, expected) => {
		for (const model of [undefined, null, "", "auto"]) {
			const plan = declared({ argv }).prepare(request({ model }));
			expect(plan.argv).toEqual(expected);
			expect(plan.redactedArgv).toEqual(expected);
		}
	});

	test("the same with a model keeps everything", () => {
		const plan = declared({ argv: ["t", "--model", "{MODEL?}"] }).prepare(request({ model: "m1" }));
		expect(plan.argv).toEqual(["t", "--model", "m1"]);
	});

	test("a missing value without the question mark is the task's error", () => {
		expect(() => declared({ argv: ["t", "{MODEL}"] }).prepare(request())).toThrow(
			expect.objectContaining({ code: "task_invalid_spec", message: expect.stringContaining("{MODEL}") }),
		);
	});

	test.each([
		["an unknown placeholder", { argv: ["t", "{HOME}"] }],
		["an unknown placeholder in a variable", { argv: ["t"], env: { A: "{HOME}" } }],
		["a task's text as program", { argv: ["{PROMPT}"] }],
		["an empty program", { argv: [""] }],
		["no program", { argv: [] }],
		["no argv", { title: "x" }],
		["a rule of another kind", { argv: ["t"], success: "always" }],
		["stdin of another kind", { argv: ["t"], stdin: "file" }],
	])("%s is the declaration's error, and names the runner", (_, declaration) => {
		expect(() => declared(declaration)).toThrow(
			expect.objectContaining({ code: "settings_invalid", message: expect.stringContaining("tool") }),
		);
	});

	test("a task's text cannot become an option", () => {
		const refused = expect.objectContaining({ code: "task_invalid_spec" });
		expect(() => declared({ argv: ["t", "{PROMPT}"] }).prepare(request({ prompt: "--yolo" }))).toThrow(refused);
		expect(() => declared({ argv: ["t", "-m", "{MODEL?}"] }).prepare(request({ model: "--yolo" }))).toThrow(refused);
		expect(declared({ argv: ["t", "--", "{PROMPT}"] }).prepare(request({ prompt: "- a list" })).argv).toEqual([
			"t",
			"--",
			"- a list",
		]);
	});

	test("a prompt too long for an argument is refused before anything starts", () => {
		const prompt = "新".repeat(50_000);
		expect(() => declared({ argv: ["t", "{PROMPT}"] }).prepare(request({ prompt }))).toThrow(
			expect.objectContaining({ code: "limit_exceeded" }),
		);
		expect(declared({ argv: ["t"], stdin: "prompt" }).prepare(request({ prompt })).stdin).toBe(prompt);
	});

	test("variables: the declaration's with placeholders, the task's go before, an absent optional one is left out", () => {
		const tool = declared({ argv: ["t"], env: { A: "{TASK_ID}", B: "{MODEL?}", C: "c" }, passEnv: ["KEY"] });
		const plan = tool.prepare(request({ env: { C: "mine" } }));
		expect(plan.env).toEqual({ A: request().context.taskId, C: "mine" });
		expect(plan.passEnv).toEqual(["KEY"]);
		expect(() => tool.prepare(request({ env: { MSGCODE_X: "1" } }))).toThrow(/MSGCODE_X/);
	});

	test("the session id is a UUID, the same for the same attempt and another for the next", () => {
		const id = (attempt: number) => declared({ argv: ["t", "{SESSION_ID}"] }).prepare(request({}, { attempt })).argv[1];
		expect(id(1)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
		expect(id(1)).toBe(id(1));
		expect(id(2)).not.toBe(id(1));
		const given = declared({ argv: ["t", "{SESSION_ID}"] }).prepare(request({}, { sessionId: "s1" }));
		expect(given.argv[1]).toBe("s1");
	});
});

describe("the rule of success", () => {
	const rule = {
		match: { type: "end", "meta.final": true },
		require: { failed: false },
		preview: "said.text",
		usage: { inputTokens: "use.in", costUsd: "use.cost" },
	};
	const tool = declared({ argv: ["t"], success: { jsonLine: rule } });
	const end = (failed: boolean, text = "all done") =>
		JSON.stringify({ said: { text }, failed, use: { in: 3, cost: 0.5 }, meta: { final: true }, type: "end" });

	function judged(lines: readonly string[], process = {}, truncated = false) {
		const seen = tool.begin();
		const events = lines.flatMap((line) => tool.interpret(seen, "stdout", line, truncated));
		return { ...tool.outcome({ ...EXITED, ...process }, seen), events };
	}

	test("exit 0 and the last matching line says so", () => {
		const outcome = judged(["noise", "{broken", "[1]", '"end"', "null", end(true), end(false)]);
		expect(outcome).toMatchObject({ status: "ok", preview: "all done" });
		expect(outcome.usage).toEqual({ inputTokens: 3, outputTokens: null, costUsd: 0.5 });
		expect(outcome.events.at(-1)).toEqual({ type: "run.usage", data: outcome.usage });
	});

	test("a success that the last line takes back is none", () => {
		expect(judged([end(false), end(true, "limit")])).toMatchObject({
			status: "error",
			errorCode: "RUNNER_FAILED",
			details: { exitCode: 0, result: "not_successful", unmet: ["failed"] },
			preview: "limit",
		});
	});

	test.each([
		["no line", []],
		["a line of another type", ['{"type":"other","meta":{"final":true},"failed":false}']],
		["a path through something else", ['{"type":"end","meta":null,"failed":false}']],
	])("%s is no success", (_, lines) => {
		expect(judged(lines)).toMatchObject({ status: "error", details: { result: "missing", truncatedLines: 0 } });
	});

	test("a path reaches only into objects", () => {
		const odd = declared({ argv: ["t"], success: { jsonLine: { match: {}, require: { "constructor.length": 1 } } } });
		const seen = odd.begin();
		odd.interpret(seen, "stdout", "{}", false);
		expect(odd.outcome(EXITED, seen)).toMatchObject({ status: "error", details: { result: "not_successful" } });
	});

	test("the required value must be there: absent is not false", () => {
		expect(judged(['{"type":"end","meta":{"final":true}}'])).toMatchObject({ details: { unmet: ["failed"] } });
	});

	test("a line that was cut decides nothing and is counted", () => {
		expect(judged([end(false)], {}, true)).toMatchObject({
			status: "error",
			details: { result: "missing", truncatedLines: 1 },
		});
	});

	test("stderr does not count", () => {
		const seen = tool.begin();
		tool.interpret(seen, "stderr", end(false), false);
		expect(tool.outcome(EXITED, seen).status).toBe("error");
	});

	test("the way the program ended goes before its word", () => {
		expect(judged([end(false)], { exitCode: 1 })).toMatchObject({
			errorCode: "RUNNER_FAILED",
			details: { exitCode: 1 },
		});
		for (const lines of [[], [end(true)], [end(false)]]) {
			expect(judged(lines, { outcome: "timeout" })).toMatchObject({ status: "timeout", errorCode: "RUN_TIMEOUT" });
			expect(judged(lines, { outcome: "canceled" })).toMatchObject({ status: "canceled", errorCode: "RUN_CANCELED" });
		}
	});

	test("other exit codes may be declared as no failure", () => {
		const lenient = declared({ argv: ["t"], success: { exit_codes: [0, 3] } });
		expect(lenient.outcome({ ...EXITED, exitCode: 3 }, lenient.begin()).status).toBe("ok");
		expect(lenient.outcome({ ...EXITED, exitCode: 1 }, lenient.begin()).status).toBe("error");
	});
});

test("a declared program runs without a shell, with its stdin, and nothing else had to change", async () => {
	const argv = [...programArgv("show-call.mjs"), "{WORKSPACE}", "$(id)", "{TASK_ID}"];
	const tool = declared({ argv, stdin: "prompt", env: { ROOT: "{WORKSPACE}" } });
	const ran = await runIn(folder, tool, request({ prompt: "line one\nline two\n", args: ["--more", "a b"] }));
	expect(ran.status).toBe("ok");
	expect(JSON.parse(ran.preview)).toMatchObject({
		args: [folder, "$(id)", request().context.taskId, "--more", "a b"],
		cwd: folder,
		stdin: "line one\nline two\n",
		env: { ROOT: folder },
	});
});
