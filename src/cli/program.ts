// From an argv to an exit code: finds the command's declaration, has its line read, runs the one implementation, prints.
// Invariant: free of process globals, so that a test calls it in process; no failure leaves it except as an exit code.

import { resolve } from "node:path";
import { EXIT, MsgcodeError } from "../core/errors.ts";
import { version } from "../core/version.ts";
import { NARROWEST, styleOf } from "./color.ts";
import type { CommandContext } from "./command.ts";
import type { HelpSettings, Reading } from "./commander.ts";
import { flagsOf, type Group, isGroup, partsOf, placeOf, type Verb } from "./declaration.ts";
import { rootHelp } from "./help.ts";
import type { Io } from "./io.ts";
import { nouns } from "./nouns.ts";
import { printError, printResult } from "./output.ts";
import { type GlobalFlags, type Line, leadingWords, readLine, roughFlags } from "./parse.ts";
import { readPlainLine } from "./plain-line.ts";

const root: Group = { name: "msgcode", does: "", verbs: nouns };
const HELP_WORDS = new Set(["help", "--help", "-h"]);

/** Runs one command line (without node and the script); resolves to the exit code. Everything is printed through `io`. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
	let flags: GlobalFlags | undefined;
	try {
		const words = leadingWords(argv);
		if (words[0] === "--version" || words[0] === "-V") return say(io, `${version}\n`);
		if (words[0] === undefined || HELP_WORDS.has(words[0])) return await help(argv, io);
		const { path, found } = placeOf(root, words);
		const line = readLine(argv, isGroup(found) ? () => false : await valueFlagsOf(found));
		flags = line.flags;
		if (!isGroup(found)) return await runVerb(found, path, line, io);
		const { groupHelp, unknownIn } = await import("./commander.ts");
		const next = line.words[path.length];
		if (next !== undefined && !next.startsWith("-")) throw unknownIn(found, path, next);
		return answerGroup(groupHelp(found, path, helpSettings(io, flags)), path, next, line, io);
	} catch (error) {
		return printError(error, io, flags ?? roughFlags(argv));
	}
}

async function runVerb(verb: Verb, path: readonly string[], line: Line, io: Io): Promise<number> {
	// An argv behind `--` is the command's, where it takes one; elsewhere what follows are operands.
	const takesArgv = verb.argv !== undefined;
	const operands = takesArgv || line.rest === null ? [] : ["--", ...line.rest];
	const words = [...line.words.slice(path.length), ...operands];
	const reading = await readWords(verb, path, words, helpSettings(io, line.flags));
	if ("help" in reading) return say(io, reading.help);
	const context = contextOf(io, line.flags, takesArgv ? line.rest : null);
	const implementation = await verb.load();
	return printResult(await implementation.run(context, reading.args, reading.options), io, line.flags);
}

async function readWords(
	verb: Verb,
	path: readonly string[],
	words: readonly string[],
	settings: HelpSettings,
): Promise<Reading | { readonly help: string }> {
	const plain = await readPlainLine(verb, words);
	if (plain !== null) return plain;
	const { readVerb } = await import("./commander.ts");
	return await readVerb(verb, path, words, settings);
}

function contextOf(io: Io, flags: GlobalFlags, argv: readonly string[] | null): CommandContext {
	return {
		io,
		flags,
		start: resolve(io.cwd, flags.workspace ?? "."),
		argv,
		get interactive() {
			return !flags.json && io.stdin.isTTY && io.stderr.isTTY;
		},
		get progressStyle() {
			return styleOf(io.stderr, io.env, flags.color);
		},
	};
}

/** Tells which flags of a verb are followed by a value, which is then never taken for a global flag. */
async function valueFlagsOf(verb: Verb): Promise<(flag: string) => boolean> {
	const parts = (await flagsOf(verb)).map((flag) => partsOf(flag)).filter(({ takesValue }) => takesValue);
	return (flag) => parts.some(({ long, short }) => flag === long || flag === short);
}

/** A noun alone: its help, on stdout when asked for, else on stderr as a usage error. */
function answerGroup(text: string, path: readonly string[], next: string | undefined, line: Line, io: Io): number {
	if (next === "--help" || next === "-h") return say(io, text);
	const asked = ["msgcode", ...path].join(" ");
	if (next !== undefined || line.flags.json) {
		const message = next === undefined ? `\`${asked}\` needs a command.` : `\`${asked}\` has no flag ${next}.`;
		throw new MsgcodeError("usage", message, { hint: `${asked} --help` });
	}
	io.stderr.write(text);
	return EXIT.usage;
}

/** `msgcode`, `msgcode --help`, `msgcode help task add`. */
async function help(argv: readonly string[], io: Io): Promise<number> {
	const { words, flags } = readLine(argv, () => false);
	const about = words.filter((word) => !HELP_WORDS.has(word));
	if (about.length > 0) return await run([...about, "--help"], io);
	return say(io, rootHelp(styleOf(io.stdout, io.env, flags.color), helpSettings(io, flags).width));
}

function helpSettings(io: Io, flags: GlobalFlags): HelpSettings {
	return {
		get width() {
			return Math.max(NARROWEST, Math.min(io.stdout.columns, 100));
		},
		get color() {
			return styleOf(io.stdout, io.env, flags.color).color;
		},
	};
}

function say(io: Io, text: string): number {
	io.stdout.write(text);
	return EXIT.ok;
}
