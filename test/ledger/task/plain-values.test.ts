// The quick way through against the schemas: what passes is what the schema gives, byte for byte as JSON.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DefinitionKeyName, definitionKeys } from "../../../src/ledger/task/definition-keys.ts";
import { definitionSchemas } from "../../../src/ledger/task/definition-schemas.ts";
import { plainRecord, plainValue } from "../../../src/ledger/task/plain-values.ts";
import { newRecord, taskRecordSchema } from "../../../src/ledger/task/task.ts";

const ID = "tsk_0123456789";
const RUNS = { numRuns: 1000 };

const text = fc.oneof(
	fc.string(),
	fc.string({ unit: "binary" }),
	fc.constantFrom(
		"",
		" ",
		"\n",
		"a\u0000",
		"a\u2028b",
		"\ufeff",
		"\ud800",
		"shell",
		"a b",
		"x".repeat(200),
		"x".repeat(201),
		ID,
		"tsk_1",
	),
);
const number = fc.oneof(
	fc.integer({ min: -2, max: 12 }),
	fc.double(),
	fc.constantFrom(-0, Number.MAX_SAFE_INTEGER + 1),
);
const scalar = fc.oneof(text, number, fc.boolean(), fc.constantFrom(null, undefined));
const list = fc.array(fc.oneof({ weight: 4, arbitrary: text }, scalar, fc.array(text, { maxLength: 2 })), {
	maxLength: 3,
});
const runner = fc.record(
	{
		args: fc.oneof(list, scalar),
		kind: fc.oneof(fc.constantFrom("shell", "claude", "Bad", "a-b_c"), scalar),
		model: scalar,
		script: scalar,
		env: fc.dictionary(fc.constantFrom("A", "b-c"), text),
		more: scalar,
	},
	{ requiredKeys: [] },
);
const value = fc.oneof(scalar, list, runner, fc.object());

describe("a key of the definition", () => {
	test.each(definitionKeys.map(({ key }) => key))("%s passes as its schema lets it pass, or not at all", (key) => {
		fc.assert(
			fc.property(value, (input) => {
				const plain = plainValue(key, input);
				if (plain === null) return;
				const checked = definitionSchemas[key].safeParse(input);
				expect(checked).toEqual({ success: true, data: plain.data });
				expect(JSON.stringify(checked.data)).toBe(JSON.stringify(plain.data));
			}),
			RUNS,
		);
	});

	test.each<[DefinitionKeyName, unknown]>([
		["title", "Prüfe den Parser"],
		["priority", 7],
		["labels", ["docs", "good first issue"]],
		["runner", { kind: "shell", args: ["npm", "test"] }],
		["checks", ["npm test"]],
		["dependsOn", [ID]],
		["sensitive", true],
	])("%s needs no schema in its common form", (key, input) => {
		expect(plainValue(key, input)).toEqual({ data: input });
	});
});

describe("a record", () => {
	const common = newRecord({ id: ID, createdAtMs: 1_700_000_000_000, workspace: { uid: "u", path: "." } });

	test("of an open task needs no schema", () => {
		expect(plainRecord(common)).toEqual(common);
	});

	test("passes as its schema lets it pass, or not at all", () => {
		const changes = fc.record(
			{
				schemaVersion: fc.oneof(fc.constantFrom(1, 2, "1"), scalar),
				id: text,
				createdAtMs: fc.oneof(number, text),
				workspace: fc.oneof(scalar, fc.record({ path: scalar, uid: scalar, more: scalar }, { requiredKeys: [] })),
				route: fc.oneof(scalar, fc.record({ channel: text, target: text })),
				status: fc.oneof(fc.constantFrom("open", "blocked", "done", "canceled", "running"), scalar),
				blocked: fc.oneof(scalar, fc.record({ atMs: number, reason: text })),
				closed: fc.oneof(scalar, fc.record({ atMs: number, reason: text, evidence: scalar })),
				removed: fc.oneof(scalar, fc.record({ atMs: number, reason: scalar })),
				more: scalar,
			},
			{ requiredKeys: [] },
		);
		const order = fc.shuffledSubarray(["status", "id", "workspace", "route", "closed", "removed"], { minLength: 0 });
		fc.assert(
			fc.property(changes, order, fc.subarray(Object.keys(common)), (changed, first, kept) => {
				const all: Record<string, unknown> = { ...common, ...changed };
				const names = [...first, ...Object.keys(all)].filter(
					(key) => key in changed || !(key in common) || kept.length > 3,
				);
				const input = Object.fromEntries(names.map((key) => [key, all[key]]));
				const plain = plainRecord(input);
				if (plain === null) return;
				const checked = taskRecordSchema().safeParse(input);
				expect(checked).toEqual({ success: true, data: plain });
				expect(JSON.stringify(checked.data)).toBe(JSON.stringify(plain));
			}),
			RUNS,
		);
	});
});
