import { describe, expect, test } from "vitest";
import type { SessionFacts } from "../../../../src/runners/drivers/acp/acp-connection.ts";
import { modelChoice, readOnlyChoice } from "../../../../src/runners/drivers/acp/acp-session.ts";

function select(category: string, currentValue: string, options: object[]): SessionFacts {
	return {
		configOptions: [{ id: `${category}-id`, name: category, category, type: "select", currentValue, options }],
	} as SessionFacts;
}

function modes(currentModeId: string, ...ids: string[]): SessionFacts {
	return { modes: { currentModeId, availableModes: ids.map((id) => ({ id, name: id.toUpperCase() })) } };
}

const MODELS = select("model", "small", [
	{ value: "small", name: "The small one" },
	{ group: "g", name: "Large ones", options: [{ value: "large", name: "The large one" }] },
]);

describe("the model", () => {
	test.each([
		["large", { value: "large", choice: { by: "option", configId: "model-id", value: "large" } }],
		["The large one", { value: "large", choice: { by: "option", configId: "model-id", value: "large" } }],
		["small", { value: "small", choice: null }],
		["huge", null],
		["auto", { value: null, choice: null }],
		["", { value: null, choice: null }],
		[null, { value: null, choice: null }],
		[undefined, { value: null, choice: null }],
	])("%j", (wanted, choice) => {
		expect(modelChoice(MODELS, wanted)).toEqual(choice);
	});

	test("of an agent that offers none is not one to ask for", () => {
		for (const facts of [{}, { configOptions: null }, select("mode", "a", [{ value: "large", name: "x" }])]) {
			expect(modelChoice(facts as SessionFacts, "large")).toBeNull();
		}
	});
});

describe("a mode that only looks", () => {
	test.each([
		["none is offered", {}, "none"],
		["none of them only looks", modes("default", "default", "yolo"), "none"],
		["gemini's", modes("default", "default", "autoEdit", "yolo", "plan"), { by: "mode", value: "plan" }],
		["codex's", modes("auto", "read-only", "auto", "full-access"), { by: "mode", value: "read-only" }],
		["it is in it", modes("plan", "default", "plan"), null],
		[
			"opencode's, as an option",
			select("mode", "build", [
				{ value: "build", name: "build" },
				{ value: "plan", name: "plan" },
			]),
			{ by: "option", configId: "mode-id", value: "plan" },
		],
	] as const)("%s", (_, facts, choice) => {
		expect(readOnlyChoice(facts as SessionFacts)).toEqual(choice);
	});
});
