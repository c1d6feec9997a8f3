// `msgcode log`: what happened in the ledger, over all tasks, the newest first.
import { isoTime } from "../../core/clock.ts";
import { prettyJson } from "../../core/json-text.ts";
import { readTime } from "../../ledger/history/date-words.ts";
import { resolveKnownTaskId } from "../../ledger/history/history-task-id.ts";
import { openHistory } from "../../ledger/history/history-walk.ts";
import { type LogEntry, readLog } from "../../ledger/history/ledger-log.ts";
import type { Style } from "../color.ts";
import type { CommandContext, CommandResult, Notice } from "../command.ts";
import { historyNotice } from "../history-notice.ts";
import { openFor } from "../open.ts";
import { renderTable } from "../table.ts";

interface Options {
	readonly since?: string;
	readonly until?: string;
	readonly op?: readonly string[];
	readonly task?: string;
	readonly limit?: number;
}

/** Lines that fit a screen; machine formats give all unless --limit says otherwise. */
const SHOWN = 50;
/** Columns of a terminal that leave room for what was done beside everything else. */
const ROOM_FOR_ALL = 80;
/** Entries that are written together. */
const AT_ONCE = 100;

export async function run(context: CommandContext, _args: readonly string[], options: Options): Promise<CommandResult> {
	const app = await openFor(context, "log");
	const { ledger } = app;
	const { flags } = context;
	const onBuild = historyNotice(context);
	const filters = {
		since: options.since === undefined ? undefined : await readTime(ledger.git, options.since, "first", "--since"),
		until: options.until === undefined ? undefined : await readTime(ledger.git, options.until, "last", "--until"),
		taskId: options.task === undefined ? undefined : await resolveKnownTaskId(ledger, options.task, onBuild),
		ops: options.op,
		actor: flags.actor ?? undefined,
	};
	const reader = ledger.openReader();
	try {
		const head = await reader.read("HEAD");
		const history = head === null ? null : await openHistory(ledger, head.oid, onBuild);
		const entries = history === null ? none() : readLog(ledger, reader, history, filters);
		const warnings: Notice[] = [];
		if (history?.cut === true) {
			const message = "This clone is shallow: what is older is not here.";
			warnings.push({ code: "history_cut", message, hint: "git fetch --unshallow" });
		}
		const limit = options.limit ?? Number.POSITIVE_INFINITY;
		if (flags.json) return await streamed(context, entries, limit, warnings);
		const shown = await first(entries, flags.plain ? limit : (options.limit ?? SHOWN));
		return {
			kind: "log",
			data: shown.entries,
			warnings,
			human: (style) => {
				if (shown.entries.length === 0) return "Nothing has been done yet that fits.\n";
				const more = shown.more && options.limit === undefined;
				return `${table(shown.entries, style)}${more ? `… older ones are left out (--limit ${SHOWN * 10})\n` : ""}`;
			},
			plain: () =>
				shown.entries.map((entry) => [
					entry.commit,
					isoTime(entry.atMs),
					entry.actor,
					entry.op,
					entry.tasks.map(({ id }) => id).join(","),
					entry.summary,
				]),
		};
	} finally {
		reader.close();
	}
}

async function* none(): AsyncGenerator<LogEntry> {}

async function first(
	entries: AsyncGenerator<LogEntry>,
	limit: number,
): Promise<{ readonly entries: LogEntry[]; readonly more: boolean }> {
	const taken: LogEntry[] = [];
	for await (const entry of entries) {
		if (taken.length >= limit) return { entries: taken, more: true };
		taken.push(entry);
	}
	return { entries: taken, more: false };
}

/** One document as every command's, but written as it is read: a log of any length needs no room. */
async function streamed(
	{ io }: CommandContext,
	entries: AsyncGenerator<LogEntry>,
	limit: number,
	warnings: readonly Notice[],
): Promise<CommandResult> {
	const envelope = prettyJson({ schemaVersion: 1, kind: "log", data: [], warnings });
	const inside = envelope.indexOf("[]") + 1;
	let text = envelope.slice(0, inside);
	let count = 0;
	for await (const entry of entries) {
		if (count >= limit || io.stdout.closed) break;
		text += `${count === 0 ? "" : ","}\n    ${prettyJson(entry, 2)}`;
		count += 1;
		if (count % AT_ONCE > 0) continue;
		io.stdout.write(text);
		text = "";
	}
	io.stdout.write(`${text}${count === 0 ? "" : "\n  "}${envelope.slice(inside)}\n`);
	return { kind: "log", data: null, human: () => "", streamed: true };
}

/** In a narrow terminal without who and the ids, so that there is room for what was done. */
function table(entries: readonly LogEntry[], style: Style): string {
	const isNarrow = style.width < ROOM_FOR_ALL;
	const rows = entries.map(({ commit, atMs, actor, op, derived, tasks, summary }) => [
		{ text: commit.slice(0, 8), paint: style.yellow },
		{
			text: isoTime(atMs)
				.slice(0, isNarrow ? 10 : 16)
				.replace("T", " "),
			paint: style.dim,
		},
		...(isNarrow ? [] : [actor]),
		{ text: derived ? `${op}?` : op, paint: style.bold },
		...(isNarrow ? [] : [tasks.length > 1 ? `${tasks[0]?.id} +${tasks.length - 1}` : (tasks[0]?.id ?? "-")]),
		whatText(tasks.length === 1 ? (tasks[0]?.title ?? "") : "", summary),
	]);
	const columns = [
		{ title: "COMMIT" },
		{ title: "WHEN" },
		...(isNarrow ? [] : [{ title: "WHO", flexible: true }]),
		{ title: "OP" },
		...(isNarrow ? [] : [{ title: "TASK" }]),
		{ title: "WHAT", flexible: true },
	];
	return renderTable(columns, rows, style);
}

/** The task's title and what was done, the title once. */
function whatText(title: string, summary: string): string {
	if (title === "" || summary.includes(`"${title}"`)) return summary;
	return summary === "" ? title : `${title}: ${summary}`;
}
