// `msgcode task close`: done, or canceled.
import type { CommandContext, CommandResult } from "../command.ts";
import { statusCommand } from "../status-result.ts";

export function run(
	context: CommandContext,
	args: readonly string[],
	options: { status?: "done" | "canceled"; reason?: string },
): Promise<CommandResult> {
	const { status = "done", reason = null } = options;
	return statusCommand(context, "close", args[0] as string, { op: "close", status, reason });
}
