// `msgcode sync`: fetch, bring the ledger's commits up to date, push. Hooks of the user run for none of it.
import { type SyncResult, syncLedger } from "../../ledger/sync.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";

export async function run(context: CommandContext): Promise<CommandResult> {
	const app = await openFor(context, "sync");
	const { dryRun } = context.flags;
	const result = await syncLedger(app.ledger, { dryRun });
	return {
		kind: "sync",
		data: dryRun ? { ...result, dryRun } : result,
		human: () => `${sentence(result, dryRun)}\n`,
		plain: () => [[result.branch, result.upstream, result.action, result.pulled, result.pushed, result.after]],
	};
}

function sentence(result: SyncResult, dryRun: boolean): string {
	const { branch, upstream, action, pulled, pushed, replayed, dropped } = result;
	if (action === "up-to-date") return `${branch} and ${upstream} are the same.`;
	const parts: string[] = [];
	const verb = (would: string, did: string) => (dryRun ? `would ${would}` : did);
	if (pulled > 0) parts.push(`${verb("take", "took")} ${commits(pulled)} from ${upstream}`);
	if (replayed > 0) parts.push(`${verb("replay", "replayed")} ${commits(replayed)} on top`);
	if (dropped > 0) parts.push(`${verb("drop", "dropped")} ${commits(dropped)} that it holds already`);
	if (pushed > 0) parts.push(`${verb("push", "pushed")} ${commits(pushed)}`);
	return `${branch}: ${parts.join(", ")}.`;
}

function commits(count: number): string {
	return `${count} commit${count === 1 ? "" : "s"}`;
}
