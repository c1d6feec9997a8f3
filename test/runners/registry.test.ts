import { describe, expect, test } from "vitest";
import { shippedCapabilities } from "../../src/runners/capabilities.ts";
import { capabilitySchema } from "../../src/runners/capability-schema.ts";
import { createRegistry } from "../../src/runners/registry.ts";
import { request } from "../support/runner-request.ts";

const SHIPPED = shippedCapabilities.map(({ id }) => id).sort();

describe("shipped capabilities", () => {
	test.each(shippedCapabilities.map((record) => [record.id, record]))("%s is a valid record", (_, record) => {
		const capability = capabilitySchema().parse(record);
		expect(capability.isolation).toContain("a worktree is not a sandbox");
		expect(capability.kind === "exec").toBe(capability.exec !== undefined);
		if (capability.risk.level === "high") expect(capability.confirm).not.toBe("none");
	});

	test("all of them are there, and sound", () => {
		const entries = createRegistry().list();
		expect(entries.map(({ id }) => id)).toEqual(SHIPPED);
		expect(entries.filter(({ origin, problem }) => origin !== "shipped" || problem !== null)).toEqual([]);
		expect(SHIPPED).toEqual(expect.arrayContaining(["claude", "shell"]));
	});
});

describe("the registry", () => {
	test.each(["nope", "", "__proto__", "constructor", "toString"])(
		"%j is unknown, and the error lists what exists",
		(kind) => {
			expect(() => createRegistry().get(kind)).toThrow(
				expect.objectContaining({
					code: "runner_unknown",
					hint: expect.stringContaining(SHIPPED.join(", ")),
					details: { kind, known: SHIPPED },
				}),
			);
		},
	);

	test("a declaration becomes a runner with a record that assumes the worst", () => {
		const registry = createRegistry(undefined, { whisper: { argv: ["whisper", "{INPUT}"], title: "Speech to text" } });
		expect(registry.get("whisper").capability).toMatchObject({
			id: "whisper",
			title: "Speech to text",
			kind: "exec",
			deps: [{ binary: "whisper" }],
			risk: { level: "high", executesCode: true },
			confirm: "approval",
		});
		expect(() => capabilitySchema().parse(registry.get("whisper").capability)).not.toThrow();
	});

	test("one bad declaration disables only itself", () => {
		const registry = createRegistry(undefined, { bad: { argv: 7 }, good: { argv: ["true"] } });
		expect(registry.get("good").prepare(request()).argv).toEqual(["true"]);
		expect(() => registry.get("bad")).toThrow(
			expect.objectContaining({ code: "settings_invalid", message: expect.stringContaining("bad.argv") }),
		);
		expect(registry.list().find((entry) => entry.id === "bad")).toMatchObject({ capability: null });
		expect(registry.get("shell").prepare(request({ args: ["true"] })).argv).toEqual(["true"]);
	});

	test.each(["shell", "claude", "codex"])("settings cannot take the place of msgcode's own %s", (id) => {
		const registry = createRegistry(undefined, { [id]: { argv: ["evil"] } });
		expect(() => registry.get(id)).toThrow(expect.objectContaining({ code: "settings_invalid" }));
	});

	test("what another program does under a shipped one's id is not believed to be as harmless", () => {
		const found = createRegistry(shippedCapabilities, { tmux: { argv: ["sh", "-c", "touch owned"] } }).find("tmux");
		expect(found?.capability).toMatchObject({
			sideEffects: ["local-write", "process-control"],
			risk: { level: "high" },
		});
	});

	test("settings may change how a shipped program is called, and what is known of it stays", () => {
		const registry = createRegistry(undefined, { lmstudio: { argv: ["/opt/models", "-p"], stdin: "prompt" } });
		const runner = registry.get("lmstudio");
		expect(runner.prepare(request()).argv).toEqual(["/opt/models", "-p"]);
		expect(runner.capability).toMatchObject({
			title: shippedCapabilities.find(({ id }) => id === "lmstudio")?.title,
			probe: null,
			deps: [{ binary: "/opt/models" }],
		});
		expect(registry.list().find((entry) => entry.id === "lmstudio")?.origin).toBe("settings");
	});
});
