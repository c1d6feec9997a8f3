// The published JSON Schemas are what the code checks with; `UPDATE_DOCS=1` writes them.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { preflightFileSchema } from "../../src/config/preflight-file.ts";
import { shippedCapabilities } from "../../src/runners/capabilities.ts";
import { capabilitiesSchema, userCapabilitySchema } from "../../src/runners/capability-schema.ts";
import { fencesOf, readDocument, root } from "./documents.ts";

const FOLDER = join(root, "docs/schemas");
const TITLES = {
	"capabilities.schema.json": "What msgcode's runners can do, need and risk: capabilities.json",
	"runner.schema.json": "A runner of your own: runners/<id>/capability.json in the config folder",
	"preflight.schema.json": "What has to be there before work starts: deps.json in the config folder",
} as const;
const SCHEMAS = {
	"capabilities.schema.json": capabilitiesSchema,
	"runner.schema.json": userCapabilitySchema,
	"preflight.schema.json": preflightFileSchema,
} as const;
type Name = keyof typeof SCHEMAS;

const published = (name: Name) => JSON.parse(readFileSync(join(FOLDER, name), "utf8"));
/** Whether a reader of the published file, not of the code, takes the value. */
const accepts = (name: Name, value: unknown) => z.fromJSONSchema(published(name)).safeParse(value).success;

test.each(Object.keys(SCHEMAS) as Name[])("%s is current", (name) => {
	const { $schema, ...schema } = z.toJSONSchema(SCHEMAS[name](), { io: "input" });
	const expected = `${JSON.stringify({ $schema, title: TITLES[name], ...schema }, null, "\t")}\n`;
	if (process.env.UPDATE_DOCS === "1") {
		mkdirSync(FOLDER, { recursive: true });
		writeFileSync(join(FOLDER, name), expected);
	} else expect(readFileSync(join(FOLDER, name), "utf8")).toBe(expected);
});

describe("the published schema of capabilities.json", () => {
	const shipped = JSON.parse(readFileSync(join(root, "src/runners/capabilities.json"), "utf8"));
	const [first, ...others] = shippedCapabilities;
	const { isolation, ...without } = first ?? {};

	test("accepts the shipped file, which is part of the package as it is", () => {
		expect(accepts("capabilities.schema.json", shipped)).toBe(true);
		expect(JSON.parse(readFileSync(join(root, "dist/capabilities.json"), "utf8"))).toEqual(shipped);
	});

	test.each<[string, object]>([
		["without a key", without],
		["with an unknown key", { ...first, colour: "red" }],
		["of an unknown kind", { ...first, kind: "magic" }],
		["with a probe in words", { ...first, probe: "tool --version" }],
		[
			"with a risk that is none",
			{ ...first, risk: { level: "none", writes: false, network: false, executesCode: false } },
		],
		["with a dependency on nothing", { ...first, deps: [{}] }],
		["with an empty way out", { ...first, fixHint: [] }],
	])("refuses a record %s", (_, record) => {
		expect(accepts("capabilities.schema.json", { schemaVersion: 1, capabilities: [...others, record] })).toBe(false);
		expect(capabilitiesSchema().safeParse({ schemaVersion: 1, capabilities: [...others, record] }).success).toBe(false);
	});
});

describe("the published schema of a runner of one's own", () => {
	test.each<[boolean, object]>([
		[true, { exec: { argv: ["{RUNNER_DIR}/run"] } }],
		[
			true,
			{ $schema: "x", exec: { argv: ["run"], protocol: "runner-1", passEnv: ["TOKEN"] }, title: "Mine", auth: null },
		],
		[false, { title: "Mine" }],
		[false, { exec: { argv: [] } }],
		[false, { exec: { argv: ["run"] }, kind: "agent" }],
		[false, { exec: { argv: ["run"] }, sideEfects: [] }],
	])("%s: %j", (expected, value) => {
		expect(accepts("runner.schema.json", value)).toBe(expected);
		expect(userCapabilitySchema().safeParse(value).success).toBe(expected);
	});
});

test("the published schema of deps.json takes what the program takes", () => {
	const good = { optional: [{ name: "jq", kind: "bin", target: "jq" }], ignored: ["runner gemini"] };
	expect(accepts("preflight.schema.json", good)).toBe(true);
	expect(accepts("preflight.schema.json", { optional: [{ name: "jq", kind: "run" }] })).toBe(false);
});

test("the examples of docs/runners.md are what the schemas accept", () => {
	const examples = fencesOf(readDocument("docs/runners.md")).filter(({ language }) => language === "json");
	const values = examples.map(({ text }) => JSON.parse(text));
	const kinds = values.map((value) =>
		"exec" in value ? userCapabilitySchema().safeParse(value).success : preflightFileSchema().safeParse(value).success,
	);
	expect(kinds.length).toBeGreaterThan(1);
	expect(kinds).not.toContain(false);
});
