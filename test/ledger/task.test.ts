import { describe, expect, it } from "vitest";
import { MsgcodeError } from "../../src/core/errors.ts";
import {
	assertTransition,
	isTransitionLegal,
	newRecord,
	TASK_STATUSES,
	taskRecordSchema,
} from "../../src/ledger/task.ts";

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

describe("records", () => {
	const record = newRecord({
		id: "tsk_0000000001",
		createdAtMs: 5,
		workspace: { uid: "u", path: "." },
		route: { channel: "tmux", target: "g" },
	});

	it("a new one is valid and open", () => {
		expect(taskRecordSchema.safeParse(record)).toEqual({ success: true, data: record });
		expect(record).toMatchObject({ status: "open", closed: null, removed: null, route: { channel: "tmux" } });
	});

	it("keeps keys that it does not know, at every depth", () => {
		const more = { ...record, mine: 1, workspace: { ...record.workspace, mine: 2 } };
		expect(taskRecordSchema.parse(more)).toEqual(more);
	});

	it.each([
		["id", "tsk_x"],
		["createdAtMs", 1.5],
		["createdAtMs", -1],
		["status", "running"],
		["closed", {}],
		["removed", "yes"],
		["blocked", { atMs: 1 }],
		["route", { channel: 1 }],
		["schemaVersion", 2],
	])("%s may not be %j", (key, value) => {
		expect(taskRecordSchema.safeParse({ ...record, [key]: value }).success).toBe(false);
	});
});
