// `msgcode sync`: fetch, bring the ledger's commits up to date, push. Hooks of the user run for none of it.
import { type SyncResult, syncLedger } from "../../ledger/sync.ts";
import type { CommandContext, CommandResult, Notice } from "../command.ts";
import { openFor } from "../open.ts";

export async function run(context: CommandContext): Promise<CommandResult> {
	const app = await openFor(context, "sync");
	const { dryRun } = context.flags;
	const result = await syncLedger(app.ledger, { dryRun });
	return {
		kind: "sync",
		data: dryRun ? { ...result, dryRun } : result,
		warnings: unpublishedWork(result),
		human: () => `${sentence(result, dryRun)}\n`,
		plain: () => [[result.branch, result.upstream, result.action, result.pulled, result.pushed, result.after]],
	};
}

function sentence(result: SyncResult, dryRun: boolean): string {
	const { branch, upstream, action, pulled, pushed, replayed, dropped } = result;
	if (action === "up-to-date") {
		const same = result.unpublished.length === 0;
		return same
			? `${branch} and ${upstream} are the same.`
			: `${upstream} holds all of the ledger's work on ${branch}.`;
	}
	const parts: string[] = [];
	const verb = (would: string, did: string) => (dryRun ? `would ${would}` : did);
	if (pulled > 0) parts.push(`${verb("take", "took")} ${commits(pulled)} from ${upstream}`);
	if (replayed > 0) parts.push(`${verb("replay", "replayed")} ${commits(replayed)} on top`);
	if (dropped > 0) parts.push(`${verb("drop", "dropped")} ${commits(dropped)} that it holds already`);
	if (pushed > 0) parts.push(`${verb("push", "pushed")} ${commits(pushed)}`);
	return `${branch}: ${parts.join(", ")}.`;
}

function unpublishedWork({ unpublished, upstream }: SyncResult): Notice[] {
	if (unpublished.length === 0) return [];
	const shown = unpublished.slice(0, 5).map(({ commit, subject }) => `${commit.slice(0, 10)} "${subject}"`);
	const waiting = unpublished.filter(({ ledger }) => ledger).length;
	const onTop = waiting === 0 ? "" : `; ${commits(waiting)} of the ledger on top of your own work among them`;
	return [
		{
			code: "work_unpublished",
			message: `${commits(unpublished.length)} stay unpublished${onTop}: ${shown.join(", ")}${unpublished.length > shown.length ? " …" : ""}`,
			hint: `Publish them to ${upstream} with \`git push\` when they are ready.`,
		},
	];
}

function commits(count: number): string {
	return `${count} commit${count === 1 ? "" : "s"}`;
}
