// claude and codex as processes: the stand-ins refuse a call that the real programs would refuse, so that a wrong command line fails.
// What every runner has to pass: test/contract.
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

describe.each(["claude", "codex"])("%s", (agent) => {
	test("succeeds and leaves its file", async () => {
		const ran = await run(agent, { prompt: "Write the file.", model: "some-model" });
		expect(ran).toMatchObject({ status: "ok", errorCode: null, preview: "Done: wrote made.txt" });
		expect(ran.session).toMatch(/^[0-9a-f-]{36}$/);
		expect(made()).toBe("made by the stand-in\n");
		expect(JSON.stringify(ran.plan.redactedArgv)).not.toContain(root);
	});

	test("may only look", async () => {
		expect(await run(agent, { prompt: "x" }, {}, { permission: "read-only" })).toMatchObject({ status: "ok" });
		expect(made()).toBeNull();
	});

	test("works, but never says its last word", async () => {
		expect(await run(agent, { prompt: "do [silent]" })).toMatchObject({
			status: "error",
			errorCode: "RUNNER_INCOMPLETE",
		});
		expect(made()).not.toBeNull();
	});

	test("tries again by itself", async () => {
		const { status, events } = await run(agent, { prompt: "do [retry]" });
		expect(status).toBe("ok");
		expect(events.filter(({ data }) => data.code === "retry")).toHaveLength(1);
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
		const unknown = "11111111-2222-4333-8444-555555555555";
		expect(await run(agent, { prompt: "third" }, { resume: unknown })).toMatchObject({
			status: "error",
			errorCode: "RUNNER_FAILED",
			details: { resume: "refused" },
		});
	});

	test("a flag that it does not have is refused; what it said is in the preview only", async () => {
		const ran = await run(agent, { prompt: "x", args: ["--no-such-flag"] });
		expect(ran).toMatchObject({ status: "error", errorCode: "RUNNER_FAILED" });
		expect(ran.preview).toContain("--no-such-flag");
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
