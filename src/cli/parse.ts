// The part of the command line that belongs to every command: flags that may stand anywhere, the noun, and `--`.
// Invariant: the value of a command's own option is never taken for a global flag, and nothing after `--` is a flag.

import { MsgcodeError } from "../core/errors.ts";

export interface GlobalFlags {
	readonly workspace: string | null;
	readonly json: boolean;
	readonly plain: boolean;
	readonly quiet: boolean;
	readonly color: boolean;
	readonly yes: boolean;
	readonly dryRun: boolean;
	readonly actor: string | null;
	/** False with --no-index: answers come from the task files alone. */
	readonly index: boolean;
}

interface GlobalFlag {
	readonly long: string;
	readonly short?: string;
	readonly value?: string;
	readonly help: string;
}

export const globalFlags: readonly GlobalFlag[] = [
	{ long: "--workspace", short: "-C", value: "dir", help: "work in the workspace of this folder" },
	{ long: "--json", help: "print one JSON document on stdout" },
	{ long: "--plain", help: "print tab-separated lines without colour" },
	{ long: "--quiet", help: "print no hints and no warnings" },
	{ long: "--no-color", help: "print no colour" },
	{ long: "--yes", help: "answer yes to every question" },
	{ long: "--dry-run", help: "say what would be done and change nothing" },
	{ long: "--actor", value: "name", help: "act under this name (default: MSGCODE_ACTOR, then git's user.name)" },
	{ long: "--no-index", help: "read the task files instead of tasks/index.json" },
];

export interface Line {
	/** What is left for commander: noun, verb, operands and the command's own flags. */
	readonly words: readonly string[];
	readonly flags: GlobalFlags;
	/** What followed the first `--`; null without one. */
	readonly rest: readonly string[] | null;
}

/** The words of the line without its global flags: noun, verb and whatever follows. Never throws. */
export function leadingWords(argv: readonly string[]): readonly string[] {
	return split(argv, () => false, true).words;
}

/**
 * Takes the global flags out of the line. `takesValue` tells of the command's own flags which of them are followed by a
 * value. Throws `usage` when a value is missing or two flags contradict each other.
 */
export function readLine(argv: readonly string[], takesValue: (flag: string) => boolean): Line {
	const { words, rest, given } = split(argv, takesValue, false);
	const format = formatOf(words);
	const flags: GlobalFlags = {
		workspace: given.get("--workspace") ?? null,
		json: given.has("--json") || format === "json",
		plain: given.has("--plain") || format === "plain",
		quiet: given.has("--quiet"),
		color: !given.has("--no-color"),
		yes: given.has("--yes"),
		dryRun: given.has("--dry-run"),
		actor: given.get("--actor") ?? null,
		index: !given.has("--no-index"),
	};
	if (flags.json && flags.plain) {
		throw new MsgcodeError("usage", "JSON and plain output exclude each other.", { hint: "Give one of them." });
	}
	return { words, flags, rest };
}

/** Flags for what must be printed before, or in spite of, a line that cannot be read. */
export function roughFlags(argv: readonly string[]): GlobalFlags {
	const end = argv.indexOf("--");
	const before = end < 0 ? argv : argv.slice(0, end);
	return readLine(
		before.filter((word) => word === "--json" || word === "--quiet" || word === "--no-color"),
		() => false,
	).flags;
}

function split(argv: readonly string[], takesValue: (flag: string) => boolean, lenient: boolean) {
	const words: string[] = [];
	const given = new Map<string, string>();
	for (let at = 0; at < argv.length; at++) {
		const word = argv[at] ?? "";
		if (word === "--") return { words, given, rest: argv.slice(at + 1) };
		const flag = globalFlags.find((candidate) => names(candidate, word));
		if (flag === undefined) {
			words.push(word);
			const value = argv[at + 1];
			if (takesValue(word) && value !== undefined && value !== "--") {
				words.push(value);
				at++;
			}
			continue;
		}
		if (flag.value === undefined) {
			given.set(flag.long, "");
			continue;
		}
		const attached = attachedValue(flag, word);
		const value = attached ?? argv[++at];
		if (!lenient && (value === undefined || value === "" || (attached === null && value === "--"))) {
			throw new MsgcodeError("usage", `${word.split("=")[0]} needs a value: <${flag.value}>.`);
		}
		given.set(flag.long, value ?? "");
	}
	return { words, given, rest: null };
}

function names(flag: GlobalFlag, word: string): boolean {
	if (word === flag.long || word === flag.short) return true;
	return flag.value !== undefined && attachedValue(flag, word) !== null;
}

function attachedValue(flag: GlobalFlag, word: string): string | null {
	if (word.startsWith(`${flag.long}=`)) return word.slice(flag.long.length + 1);
	const short = flag.short;
	if (short !== undefined && word.length > short.length && word.startsWith(short)) return word.slice(short.length);
	return null;
}

/** `--format json|plain` of a list says the same as --json and --plain. */
function formatOf(words: readonly string[]): string | undefined {
	const at = words.findIndex((word) => word === "--format" || word.startsWith("--format="));
	const word = words[at];
	return word?.includes("=") ? word.slice("--format=".length) : words[at + 1];
}
