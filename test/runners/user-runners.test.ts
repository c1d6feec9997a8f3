// Runners of the user's config folder: found without a change to src, each on its own, and never from a file of others.
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { AUTO } from "../../src/runners/auto.ts";
import { capabilitySchema } from "../../src/runners/capability-schema.ts";
import { createRegistry } from "../../src/runners/registry.ts";
import { userRunnerStamp } from "../../src/runners/user-runner-file.ts";
import { temporaryFolder } from "../support/repo.ts";
import { request } from "../support/runner-request.ts";

function configDir(files: Readonly<Record<string, unknown>>): string {
	const folder = temporaryFolder();
	for (const [name, content] of Object.entries(files)) {
		mkdirSync(dirname(join(folder, name)), { recursive: true });
		writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
	}
	return folder;
}

const registryOf = (folder: string, declarations = {}) => createRegistry(undefined, declarations, folder);
const record = (id: string, more: object = {}) => ({
	[`runners/${id}/capability.json`]: { exec: { argv: ["{NODE}", "{RUNNER_DIR}/run.mjs", "{PROMPT}"] }, ...more },
});

test("a config folder that is no folder, or lies below a file, declares nothing", () => {
	const file = join(configDir({ file: "x" }), "file");
	for (const folder of [file, join(file, "below"), "/dev/null/x"]) {
		const registry = registryOf(folder);
		expect(registry.list().every(({ origin }) => origin === "shipped")).toBe(true);
		expect(registry.find("mine")).toBeNull();
		expect(userRunnerStamp(folder, "mine")).toBeUndefined();
	}
});

describe("a folder with a capability.json", () => {
	test("is a runner, and {RUNNER_DIR} is that folder, in the argv and not in its record", () => {
		const folder = configDir(record("mine", { title: "Mine", resume: { supported: true, by: "id" } }));
		const runner = registryOf(folder).get("mine");
		const plan = runner.prepare(request({ prompt: "do it" }));
		expect(plan.argv).toEqual([process.execPath, join(folder, "runners/mine/run.mjs"), "do it"]);
		expect(plan.redactedArgv).toEqual(["{NODE}", "{RUNNER_DIR}/run.mjs", "{PROMPT}"]);
		expect(runner.capability).toMatchObject({ title: "Mine", resume: { by: "id" }, risk: { level: "high" }, deps: [] });
		expect(() => capabilitySchema().parse(runner.capability)).not.toThrow();
	});

	test("speaks the runner protocol where it says so", () => {
		const exec = { argv: ["{RUNNER_DIR}/run"], protocol: "runner-1" };
		const plan = registryOf(configDir(record("mine", { exec })))
			.get("mine")
			.prepare(request());
		expect(plan).toMatchObject({ stdinStaysOpen: true, stdin: expect.stringContaining('"protocol":1') });
	});

	test.each([
		["no-file", { "runners/no-file/readme": "" }, "There is no"],
		["no-json", { "runners/no-json/capability.json": "{" }, "not JSON"],
		["unknown", record("unknown", { sideEfects: [] }), "No key is called sideEfects"],
		["wrong", record("wrong", { risk: { level: "none" } }), "risk.level"],
		["no-exec", { "runners/no-exec/capability.json": { title: "x" } }, "exec"],
		["other-id", record("other-id", { id: "another" }), "its folder is called other-id"],
		["placeholder", record("placeholder", { exec: { argv: ["a", "{NOPE}"] } }), "{NOPE}"],
		["chosen", record("chosen", { exec: { argv: ["{PROMPT}"] } }), "cannot choose the program"],
		["agent", record("agent", { kind: "agent" }), "kind"],
		[AUTO, record(AUTO), "belongs to msgcode"],
	] as const)("a bad one (%s) disables only itself and says why", (id, files, problem) => {
		const registry = registryOf(configDir({ ...files, ...record("good") }));
		expect(registry.list().find((entry) => entry.id === id)).toMatchObject({ origin: "user", capability: null });
		expect(() => registry.get(id)).toThrow(
			expect.objectContaining({ code: "settings_invalid", message: expect.stringContaining(problem) }),
		);
		expect(registry.get("good").kind).toBe("good");
	});

	test.each(["shell", "claude-like"])("cannot take the id of a runner that msgcode has code for: %s", (id) => {
		const shell = createRegistry().get("shell").capability;
		const agent = { ...shell, id: "claude-like", kind: "agent" as const };
		const registry = createRegistry([shell, agent], {}, configDir(record(id)));
		expect(registry.find(id)).toMatchObject({ origin: "shipped", problem: null });
		expect(registry.list().find((entry) => entry.id === id)).toMatchObject({
			origin: "shipped",
			note: expect.stringContaining("belongs to msgcode"),
		});
	});

	test("takes the id of a shipped declaration, and the settings go before both", () => {
		const shell = createRegistry().get("shell").capability;
		const shipped = [{ ...shell, id: "served", kind: "exec" as const, exec: { argv: ["shipped"] } }];
		const folder = configDir(record("served"));
		expect(createRegistry(shipped, {}, folder).find("served")).toMatchObject({ origin: "user" });
		expect(createRegistry(shipped, { served: { argv: ["x"] } }, folder).find("served")).toMatchObject({
			origin: "settings",
		});
		expect(createRegistry(shipped, {}, temporaryFolder()).find("served")).toMatchObject({ origin: "shipped" });
	});

	test("is read where it is a link of the user's own", () => {
		const folder = configDir({ ...record("mine"), "runners/readme": "no folder" });
		symlinkSync(join(folder, "runners/mine"), join(folder, "runners/linked"));
		expect(registryOf(folder).get("linked").kind).toBe("linked");
	});

	test.each(["runners/mine/capability.json", "runners/mine/run.mjs", "runners/mine", "runners", "."])(
		"is not read where everybody may write %s",
		(path) => {
			const folder = configDir({ ...record("mine"), "runners/mine/run.mjs": "" });
			expect(registryOf(folder).find("mine")).toMatchObject({ problem: null });
			chmodSync(join(folder, path), 0o777);
			expect(registryOf(folder).find("mine")?.problem).toContain("may be written by others");
		},
	);

	test.each(["..", "../mine", "Mine", "a/b", "", "__proto__"])("no id leads elsewhere: %j", (id) => {
		expect(registryOf(configDir(record("mine"))).find(id)).toBe(null);
	});

	test("is not looked at for a runner that msgcode has", () => {
		const nowhere = "\0"; // any look at it throws
		expect(createRegistry(undefined, { tool: { argv: ["tool"] } }, nowhere).get("shell").kind).toBe("shell");
		expect(createRegistry(undefined, { tool: { argv: ["tool"] } }, nowhere).get("tool").kind).toBe("tool");
		expect(() => createRegistry(undefined, {}, nowhere).get("other")).toThrow();
	});
});

describe("the older form, runners.json", () => {
	const older = {
		version: 1,
		modelRoot: "/models",
		runners: {
			asr: { kind: "exec", command: "whisper", args: ["-m", "{MODEL_ROOT}/base.bin", "{INPUT?}"], timeoutMs: 5 },
			bad: { kind: "exec", args: [] },
			elsewhere: { kind: "exec", command: "x", cwd: "/srv" },
		},
	};

	test("declares programs; its folder of models counts where the settings name none", () => {
		const registry = registryOf(configDir({ "runners.json": older }));
		const plan = registry.get("asr").prepare(request());
		expect(plan.argv).toEqual(["whisper", "-m", "/models/base.bin"]);
		expect(plan.redactedArgv).toEqual(["whisper", "-m", "{MODEL_ROOT}/base.bin"]);
		expect(registry.find("asr")?.note).toContain("timeoutMs is not heeded");
		expect(registry.find("bad")?.problem).toContain("command");
		expect(registry.find("elsewhere")?.problem).toContain("leave cwd out");
	});

	test("stands back behind a folder, and is told of when it cannot be read", () => {
		const folder = configDir({ "runners.json": older, ...record("asr") });
		expect(registryOf(folder).find("asr")?.file).toContain("capability.json");
		expect(
			registryOf(folder)
				.list()
				.filter(({ id }) => id === "asr"),
		).toHaveLength(1);
		const broken = registryOf(configDir({ "runners.json": "[]" })).list();
		expect(broken.find(({ id }) => id === "runners-json")?.problem).not.toBe(null);
	});
});
