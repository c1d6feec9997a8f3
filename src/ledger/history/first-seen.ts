// When a task began that is a Markdown file alone, and so has no record that says it.
// Invariant: what git's history says counts before what the checkout's files say; history is gone through once for a list.
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { dateable } from "../../core/clock.ts";
import { once } from "../../core/lazy.ts";
import { taskHome } from "../archive/archive-places.ts";
import type { Ledger } from "../ledger.ts";
import { definitionPath, LIVE, recordPath } from "../paths.ts";

/** When git first saw a task; the time of its file while git has not seen it. Epoch ms. */
export type FirstSeen = (taskId: string) => Promise<number>;

/** Reads the history at the first question and answers every further one from that. */
export function firstSeenIn(ledger: Ledger): FirstSeen {
	const inHistory = once(() => firstTimes(ledger));
	return async (taskId) => (await inHistory()).get(taskId) ?? fileTime(ledger, taskId);
}

async function firstTimes(ledger: Ledger): Promise<ReadonlyMap<string, number>> {
	const times = new Map<string, number>();
	const reader = ledger.openReader();
	try {
		const head = await reader.read("HEAD");
		if (head === null) return times;
		// Few lists hold such a task.
		const [{ openHistory, tasksTouchedBy }, { allFilesAt }] = await Promise.all([
			import("./history-walk.ts"),
			import("./task-at.ts"),
		]);
		const history = await openHistory(ledger, head.oid);
		for (const commit of history.newestFirst()) {
			// Where a shallow clone ends, everything that is there is first seen there.
			const ids =
				commit.row === null
					? (await allFilesAt(ledger, reader, commit.oid)).map(({ id }) => id)
					: tasksTouchedBy(history, commit);
			for (const id of ids) times.set(id, dateable(commit.seconds * 1000));
		}
		return times;
	} finally {
		reader.close();
	}
}

function fileTime({ workspace: { root }, now }: Ledger, taskId: string): number {
	const home = taskHome(root, taskId) ?? LIVE;
	for (const path of [definitionPath(taskId, home), recordPath(taskId, home)]) {
		const stat = lstatSync(join(root, path), { throwIfNoEntry: false });
		if (stat !== undefined) return Math.floor(stat.mtimeMs);
	}
	return Math.floor(now());
}
