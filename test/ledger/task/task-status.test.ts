import { describe, expect, it } from "vitest";
import { MsgcodeError } from "../../../src/core/errors.ts";
import { assertTransition, isTransitionLegal, TASK_STATUSES } from "../../../src/ledger/task/task-status.ts";

describe("status transitions", () => {
	const legal = new Set([
		"open blocked",
		"open done",
		"open canceled",
		"blocked open",
		"blocked done",
		"blocked canceled",
		"done open",
		"canceled open",
	]);
	const all = TASK_STATUSES.flatMap((from) => TASK_STATUSES.map((to) => [from, to] as const));

	it.each(all)("%s to %s", (from, to) => {
		const expected = legal.has(`${from} ${to}`);
		expect(isTransitionLegal(from, to)).toBe(expected);
		if (expected) return assertTransition(from, to);
		expect(() => assertTransition(from, to)).toThrow(MsgcodeError);
		try {
			assertTransition(from, to);
		} catch (error) {
			expect(error).toMatchObject({ code: "task_transition", message: expect.stringContaining(from) });
		}
	});
});
