import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { settingVariables } from "../../src/config/environment.ts";
import { defaultSettings, loadSettings } from "../../src/config/settings.ts";
import { createRegistry } from "../../src/runners/registry.ts";

let folder: string;
let root: string;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "msgcode settings "));
	root = join(folder, "workspace");
	mkdirSync(root);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (content: string | Uint8Array) => writeFileSync(join(root, "msgcode.toml"), content);
const failure = (env = {}, overrides = {}): Promise<{ code?: string; message: string; details?: unknown }> =>
	loadSettings(root, env, overrides).then(
		() => ({ message: "no failure" }),
		(error) => error,
	);

describe("settings", () => {
	it("without any layer are the defaults, and every key says so", async () => {
		const { settings, sources, warnings } = await loadSettings(root, {});
		expect(settings).toEqual(defaultSettings);
		expect(settings.run.timeout).toBe(900_000);
		expect(new Set(Object.values(sources))).toEqual(new Set(["default"]));
		expect(sources).toHaveProperty(["ledger.lock_timeout"]);
		expect(warnings).toEqual([]);
		expect(await loadSettings(null, {})).toMatchObject({ settings: defaultSettings });
	});

	it("take each key from the strongest layer that gives it and name that layer", async () => {
		write(
			'[ledger]\ncommit = "stage"\nlock_timeout = "5s"\nsign = true\n[run]\ntimeout = 60\n[env]\nallow = ["A", "B_*"]\n',
		);
		const env = { MSGCODE_LEDGER_LOCK_TIMEOUT: "7s", MSGCODE_LEDGER_SIGN: "no", MSGCODE_RUNNER_DEFAULT: "shell" };
		const { settings, sources } = await loadSettings(root, env, {
			"ledger.lock_timeout": "9s",
			"run.timeout": undefined,
		});
		expect(settings).toMatchObject({
			ledger: { commit: "stage", lock_timeout: 9000, sign: false, events: "local" },
			run: { timeout: 60_000 },
			runner: { default: "shell" },
			env: { allow: ["A", "B_*"] },
		});
		expect(sources).toMatchObject({
			"ledger.commit": "workspace",
			"ledger.lock_timeout": "flag",
			"ledger.sign": "environment",
			"ledger.events": "default",
			"run.timeout": "workspace",
			"runner.default": "environment",
			"env.allow": "workspace",
		});
	});

	it("read declared runners as data", async () => {
		write(
			'[runners.claude]\ntitle = "Claude"\nargv = ["claude", "-p"]\nstdin = "prompt"\nenv = { CI = "1" }\npassEnv = ["API_KEY"]\nrequires = { binaries = ["claude"] }\nsuccess = { exit_codes = [0] }\n',
		);
		const { settings, sources } = await loadSettings(root, {});
		expect(settings.runners).toEqual({
			claude: {
				title: "Claude",
				argv: ["claude", "-p"],
				stdin: "prompt",
				env: { CI: "1" },
				passEnv: ["API_KEY"],
				requires: { binaries: ["claude"] },
				success: { exit_codes: [0] },
			},
		});
		expect(sources["runners.claude"]).toBe("workspace");
	});

	it.each([
		['success = "exit_code"', "exit_code"],
		["success = { exit_codes = [0, 3] }", { exit_codes: [0, 3] }],
		[
			'success.jsonLine = { match = { type = "result" }, require = { is_error = false }, preview = "result" }',
			{ jsonLine: { match: { type: "result" }, require: { is_error: false }, preview: "result" } },
		],
	])("take a declared runner's rule of success: %s", async (line, success) => {
		write(`[runners.a]\nargv = ["a"]\nstdin = "none"\n${line}\n`);
		const { settings } = await loadSettings(root, {});
		const declaration = settings.runners.a;
		expect(declaration).toEqual({ argv: ["a"], stdin: "none", success });
		// What the settings take, the registry takes: one schema stands behind both.
		expect(createRegistry([], settings.runners).list()).toMatchObject([{ id: "a", problem: null }]);
	});

	it("can all be set that have a variable, and an empty variable sets nothing", async () => {
		const values: Record<string, string> = {
			"ledger.commit": "off",
			"ledger.lock_timeout": "1s",
			"ledger.sign": "on",
			"ledger.events": "commit",
			"ledger.archive_after": "off",
			"runner.default": "claude",
			"runner.sandbox": "bubblewrap",
			"runner.model_root": "/models",
			"runner.session_timeout": "2h",
			"run.timeout": "1h",
			"run.idle_timeout": "5m",
			"workspace.default": "/w",
			"env.allow": "A, B ,",
		};
		const env = Object.fromEntries(settingVariables().map(({ name, setting }) => [name, values[setting] ?? "?"]));
		const { settings, sources } = await loadSettings(root, env);
		expect(settings).toEqual({
			ledger: { commit: "off", lock_timeout: 1000, sign: true, events: "commit", archive_after: "off" },
			runner: { default: "claude", sandbox: "bubblewrap", model_root: "/models", session_timeout: 7_200_000 },
			run: { timeout: 3_600_000, idle_timeout: 300_000 },
			workspace: { default: "/w" },
			env: { allow: ["A", "B"] },
			runners: {},
		});
		expect(new Set(Object.values(sources))).toEqual(new Set(["environment"]));
		const empty = Object.fromEntries(Object.keys(env).map((name) => [name, ""]));
		expect((await loadSettings(root, empty)).settings).toEqual(defaultSettings);
	});

	it("warn about a key that nobody knows, with its line, and use the rest", async () => {
		write(
			'[ledger]\ncommit = "off"\ncolour = 1\nconstructor = 2\n\n[future]\nx = 1\n[runners.a]\nargv = ["a"]\nnew = 1\n',
		);
		const { settings, warnings } = await loadSettings(root, {});
		expect(settings.ledger.commit).toBe("off");
		expect(warnings.map(({ line, message }) => [line, message])).toEqual([
			[3, "No setting is called ledger.colour; ignored."],
			[4, "No setting is called ledger.constructor; ignored."],
			[6, "No setting is called future; ignored."],
			[10, "No setting is called runners.a.new; ignored."],
		]);
		expect(warnings[0]?.file).toBe(join(root, "msgcode.toml"));
	});

	it("warn at most twenty times, and quickly, about a file full of other things", async () => {
		write(`[ledger]\n${Array.from({ length: 25_000 }, (_, index) => `k${index}=1`).join("\n")}`);
		const before = performance.now();
		expect((await loadSettings(root, {})).warnings).toHaveLength(20);
		expect(performance.now() - before).toBeLessThan(2000);
	});
});

describe("a msgcode.toml that is not valid", () => {
	it.each([
		["an unknown word", '[ledger]\n\ncommit = "always"\n', 3, "ledger.commit"],
		["a wrong type", "[ledger]\nsign = 1\n", 2, "ledger.sign"],
		["no duration", '[ledger]\nlock_timeout = "soon"\n', 2, "ledger.lock_timeout"],
		["neither off nor a duration", '[ledger]\narchive_after = "never"\n', 2, "ledger.archive_after"],
		["more than ten years", '[ledger]\narchive_after = "4000d"\n', 2, "ledger.archive_after"],
		["too long a time", '[run]\ntimeout = "25h"\n', 2, "run.timeout"],
		["too short a time", "[run]\ntimeout = 0\n", 2, "run.timeout"],
		["a date", "[run]\ntimeout = 2026-01-01\n", 2, "run.timeout"],
		["a list of other things", "[env]\nallow = [1]\n", 2, "env.allow"],
		["a star for everything", '[env]\nallow = ["*"]\n', 2, "env.allow"],
		["a value in the place of a table", "# c\nledger = 3\n", 2, "ledger"],
		["a list of tables", "[[run]]\ntimeout = 1\n", 1, "run"],
		["a runner without a program", '[runners.a]\ntitle = "A"\n', 1, "runners.a.argv"],
		["a runner with an empty program", "[runners.a]\nargv = []\n", 1, "runners.a.argv"],
		["a runner with a number in argv", '[runners.a]\nargv = ["a", 1]\n', 1, "runners.a.argv.1"],
		["a runner whose stdin is text", '[runners.a]\nargv = ["a"]\nstdin = "{PROMPT}"\n', 1, "runners.a.stdin"],
		["a runner with a rule nobody knows", '[runners.a]\nargv = ["a"]\nsuccess = "always"\n', 1, "runners.a.success"],
		["a runner that is no table", "[runners]\na = 1\n", 2, "runners.a"],
		["a runner named like a path", '[runners]\n"../a" = { argv = ["a"] }\n', 1, "runners.../a"],
		["a runner named like a prototype", '[runners.__proto__]\nargv = ["a"]\n', 1, "runners.__proto__"],
	])("(%s) is refused with file, line and key", async (_, content, line, key) => {
		write(content);
		const error = await failure();
		expect(error).toMatchObject({ code: "settings_invalid", details: { file: join(root, "msgcode.toml"), key } });
		expect(error.message).toContain(`msgcode.toml:${line}: ${key} `);
	});

	it.each([
		["broken syntax", '[ledger]\ncommit = "off\n', 2],
		["a key twice", "[run]\ntimeout = 1\ntimeout = 2\n", 3],
		["a NUL byte", "[run]\n\n# \0\n", 3],
		["endless nesting", `x = ${"[".repeat(100_000)}`, 1],
	])("(%s) is refused with its line", async (_, content, line) => {
		write(content);
		const error = await failure();
		expect(error).toMatchObject({ code: "settings_invalid" });
		expect(error.message).toContain(`msgcode.toml:${line}:`);
		expect(error.message.length).toBeLessThan(500);
	});

	it("(two megabytes, other bytes than text, a folder) is refused", async () => {
		write(`#${"x".repeat(2 * 1024 * 1024)}`);
		expect(await failure()).toMatchObject({ code: "settings_invalid" });
		write(Buffer.from([0xff, 0xfe, 0x41]));
		expect(await failure()).toMatchObject({ code: "settings_invalid", message: expect.stringContaining("UTF-8") });
		rmSync(join(root, "msgcode.toml"));
		mkdirSync(join(root, "msgcode.toml"));
		expect(await failure()).toMatchObject({ code: "file_failed" });
	});

	it("(a link out of the workspace) is refused, one inside is followed", async () => {
		writeFileSync(join(folder, "outside.toml"), '[ledger]\ncommit = "off"\n');
		symlinkSync(join(folder, "outside.toml"), join(root, "msgcode.toml"));
		expect(await failure()).toMatchObject({ code: "settings_invalid" });
		rmSync(join(root, "msgcode.toml"));
		writeFileSync(join(root, "inside.toml"), '\ufeff[ledger]\r\ncommit = "off"\r\n');
		symlinkSync("inside.toml", join(root, "msgcode.toml"));
		expect((await loadSettings(root, {})).settings.ledger.commit).toBe("off");
	});
});

describe("a variable or a flag that is not valid", () => {
	it("is refused by its own name", async () => {
		expect((await failure({ MSGCODE_LEDGER_COMMIT: "maybe" })).message).toBe(
			'MSGCODE_LEDGER_COMMIT: ledger.commit must be auto, stage or off, not "maybe".',
		);
		expect((await failure({ MSGCODE_LEDGER_SIGN: "perhaps" })).message).toContain("must be true or false");
		expect((await failure({}, { "run.timeout": "never" })).message).toContain("a flag: run.timeout");
	});
});
