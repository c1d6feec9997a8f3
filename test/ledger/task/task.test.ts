import { describe, expect, it } from "vitest";
import { newRecord, taskRecordSchema } from "../../../src/ledger/task/task.ts";

describe("records", () => {
	const record = newRecord({
		id: "tsk_0000000001",
		createdAtMs: 5,
		workspace: { uid: "u", path: "." },
		route: { channel: "tmux", target: "g" },
	});

	it("a new one is valid and open", () => {
		expect(taskRecordSchema().safeParse(record)).toEqual({ success: true, data: record });
		expect(record).toMatchObject({ status: "open", closed: null, removed: null, route: { channel: "tmux" } });
	});

	it("comes with text that no other record has, the same wherever it is born", () => {
		const facts = { createdAtMs: 5, workspace: { uid: "u", path: "." } };
		const saltOf = (id: string) => newRecord({ ...facts, id }).salt ?? [];
		expect(saltOf("tsk_0000000001")).toEqual(record.salt);
		expect(saltOf("tsk_0000000001").every((line) => /^[0-9a-f]{64}$/.test(line))).toBe(true);
		expect(new Set([...saltOf("tsk_0000000001"), ...saltOf("tsk_0000000002")]).size).toBe(8);
	});

	it("keeps keys that it does not know, at every depth", () => {
		const more = { ...record, mine: 1, workspace: { ...record.workspace, mine: 2 } };
		expect(taskRecordSchema().parse(more)).toEqual(more);
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
		expect(taskRecordSchema().safeParse({ ...record, [key]: value }).success).toBe(false);
	});
});
