// A line that holds operands only is read without commander, which takes longer to set up than many a command to run.
// Invariant: the answer is commander's, or there is none.

import { operandsOf, type Verb } from "./declaration.ts";

/** The operands, where the words are nothing else and as many as the verb takes; null where only commander can tell. */
export function plainOperands(verb: Verb, words: readonly string[]): readonly string[] | null {
	if (words.some((word) => word.startsWith("-"))) return null;
	// A flag `--no-x` makes an option that is true by default.
	if (verb.moreFlags !== undefined || verb.flags?.some(({ flag }) => flag.includes("--no-"))) return null;
	const operands = operandsOf(verb);
	if (operands.some((operand) => operand.includes("..."))) return null;
	const needed = operands.filter((operand) => operand.startsWith("<")).length;
	return words.length >= needed && words.length <= operands.length ? words : null;
}
