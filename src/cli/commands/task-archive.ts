// `msgcode task archive`: closed tasks leave the live folder; every command that reads still finds them.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { App } from "../../app.ts";
import { formatDuration, parseDuration } from "../../core/clock.ts";
import { MsgcodeError } from "../../core/errors.ts";
import {
	type Archived,
	archiveTasks,
	dueTasks,
	previewArchive,
	refuseToArchive,
} from "../../engine/archive/archive-tasks.ts";
import { taskHome } from "../../ledger/archive/archive-places.ts";
import { LIVE, runsFolder } from "../../ledger/paths.ts";
import { resolveTaskId } from "../../ledger/task/store.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { visible } from "../terminal-text.ts";

interface Options {
	readonly olderThan?: string;
}

/** Tasks that are listed one by one; more are only counted. */
const SHOWN = 20;

export async function run(context: CommandContext, args: readonly string[], options: Options): Promise<CommandResult> {
	const app = await openFor(context, "task archive");
	if (args.length > 0 && options.olderThan !== undefined) {
		throw new MsgcodeError("usage", "--older-than chooses tasks by age; a task that is named goes whatever its age.", {
			hint: "msgcode task archive --help",
		});
	}
	const named = [...new Set(args.map((word) => resolveTaskId(app.workspace.tasksDir, word)))];
	const live = named.filter((id) => isPartlyLive(app.workspace.root, id));
	for (const id of live) refuseToArchive(app.ledger, id);
	const age = named.length > 0 ? null : ageOf(app, options);
	const ids = age === null ? live : await dueTasks(app.ledger, age);
	const { dryRun } = context.flags;
	const done: Archived = dryRun
		? { ...previewArchive(app.ledger, ids), commits: [] }
		: await archiveTasks(app.ledger, ids, { edited: age === null });
	const { archived, kept, commits } = done;
	return {
		kind: "task.archive",
		data: { ...(dryRun ? { dryRun } : {}), olderThanMs: age, archived, kept, commits },
		warnings: kept.map(({ id, reason }) => ({
			code: "task_kept",
			message: `${id} stays in the live folder: ${reason}`,
		})),
		human: (style) => {
			if (archived.length === 0) return nothingText(age, named.length > live.length);
			const shown = archived.slice(0, SHOWN).map(({ id, title, home }) => {
				return `${style.bold(id)}  ${style.dim(home)}  ${visible(title)}\n`;
			});
			const more = archived.length > SHOWN ? `… and ${archived.length - SHOWN} more\n` : "";
			const count = `${archived.length} task${archived.length === 1 ? "" : "s"}`;
			const how = commits.length > 1 ? `, in ${commits.length} commits` : "";
			return `${shown.join("")}${more}${dryRun ? `Would archive ${count}.` : `Archived ${count}${how}.`}\n`;
		},
		plain: () => archived.map(({ id, home, title }) => [id, home, title]),
		...(archived.length > 0 && !dryRun ? { next: "msgcode task list --archived" } : {}),
	};
}

function isPartlyLive(root: string, id: string): boolean {
	return taskHome(root, id) === LIVE || existsSync(join(root, runsFolder(id)));
}

function ageOf(app: App, { olderThan }: Options): number {
	const age = olderThan === undefined ? app.settings.ledger.archive_after : parseDuration(olderThan);
	if (age !== "off") return age;
	throw new MsgcodeError("usage", "ledger.archive_after is off, so no task is due by itself.", {
		hint: "Name tasks, or say how old: msgcode task archive --older-than 30d",
	});
}

function nothingText(age: number | null, wereArchived: boolean): string {
	if (age !== null) return `No task was closed more than ${formatDuration(age)} ago.\n`;
	return wereArchived ? "Archived already.\n" : "Nothing to archive.\n";
}
