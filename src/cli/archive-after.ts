// After a command that closed a task: what is due goes to the archive, where that pays, and a person is told.
import type { App } from "../app.ts";
import type { CommandContext } from "./command.ts";

export async function archiveAfter({ io, flags }: CommandContext, app: App): Promise<void> {
	const { archiveInPassing } = await import("../engine/archive/archive-in-passing.ts");
	const done = await archiveInPassing(app.ledger, app.settings.ledger.archive_after);
	if (done === null || flags.quiet || flags.json) return;
	io.stderr.write(`archived ${done.archived.length} tasks that were closed long ago (ledger.archive_after)\n`);
}
