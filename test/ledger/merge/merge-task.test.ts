// The merge of ledger files as an algebra: random files and random changes against a slow model of the values.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Merged, mergeLedgerFile, type Sides } from "../../../src/ledger/merge/merge-task.ts";
import { parseDocument } from "../../../src/ledger/task/document.ts";
import { formatRecord, parseRecord } from "../../../src/ledger/task/record.ts";
import { realMergeText } from "../../support/merge-text.ts";

/** A run of one takes some ten git processes; MERGE_RUNS asks for more of them. */
const RUNS = Number(process.env.MERGE_RUNS ?? 40);
const TIMEOUT_MS = 30_000 + RUNS * 2_000;
const ID = "tsk_0123456789";
const mergeText = realMergeText();
const merge = (path: string, sides: Sides) => mergeLedgerFile(path, sides, mergeText);
const swap = ({ ours, theirs, ...rest }: Sides): Sides => ({ ...rest, ours: theirs, theirs: ours });

/** What holds for every file that is read by key. */
async function checkAlgebra(path: string, sides: Sides): Promise<Merged> {
	const merged = await merge(path, sides);
	const swapped = await merge(path, swap(sides));
	expect(swapped.conflicts).toEqual(merged.conflicts);
	for (const one of [sides.ours, sides.theirs]) {
		expect(await merge(path, { base: one, ours: one, theirs: one })).toEqual({ text: one, conflicts: [] });
		expect(await merge(path, { base: one, ours: one, theirs: merged.text })).toEqual({
			text: merged.text,
			conflicts: [],
		});
	}
	if (merged.conflicts.length > 0) {
		expect(merged.text).toContain("<<<<<<< ours\n");
		return merged;
	}
	expect(swapped.text).toBe(merged.text);
	for (const one of [sides.ours, sides.theirs]) {
		expect(await merge(path, { base: sides.base, ours: merged.text, theirs: one })).toEqual(merged);
	}
	return merged;
}

type Values = Readonly<Record<string, unknown>>;

const ABSENT = Symbol("absent");
const SETS = ["labels", "files"];

/** The model: what a key is afterwards, decided on values alone; undefined for a conflict. */
function modelOf(key: string, base: Values, ours: Values, theirs: Values): unknown {
	const [before, left, right] = [base, ours, theirs].map((side) => (Object.hasOwn(side, key) ? side[key] : ABSENT));
	const text = (value: unknown) => (value === ABSENT ? "absent" : JSON.stringify(value));
	if (text(left) === text(right) || text(before) === text(right)) return left;
	if (text(before) === text(left)) return right;
	if (!SETS.includes(key)) return undefined;
	const set = (value: unknown): unknown[] => (value === ABSENT || value === null ? [] : [value].flat());
	const all = [...new Set([...set(before), ...set(left), ...set(right)])];
	const had = (value: unknown, one: unknown) => set(value).includes(one);
	return all.filter((one) => (had(before, one) ? had(left, one) && had(right, one) : true)).sort();
}

const scalar = fc.constantFrom("a", "b", "c", 1, 2, true, null);
const words = fc.uniqueArray(fc.constantFrom("red", "green", "blue", "x y"), { maxLength: 4 });
const valuesOfKeys: Record<string, fc.Arbitrary<unknown>> = {
	title: fc.constantFrom("a", "b", "c: d"),
	priority: fc.integer({ min: 1, max: 3 }),
	labels: fc.oneof(words, fc.constantFrom("red", "blue"), fc.constant(null)),
	files: words,
	checks: fc.array(fc.constantFrom("make", "make test", "ls"), { maxLength: 3 }),
	runner: fc.record({
		kind: fc.constantFrom("shell", "exec"),
		args: fc.array(fc.constantFrom("a", "b"), { maxLength: 2 }),
	}),
	note: fc.constantFrom("one\ntwo\n", "one\n\ntwo", "three\n\n\n"),
	own: scalar,
	other: scalar,
};

/** How one key is written: the same value in several ways, now and then with comments. */
interface Written {
	readonly key: string;
	readonly value: unknown;
	readonly style: number;
	readonly above: string;
	readonly behind: string;
}

function textOf({ key, value, style, above, behind }: Written): string {
	const note = behind === "" || (typeof value === "string" && value.includes("\n")) ? "" : ` # ${behind}`;
	const lead = above === "" ? "" : `# ${above}\n`;
	const inline = JSON.stringify(value);
	if (Array.isArray(value) && value.length > 0 && style !== 1) {
		const indent = style === 2 ? "" : "  ";
		return `${lead}${key}:${note}\n${value.map((one) => `${indent}- ${JSON.stringify(one)}\n`).join("")}`;
	}
	if (value === null && style === 1) return `${lead}${key}:${note}\n`;
	if (typeof value === "string" && style === 1 && /^\w+$/.test(value)) return `${lead}${key}: ${value}${note}\n`;
	return `${lead}${key}:${style === 2 ? "   " : " "}${inline}${note}\n`;
}

const written = (key: string): fc.Arbitrary<Written> =>
	fc.record({
		key: fc.constant(key),
		value: valuesOfKeys[key] ?? scalar,
		style: fc.integer({ min: 0, max: 2 }),
		above: fc.constantFrom("", "", "", "why", "because"),
		behind: fc.constantFrom("", "", "", "soon"),
	});

interface Draft {
	readonly keys: readonly Written[];
	readonly loose: boolean;
	readonly body: readonly string[];
}

const keyNames = Object.keys(valuesOfKeys);
const draft: fc.Arbitrary<Draft> = fc.record({
	keys: fc
		.tuple(...keyNames.map((key) => fc.option(written(key), { freq: 3 })))
		.map((all) => all.filter((one) => one !== null)),
	loose: fc.boolean(),
	// No line twice: among equal ones it is git's choice which of them was changed, and not always the same one.
	body: fc.uniqueArray(fc.constantFrom("one", "two", "three", "", "# head", "- item"), { maxLength: 6 }),
});

/** A side: the base with some keys written anew, dropped, added, moved, and some lines of the body changed. */
const changeOf = (base: Draft): fc.Arbitrary<Draft> =>
	fc.record({
		keys: fc
			.tuple(...keyNames.map((key) => fc.option(fc.oneof(written(key), fc.constant("drop" as const)), { freq: 1 })))
			.chain((changes) => {
				const by = new Map(changes.flatMap((change, at) => (change === null ? [] : [[keyNames[at], change] as const])));
				const kept = base.keys.flatMap((one) => {
					const change = by.get(one.key);
					return change === undefined ? [one] : change === "drop" ? [] : [change];
				});
				const had = new Set(base.keys.map(({ key }) => key));
				const added = [...by.values()].filter((one) => one !== "drop").filter(({ key }) => !had.has(key));
				return fc
					.tuple(fc.array(fc.nat(), { minLength: added.length, maxLength: added.length }), fc.boolean())
					.map(([places, move]) => {
						const keys = [...kept];
						for (const [at, one] of added.entries()) keys.splice((places[at] ?? 0) % (keys.length + 1), 0, one);
						return move && keys.length > 1 ? [...keys.slice(1), ...keys.slice(0, 1)] : keys;
					});
			}),
		loose: fc.constant(base.loose),
		body: fc
			.array(fc.record({ at: fc.nat(), line: fc.option(fc.constantFrom("four", "five", "six")) }), { maxLength: 1 })
			.map((edits) => {
				const body = [...base.body];
				for (const { at, line } of edits)
					body.splice(at % (body.length + 1), line === null ? 1 : 0, ...(line === null ? [] : [line]));
				return body;
			}),
	});

const drafts = draft.chain((base) =>
	fc.tuple(fc.option(fc.constant(base), { freq: 8 }), changeOf(base), changeOf(base)),
);

function fileOf({ keys, loose, body }: Draft): string {
	const matter = keys.map(textOf).join(loose ? "\n" : "");
	return `---\n${matter}${loose ? "\n" : ""}---\n${body.map((line) => `${line}\n`).join("")}`;
}

function dataOf(text: string): Values {
	const { frontMatter, diagnostics } = parseDocument(text, `tasks/${ID}.md`);
	expect(diagnostics).toEqual([]);
	return frontMatter;
}

const sorted = (key: string, value: unknown) =>
	SETS.includes(key) && Array.isArray(value) ? [...value].sort() : value;

describe("task files", () => {
	test(
		"merge the same both ways, twice changes nothing, and every key is what the model says",
		async () => {
			await fc.assert(
				fc.asyncProperty(drafts, async ([base, ours, theirs]) => {
					const sides = { base: base === null ? null : fileOf(base), ours: fileOf(ours), theirs: fileOf(theirs) };
					const merged = await checkAlgebra(`tasks/${ID}.md`, sides);
					const before = sides.base === null ? {} : dataOf(sides.base);
					const [left, right] = [dataOf(sides.ours), dataOf(sides.theirs)];
					const clean = merged.conflicts.length === 0 ? dataOf(merged.text) : null;
					for (const key of keyNames) {
						const wanted = modelOf(key, before, left, right);
						if (wanted === undefined) expect(merged.conflicts).toContain(key);
						else if (clean !== null && wanted === ABSENT) expect(Object.hasOwn(clean, key)).toBe(false);
						else if (clean !== null) expect([key, sorted(key, clean[key])]).toEqual([key, sorted(key, wanted)]);
					}
					// Every comment of a key that both sides kept as it was is there still.
					for (const one of base?.keys ?? []) {
						const same = (side: Draft) => side.keys.some((key) => textOf(key) === textOf(one));
						if (same(ours) && same(theirs)) expect(merged.text).toContain(textOf(one).trim().split("\n").at(-1));
					}
				}),
				{ numRuns: RUNS },
			);
		},
		TIMEOUT_MS,
	);

	test(
		"a conflict's markers enclose that key alone: either side of them is what the side said",
		async () => {
			await fc.assert(
				fc.asyncProperty(drafts, async ([base, ours, theirs]) => {
					const sides = { base: base === null ? null : fileOf(base), ours: fileOf(ours), theirs: fileOf(theirs) };
					const { text, conflicts } = await merge(`tasks/${ID}.md`, sides);
					fc.pre(conflicts.length > 0 && !conflicts.includes("front matter"));
					for (const [side, file] of [
						["ours", sides.ours],
						["theirs", sides.theirs],
					] as const) {
						const chosen = dataOf(keep(side, text));
						const wanted = dataOf(file);
						for (const key of conflicts.filter((name) => name !== "prompt")) expect(chosen[key]).toEqual(wanted[key]);
					}
				}),
				{ numRuns: RUNS },
			);
		},
		TIMEOUT_MS,
	);
});

/** What is left when a person keeps one side of every conflict. */
function keep(side: "ours" | "theirs", text: string): string {
	const hunk = /^<{7} .*\n([\s\S]*?)^={7}\n([\s\S]*?)^>{7} .*\n/gm;
	return text.replaceAll(hunk, (_, ours: string, theirs: string) => (side === "ours" ? ours : theirs));
}

const closing = fc.constantFrom(
	{ status: "done", closed: { atMs: 1, reason: null, evidence: null } },
	{ status: "done", closed: { atMs: 2, reason: "r", evidence: null } },
	{ status: "canceled", closed: { atMs: 1, reason: null, evidence: null } },
);
const state = fc.oneof(
	fc.constant({ status: "open", closed: null }),
	fc.constantFrom("a", "b").map((reason) => ({ status: "blocked", blocked: { atMs: 1, reason }, closed: null })),
	closing,
);
const record = fc.record({
	state,
	removed: fc.constantFrom(null, { atMs: 1, reason: null }, { atMs: 2, reason: "r" }),
	extra: fc.dictionary(fc.constantFrom("later", "more", "__proto__"), scalar),
});
interface DraftRecord {
	readonly state: Values & { readonly status: string };
	readonly removed: unknown;
	readonly extra: Values;
}

function recordOf({ state: { status, ...rest }, removed, extra }: DraftRecord): string {
	return formatRecord({
		schemaVersion: 1,
		id: ID,
		createdAtMs: 1,
		workspace: { uid: "wsp_1", path: "." },
		route: null,
		status,
		...rest,
		removed,
		...extra,
	});
}

describe("records", () => {
	test(
		"merge the same both ways, twice changes nothing, closed beats open, and the rest is what the model says",
		async () => {
			await fc.assert(
				fc.asyncProperty(fc.option(record, { freq: 8 }), record, record, async (base, ours, theirs) => {
					const sides = { base: base === null ? null : recordOf(base), ours: recordOf(ours), theirs: recordOf(theirs) };
					const merged = await checkAlgebra(`tasks/${ID}.json`, sides);
					const parsed = parseRecord(merged.text, `tasks/${ID}.json`).record;
					expect(parsed === null).toBe(merged.conflicts.length > 0);
					const born = { state: { status: "open", closed: null }, removed: null, extra: {} };
					const wanted = modelOfRecord(base ?? born, ours, theirs);
					if (wanted === null) expect(merged.conflicts).not.toEqual([]);
					else expect(JSON.parse(merged.text)).toEqual(JSON.parse(recordOf(wanted)));
				}),
				{ numRuns: RUNS * 3 },
			);
		},
		TIMEOUT_MS,
	);
});

function modelOfRecord(base: DraftRecord, ours: DraftRecord, theirs: DraftRecord): DraftRecord | null {
	const isClosed = ({ status }: { status: string }) => ["done", "canceled"].includes(status);
	const values = (draft: DraftRecord) => ({ state: draft.state, removed: draft.removed });
	const choose = (key: "state" | "removed") => modelOf(key, values(base), values(ours), values(theirs));
	let chosen = choose("state") as DraftRecord["state"] | undefined;
	if (chosen === undefined && isClosed(ours.state) !== isClosed(theirs.state))
		chosen = isClosed(ours.state) ? ours.state : theirs.state;
	const removed = choose("removed");
	const extra: [string, unknown][] = [];
	for (const key of ["later", "more", "__proto__"]) {
		const value = modelOf(key, base.extra, ours.extra, theirs.extra);
		if (value === undefined) return null;
		if (value !== ABSENT) extra.push([key, value]);
	}
	if (chosen === undefined || removed === undefined) return null;
	return { state: chosen, removed, extra: Object.fromEntries(extra) };
}

const line = fc
	.record({
		ts: fc.integer({ min: 1, max: 9 }).map((day) => `2026-01-0${day}T00:00:00.000Z`),
		runId: fc.constantFrom("run_a", "run_b", "run_c", "run_d"),
	})
	.map((one) => JSON.stringify(one));
const log = fc.array(fc.oneof(line, fc.constant("torn {")), { maxLength: 6 });

describe("run logs", () => {
	test("hold each line of either side once, the base's first, in the same order both ways", async () => {
		await fc.assert(
			fc.asyncProperty(fc.option(log), log, log, async (base, ours, theirs) => {
				const text = (lines: readonly string[]) => lines.map((one) => `${one}\n`).join("");
				const before = base ?? [];
				const sides = {
					base: base === null ? null : text(before),
					ours: text([...before, ...ours]),
					theirs: text([...before, ...theirs]),
				};
				const merged = await merge("tasks/runs.jsonl", sides);
				expect(merged).toEqual(await merge("tasks/runs.jsonl", swap(sides)));
				const lines = merged.text.split("\n").filter((one) => one !== "");
				expect(new Set(lines)).toEqual(new Set([...before, ...ours, ...theirs]));
				if (sides.ours !== sides.theirs && ours.length > 0 && theirs.length > 0) {
					expect(lines).toHaveLength(new Set(lines).size);
					expect(lines.slice(0, new Set(before).size)).toEqual([...new Set(before)]);
				}
				expect(await merge("tasks/runs.jsonl", { base: sides.ours, ours: sides.ours, theirs: merged.text })).toEqual(
					merged,
				);
			}),
			{ numRuns: RUNS * 3 },
		);
	});

	test("added lines stand by time and run, a cut-off last line on its own, rotated files likewise", async () => {
		const at = (ts: string, runId: string) => JSON.stringify({ ts, runId });
		const sides = { base: "b\n", ours: `b\n${at("2", "x")}\n{"ts"`, theirs: `b\n${at("1", "z")}\n${at("2", "a")}` };
		const wanted = ["b", '{"ts"', at("1", "z"), at("2", "a"), at("2", "x"), ""].join("\n");
		for (const path of ["tasks/runs.jsonl", "tasks/archive/2026/runs-0123456789abcdef.jsonl"]) {
			expect(await merge(path, sides)).toEqual({ text: wanted, conflicts: [] });
		}
	});
});

test("other files are merged as text, and a conflict in one is called by what it is", async () => {
	const sides = { base: "a\n\nb\n", ours: "A\n\nb\n", theirs: "a\n\nB\n" };
	expect(await merge("tasks/ledger.json", sides)).toEqual({ text: "A\n\nB\n", conflicts: [] });
	const clash = await merge("tasks/ledger.json", { ...sides, theirs: "C\n\nb\n" });
	expect(clash).toEqual({ text: "<<<<<<< ours\nA\n=======\nC\n>>>>>>> theirs\n\nb\n", conflicts: ["file"] });
});

test("a text merge that prefers one side does not make the result depend on the side", async () => {
	const partial = async ({ ours }: Sides) => ({ text: ours, clean: true });
	const sides = { base: "a\n", ours: "b\n", theirs: "c\n" };
	const [one, other] = [await mergeLedgerFile("x", sides, partial), await mergeLedgerFile("x", swap(sides), partial)];
	expect(one).toEqual(other);
});
