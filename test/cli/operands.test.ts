import { describe, expect, test } from "vitest";
import { readVerb } from "../../src/cli/commander.ts";
import { type Declaration, isGroup, type Verb } from "../../src/cli/declaration.ts";
import { nouns } from "../../src/cli/nouns.ts";
import { plainOperands } from "../../src/cli/operands.ts";

const settings = { width: 80, color: false };
const LINES = [
	[],
	["a"],
	["a", "b"],
	["a", "b", "c"],
	[""],
	["a b"],
	["--"],
	["-"],
	["-x"],
	["--json"],
	["a", "--help"],
];

function verbsBelow(declarations: readonly Declaration[]): readonly Verb[] {
	return declarations.flatMap((one) => (isGroup(one) ? verbsBelow(one.verbs) : [one]));
}

const verbs: readonly Verb[] = [
	...verbsBelow(nouns),
	{ words: "many <a> [b...]", does: "", examples: [], load: () => Promise.reject(new Error("not loaded")) },
	{ words: "sure", does: "", flags: [{ flag: "--no-sign", help: "" }], examples: [], load: () => Promise.reject() },
];

describe("a line of operands", () => {
	test.each(verbs.map((verb) => [verb.words, verb] as const))(
		"%s is read as commander reads it, or not",
		async (_, verb) => {
			for (const words of LINES) {
				const args = plainOperands(verb, words);
				if (args !== null) expect({ args, options: {} }).toEqual(await readVerb(verb, ["x"], words, settings));
			}
		},
	);

	test("needs no commander in the common cases", () => {
		const byWords = new Map(verbs.map((verb) => [verb.words, verb]));
		expect(plainOperands(byWords.get("show <id>") as Verb, ["tsk_1"])).toEqual(["tsk_1"]);
		expect(plainOperands(byWords.get("list") as Verb, [])).toEqual([]);
	});
});
