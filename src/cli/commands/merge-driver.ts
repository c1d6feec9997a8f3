// `msgcode merge-driver <base> <ours> <theirs>`: merges one ledger file as git asks a driver to, or by hand.
// Invariant: it needs no workspace, takes no lock and recovers nothing; the file is replaced whole or stays as it was.
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { EXIT, MsgcodeError } from "../../core/errors.ts";
import { readFileIfThere, replaceFile } from "../../core/files.ts";
import { createGit } from "../../git/plumbing.ts";
import { mergeBytes } from "../../ledger/merge/merge-bytes.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { visible } from "../terminal-text.ts";

interface Options {
	readonly path?: string;
	readonly markerSize?: number;
	readonly oursLabel?: string;
	readonly theirsLabel?: string;
}

/** 1 says "merged, with conflicts": a failure that has that exit code elsewhere gets another one here. */
export async function run(context: CommandContext, args: readonly string[], options: Options): Promise<CommandResult> {
	try {
		return await merge(context, args, options);
	} catch (error) {
		if (!(error instanceof MsgcodeError) || error.exitCode !== EXIT.failed) throw error;
		const { message, hint, code } = error;
		throw new MsgcodeError("merge_failed", message, { hint, details: { code }, cause: error });
	}
}

async function merge(
	{ io, start, flags }: CommandContext,
	args: readonly string[],
	options: Options,
): Promise<CommandResult> {
	const [base, ours, theirs] = args.map((file) => resolve(start, file)) as [string, string, string];
	const path = options.path ?? args[1] ?? "";
	const labels = { ours: labelOf(options.oursLabel, "ours"), theirs: labelOf(options.theirsLabel, "theirs") };
	const began = contentOf(base);
	const merged = await mergeBytes(
		path,
		{
			// git hands over an empty file where there is no common version.
			base: began.length === 0 ? null : began,
			ours: contentOf(ours),
			theirs: contentOf(theirs),
			labels,
			...(options.markerSize === undefined ? {} : { markerSize: options.markerSize }),
		},
		{ git: createGit(io.env, { cwd: start }), folder: tmpdir() },
	);
	const { content, conflicts } = merged;
	if (!flags.dryRun) replaceFile(ours, content);
	const clean = conflicts.length === 0;
	const word = clean ? "merged" : "conflict";
	return {
		kind: "merge-driver",
		data: { path, clean, conflicts },
		human: () => `${visible([`${word}: ${path}`, ...(clean ? [] : [`(${conflicts.join(", ")})`])].join(" "))}\n`,
		plain: () => [[word, path, ...conflicts]],
		exitCode: clean ? 0 : 1,
	};
}

function contentOf(file: string): Buffer {
	// The way to say "no common version" by hand.
	if (file === "/dev/null") return Buffer.alloc(0);
	const content = readFileIfThere(file);
	if (content !== null) return content;
	throw new MsgcodeError("input_invalid", `There is no file ${file}.`, { hint: "Name the three files to merge." });
}

/** git before 2.44 does not fill in %X and %Y. */
function labelOf(given: string | undefined, fallback: string): string {
	return given === undefined || given === "" || /^%[XY]$/.test(given) ? fallback : given;
}
