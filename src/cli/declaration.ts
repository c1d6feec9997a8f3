// How a command is declared: as data, so that one command line builds one commander command, and help, completion and
// docs/cli.md are made from the same words. Invariant: nothing here, and no declaration, imports an implementation.

import type { CommandModule } from "./command.ts";

export interface Flag {
	/** `-f, --follow`, `--limit <count>`, `--no-sign`. */
	readonly flag: string;
	readonly help: string;
	/** Turns the text into the option's value, or throws input_invalid; without it the value is the text. */
	readonly read?: (value: string) => unknown;
	/** May be given several times; the option is then a list. */
	readonly many?: boolean;
}

export interface Verb {
	/** The name and its operands: `list`, `show <id>`, `add [title]`. */
	readonly words: string;
	/** One line, as a list of commands shows it. */
	readonly does: string;
	/** More, for the command's own help. */
	readonly more?: string;
	readonly aliases?: readonly string[];
	readonly flags?: readonly Flag[];
	/** Flags that come from a table elsewhere, loaded only for this command. */
	readonly moreFlags?: () => Promise<readonly Flag[]>;
	/** What an argv behind `--` means to this command; without it, `--` only ends the flags. */
	readonly argv?: string;
	readonly examples: readonly string[];
	readonly load: () => Promise<CommandModule>;
}

export interface Group {
	readonly name: string;
	readonly does: string;
	readonly aliases?: readonly string[];
	readonly verbs: readonly Declaration[];
}

export type Declaration = Verb | Group;

export interface FlagParts {
	readonly long: string;
	readonly short: string | null;
	readonly takesValue: boolean;
}

export function isGroup(declaration: Declaration): declaration is Group {
	return "verbs" in declaration;
}

export function nameOf(declaration: Declaration): string {
	return isGroup(declaration) ? declaration.name : (declaration.words.split(" ")[0] ?? "");
}

/** `<id>`, `[title]`: the operands as they are written. */
export function operandsOf(verb: Verb): readonly string[] {
	return verb.words.split(" ").slice(1);
}

export function isNamed(declaration: Declaration, word: string | undefined): boolean {
	return nameOf(declaration) === word || (declaration.aliases ?? []).includes(word ?? "");
}

export function partsOf(flag: Flag): FlagParts {
	return {
		long: /--[\w-]+/.exec(flag.flag)?.[0] ?? flag.flag,
		short: /^-\w\b/.exec(flag.flag)?.[0] ?? null,
		takesValue: flag.flag.includes("<"),
	};
}

/** Every flag of a verb, those of its table included. */
export async function flagsOf(verb: Verb): Promise<readonly Flag[]> {
	const own = verb.flags ?? [];
	const table = (await verb.moreFlags?.()) ?? [];
	const taken = new Set(own.map((flag) => partsOf(flag).long));
	return [...own, ...table.filter((flag) => !taken.has(partsOf(flag).long))];
}

export interface Place {
	/** The names that lead there, `["task", "worktree", "rm"]`, whichever aliases were typed; one for each word used. */
	readonly path: readonly string[];
	readonly found: Declaration;
}

/** The deepest declaration under `root` that the first words name; `root` itself when the first names nothing. */
export function placeOf(root: Group, words: readonly string[]): Place {
	let found: Declaration = root;
	const path: string[] = [];
	while (isGroup(found)) {
		const next: Declaration | undefined = found.verbs.find((child) => isNamed(child, words[path.length]));
		if (next === undefined) break;
		path.push(nameOf(next));
		found = next;
	}
	return { path, found };
}
