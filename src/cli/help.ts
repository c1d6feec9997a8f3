// The text of `msgcode --help`: nouns, global flags, exit codes. A command's own help is commander's, from its declaration.

import type { Style } from "./color.ts";
import { nameOf } from "./declaration.ts";
import { nouns } from "./nouns.ts";
import { globalFlags } from "./parse.ts";

export const exitCodes: readonly (readonly [number, string])[] = [
	[0, "success"],
	[1, "the operation or the run failed"],
	[2, "usage, or invalid input"],
	[3, "not found, or ambiguous"],
	[4, "conflict"],
	[5, "locked or busy"],
	[6, "not permitted"],
	[7, "damaged ledger data"],
	[70, "a bug in msgcode"],
	[124, "timed out"],
	[130, "interrupted"],
];

/** The help of the program itself, no line wider than `width`. */
export function rootHelp(style: Style, width: number): string {
	const part = (title: string, rows: readonly (readonly [string, string])[]) =>
		`${style.bold(`${title}:`)}\n${definitions(rows, width)}`;
	return [
		`${style.bold("Usage:")} msgcode <noun> <command> [flags]\n`,
		wrap("msgcode keeps tasks as files in git and runs them, each in its own worktree.", width, "").concat("\n"),
		part(
			"Nouns",
			nouns.map((noun) => [nameOf(noun), noun.does]),
		),
		part(
			"Flags, anywhere in the line",
			globalFlags
				.map(({ long, short, value, help }) => {
					const name = `${short === undefined ? "" : `${short}, `}${long}${value === undefined ? "" : ` <${value}>`}`;
					return [name, help] as const;
				})
				.concat([
					["-h, --help", "show help"],
					["-V, --version", "print the version"],
					["--", "end of the flags"],
				]),
		),
		part(
			"Exit codes",
			exitCodes.map(([code, meaning]) => [String(code), meaning]),
		),
		part("Examples", [
			["msgcode init", ""],
			["msgcode task add 'Fix the parser' --runner shell -- npm test", ""],
			["msgcode task run <id>", ""],
			["msgcode task apply <id>", ""],
			["msgcode task add --help", ""],
		]),
	].join("\n");
}

function definitions(rows: readonly (readonly [string, string])[], width: number): string {
	const terms = rows.filter(([, meaning]) => meaning !== "").map(([term]) => term.length);
	const indent = Math.min(Math.max(0, ...terms) + 4, Math.floor(width / 2));
	return rows
		.map(([term, meaning]) => {
			if (meaning === "") return `  ${term}\n`;
			const text = wrap(meaning, width - indent, " ".repeat(indent));
			const fits = term.length + 4 <= indent;
			return fits ? `  ${term.padEnd(indent - 2)}${text}\n` : `  ${term}\n${" ".repeat(indent)}${text}\n`;
		})
		.join("");
}

/** The words in lines of at most `width` columns; lines after the first begin with `indent`. */
export function wrap(text: string, width: number, indent: string): string {
	const lines: string[] = [];
	for (const word of text.split(" ")) {
		const last = lines.at(-1);
		if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
		else lines.push(word);
	}
	return lines.join(`\n${indent}`);
}
