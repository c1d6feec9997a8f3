import { describe, expect, test } from "vitest";
import { type FormerApproval, formerApprovals, wasApproved, withoutThis } from "../../src/trust/former-approvals.ts";

const approval = (argv: string, check: string, prompt = "p"): FormerApproval => ({
	spec: { checks: [check], runner: { argv: [argv], kind: "shell" } },
	prompt,
});

describe("what was approved before", () => {
	const given = [approval("a", "1", "p1"), approval("b", "2", "p2")];

	test.each([
		["as a whole, with its prompt", approval("a", "1", "p1"), true, { command: true, prompt: true }],
		["as a whole, with another's prompt", approval("a", "1", "p2"), true, { command: true, prompt: false }],
		["part by part", approval("a", "2", "p2"), true, { command: true, prompt: true }],
		["part by part, where only the whole counts", approval("a", "2", "p2"), false, { command: false, prompt: true }],
		["not, for one part that is new", approval("a", "3", "p1"), true, { command: false, prompt: true }],
		["not, for a word within a part", approval("a ", "1", "p1"), true, { command: false, prompt: true }],
		["but for a prompt that is new", approval("a", "1", "p3"), true, { command: true, prompt: false }],
	] as const)("%s", (_, current, inParts, answer) => {
		expect(wasApproved(given, current, { inParts })).toEqual(answer);
	});

	test("a part that no approval had, or that none was without, is not known", () => {
		const scheduled = { ...approval("a", "1"), spec: { ...approval("a", "1").spec, schedule: { every: "1h" } } };
		expect(wasApproved(given, scheduled, { inParts: true }).command).toBe(false);
		expect(wasApproved([scheduled], approval("a", "1"), { inParts: true }).command).toBe(false);
		expect(wasApproved([scheduled, approval("b", "1")], approval("a", "1"), { inParts: true }).command).toBe(true);
	});

	test("nothing approved knows nothing, not even nothing", () => {
		expect(wasApproved([], { spec: {}, prompt: "" }, { inParts: true })).toEqual({ command: false, prompt: false });
	});
});

test("each is kept once, the newest first, without the present one, and not without end", () => {
	const many = Array.from({ length: 80 }, (_, number) => approval(String(number % 70), "c"));
	const kept = withoutThis(many, approval("3", "c"));
	expect(kept).toHaveLength(50);
	expect(kept[0]).toEqual(approval("0", "c"));
	expect(kept).not.toContainEqual(approval("3", "c"));
});

test("what a file says in another shape is left out", () => {
	expect(formerApprovals("no list")).toEqual([]);
	expect(
		formerApprovals([null, 1, {}, { spec: null, prompt: "p" }, { spec: {}, prompt: 3 }, approval("a", "1")]),
	).toEqual([approval("a", "1")]);
});
