// The agents as processes: the stand-ins refuse a call that the real programs would refuse, so that a wrong command line fails.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { createRegistry } from "../../../src/runners/registry.ts";
import type { RunnerRequest } from "../../../src/runners/runner.ts";
import { request, runIn } from "../../support/runner-request.ts";
import { standInEnvironment } from "../../support/stand-ins.ts";
import { endEverythingStarted } from "../../support/supervise.ts";

const root = mkdtempSync(join(tmpdir(), "msgcode-agents-"));
let home: string;
let folder: string;

beforeEach(() => {
	home = mkdtempSync(join(root, "home-"));
	folder = join(home, "repo");
	mkdirSync(join(folder, ".git"), { recursive: true });
});

afterAll(async () => {
	await endEverythingStarted();
	rmSync(root, { recursive: true });
});

const registry = createRegistry();

function run(
	agent: string,
	payload: Partial<RunnerRequest["payload"]>,
	context: Partial<RunnerRequest["context"]> = {},
	options: Partial<RunnerRequest["constraints"]> & Parameters<typeof runIn>[3] = {},
) {
	const { permission, maxTurns, ...supervision } = options;
	const wanted = request(payload, { runDir: home, ...context });
	const constraints = { timeoutMs: 15_000, permission, maxTurns };
	return runIn(
		folder,
		registry.get(agent),
		{ ...wanted, constraints },
		{ env: standInEnvironment(home), ...supervision },
	);
}

const made = () => (existsSync(join(folder, "made.txt")) ? readFileSync(join(folder, "made.txt"), "utf8") : null);

describe.each(["claude", "codex", "opencode", "gemini"])("%s", (agent) => {
	test("succeeds and leaves its file", async () => {
		const ran = await run(agent, { prompt: "Write the file.", model: "some/model" });
		expect(ran).toMatchObject({ status: "ok", errorCode: null, preview: "Done: wrote made.txt" });
		expect(ran.session).toMatch(agent === "opencode" ? /^ses_\w+$/ : /^[0-9a-f-]{36}$/);
		expect(made()).toBe("made by the stand-in\n");
		expect(JSON.stringify(ran.plan.redactedArgv)).not.toContain(root);
	});

	test("may only look", async () => {
		expect(await run(agent, { prompt: "x" }, {}, { permission: "read-only" })).toMatchObject({ status: "ok" });
		expect(made()).toBeNull();
	});

	test.each([
		["fail", "RUNNER_FAILED", true],
		["limit", "COOLDOWN", false],
		["auth", "AUTH_MISSING", false],
		["garbage", "RUNNER_INCOMPLETE", false],
		["silent", "RUNNER_INCOMPLETE", true],
		["crash", "RUNNER_CRASHED", true],
	])("[%s] is %s", async (mode, errorCode, leavesWork) => {
		expect(await run(agent, { prompt: `do [${mode}]` })).toMatchObject({ status: "error", errorCode });
		expect(made() !== null).toBe(leavesWork);
	});

	test.each(["nochange", "retry", "invalid-utf8"])("[%s] is ok", async (mode) => {
		expect(await run(agent, { prompt: `do [${mode}]` })).toMatchObject({ status: "ok" });
	});

	test("a line of 100 MB is cut, and what comes after it counts", async () => {
		const ran = await run(agent, { prompt: "do [long-line]" }, {}, { maxLineBytes: 65_536 });
		expect(ran.status).toBe("ok");
		expect(ran.events.filter(({ data }) => data.truncated === true)).toHaveLength(1);
	});

	test("its list of what to do ends with everything done", async () => {
		const { events } = await run(agent, { prompt: "do [todos]" });
		const last = events.filter(({ type }) => type === "todo.update").at(-1)?.data.todos as { status: string }[];
		expect(last.map(({ status }) => status)).toEqual(["done", "done", "done"]);
	});

	test("goes on in the session that it named, and in no other", async () => {
		const { session } = await run(agent, { prompt: "first" });
		const again = await run(agent, { prompt: "second" }, { resume: session });
		expect(again).toMatchObject({ status: "ok", session });
		expect(made()).toBe(`resumed ${session}\n`);
		const unknown = agent === "opencode" ? "ses_0" : "11111111-2222-4333-8444-555555555555";
		expect(await run(agent, { prompt: "third" }, { resume: unknown })).toMatchObject({
			status: "error",
			errorCode: "RUNNER_FAILED",
			details: { resume: "refused" },
		});
	});

	test("hangs until it is canceled, whatever its exit code says then", async () => {
		const cancel = new AbortController();
		const onLine = () => cancel.abort();
		expect(await run(agent, { prompt: "do [hang]" }, {}, { cancel: cancel.signal, onLine })).toMatchObject({
			status: "canceled",
			errorCode: "RUN_CANCELED",
		});
	});

	test("a flag that it does not have is refused; what it said is in the preview only", async () => {
		const ran = await run(agent, { prompt: "x", args: ["--no-such-flag"] });
		expect(ran).toMatchObject({ status: "error", errorCode: "RUNNER_FAILED" });
		expect(ran.preview).toMatch(agent === "opencode" ? /^opencode run/ : /no-such-flag/);
		expect(JSON.stringify([ran.details, ran.errorMessage])).not.toContain("no-such-flag");
	});
});

test("claude runs out of the turns that it was given", async () => {
	const ran = await run("claude", { prompt: "x" }, {}, { maxTurns: 1 });
	expect(ran).toMatchObject({ errorCode: "RUNNER_INCOMPLETE", usage: { outputTokens: 33 } });
});

test("codex refuses a folder that belongs to no repository", async () => {
	rmSync(join(folder, ".git"), { recursive: true });
	expect(await run("codex", { prompt: "x" })).toMatchObject({ errorCode: "TRUST_REQUIRED" });
});

test("opencode ends with exit code 0 in the middle of its work when a permission is refused, and when its text is full", async () => {
	expect(await run("opencode", { prompt: "do [denied]" })).toMatchObject({
		errorCode: "RUNNER_INCOMPLETE",
		details: { exitCode: 0, reason: "tool-calls" },
	});
	expect(await run("opencode", { prompt: "do [turns]" })).toMatchObject({
		errorCode: "RUNNER_INCOMPLETE",
		details: { exitCode: 0, reason: "length" },
	});
});

test("gemini's exit code is no signal: 173 is a limit, 145 a refused key, 53 out of turns, 55 a folder without trust", async () => {
	const end = async (mode: string) => {
		const { errorCode, details } = await run("gemini", { prompt: `do [${mode}]` });
		return [errorCode, details.exitCode ?? details.estimated];
	};
	expect(await end("limit")).toEqual(["COOLDOWN", true]);
	expect(await end("auth")).toEqual(["AUTH_MISSING", 145]);
	expect(await end("turns")).toEqual(["RUNNER_INCOMPLETE", 53]);
	expect(await end("untrusted")).toEqual(["TRUST_REQUIRED", 55]);
	expect(await end("fail")).toEqual(["RUNNER_FAILED", 244]);
});

test("gemini is told to trust the folder", async () => {
	expect(await run("gemini", { prompt: "x", env: { GEMINI_CLI_TRUST_WORKSPACE: "false" } })).toMatchObject({
		errorCode: "TRUST_REQUIRED",
	});
});
