// A line of operands and flags in their long form is read without commander, which takes longer to set up than many a
// command to run. Invariant: the answer is commander's, or there is none.

import { type Flag, flagsOf, operandsOf, partsOf, type Verb } from "./declaration.ts";

interface PlainLine {
	readonly args: readonly string[];
	readonly options: object;
}

/** What the words say, or null where only commander can tell: it also answers --help and words every complaint. */
export async function readPlainLine(verb: Verb, words: readonly string[]): Promise<PlainLine | null> {
	const flags = await flagsOf(verb);
	const known = new Map(flags.map((flag) => [partsOf(flag).long, flag]));
	// A flag `--no-x` alone makes an option that is true by default.
	for (const long of known.keys()) if (long.startsWith("--no-") && !known.has(`--${long.slice(5)}`)) return null;
	const args: string[] = [];
	const options: Record<string, unknown> = {};
	for (let at = 0; at < words.length; at += 1) {
		const word = words[at] as string;
		if (!word.startsWith("-")) {
			args.push(word);
			continue;
		}
		const flag = known.get(word);
		const taken = flag === undefined ? null : take(flag, words[at + 1], options);
		if (taken === null) return null;
		at += taken;
	}
	return fits(verb, args) ? { args, options } : null;
}

/** Puts the flag into the options; returns the number of words that its value has, or null where that is not plain. */
function take(flag: Flag, next: string | undefined, options: Record<string, unknown>): 0 | 1 | null {
	const { long, takesValue } = partsOf(flag);
	if (long.startsWith("--no-") || flag.flag.includes("[")) return null;
	const name = long.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
	if (!takesValue) {
		options[name] = true;
		return 0;
	}
	if (next === undefined || next.startsWith("-")) return null;
	try {
		const value = flag.read === undefined ? next : flag.read(next);
		options[name] = flag.many === true ? [...((options[name] as unknown[] | undefined) ?? []), value] : value;
	} catch {
		return null;
	}
	return 1;
}

/** True when the verb takes as many operands. */
function fits(verb: Verb, args: readonly string[]): boolean {
	const operands = operandsOf(verb);
	if (operands.some((operand) => operand.includes("..."))) return false;
	const needed = operands.filter((operand) => operand.startsWith("<")).length;
	return args.length >= needed && args.length <= operands.length;
}
