// From the command line's words to values of the front matter, checked by the same schemas as a hand-edited file.
// Invariant: what is returned here is accepted when the file is read again.

import { MsgcodeError } from "../../core/errors.ts";
import { type DefinitionKey, type DefinitionKeyName, definitionKeys } from "./definition-keys.ts";
import { definitionSchemas } from "./definition-schemas.ts";
import { plainValue } from "./plain-values.ts";

/**
 * The value of a key as it stands in the file, from what its flag was given (several times: a list of words). An empty word
 * means "without the key" and gives undefined, except for title. Throws input_invalid naming the flag.
 */
export function parseFlagValue(key: DefinitionKeyName, raw: string | readonly string[]): unknown {
	const row: DefinitionKey = rowOf(key);
	const words = typeof raw === "string" ? [raw] : raw;
	if (key !== "title" && words.every((word) => word === "")) return undefined;
	const value = rawValue(row, words);
	assertValue(key, value, row.flag);
	return value;
}

/** Throws input_invalid, naming `where`, unless the key takes the value in the form it has in a file. */
export function assertValue(key: DefinitionKeyName, value: unknown, where: string): void {
	if (plainValue(key, value) !== null) return;
	const checked = definitionSchemas[key].safeParse(value);
	const issue = checked.success ? undefined : checked.error.issues[0];
	if (issue === undefined) return;
	const place = [where, ...issue.path.map(String)].join(" ");
	throw new MsgcodeError("input_invalid", `${place} ${issue.message}.`, { hint: rowOf(key).help });
}

/**
 * The runner key from its flags and the argv behind `--`; undefined where none was given. `before` is what the task has so
 * far: fields that no flag names stay, except that another kind, or a new command, replaces the old command.
 */
export function runnerFromFlags(
	flags: {
		readonly runner?: string | undefined;
		readonly model?: string | undefined;
		readonly runnerEnv?: readonly string[] | undefined;
		readonly script?: string | undefined;
		readonly shell?: string | undefined;
		readonly argv?: readonly string[] | undefined;
		readonly permission?: string | undefined;
		readonly session?: string | undefined;
		readonly mode?: string | undefined;
		readonly maxTurns?: string | undefined;
		readonly idleTimeout?: string | undefined;
		readonly waitForReply?: string | undefined;
	},
	before?: Readonly<Record<string, unknown>>,
): Record<string, unknown> | undefined {
	const { runner: kind, model, script, shell } = flags;
	const args = flags.argv !== undefined && flags.argv.length > 0 ? flags.argv : undefined;
	const env = flags.runnerEnv === undefined ? undefined : pairs("--runner-env", flags.runnerEnv, String);
	const { permission, session, mode, idleTimeout, waitForReply } = flags;
	const maxTurns = /^\d+$/.test(flags.maxTurns ?? "") ? Number(flags.maxTurns) : flags.maxTurns;
	const named = { kind, model, args, script, shell, permission, session, mode, maxTurns, idleTimeout, waitForReply };
	if (env === undefined && Object.values(named).every((value) => value === undefined)) return undefined;
	if (args !== undefined && script !== undefined) {
		throw new MsgcodeError("input_invalid", "--script and a command behind -- exclude each other.");
	}
	const { args: oldArgs, script: oldScript, shell: oldShell, ...rest } = before ?? {};
	const keepsCommand = args === undefined && script === undefined && (kind === undefined || kind === before?.kind);
	const fields = {
		kind: kind ?? before?.kind ?? "shell",
		...rest,
		...(keepsCommand ? { args: oldArgs, script: oldScript } : {}),
		shell: script === undefined && !keepsCommand ? undefined : oldShell,
		...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)),
		...(env === undefined ? {} : { env: { ...(rest.env as Record<string, unknown> | undefined), ...env } }),
	};
	const runner = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
	assertValue("runner", runner, "runner");
	return runner;
}

function rawValue(row: DefinitionKey, words: readonly string[]): unknown {
	const last = words.at(-1) ?? "";
	switch (row.kind) {
		case "integer":
			return /^-?\d+$/.test(last) ? Number(last) : last;
		case "boolean":
			return last === "true" ? true : last === "false" ? false : last;
		case "list":
			return words.flatMap((word) => listElements(row, word));
		case "object":
			return objectValue(row, words);
		default:
			return last;
	}
}

function listElements(row: DefinitionKey, word: string): unknown[] {
	if (row.separator !== undefined) {
		return word
			.split(row.separator)
			.map((part) => part.trim())
			.filter((part) => part !== "");
	}
	return row.key === "checks" && word.startsWith("[") ? [json(row.flag, word)] : [word];
}

function objectValue(row: DefinitionKey, words: readonly string[]): unknown {
	const [only] = words;
	if (words.length === 1 && only?.trimStart().startsWith("{")) return json(row.flag, only);
	// A runner is named by its kind; a template's variables stay text (010 is not 10).
	if (row.key === "runner" && words.length === 1 && only !== undefined && !only.includes("=")) return { kind: only };
	return pairs(row.flag, words, row.key === "with" ? String : scalar);
}

function pairs<T>(flag: string, words: readonly string[], convert: (text: string) => T): Record<string, T> {
	const entries = words.map((word): [string, T] => {
		const at = word.indexOf("=");
		if (at < 1) {
			throw new MsgcodeError("input_invalid", `${flag}: ${JSON.stringify(word)} is not of the form key=value.`, {
				hint: "Repeat the flag for each key=value, or give one JSON object.",
			});
		}
		return [word.slice(0, at), convert(word.slice(at + 1))];
	});
	return Object.fromEntries(entries);
}

function scalar(word: string): unknown {
	if (word === "true" || word === "false") return word === "true";
	return /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(word) ? Number(word) : word;
}

function json(flag: string, word: string): unknown {
	try {
		return JSON.parse(word);
	} catch (cause) {
		throw new MsgcodeError("input_invalid", `${flag}: not valid JSON: ${(cause as Error).message}`, { cause });
	}
}

function rowOf(key: DefinitionKeyName): DefinitionKey {
	const row = definitionKeys.find((candidate) => candidate.key === key);
	if (row === undefined) throw new MsgcodeError("internal", `No row for the key ${key}.`);
	return row;
}
