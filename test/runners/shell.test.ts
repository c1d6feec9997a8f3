import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createRegistry } from "../../src/runners/registry.ts";
import { EXITED, request, runIn } from "../support/runner-request.ts";
import { endEverythingStarted, programArgv } from "../support/supervise.ts";

const folder = mkdtempSync(join(tmpdir(), "msgcode-shell-"));
const shell = createRegistry().get("shell");

afterAll(async () => {
	await endEverythingStarted();
	rmSync(folder, { recursive: true });
});

describe("the plan", () => {
	test("an argv is taken as it stands: no shell, no placeholders, no stdin", () => {
		const args = ["echo", "$HOME", "{PROMPT}", "a b"];
		expect(shell.prepare(request({ args }))).toEqual({
			...{ argv: args, env: {}, passEnv: [], stdin: null, stdinStaysOpen: false, redactedArgv: args, artifacts: [] },
		});
	});

	test("a script is run by /bin/sh, or by the shell that the task names, with the args as its own", () => {
		expect(shell.prepare(request({ script: "make\n" })).argv).toEqual(["/bin/sh", "-c", "make\n"]);
		const plan = shell.prepare(request({ script: "make $1", shell: "/bin/bash", args: ["it"] }));
		expect(plan.argv).toEqual(["/bin/bash", "-c", "make $1", "/bin/bash", "it"]);
	});

	test("the record has neither the script nor the workspace's path", () => {
		expect(shell.prepare(request({ script: "secret" })).redactedArgv).toEqual(["/bin/sh", "-c", "{SCRIPT}"]);
		const args = ["cat", "/work space/repo/a", "--in=/work space/repo"];
		expect(shell.prepare(request({ args })).redactedArgv).toEqual(["cat", "{WORKSPACE}/a", "--in={WORKSPACE}"]);
	});

	test.each([
		["a prompt alone is never executed", { prompt: "rm -rf ." }],
		["an empty script", { script: " \n" }],
		["an empty program", { args: ["", "x"] }],
		["a NUL", { args: ["a\0b"] }],
		["a variable that msgcode speaks with", { args: ["true"], env: { MSGCODE_RUN_ID: "run_x" } }],
		["a variable's name with =", { args: ["true"], env: { "A=B": "1" } }],
		["a variable's value with NUL", { args: ["true"], env: { A: "\0" } }],
	])("refused: %s", (_, payload) => {
		expect(() => shell.prepare(request(payload))).toThrow(expect.objectContaining({ code: "task_invalid_spec" }));
	});
});

describe("the verdict", () => {
	test.each([
		[
			{ outcome: "exited", exitCode: 0 },
			{ status: "ok", errorCode: null, errorMessage: null, details: {} },
		],
		[
			{ outcome: "exited", exitCode: 3 },
			{ status: "error", errorCode: "RUNNER_FAILED", details: { exitCode: 3 } },
		],
		[
			{ outcome: "signaled", exitCode: null, signal: "SIGSEGV" },
			{ status: "error", errorCode: "RUNNER_CRASHED", details: { signal: "SIGSEGV" } },
		],
		[
			{ outcome: "timeout", exitCode: 0 },
			{ status: "timeout", errorCode: "RUN_TIMEOUT" },
		],
		[
			{ outcome: "canceled", exitCode: 0 },
			{ status: "canceled", errorCode: "RUN_CANCELED" },
		],
		[
			{ outcome: "not_found", exitCode: null },
			{ status: "error", errorCode: "RUNNER_NOT_FOUND", details: { program: "tool" } },
		],
		[
			{ outcome: "spawn_failed", exitCode: null, spawnError: "cwd_missing" },
			{ status: "error", errorCode: "RUNNER_NOT_STARTED", details: { program: "tool", reason: "cwd_missing" } },
		],
	] as const)("%j", (process, expected) => {
		const outcome = shell.outcome({ ...EXITED, ...process }, shell.begin());
		expect(outcome).toMatchObject(expected);
		expect(outcome.errorMessage === null).toBe(outcome.errorCode === null);
	});

	test("the preview is the end of stdout; of stderr when a failure said nothing else", () => {
		const seen = shell.begin();
		for (let line = 0; line < 5_000; line += 1) shell.interpret(seen, "stdout", `line ${line}`, false);
		shell.interpret(seen, "stderr", "went wrong", false);
		const { preview } = shell.outcome(EXITED, seen);
		expect(preview.length).toBe(2_000);
		expect(preview.endsWith("\nline 4998\nline 4999")).toBe(true);
		expect(seen.stdoutTail.length).toBeLessThan(20_000);

		const silent = shell.begin();
		shell.interpret(silent, "stderr", "went wrong", false);
		expect(shell.outcome({ ...EXITED, exitCode: 1 }, silent).preview).toBe("went wrong");
		expect(shell.outcome(EXITED, silent).preview).toBe("");
	});

	test("the preview never begins with half a character", () => {
		const seen = shell.begin();
		shell.interpret(seen, "stdout", `😀${"x".repeat(1_999)}`, false);
		expect(shell.outcome(EXITED, seen).preview).toBe("x".repeat(1_999));
	});
});

describe("with real programs", () => {
	test("a command: events of both streams, its exit code, no raw output in the message", async () => {
		const ran = await runIn(folder, shell, request({ args: programArgv("exit-code.sh", "4") }));
		expect(ran).toMatchObject({ status: "error", errorCode: "RUNNER_FAILED", details: { exitCode: 4 } });
		expect(ran.errorMessage).toBe("The runner ended with a failure.");
		expect(ran.preview).toBe("to stdout");
		expect(ran.events).toContainEqual({ type: "run.log", data: { stream: "stderr", text: "to stderr" } });
	});

	test("a script sees its variables and its arguments", async () => {
		const script = `printf '%s|' "$A" "$1" "$PWD"`;
		const ran = await runIn(folder, shell, request({ script, args: ["one"], env: { A: "b c" } }));
		expect(ran).toMatchObject({ status: "ok", preview: `b c|one|${folder}|` });
	});

	test("stdin is empty", async () => {
		expect(await runIn(folder, shell, request({ args: ["cat"] }))).toMatchObject({ status: "ok", preview: "" });
	});

	test("a missing program and a signal of its own have codes of their own", async () => {
		expect(await runIn(folder, shell, request({ args: ["no-such-program"] }))).toMatchObject({
			errorCode: "RUNNER_NOT_FOUND",
			details: { program: "no-such-program" },
		});
		expect(await runIn(folder, shell, request({ args: programArgv("kill-self.sh") }))).toMatchObject({
			errorCode: "RUNNER_CRASHED",
			details: { signal: "SIGTERM" },
		});
	});

	test("a cut line says so in its event", async () => {
		const args = programArgv("flood.sh", "300000");
		const ran = await runIn(folder, shell, request({ args }));
		expect(ran.events.map((event) => event.data.truncated)).toEqual([true, undefined]);
		expect(ran.preview.endsWith("\nafter")).toBe(true);
	});
});
