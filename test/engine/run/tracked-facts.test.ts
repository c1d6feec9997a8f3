// What of a runner's word may stand in tracked files.
import { describe, expect, test } from "vitest";
import { trackedDetails, trackedName } from "../../../src/engine/run/tracked-facts.ts";

const outcome = (details: Record<string, unknown>, more: Partial<Parameters<typeof trackedDetails>[0]> = {}) => ({
	errorCode: "RUNNER_FAILED" as const,
	limit: null,
	details,
	...more,
});

describe("details of an outcome", () => {
	test("are numbers, flags and short words", () => {
		const facts = { exitCode: 1, retried: true, httpStatus: null, subtype: "error_max_turns", unmet: ["is_error"] };
		const prose = {
			text: "I'm sorry, Dave.\nI can't do that.",
			long: "x".repeat(81),
			nested: { a: 1 },
			bad: Number.NaN,
			list: ["a sentence, with a comma"],
			"a name with spaces": 1,
		};
		expect(trackedDetails(outcome({ ...facts, ...prose }), false)).toEqual(facts);
	});

	test("hold no secret, short as it is", () => {
		const details = trackedDetails(outcome({ key: "ghp_abcdefghijklmnopqrstuvwxyz0123456789" }), false);
		expect(JSON.stringify(details)).not.toContain("ghp_abcdefghijklm");
		expect(trackedDetails(outcome({ ghp_abcdefghijklmnopqrstuvwxyz0123456789: 1 }), false)).toEqual({});
	});

	test("of a sensitive task hold no word but those of msgcode's own vocabulary", () => {
		const own = {
			timer: "idle",
			signal: "SIGKILL",
			groupName: "chat-0123abcd",
			result: "missing",
			exitCode: 3,
			delivered: true,
		};
		const theirs = {
			reason: "swordfish",
			subtype: "error",
			timer2: "wall",
			unmet: ["is_error"],
			swordfish: true,
			program: "swordfish",
		};
		expect(trackedDetails(outcome({ ...own, ...theirs }), true)).toEqual(own);
		expect(trackedDetails(outcome({ timer: "swordfish", groupName: "chat-alice" }), true)).toEqual({});
	});

	test.each([
		[
			{ resetAtMs: 5, text: "at five" },
			{ attempt: 1, resetAtMs: 5, estimated: false },
		],
		[
			{ resetAtMs: null, text: "at five" },
			{ attempt: 1, resetAtMs: null, estimated: true },
		],
		[null, { attempt: 1, resetAtMs: null, estimated: true }],
	])("of a usage limit say when it ends, or that nobody knows: %j", (limit, expected) => {
		expect(trackedDetails(outcome({ attempt: 1 }, { errorCode: "COOLDOWN", limit }), true)).toEqual(expected);
	});
});

test.each([
	["claude-sonnet-4-5[1m]", true],
	["openai/gpt-5.2@high", true],
	["01932f6e-0000-7000-8000-000000000000", true],
	["", false],
	["two words", false],
	["a\nb", false],
	["x".repeat(201), false],
	["ghp_abcdefghijklmnopqrstuvwxyz0123456789", false],
])("a name of a model or a session: %j", (name, good) => {
	expect(trackedName(name)).toBe(good ? name : null);
	expect(trackedName(null)).toBeNull();
});
