import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readVerb } from "../../src/cli/commander.ts";
import { type Declaration, flagsOf, isGroup, partsOf, type Verb } from "../../src/cli/declaration.ts";
import { nouns } from "../../src/cli/nouns.ts";
import { readPlainLine } from "../../src/cli/plain-line.ts";

const settings = { width: 80, color: false };
const load = () => Promise.reject(new Error("not loaded"));

function verbsBelow(declarations: readonly Declaration[]): readonly Verb[] {
	return declarations.flatMap((one) => (isGroup(one) ? verbsBelow(one.verbs) : [one]));
}

const verbs: readonly Verb[] = [
	...verbsBelow(nouns),
	{ words: "many <a> [b...]", does: "", examples: [], load },
	{ words: "sure", does: "", flags: [{ flag: "--no-sign", help: "" }], examples: [], load },
	{
		words: "maybe [a]",
		does: "",
		flags: [
			{ flag: "--depth [n]", help: "" },
			{ flag: "-f, --follow", help: "" },
		],
		examples: [],
		load,
	},
];

describe.each(verbs.map((verb) => [verb.words, verb] as const))("%s", (_, verb) => {
	test("a line is read as commander reads it, or not at all", async () => {
		const flags = (await flagsOf(verb)).map((flag) => partsOf(flag));
		const names = flags.flatMap(({ long, short }) => (short === null ? [long] : [long, short]));
		const word = fc.oneof(
			fc.constantFrom(
				"a",
				"b c",
				"",
				"--",
				"-",
				"-x",
				"--json",
				"--help",
				"--no-color",
				"7",
				"0",
				"done",
				"table",
				"3h",
			),
			...(names.length === 0 ? [] : [fc.constantFrom(...names, ...names.map((name) => `${name}=a`))]),
		);
		await fc.assert(
			fc.asyncProperty(fc.array(word, { maxLength: 5 }), async (words) => {
				const plain = await readPlainLine(verb, words);
				if (plain !== null) expect(plain).toEqual(await readVerb(verb, ["x"], words, settings));
			}),
			{ numRuns: 200 },
		);
	});
});

test("the common lines need no commander", async () => {
	const verb = (words: string) => verbs.find((one) => one.words === words) as Verb;
	const read = (words: string, ...line: string[]) => readPlainLine(verb(words), line);
	expect(await read("show <id>", "tsk_1")).toEqual({ args: ["tsk_1"], options: {} });
	expect(await read("list", "--label", "a", "--label", "b", "--limit", "3")).toEqual({
		args: [],
		options: { label: ["a", "b"], limit: 3 },
	});
	expect(await read("add [title]", "A title", "--prompt", "Do it.", "--sensitive")).toEqual({
		args: ["A title"],
		options: { prompt: "Do it.", sensitive: true },
	});
});
