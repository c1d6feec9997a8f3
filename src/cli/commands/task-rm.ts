// `msgcode task rm`: hides a task; its files and its history stay.
import type { CommandContext, CommandResult } from "../command.ts";
import { statusCommand } from "../status-result.ts";

export function run(
	context: CommandContext,
	args: readonly string[],
	options: { reason?: string },
): Promise<CommandResult> {
	return statusCommand(context, "rm", args[0] as string, { op: "remove", reason: options.reason ?? null });
}
