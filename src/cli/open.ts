// Opens the workspace for a command, with the command's flags and streams.
import { type App, openApp } from "../app.ts";
import type { CommandContext } from "./command.ts";

/** Commands that only read; all others ask git early for what a commit needs. */
const READING =
	/^(?:task (?:list|ready|show|log|runs|diff)|task worktree (?:list|path)|run (?:list|show|logs|compare)|human (?:list|reply)|runner (?:list|show|probe)|log|doctor|preflight|fsck|prime|export)$/;

/** `command` is what the ledger's lock says of its holder: "task add". Warnings go to stderr unless --quiet. */
export function openFor(context: CommandContext, command: string): Promise<App> {
	const { io, flags } = context;
	return openApp({
		start: context.start,
		env: io.env,
		actor: flags.actor,
		useIndex: flags.index,
		command,
		willChange: !READING.test(command) && !flags.dryRun,
		now: () => io.clock.now(),
		warn: (message) => {
			if (!flags.quiet) io.stderr.write(`warning: ${message}\n`);
		},
	});
}
