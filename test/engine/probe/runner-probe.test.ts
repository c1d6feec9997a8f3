// Three answers of every runner: installed, signed in, works. A file of the right name is not yet the program.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isUsable, probeRunner } from "../../../src/engine/probe/runner-probe.ts";
import type { Capability } from "../../../src/runners/capabilities.ts";
import { createRegistry } from "../../../src/runners/registry.ts";
import { fakePrograms } from "../../support/fake-programs.ts";
import { temporaryFolder } from "../../support/repo.ts";

const AUTH = {
	env: ["TOOL_KEY"],
	files: [{ folderEnv: "TOOL_HOME", folder: ".tool", file: "auth.json" }],
	complete: true,
};

const TOOL: Capability = {
	...{ ...createRegistry().get("shell").capability, id: "tool", kind: "agent" },
	deps: [{ binary: "tool", minimum: "1.2.0", tested: "2.0.0" }],
	probe: { argv: ["tool", "--version"], version: "^tool (\\d+\\.\\d+\\.\\d+)$" },
	auth: AUTH,
	fixHint: ["Install tool.", "Sign in."],
};

interface Scene {
	readonly script?: string;
	readonly record?: Partial<Capability>;
	readonly env?: Readonly<Record<string, string>>;
	readonly timeoutMs?: number;
}

function probed({ script, record = {}, env = {}, timeoutMs }: Scene) {
	const folder = fakePrograms(script === undefined ? {} : { tool: script });
	const [entry] = createRegistry([{ ...TOOL, ...record }]).list();
	if (entry === undefined) throw new Error("no record");
	const place = { env: { PATH: `${folder}:/usr/bin:/bin`, HOME: folder, ...env } };
	return probeRunner(entry, timeoutMs === undefined ? place : { ...place, timeoutMs });
}

const SAYS = (version: string) => `echo "tool ${version}"`;
const SIGNED_IN = { TOOL_KEY: "secret" };

describe("installed", () => {
	test.each<[string, Scene, object]>([
		["absent", {}, { installed: "no", works: "no", problem: null, notes: ["tool is not on PATH."] }],
		["there", { script: SAYS("1.5.0") }, { installed: "yes", works: "unknown", version: "1.5.0", standing: "tested" }],
		[
			"a stub that says nothing",
			{ script: "exit 0" },
			{ installed: "no", problem: expect.stringContaining("not the one") },
		],
		["a stub that says something else", { script: "echo tool is being installed" }, { installed: "no", version: null }],
		["another program", { script: 'echo "othertool 3.0.0"' }, { installed: "no", problem: expect.any(String) }],
		[
			"a stub that fails",
			{ script: "exit 127" },
			{ installed: "no", problem: expect.stringContaining("exit code 127") },
		],
		[
			"there and broken",
			{ script: `${SAYS("1.5.0")}; exit 3` },
			{ installed: "yes", works: "no", problem: "`tool --version` ended with exit code 3." },
		],
		["one that says its version on stderr", { script: `${SAYS("1.5.0")} >&2` }, { installed: "yes", version: "1.5.0" }],
		[
			"older than the minimum",
			{ script: SAYS("1.1.9") },
			{ installed: "yes", works: "no", standing: "older", problem: expect.stringContaining("older than 1.2.0") },
		],
		[
			"newer than the tested one",
			{ script: SAYS("2.0.1") },
			{
				installed: "yes",
				works: "unknown",
				standing: "newer",
				problem: null,
				notes: [expect.stringContaining("2.0.0")],
			},
		],
		[
			"a pattern that is none",
			{ script: SAYS("1.5.0"), record: { probe: { argv: ["tool"], version: "(" } } },
			{ installed: "no", problem: expect.any(String) },
		],
		["nothing to ask", { record: { probe: null } }, { installed: "no", notes: ["tool is not on PATH."] }],
		["no program of its own", { record: { probe: null, deps: [] } }, { installed: "yes", works: "unknown" }],
	])("%s", async (_, scene, expected) => {
		const state = await probed({ env: SIGNED_IN, ...scene });
		expect(state).toMatchObject(expected);
		expect(isUsable(state)).toBe(state.installed !== "no" && state.works !== "no" && state.problem === null);
		expect(state.fixHint).toEqual(state.installed === "yes" && isUsable(state) ? [] : TOOL.fixHint);
	});

	test("a program that does not end is ended, and nothing is concluded", async () => {
		const state = await probed({ script: "exec sleep 60", timeoutMs: 100 });
		expect(state).toMatchObject({ installed: "unknown", works: "unknown", problem: expect.stringContaining("0.1 s") });
	});

	test("it runs in the root folder, with a runner's environment", async () => {
		const script = `[ "$PWD" = / ] && [ -z "$OTHER_SECRET" ] && ${SAYS("1.5.0")}`;
		expect(await probed({ script, env: { OTHER_SECRET: "x" } })).toMatchObject({ installed: "yes" });
	});
});

test("of what the settings declare nothing is started, whatever its record says", async () => {
	const marker = join(temporaryFolder(), "ran");
	const [entry] = createRegistry([{ ...TOOL, auth: { ...AUTH, command: ["tool"] } }]).list();
	const place = { env: { PATH: fakePrograms({ tool: `touch ${marker}` }) } };
	const state = entry && (await probeRunner({ ...entry, origin: "settings" }, place));
	expect(state).toMatchObject({ installed: "yes", authenticated: "unknown", works: "unknown" });
	expect(existsSync(marker)).toBe(false);
});

describe("signed in", () => {
	const script = SAYS("1.5.0");
	const file = (folder: string, content: string) => {
		mkdirSync(folder, { recursive: true });
		writeFileSync(join(folder, "auth.json"), content);
	};

	test.each([
		["a variable", SIGNED_IN, undefined, "yes"],
		["an empty variable", { TOOL_KEY: "" }, undefined, "no"],
		["nothing, and there is no other way", {}, undefined, "no"],
		["nothing, and there may be other ways", {}, { ...TOOL.auth, complete: false }, "unknown"],
		["no login is needed", {}, null, "yes"],
		["a command that says yes", {}, { ...TOOL.auth, command: ["sh", "-c", "exit 0"] }, "yes"],
		["a command that says no", {}, { ...TOOL.auth, command: ["sh", "-c", "exit 1"] }, "no"],
		[
			"a command that says no, and there are ways that it does not know",
			{},
			{ ...TOOL.auth, complete: false, command: ["sh", "-c", "exit 1"] },
			"unknown",
		],
		[
			"a command that sees the variables of the login",
			{},
			{ ...TOOL.auth, command: ["sh", "-c", 'test -n "$TOOL_HOME"'] },
			"no",
		],
	] as const)("%s", async (_, env, auth, expected) => {
		const record = auth === undefined ? {} : { auth: auth as NonNullable<Capability["auth"]> };
		const state = await probed({ script, env, record });
		expect(state.authenticated).toBe(expected);
		expect(state.works).toBe(expected === "no" ? "no" : "unknown");
		expect(state.fixHint).toEqual(expected === "no" ? ["Sign in."] : []);
	});

	test("a file of the home folder, or of the folder that a variable names", async () => {
		const home = temporaryFolder();
		file(join(home, ".tool"), '{"token": 1}');
		expect(await probed({ script, env: { HOME: home } })).toMatchObject({ authenticated: "yes" });
		const other = temporaryFolder();
		expect(await probed({ script, env: { HOME: home, TOOL_HOME: other } })).toMatchObject({ authenticated: "no" });
		file(other, "{}\n");
		expect(await probed({ script, env: { TOOL_HOME: other } })).toMatchObject({ authenticated: "no" });
	});

	test("nothing is known of what a record does not tell", async () => {
		const { auth, ...rest } = TOOL;
		const [entry] = createRegistry([rest as Capability]).list();
		const place = { env: { PATH: `${fakePrograms({ tool: script })}:/bin` } };
		expect(entry && (await probeRunner(entry, place)).authenticated).toBe("unknown");
	});
});

describe("works", () => {
	const asks = (line: string): Scene => ({
		record: { deps: [], auth: null, probe: { works: ["sh", "-c", `echo '${line}'`] } },
	});

	test.each<[string, Scene, object]>([
		["yes", asks('{"type":"probe","works":"yes","authenticated":"yes","version":"9"}'), { works: "yes", version: "9" }],
		[
			"no",
			asks('{"type":"probe","works":"no","reason":"unreachable"}'),
			{ works: "no", notes: ["Its service: unreachable."], problem: null },
		],
		["its login", asks('{"type":"probe","works":"no","authenticated":"no"}'), { authenticated: "no", works: "no" }],
		["words that are none", asks('{"type":"probe","works":"maybe"}'), { works: "unknown", problem: null }],
		["no answer", asks("hello"), { works: "unknown", problem: expect.stringContaining("gave no answer") }],
		["another line", asks('{"type":"result"}'), { works: "unknown", problem: expect.any(String) }],
		[
			"a variable that has to be set",
			{ record: { deps: [{ env: "TOOL_URL" }], auth: null, probe: { works: ["sh", "-c", "exit 9"] } } },
			{ installed: "yes", works: "no", notes: ["Not set: TOOL_URL."], problem: null },
		],
	])("%s", async (_, scene, expected) => {
		expect(await probed(scene)).toMatchObject(expected);
	});

	test("msgcode's own driver is asked by its own program", async () => {
		const entry = createRegistry().find("lmstudio");
		const env = { PATH: "/usr/bin:/bin", LMSTUDIO_BASE_URL: "http://127.0.0.1:9" };
		expect(entry && (await probeRunner(entry, { env }))).toMatchObject({
			installed: "yes",
			works: "no",
			problem: null,
		});
	});

	test("the shell works where it starts", async () => {
		const entry = createRegistry().find("shell");
		expect(entry && (await probeRunner(entry, { env: {} }))).toMatchObject({
			...{ installed: "yes", authenticated: "yes", works: "yes" },
		});
	});
});
