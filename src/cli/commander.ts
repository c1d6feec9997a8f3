// The one door to commander: it reads one command's flags and operands, writes that command's help, and words its
// complaints. Invariant: one Command is built per command line, from its declaration; it throws instead of exiting.

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { MsgcodeError } from "../core/errors.ts";
import {
	type Declaration,
	type Flag,
	flagsOf,
	type Group,
	isGroup,
	nameOf,
	operandsOf,
	type Verb,
} from "./declaration.ts";

export interface HelpSettings {
	readonly width: number;
	readonly color: boolean;
}

export interface Reading {
	readonly args: readonly string[];
	readonly options: object;
}

/**
 * Reads what follows the names of a verb. Resolves to its operands and options, or to its help when that was asked for.
 * Throws `usage`.
 */
export async function readVerb(
	verb: Verb,
	path: readonly string[],
	words: readonly string[],
	settings: HelpSettings,
): Promise<Reading | { readonly help: string }> {
	let help = "";
	const command = commandOf(path, settings, (text) => {
		help += text;
	}).description(describe(verb));
	const behind = verb.argv === undefined ? [] : ["[-- <argv…>]"];
	command.usage(["[flags]", ...operandsOf(verb), ...behind].join(" "));
	for (const operand of operandsOf(verb)) command.argument(operand);
	for (const flag of await flagsOf(verb)) command.addOption(optionOf(flag));
	command.addHelpText("after", verbFooter(verb));
	command.action(() => {});
	try {
		command.parse([...words], { from: "user" });
	} catch (error) {
		if (!(error instanceof CommanderError)) throw error;
		if (error.code === "commander.helpDisplayed") return { help };
		throw usageError(error, path);
	}
	return { args: command.args, options: command.opts() };
}

/** The help of a noun or a group: its commands. */
export function groupHelp(group: Group, path: readonly string[], settings: HelpSettings): string {
	return groupCommand(group, path, settings).helpInformation() + FOOTER;
}

/** Why `word` names nothing in the group, with a suggestion where one is near. */
export function unknownIn(group: Group, path: readonly string[], word: string): MsgcodeError {
	try {
		groupCommand(group, path, { width: 80, color: false }).parse([word], { from: "user" });
	} catch (error) {
		if (error instanceof CommanderError) return usageError(error, path);
		throw error;
	}
	return new MsgcodeError("usage", `${word} is not a command of msgcode ${path.join(" ")}.`);
}

const FOOTER = "\nFlags of every command and exit codes: msgcode --help\n";

function commandOf(path: readonly string[], settings: HelpSettings, write: (text: string) => void): Command {
	return new Command(["msgcode", ...path].join(" "))
		.exitOverride()
		.helpOption("-h, --help", "show this help")
		.helpCommand(false)
		.configureHelp({
			minWidthToWrap: 10,
			commandUsage: (command) => `${command.name()} ${command.usage()}`,
			subcommandTerm: (command) => [command.name(), command.usage()].join(" ").trim(),
			// commander takes the style out again where there is no colour.
			styleTitle: (title) => `\u001b[1m${title === "Options:" ? "Flags:" : title}\u001b[22m`,
		})
		.configureOutput({
			writeOut: write,
			writeErr: write,
			outputError: () => {},
			getOutHelpWidth: () => settings.width,
			getErrHelpWidth: () => settings.width,
			getOutHasColors: () => settings.color,
			getErrHasColors: () => settings.color,
		});
}

function groupCommand(group: Group, path: readonly string[], settings: HelpSettings): Command {
	const command = commandOf(path, settings, () => {}).usage("<command> [flags]");
	if (group.does !== "") command.description(`${group.does}.`);
	for (const child of group.verbs) {
		const operands = isGroup(child) ? "" : operandsOf(child).join(" ");
		const named = new Command(nameOf(child)).usage(operands || " ").summary(child.does);
		command.addCommand(named.aliases([...(child.aliases ?? [])]));
	}
	return command;
}

function optionOf(flag: Flag): Option {
	const option = new Option(flag.flag, flag.help);
	const { read, many = false } = flag;
	if (read === undefined && !many) return option;
	return option.argParser((value: string, previous: unknown) => {
		const taken = read === undefined ? value : readValue(read, value);
		return many ? [...((previous as unknown[] | undefined) ?? []), taken] : taken;
	});
}

/** commander names the flag in its complaint; the reader's own words follow. */
function readValue(read: (value: string) => unknown, value: string): unknown {
	try {
		return read(value);
	} catch (error) {
		if (!(error instanceof MsgcodeError)) throw error;
		throw new InvalidArgumentError(error.hint ?? error.message);
	}
}

function describe(declaration: Declaration): string {
	const more = isGroup(declaration) ? undefined : declaration.more;
	return more === undefined ? `${declaration.does}.` : `${declaration.does}. ${more}`;
}

function verbFooter(verb: Verb): string {
	const aliases = verb.aliases === undefined ? "" : `\nAlso: ${verb.aliases.join(", ")}\n`;
	const behind = verb.argv === undefined ? "" : `\nBehind --: ${verb.argv}\n`;
	const title = verb.examples.length > 1 ? "Examples" : "Example";
	return `${behind}${aliases}\n${title}:\n${verb.examples.map((example) => `  ${example}\n`).join("")}${FOOTER.trimEnd()}`;
}

function usageError(error: CommanderError, path: readonly string[]): MsgcodeError {
	const [first = "", ...others] = error.message.split("\n");
	const suggestion = /\((.*)\)/.exec(others.join(" "))?.[1];
	const text = first.replace(/^error: /, "");
	const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
	return new MsgcodeError("usage", sentence, {
		hint: suggestion ?? `${["msgcode", ...path].join(" ")} --help`,
		details: { command: path.join(" ") },
	});
}
