// Records of two branches by key: closed beats open, two closings are a person's to decide.
import { describe, expect, test } from "vitest";
import { mergeRecord } from "../../../src/ledger/merge/merge-record.ts";
import { formatRecord } from "../../../src/ledger/task/record.ts";

const BASE = {
	schemaVersion: 1,
	id: "tsk_0123456789",
	createdAtMs: 1,
	workspace: { uid: "wsp_1", path: "." },
	route: null,
	status: "open",
	closed: null,
	removed: null,
};
const DONE = { status: "done", closed: { atMs: 5, reason: "it is", evidence: null } };
const CANCELED = { status: "canceled", closed: { atMs: 6, reason: null, evidence: null } };
const blocked = (reason: string) => ({ status: "blocked", blocked: { atMs: 4, reason } });

function merge(base: object | null, ours: object, theirs: object) {
	const sides = {
		base: base === null ? null : formatRecord({ ...BASE, ...base }),
		ours: formatRecord({ ...BASE, ...ours }),
		theirs: formatRecord({ ...BASE, ...theirs }),
	};
	const merged = mergeRecord(sides);
	const swapped = mergeRecord({ ...sides, ours: sides.theirs, theirs: sides.ours });
	if (merged === null || swapped === null) throw new Error("not a record");
	expect(swapped.conflicts).toEqual(merged.conflicts);
	if (merged.conflicts.length === 0) expect(swapped.text).toBe(merged.text);
	return merged;
}

/** What is left when a person keeps one side of every conflict. */
function keep(side: "ours" | "theirs", text: string): string {
	const hunk = /^<{7} .*\n([\s\S]*?)^={7}\n([\s\S]*?)^>{7} .*\n/gm;
	return text.replaceAll(hunk, (_, ours: string, theirs: string) => (side === "ours" ? ours : theirs));
}

test("records of two tasks, which git took for one that was renamed, are never merged", () => {
	const { text, conflicts } = merge({}, { id: "tsk_5555555555" }, DONE);
	expect(conflicts).toEqual(["id"]);
	expect(keep("ours", text)).toBe(formatRecord({ ...BASE, id: "tsk_5555555555" }));
	expect(keep("theirs", text)).toBe(formatRecord({ ...BASE, ...DONE }));
});

describe("clean", () => {
	test.each<[string, object | null, object, object, object]>([
		[
			"different keys",
			{},
			DONE,
			{ removed: { atMs: 7, reason: null } },
			{ ...DONE, removed: { atMs: 7, reason: null } },
		],
		["closed beats blocked, which goes", {}, DONE, blocked("waits"), DONE],
		["closed beats open again", blocked("waits"), CANCELED, { ...BASE }, CANCELED],
		["closed beats blocked for another reason", blocked("waits"), DONE, blocked("waits more"), DONE],
		["closed by hand with blocked left in beats open", blocked("waits"), { ...blocked("waits"), ...DONE }, {}, DONE],
		["closed anew beats reopened", DONE, CANCELED, {}, CANCELED],
		[
			"reopened on one side only",
			DONE,
			{},
			{ ...DONE, route: { channel: "a", target: "b" } },
			{ route: { channel: "a", target: "b" } },
		],
		["the same closing on both", {}, DONE, DONE, DONE],
		["a key that this version does not know", { later: 1 }, { later: 2 }, { ...DONE, later: 1 }, { ...DONE, later: 2 }],
		["born on both sides, closed on one", null, {}, DONE, DONE],
		[
			"born on both sides, removed on one",
			null,
			blocked("b"),
			{ removed: { atMs: 1, reason: null } },
			{ ...blocked("b"), removed: { atMs: 1, reason: null } },
		],
		["an unknown key added on each side", {}, { zeta: 1 }, { alpha: [2] }, { alpha: [2], zeta: 1 }],
		["an unknown key removed on one side", { later: 1 }, {}, { ...DONE, later: 1 }, DONE],
	])("%s", (_, base, ours, theirs, wanted) => {
		expect(merge(base, ours, theirs)).toEqual({ text: formatRecord({ ...BASE, ...wanted }), conflicts: [] });
	});

	test("a number that JavaScript cannot hold stays, and so do CRLF and a byte order mark of one side", () => {
		const base = formatRecord({ ...BASE, big: 1 });
		const ours = base.replace('"big": 1', '"big": 12345678901234567890');
		const theirs = `\uFEFF${formatRecord({ ...BASE, ...DONE, big: 1 }).replaceAll("\n", "\r\n")}`;
		const merged = mergeRecord({ base, ours, theirs });
		expect(merged?.conflicts).toEqual([]);
		expect(merged?.text).toContain('"big": 12345678901234567890');
		expect(merged?.text).toContain('"status": "done"');
		expect(merged?.text).toMatch(/^\uFEFF\{\r\n/);
		expect(mergeRecord({ base, ours: theirs, theirs: ours })).toEqual(merged);
	});

	test("the same data in two orders of inner keys", () => {
		merge({}, { ...DONE, more: { a: 1, b: 2 } }, { ...DONE, more: { b: 2, a: 1 } });
		merge(
			{},
			{ status: "done", closed: { atMs: 5, reason: "r", evidence: null } },
			{ status: "done", closed: { reason: "r", atMs: 5, evidence: null } },
		);
	});
});

describe("a conflict that a person can mend by keeping one side of it", () => {
	test.each<[string, object | null, object, object, string[]]>([
		["two closings of other status", {}, DONE, CANCELED, ["status", "closed"]],
		["two closings at other times", {}, DONE, { ...DONE, closed: { ...DONE.closed, atMs: 9 } }, ["closed"]],
		["two removals", {}, { removed: { atMs: 1, reason: null } }, { removed: { atMs: 2, reason: null } }, ["removed"]],
		["two reasons to block", {}, blocked("a"), blocked("b"), ["blocked"]],
		["unblocked here, blocked for another reason there", blocked("a"), {}, blocked("b"), ["status", "blocked"]],
		["a last key that one side removed", { later: 1 }, {}, { later: 2 }, ["later"]],
		["a last key that both sides added", {}, { later: 1 }, { later: { x: [2] } }, ["later"]],
		["a status that this version does not know", {}, { status: "paused" }, DONE, ["status", "closed"]],
		["other creation", null, { createdAtMs: 2 }, { createdAtMs: 3 }, ["createdAtMs"]],
	])("%s", (_, base, ours, theirs, conflicts) => {
		const merged = merge(base, ours, theirs);
		expect(merged.conflicts).toEqual(conflicts);
		expect(keep("ours", merged.text)).toBe(formatRecord({ ...BASE, ...ours }));
		expect(keep("theirs", merged.text)).toBe(formatRecord({ ...BASE, ...theirs }));
	});

	test("beside it everything else is merged, with the labels and the marker size that were asked for", () => {
		const sides = {
			base: formatRecord(BASE),
			ours: formatRecord({ ...BASE, ...DONE }),
			theirs: formatRecord({ ...BASE, ...CANCELED, removed: { atMs: 3, reason: null } }),
		};
		const text = mergeRecord({ ...sides, markerSize: 9, labels: { ours: "HEAD", theirs: "topic" } })?.text;
		expect(text).toContain('<<<<<<<<< HEAD\n  "status": "done",\n');
		expect(text).toMatch(/^={9}\n[\s\S]*^>{9} topic\n\n {2}"removed": \{/m);
	});
});

test.each([
	"[]",
	"{",
	'{\n  "a": 1,\n\n  "a": 2\n}\n',
	'{"a":"\0"}',
	`{"a":${"[".repeat(90_000)}${"]".repeat(90_000)}}`,
])("what is no record is not merged by key: %.20s", (broken) => {
	const good = formatRecord(BASE);
	expect(mergeRecord({ base: good, ours: broken, theirs: formatRecord({ ...BASE, ...DONE }) })).toBeNull();
	expect(mergeRecord({ base: good, ours: broken, theirs: good })).toEqual({ text: broken, conflicts: [] });
});
