// What a changed field looks like in a terminal.
import { expect, test } from "vitest";
import { changeText } from "../../src/cli/change-text.ts";
import { styleOf } from "../../src/cli/color.ts";

const style = styleOf({ isTTY: false, columns: 80, closed: false, write: () => undefined }, {}, false);
const closed = { atMs: Date.UTC(2026, 0, 2, 3, 4), reason: "too early", evidence: null };

test.each<[string, unknown, unknown, string]>([
	["closed", null, closed, "closed 2026-01-02 03:04 (too early)"],
	["closed", { ...closed, reason: null }, null, "closed 2026-01-02 03:04 → none"],
	["removed", null, { atMs: 0, reason: null }, "removed 1970-01-01 00:00"],
	[
		"closed",
		null,
		{ ...closed, evidence: { run: "r" } },
		`closed ${JSON.stringify({ ...closed, evidence: { run: "r" } }).slice(0, 59)}…`,
	],
	["closed", null, { atMs: 9e15, reason: null }, 'closed {"atMs":9000000000000000,"reason":null}'],
	["retry", null, { maxAttempts: 3 }, 'retry {"maxAttempts":3}'],
	["status", "open", "done", "status open → done"],
	["home", "tasks/archive/2026", "tasks", "brought home"],
])("%s from %j to %j", (field, from, to, text) => {
	expect(changeText({ field, from, to }, style)).toBe(text);
});
