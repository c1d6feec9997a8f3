// `msgcode task log`: who changed a task, when, and what, field by field; with -p as a diff of its files.
import { isoTime } from "../../core/clock.ts";
import { type HistoryEntry, readTaskHistory } from "../../ledger/history/history.ts";
import { resolveKnownTaskId } from "../../ledger/history/history-task-id.ts";
import { changeText } from "../change-text.ts";
import type { Style } from "../color.ts";
import type { CommandContext, CommandResult, Notice } from "../command.ts";
import { historyNotice } from "../history-notice.ts";
import { openFor } from "../open.ts";
import { visible } from "../terminal-text.ts";
import { paintWordPatch } from "../word-patch.ts";

export async function run(
	context: CommandContext,
	args: readonly string[],
	options: { readonly patch?: boolean; readonly limit?: number },
): Promise<CommandResult> {
	const app = await openFor(context, "task log");
	const onBuild = historyNotice(context);
	const id = await resolveKnownTaskId(app.ledger, args[0] as string, onBuild);
	const patch = options.patch === true;
	const { entries, cutAt, more } = await readTaskHistory(app.ledger, id, { limit: options.limit, patch, onBuild });
	const warnings: Notice[] = [];
	const { json, plain } = context.flags;
	if (cutAt !== null && (json || plain)) {
		warnings.push({
			code: "history_cut",
			message: `The history is cut at ${cutAt.slice(0, 10)} (shallow clone): what is older is not here.`,
			hint: "git fetch --unshallow",
		});
	}
	if (more) warnings.push({ code: "list_cut", message: "Older changes are left out by --limit." });
	return {
		kind: "task.log",
		data: entries,
		warnings,
		human: (style) => {
			const cut = cutAt === null ? "" : `${style.yellow("history is cut here (shallow clone)")}\n`;
			if (entries.length === 0) return cut === "" ? `${id} has never been committed.\n` : cut;
			return `${entries.map((entry) => describe(entry, style)).join("\n")}${cut === "" ? "" : `\n${cut}`}`;
		},
		plain: () =>
			entries.map(({ commit, atMs, actor, op, summary, runId }) => [commit, isoTime(atMs), actor, op, summary, runId]),
	};
}

function describe(entry: HistoryEntry, style: Style): string {
	const head = [style.yellow(entry.commit.slice(0, 10)), isoTime(entry.atMs).slice(0, 16).replace("T", " ")];
	const op = entry.derived ? `${style.bold(visible(entry.op))}${style.dim("?")}` : style.bold(visible(entry.op));
	const lines = [`${head.join("  ")}  ${visible(entry.actor)}  ${op}  ${visible(entry.summary)}`];
	const say = (text: string) => lines.push(`    ${text}`);
	if (entry.squashed !== null) say(style.dim(squashedText(entry.squashed)));
	if (entry.undoes !== null) {
		const { commit, summary } = entry.undoes;
		say(`${style.dim("undoes")} ${commit.slice(0, 10)}  ${visible(summary ?? "(not in this clone)")}`);
	}
	for (const change of entry.changes) say(changeText(change, style));
	if (entry.runId !== null && !entry.changes.some(({ to }) => to === entry.runId)) {
		say(`${style.dim("run")} ${visible(entry.runId)}`);
	}
	if (entry.changes.some(({ field }) => field === "run") && entry.runId !== null) {
		if (entry.landedIn !== null && entry.landedIn !== entry.commit)
			say(`${style.dim("landed in")} ${entry.landedIn.slice(0, 10)}`);
		say(style.dim(`msgcode run show ${visible(entry.runId)}`));
	}
	if (entry.patch !== undefined && entry.patch !== "") lines.push("", paintWordPatch(entry.patch, style));
	return `${lines.join("\n")}\n`;
}

/** "squashed: add, edit, 2 × run". */
export function squashedText(steps: readonly string[]): string {
	if (steps.length === 0) return "several steps squashed into one commit";
	const counts = new Map<string, number>();
	for (const step of steps) counts.set(step, (counts.get(step) ?? 0) + 1);
	const words = [...counts].map(([step, count]) => (count === 1 ? step : `${count} × ${step}`));
	return `squashed into one commit: ${words.join(", ")}`;
}
