// Every msgcode command line that a document shows is one that msgcode accepts.
import { describe, expect, test } from "vitest";
import { readVerb } from "../../src/cli/commander.ts";
import { flagsOf, type Group, isGroup, partsOf, placeOf } from "../../src/cli/declaration.ts";
import { nouns } from "../../src/cli/nouns.ts";
import { globalFlags, leadingWords, readLine } from "../../src/cli/parse.ts";
import { documents, fencesOf, proseOf, readDocument } from "./documents.ts";

const msgcode: Group = { name: "msgcode", does: "", verbs: nouns };
const ALWAYS = new Set([...globalFlags.flatMap(({ long, short }) => [long, short]), "--help", "-h", "--version", "-V"]);

/** A shell line's words, quotes taken off; what follows a pipe, a redirection or `;` is another program's. */
function wordsOf(line: string): readonly string[] {
	const own = /^(?:'[^']*'|"[^"]*"|[^'"|;>)&])*/.exec(line)?.[0] ?? "";
	return [...own.matchAll(/(?:'[^']*'|"[^"]*"|\S)+/g)].map(([word]) => word.replaceAll(/['"]/g, ""));
}

/** What is wrong with the words behind `msgcode`; null when nothing is. */
async function problemOf(words: readonly string[], whole: boolean): Promise<string | null> {
	const { path, found } = placeOf(msgcode, leadingWords(words));
	if (isGroup(found)) {
		const next = leadingWords(words)[path.length];
		return next === undefined || /^(?:-|…|<)/.test(next) ? null : `${next} is no command`;
	}
	const flags = (await flagsOf(found)).map(partsOf);
	const end = words.indexOf("--");
	for (const word of end < 0 ? words : words.slice(0, end)) {
		const name = word.split("=")[0] ?? "";
		if (!/^-\D/.test(name)) continue;
		if (!ALWAYS.has(name) && !flags.some(({ long, short }) => name === long || name === short))
			return `${name} is no flag`;
	}
	if (!whole) return null;
	const valued = (flag: string) =>
		flags.some(({ long, short, takesValue }) => takesValue && (flag === long || flag === short));
	const line = readLine(words, valued);
	const rest = line.rest === null || found.argv !== undefined ? [] : ["--", ...line.rest];
	const names = line.words.slice(path.length);
	const reading = readVerb(found, path, [...names, ...rest], { width: 80, color: false });
	return await reading.then(
		() => null,
		(error: Error) => error.message,
	);
}

describe.each(documents)("%s", (document) => {
	const text = readDocument(document);

	test("its blocks show command lines that msgcode accepts", async () => {
		const lines = fencesOf(text)
			.filter(({ language }) => ["sh", "console", "bash"].includes(language))
			.flatMap((fence) => fence.text.replaceAll(/\\\n\s*/g, "").split("\n"))
			.flatMap((line) => /^(?:\$ )?(?:.*[|(] ?)?msgcode(?: (.*))?$/.exec(line)?.slice(1, 2) ?? []);
		for (const line of lines) expect(await problemOf(wordsOf(line ?? ""), true), `msgcode ${line}`).toBe(null);
	});

	test("its prose names commands and flags that exist", async () => {
		const lines = [...proseOf(text).matchAll(/`msgcode ([^`]+)`/g)].map(([, line = ""]) => line);
		for (const line of lines) expect(await problemOf(wordsOf(line), false), `msgcode ${line}`).toBe(null);
	});
});

test("a line that msgcode does not accept is found", async () => {
	expect(await problemOf(["task", "frobnicate"], false)).toBe("frobnicate is no command");
	expect(await problemOf(["task", "run", "tsk_1", "--sideways"], false)).toBe("--sideways is no flag");
	expect(await problemOf(["task", "close", "--status", "maybe", "tsk_1"], true)).toMatch(/maybe/);
	expect(await problemOf(["task", "show"], true)).toMatch(/missing/i);
	expect(await problemOf(["-C", "x", "task", "run", "tsk_1", "--", "npm", "--whatever"], true)).toBe(null);
});
