import { describe, expect, test } from "vitest";
import { answerFor, choicesOf, optionNamed } from "../../../../src/runners/drivers/acp/acp-permission.ts";
import type { RunnerPermission } from "../../../../src/runners/runner.ts";

const OPTIONS = [
	{ optionId: "always", name: "Always allow", kind: "allow_always" },
	{ optionId: "once", name: "Allow", kind: "allow_once" },
	{ optionId: "never", name: "Never", kind: "reject_always" },
	{ optionId: "no", name: "Reject", kind: "reject_once" },
];
const isInside = (path: string) => path.startsWith("/work/");
const IN = ["/work/a.ts"];
const OUT = ["/work/a.ts", "/etc/passwd"];

describe("a question of the agent is answered", () => {
	test.each<[string, readonly string[], Record<RunnerPermission, string>]>([
		["read", IN, { "read-only": "once", edit: "once", full: "once" }],
		["read", OUT, { "read-only": "ask", edit: "ask", full: "once" }],
		["search", [], { "read-only": "once", edit: "once", full: "once" }],
		["think", [], { "read-only": "once", edit: "once", full: "once" }],
		["edit", IN, { "read-only": "no", edit: "once", full: "once" }],
		["edit", OUT, { "read-only": "no", edit: "ask", full: "once" }],
		["edit", [], { "read-only": "no", edit: "ask", full: "once" }],
		["delete", IN, { "read-only": "no", edit: "once", full: "once" }],
		["move", OUT, { "read-only": "no", edit: "ask", full: "once" }],
		["execute", IN, { "read-only": "no", edit: "ask", full: "once" }],
		["switch_mode", [], { "read-only": "no", edit: "ask", full: "once" }],
		["fetch", [], { "read-only": "ask", edit: "ask", full: "once" }],
		["other", [], { "read-only": "ask", edit: "ask", full: "once" }],
		["a kind of later days", IN, { "read-only": "ask", edit: "ask", full: "once" }],
	])("%s of %j", (kind, paths, wanted) => {
		for (const permission of ["read-only", "edit", "full"] as const) {
			const answer = answerFor(permission, { kind, paths }, OPTIONS, isInside);
			expect(typeof answer === "string" ? answer : answer.optionId, permission).toBe(wanted[permission]);
		}
	});

	test("about a tool that nobody knows: by a person", () => {
		expect(answerFor("edit", null, OPTIONS, isInside)).toBe("ask");
	});

	test("with the lasting choice only where no other is offered", () => {
		const lasting = OPTIONS.filter(({ kind }) => kind.endsWith("always"));
		expect(answerFor("full", null, lasting, isInside)).toEqual({ optionId: "always" });
		expect(answerFor("read-only", { kind: "edit", paths: IN }, lasting, isInside)).toEqual({ optionId: "never" });
	});

	test("where the choice is not offered: a yes by a person, a no by choosing nothing", () => {
		const only = (...kinds: string[]) => OPTIONS.filter(({ kind }) => kinds.includes(kind));
		expect(answerFor("full", null, only("reject_once"), isInside)).toBe("ask");
		expect(answerFor("read-only", { kind: "edit", paths: IN }, only("allow_once"), isInside)).toBe("refuse");
	});
});

describe("a person's answer", () => {
	test.each([
		["Allow", "once"],
		[" allow \n", "once"],
		["always", "always"],
		["4", "no"],
		["5", null],
		["0", null],
		["", null],
		["maybe", null],
	])("%j", (answer, optionId) => {
		expect(optionNamed(OPTIONS, answer)?.optionId ?? null).toBe(optionId);
	});

	test("two options of one name are told apart by their ids", () => {
		const twice = [
			{ optionId: "a", name: "Yes", kind: "allow_once" },
			{ optionId: "b", name: "Yes", kind: "allow_always" },
		];
		expect(choicesOf(OPTIONS)).toEqual(["Always allow", "Allow", "Never", "Reject"]);
		expect(choicesOf(twice)).toEqual(["a", "b"]);
		expect(optionNamed(twice, "yes")).toBeNull();
		expect(optionNamed(twice, "b")?.optionId).toBe("b");
	});
});
