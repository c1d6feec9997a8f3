import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { MsgcodeError } from "../../../src/core/errors.ts";
import { scanJson } from "../../../src/ledger/task/json-scan.ts";
import { editRecord, formatRecord, parseRecord } from "../../../src/ledger/task/record.ts";
import { newRecord } from "../../../src/ledger/task/task.ts";

const id = "tsk_0000000001";
const file = `tasks/${id}.json`;
const record = {
	...newRecord({ id, createdAtMs: 1767312000000, workspace: { uid: "wsp_1", path: "." } }),
	salt: ["a1", "b2"],
};
const folder = mkdtempSync(join(tmpdir(), "msgcode-record-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What plain git makes of two edits of one file; null for a conflict. */
function gitMerge(base: string, ours: string, theirs: string): string | null {
	for (const [name, text] of Object.entries({ base, ours, theirs })) writeFileSync(join(folder, name), text);
	const merged = spawnSync("git", ["merge-file", "-p", "ours", "base", "theirs"], { cwd: folder, encoding: "utf8" });
	return merged.status === 0 ? merged.stdout : null;
}

describe("format", () => {
	it("stands in a fixed order with a blank line between keys, the unknown ones last", () => {
		const { schemaVersion, ...rest } = record;
		const shuffled = { zeta: [1, { a: 2 }], ...rest, alpha: {}, schemaVersion };
		expect(formatRecord(shuffled)).toBe(`{
  "schemaVersion": 1,

  "id": "tsk_0000000001",

  "createdAtMs": 1767312000000,

  "workspace": {
    "uid": "wsp_1",
    "path": "."
  },

  "salt": [
    "a1",
    "b2"
  ],

  "route": null,

  "status": "open",

  "closed": null,

  "removed": null,

  "zeta": [
    1,
    {
      "a": 2
    }
  ],

  "alpha": {}
}
`);
	});

	it("is stable: parsing and formatting again changes nothing", () => {
		fc.assert(
			fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (extra) => {
				const text = formatRecord({ ...extra, ...record });
				const { record: parsed, diagnostics } = parseRecord(text, file);
				expect(diagnostics).toEqual([]);
				expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify({ ...extra, ...record })));
				expect(editRecord(text, {})).toBe(text);
				expect(parsed).toMatchObject({ id, status: "open" });
			}),
			{ numRuns: 200 },
		);
	});
});

describe("edit", () => {
	it("keeps unknown keys, their order, and numbers that JavaScript cannot hold", () => {
		const text = formatRecord({ ...record, zeta: 1, alpha: 2 }).replace(
			'"zeta": 1',
			'"zeta": [12345678901234567890, 1.0, 1e400]',
		);
		const edited = editRecord(text, { status: "done", closed: { atMs: 5, reason: "ready", evidence: null } });
		expect(edited).toContain("12345678901234567890");
		expect(edited).toMatch(/1\.0,\n {4}1e400\n/);
		expect(edited.indexOf('"zeta"')).toBeLessThan(edited.indexOf('"alpha"'));
		expect(editRecord(edited, { status: "open", closed: null })).toBe(editRecord(text, {}));
		expect(editRecord(edited, { zeta: undefined })).not.toContain("zeta");
	});

	it("keeps a byte order mark and CRLF", () => {
		const text = `\uFEFF${formatRecord(record).replaceAll("\n", "\r\n")}`;
		expect(editRecord(text, {})).toBe(text);
		expect(editRecord(text, { status: "done" })).toBe(text.replace('"open"', '"done"'));
	});

	it.each(["{", "[]", "7", ""])("refuses %j, which is no record", (text) => {
		expect(() => editRecord(text, { status: "done" })).toThrow(MsgcodeError);
	});
});

describe("merging with plain git", () => {
	const base = formatRecord(record);
	const changes = [
		{ createdAtMs: 1 },
		{ workspace: { uid: "wsp_2", path: "sub" } },
		{ route: { channel: "tmux", target: "g" } },
		{ status: "done" },
		{ closed: { atMs: 5, reason: "ready", evidence: { run: "run_x" } } },
		{ removed: { atMs: 6, reason: "duplicate" } },
		{ note: "new" },
	];
	const couples = changes.flatMap((ours, at) => changes.slice(at + 1).map((theirs) => [ours, theirs] as const));

	it("git is there", () => {
		expect(execFileSync("git", ["--version"], { encoding: "utf8" })).toContain("git version");
	});

	it.each(couples.filter(([ours, theirs]) => !("removed" in ours && "note" in theirs)))(
		"edits of different keys, %j and %j, merge",
		(ours, theirs) => {
			const expected = { ...record, ...ours, ...theirs };
			for (const [left, right] of [
				[ours, theirs],
				[theirs, ours],
			]) {
				const merged = gitMerge(base, editRecord(base, left ?? {}), editRecord(base, right ?? {}));
				expect(merged).not.toBeNull();
				expect(parseRecord(merged ?? "", file).record).toEqual(expected);
			}
		},
	);

	it("two values for one key conflict, and what git leaves is diagnosed", () => {
		const ours = editRecord(base, { status: "done" });
		const theirs = editRecord(base, { status: "blocked" });
		expect(gitMerge(base, ours, theirs)).toBeNull();
		for (const [name, text] of Object.entries({ base, ours, theirs })) writeFileSync(join(folder, name), text);
		const left = spawnSync("git", ["merge-file", "-p", "ours", "base", "theirs"], {
			cwd: folder,
			encoding: "utf8",
		}).stdout;
		expect(parseRecord(left, file)).toMatchObject({
			record: null,
			diagnostics: [{ code: "conflict_markers", line: 20 }],
		});
	});
});

describe("the place of a mistake in JSON", () => {
	it("agrees with JSON.parse on what is JSON", () => {
		const text = fc.oneof(
			fc.json(),
			fc.string({
				unit: fc.constantFrom("{", "}", "[", "]", ",", ":", '"a"', "1", "-", "true", " ", "\n", "x", "0"),
				maxLength: 12,
			}),
		);
		fc.assert(
			fc.property(text, (source) => {
				let valid = true;
				try {
					JSON.parse(source);
				} catch {
					valid = false;
				}
				expect(scanJson(source).brokenAt === null).toBe(valid);
			}),
			{ numRuns: 2000 },
		);
	});

	it.each([
		['{"a": 1,\n"b" 2}', 2],
		['{"a": 1,\n\n}', 3],
		['{"a": nul}', 1],
		['{"a": [1,\n2\n', 2],
		['{"a": 1}\n\nx', 3],
		["", 1],
		['{"a": "x\ny"}', 1],
	])("%j is broken in line %i", (text, line) => {
		expect(parseRecord(text, file).diagnostics).toMatchObject([{ code: "record_invalid", line }]);
	});

	it("names the line of a nested key", () => {
		const text = formatRecord({ ...record, closed: { atMs: "soon", reason: null, evidence: null } });
		const { diagnostics } = parseRecord(text, file);
		const line = text.split("\n").findIndex((row) => row.includes("soon")) + 1;
		expect(diagnostics).toMatchObject([
			{ code: "record_invalid", line, message: expect.stringContaining("closed.atMs") },
		]);
	});

	it("refuses a time that no calendar has: everything that shows it would fail", () => {
		const text = formatRecord({ ...record, closed: { atMs: 9e15, reason: null, evidence: null } });
		const message = expect.stringContaining("closed.atMs must not be later than the year 9999");
		expect(parseRecord(text, file).diagnostics).toMatchObject([{ code: "record_invalid", message }]);
	});

	it("names every wrong key, and a missing one", () => {
		const { workspace: _, ...rest } = record;
		const { diagnostics } = parseRecord(formatRecord({ ...rest, status: "x", createdAtMs: -1 }), file);
		expect(diagnostics.map(({ code, line }) => [code, line])).toEqual([
			["record_invalid", 6],
			["record_invalid", 1],
			["status_unknown", 15],
		]);
	});
});
