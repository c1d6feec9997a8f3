// `msgcode sync`: fetch, bring the ledger's commits up to date, push. Hooks of the user run for none of it.
import type { App } from "../../app.ts";
import { EXIT } from "../../core/errors.ts";
import { openRepo } from "../../git/repo.ts";
import { type SyncResult, syncLedger } from "../../ledger/sync/sync.ts";
import type { LeftResult, RefsResult } from "../../ledger/sync/sync-refs.ts";
import type { CommandContext, CommandResult, Notice } from "../command.ts";
import { openFor } from "../open.ts";

export async function run(
	context: CommandContext,
	_args: readonly string[],
	options: { readonly refs?: boolean },
): Promise<CommandResult> {
	const app = await openFor(context, "sync");
	const { dryRun } = context.flags;
	const result = await syncLedger(app.ledger, { dryRun });
	const refs = options.refs === true ? await exchanged(app, result.remote, dryRun) : null;
	const refused = refs?.left.some(({ why }) => why === "differs" || why === "unrecorded") === true;
	return {
		kind: "sync",
		data: { ...result, ...(refs === null ? {} : { refs }), ...(dryRun ? { dryRun } : {}) },
		warnings: [...unpublishedWork(result), ...(refs?.left ?? []).map((left) => leftResult(left, result.remote))],
		human: () => `${sentence(result, dryRun)}\n${refs === null ? "" : `${refsSentence(refs, dryRun)}\n`}`,
		plain: () => [[result.branch, result.upstream, result.action, result.pulled, result.pushed, result.after]],
		...(refused ? { exitCode: EXIT.conflict } : {}),
	};
}

async function exchanged(app: App, remote: string, dryRun: boolean): Promise<RefsResult> {
	const { syncResults } = await import("../../ledger/sync/sync-refs.ts");
	return syncResults(app.ledger, await openRepo(app.ledger.env, app.workspace.topLevel), remote, dryRun);
}

function refsSentence({ pushed, fetched, same }: RefsResult, dryRun: boolean): string {
	const verb = (would: string, did: string) => (dryRun ? `would ${would}` : did);
	if (pushed.length + fetched.length === 0) return `Results of runs: nothing to exchange, ${same} the same.`;
	return `Results of runs: ${verb("push", "pushed")} ${pushed.length}, ${verb("fetch", "fetched")} ${fetched.length}.`;
}

const LEFT: Readonly<Record<LeftResult["why"], readonly [string, string]>> = {
	differs: [
		"is another one on each side; neither was touched",
		"Compare them: `git ls-remote <remote> refs/msgcode/runs/<run>`.",
	],
	unrecorded: ["on the remote is not what the run's receipt names; it was not kept", "Ask who pushed it."],
	secret: ["stays here: a secret was found in it", "`msgcode run allow-secret <run>` releases it."],
	carried: ["stays here: it stands on uncommitted work that the run took along", "Its patch is in the ledger."],
	"unpublished-base": [
		"stays here: it stands on commits of yours that are not published",
		"Push them, then sync again.",
	],
};

function leftResult({ runId, why }: LeftResult, remote: string): Notice {
	const [what, hint] = LEFT[why];
	return {
		code: `result_${why.replace("-", "_")}`,
		message: `The result of ${runId} ${what}.`,
		hint: hint.replace("<remote>", remote).replace("<run>", runId),
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
