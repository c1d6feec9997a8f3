// `msgcode run allow-secret`: releases a patch that was withheld, after showing where the secrets are.
import { allowSecret, withheldReceipt } from "../../engine/landing/allow-secret.ts";
import { findRun } from "../../engine/record/find-run.ts";
import { refreshIndex } from "../../ledger/listing/task-index.ts";
import { type CommandContext, type CommandResult, confirm } from "../command.ts";
import { openFor } from "../open.ts";
import { runOutcomeLines } from "../run-text.ts";
import { visible } from "../terminal-text.ts";

export async function run(context: CommandContext, args: readonly string[]): Promise<CommandResult> {
	const app = await openFor(context, "run allow-secret");
	const { runId, taskId } = findRun(app.ledger, args[0] as string);
	const { secrets } = withheldReceipt(app.ledger, taskId, runId);
	if (context.flags.dryRun) {
		const data = { dryRun: true, runId, taskId, secrets };
		return { kind: "run.allow-secret", data, human: () => `Would commit the patch of ${runId}.\n` };
	}
	if (!context.flags.yes && context.interactive) {
		const style = context.progressStyle;
		const places = secrets.map(({ file, line, rule }) => `  ${style.red(visible(rule))}  ${visible(file)}:${line}\n`);
		context.io.stderr.write(`${runId} holds what looks like secrets:\n${places.join("")}`);
	}
	await confirm(context, "Commit this patch to the ledger, for everybody who can read the repository?");
	const { receipt, commit } = await allowSecret(app.ledger, taskId, runId);
	await refreshIndex(app.ledger);
	return {
		kind: "run.allow-secret",
		data: { ...receipt, commit },
		human: (style) => runOutcomeLines({ ...receipt, secrets: [] }, [], style),
		next: `msgcode task diff ${taskId}, then msgcode task apply ${taskId}`,
	};
}
