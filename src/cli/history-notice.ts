// What a person is told while the history of a repository is read for the first time.
import type { CommandContext } from "./command.ts";

/** Says on a terminal that it takes a moment, and that it will not the next time. */
export function historyNotice({ io, flags, progressStyle }: CommandContext): (commits: number) => void {
	return (commits) => {
		if (!io.stderr.isTTY || flags.quiet) return;
		const text = `Reading ${commits.toLocaleString("en")} commits; the next time only new ones …`;
		io.stderr.write(`${progressStyle.dim(text)}\n`);
	};
}
