// `msgcode task log`: who changed a task, when, and what, field by field; with -p as a diff of its files.
import { isoTime } from "../../core/clock.ts";
import { type HistoryEntry, readTaskHistory } from "../../ledger/history.ts";
import { resolveTaskId } from "../../ledger/store.ts";
import type { FieldChange } from "../../ledger/task-changes.ts";
import type { Style } from "../color.ts";
import type { CommandContext, CommandResult, Notice } from "../command.ts";
import { openFor } from "../open.ts";
import { safeText, truncate, visible } from "../terminal-text.ts";

const VALUE_WIDTH = 60;

export async function run(
	context: CommandContext,
	args: readonly string[],
	options: { readonly patch?: boolean; readonly limit?: number },
): Promise<CommandResult> {
	const app = await openFor(context, "task log");
	const id = resolveTaskId(app.workspace.tasksDir, args[0] as string);
	const patch = options.patch === true;
	const { entries, cutAt, more } = await readTaskHistory(app.ledger, id, { limit: options.limit, patch });
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
	const lines = [
		`${head.join("  ")}  ${visible(entry.actor)}  ${style.bold(visible(entry.op))}  ${visible(entry.summary)}`,
	];
	for (const change of entry.changes) lines.push(`    ${changeText(change, style)}`);
	if (entry.runId !== null && !entry.changes.some(({ to }) => to === entry.runId)) {
		lines.push(`    ${style.dim("run")} ${visible(entry.runId)}`);
	}
	if (entry.patch !== undefined && entry.patch !== "") lines.push("", ...patchLines(entry.patch, style));
	return `${lines.join("\n")}\n`;
}

function changeText({ field, from, to, insertions, deletions }: FieldChange, style: Style): string {
	const name = style.dim(visible(field));
	if (insertions !== undefined) {
		return `${name} ${style.green(`+${insertions}`)} ${style.red(`-${deletions ?? 0}`)} lines`;
	}
	if (from === null) return `${name} ${style.green(value(to))}`;
	if (to === null) return `${name} ${style.red(value(from))} → none`;
	return `${name} ${style.red(value(from))} → ${style.green(value(to))}`;
}

function value(raw: unknown): string {
	return truncate(visible(typeof raw === "string" ? raw : JSON.stringify(raw)), VALUE_WIDTH);
}

function patchLines(patch: string, style: Style): string[] {
	return patch.split("\n").map((line) => {
		const text = safeText(line, false);
		if (line.startsWith("+") && !line.startsWith("+++")) return style.green(text);
		if (line.startsWith("-") && !line.startsWith("---")) return style.red(text);
		return line.startsWith("diff ") || line.startsWith("@@") ? style.bold(text) : text;
	});
}
