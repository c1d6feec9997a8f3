// What every command gets (its context) and gives back (its result). A command returns data and says how it reads;
// printing, exit codes and error texts are output.ts's alone.

import { MsgcodeError } from "../core/errors.ts";
import type { Style } from "./color.ts";
import type { Io } from "./io.ts";
import type { GlobalFlags } from "./parse.ts";

export interface CommandContext {
	readonly io: Io;
	readonly flags: GlobalFlags;
	/** Absolute path of the folder that the workspace is looked for from: -C, else the current folder. */
	readonly start: string;
	/** What followed `--` on a command that takes an argv; null when there was no `--`. */
	readonly argv: readonly string[] | null;
	/** A person is there to answer: stdin and stderr are terminals. */
	readonly interactive: boolean;
	/** Style of stderr, for progress that a command writes there itself. */
	readonly progressStyle: Style;
}

export interface Notice {
	readonly code: string;
	readonly message: string;
	readonly hint?: string | null | undefined;
	readonly file?: string | null | undefined;
	readonly line?: number | null | undefined;
}

export interface CommandResult {
	/** `noun.verb`, the envelope's `kind`. */
	readonly kind: string;
	readonly data: unknown;
	/** The elements of `data`, a list, as they stand in the envelope's JSON, where they are there as text already. */
	readonly rendered?: (() => readonly Uint8Array[]) | undefined;
	readonly warnings?: readonly Notice[] | undefined;
	/** What a person reads on stdout. */
	readonly human: (style: Style) => string;
	/** The rows of --plain, one line each; without it, --plain prints the human text without colour. */
	readonly plain?: (() => readonly (readonly unknown[])[]) | undefined;
	/** 0 unless given. A run that executed and failed is data with exit code 1, not an error. */
	readonly exitCode?: number | undefined;
	/** One line that names the next useful command. */
	readonly next?: string | undefined;
	/** The command has written its own output (NDJSON, a patch); nothing more goes to stdout. */
	readonly streamed?: boolean | undefined;
}

/** A command's implementation: `args` are the operands that were given, `options` commander's, by camel-cased name. */
export interface CommandModule {
	run(context: CommandContext, args: readonly string[], options: object): Promise<CommandResult>;
}

/** Passes with --yes or a typed yes; refuses with confirmation_required where nobody can answer, interrupted on a no. */
export async function confirm(context: CommandContext, question: string): Promise<void> {
	if (context.flags.yes) return;
	if (!context.interactive) throw new MsgcodeError("confirmation_required", `${question} Nobody is there to answer.`);
	const answer = (await context.io.ask(`${question} [y/N] `)).trim().toLowerCase();
	if (answer !== "y" && answer !== "yes") {
		throw new MsgcodeError("interrupted", "Not confirmed; nothing was done.", {
			hint: "Add --yes to skip the question.",
		});
	}
}
