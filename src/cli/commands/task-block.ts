// `msgcode task block`: says that a task waits for something outside.
import type { CommandContext, CommandResult } from "../command.ts";
import { statusCommand } from "../status-result.ts";

export function run(
	context: CommandContext,
	args: readonly string[],
	options: { reason?: string },
): Promise<CommandResult> {
	return statusCommand(context, "block", args[0] as string, {
		op: "block",
		reason: options.reason ?? "no reason given",
	});
}
