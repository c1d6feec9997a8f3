// `msgcode completion <shell>`: prints the script; the examples in its help say where each shell looks for it.

import { MsgcodeError } from "../../core/errors.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { completionScript, shells } from "../completion.ts";
import { nouns } from "../nouns.ts";

export async function run(_context: CommandContext, args: readonly string[]): Promise<CommandResult> {
	const shell = shells.find((name) => name === args[0]);
	if (shell === undefined) {
		throw new MsgcodeError("usage", `There is no completion for ${JSON.stringify(args[0])}.`, {
			hint: `Name one of ${shells.join(", ")}.`,
		});
	}
	const script = await completionScript(shell, nouns);
	return { kind: "completion", data: { shell, script }, human: () => script };
}
