import { describe, expect, test } from "vitest";
import { editRecord, formatRecord, parseRecord } from "../../../src/ledger/task/record.ts";
import { newRecord } from "../../../src/ledger/task/task.ts";
import { reverseRecord } from "../../../src/ledger/undo/reverse-record.ts";

const ID = "tsk_0000000001";
const open = formatRecord(newRecord({ id: ID, createdAtMs: 1, workspace: { uid: "u", path: "." } }));
const closedAt = (atMs: number) => ({ status: "done", closed: { atMs, reason: null, evidence: null } });
const done = editRecord(open, closedAt(5));
const blocked = editRecord(open, { status: "blocked", blocked: { atMs: 4, reason: "waits" } });
const removed = (text: string) => editRecord(text, { removed: { atMs: 9, reason: null } });

describe("taking a change of a record back", () => {
	test.each([
		["nothing since", { base: done, ours: done, theirs: open }, open, []],
		["another key since", { base: done, ours: removed(done), theirs: open }, removed(open), []],
		["undone since", { base: done, ours: open, theirs: open }, open, []],
		[
			"a key of another version since",
			{ base: done, ours: editRecord(done, { later: 1 }), theirs: open },
			editRecord(open, { later: 1 }),
			[],
		],
		["a removal, over a close since", { base: removed(open), ours: removed(done), theirs: open }, done, []],
	] as const)("with %s", (_, sides, text, conflicts) => {
		expect(reverseRecord(sides)).toEqual({ text, conflicts });
		expect(parseRecord(text, `${ID}.json`).diagnostics).toEqual([]);
	});

	test.each([
		[
			"the same key since",
			{ base: done, ours: editRecord(done, { closed: { atMs: 7, reason: "other", evidence: null } }), theirs: open },
			["closed"],
		],
		[
			"its status since",
			{ base: blocked, ours: editRecord(blocked, { ...closedAt(6), blocked: undefined }), theirs: open },
			["status"],
		],
		["a record that cannot be read", { base: done, ours: "{", theirs: open }, ["record"]],
	] as const)("is a conflict with %s", (_, sides, conflicts) => {
		expect(reverseRecord(sides).conflicts).toEqual(conflicts);
	});

	test("never leaves a status without what belongs to it", () => {
		// By key alone this would merge: only `closed` differs between base and theirs.
		const theirs = editRecord(done, { closed: null });
		expect(reverseRecord({ base: done, ours: removed(done), theirs }).conflicts).toEqual(["closed"]);
	});

	test("keeps numbers that JavaScript cannot hold, and bytes where nothing else changed", () => {
		const long = done.replace('"createdAtMs": 1,', '"createdAtMs": 1,\n\n  "serial": 12345678901234567890,');
		const before = open.replace('"createdAtMs": 1,', '"createdAtMs": 1,\n\n  "serial": 12345678901234567890,');
		expect(reverseRecord({ base: long, ours: long, theirs: before }).text).toBe(before);
		expect(reverseRecord({ base: long, ours: removed(long), theirs: before }).text).toContain("12345678901234567890");
	});
});
