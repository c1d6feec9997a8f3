// Tasks that a merge left in the wrong home: archived on one side and opened again on the other, or standing in two places.
// Invariant: files move as they are; two that differ are told, and neither is taken for the right one.
import { archiveHomes, taskHomes, taskIdsIn } from "../archive/archive-places.ts";
import { archivedHomes, planMoves, withHome } from "../archive/move-home.ts";
import { definitionPath, LIVE, recordPath } from "../paths.ts";
import { readTask } from "../task/store.ts";
import type { Fix, FixGround, FixKind, Undecided } from "./fix.ts";
import { plainContent } from "./task-files.ts";

export const archivedOpen: FixKind = {
	code: "archived_open",
	wrong: "an archived task that is open: archived on one side of a merge, opened again on the other",
	mended: "it is moved back to `tasks/` with its runs",
	async find(ground) {
		const { root } = ground.ledger.workspace;
		const fixes: Fix[] = [];
		for (const taskId of archivedIds(root)) {
			const [home, ...others] = taskHomes(root, taskId);
			if (home === undefined || home === LIVE || others.length > 0 || isUnmerged(ground, taskId, home)) continue;
			const { record, diagnostics } = readTask(root, taskId);
			if (record === null || record.closed !== null || record.removed !== null || diagnostics.length > 0) continue;
			if (record.status !== "open" && record.status !== "blocked") continue;
			const message = `${taskId} is ${record.status}, and stands in ${home}.`;
			const why = "An open task belongs into tasks/; its files move as they are.";
			fixes.push(await homeFix(ground, taskId, { message, why, summary: "bring an open task back from the archive" }));
		}
		return { fixes, undecided: [] };
	},
};

export const twoHomes: FixKind = {
	code: "two_homes",
	wrong: "a task that stands in `tasks/` and in the archive",
	mended: "where the copies are the same the archived one goes, and what only it has moves to `tasks/`",
	async find(ground) {
		const { ledger, view } = ground;
		const { root } = ledger.workspace;
		const fixes: Fix[] = [];
		const undecided: Undecided[] = [];
		for (const taskId of archivedIds(root)) {
			const homes = taskHomes(root, taskId);
			if (homes.length < 2 || homes.some((home) => isUnmerged(ground, taskId, home))) continue;
			const moves = archivedHomes(root, taskId).map((from) => ({ id: taskId, from, to: LIVE }));
			const planned = await planMoves(ledger, view, moves);
			const moving = new Set(planned.flatMap(({ files }) => files.map(({ source }) => source)));
			const different = homes
				.filter((home) => home !== LIVE)
				.flatMap((home) => [definitionPath(taskId, home), recordPath(taskId, home)])
				.filter((path) => plainContent(root, path) !== null && !moving.has(path));
			const message = `${taskId} stands in ${homes.join(" and in ")}`;
			if (different.length > 0 || homes.length > 2 || homes[0] !== LIVE) {
				undecided.push({
					taskId,
					file: different[0] ?? definitionPath(taskId, homes[1]),
					message: `${message}, and the copies differ.`,
					fields: different,
					hint: "Compare them, bring what is right into one of them, and take the other out with git.",
				});
				continue;
			}
			const why = "Both copies are the same, byte for byte; what only the archive has is moved, not dropped.";
			fixes.push(
				await homeFix(ground, taskId, { message: `${message}.`, why, summary: "keep one of two copies of a task" }),
			);
		}
		return { fixes, undecided };
	},
};

function archivedIds(root: string): string[] {
	return [...new Set(archiveHomes(root).flatMap((home) => taskIdsIn(root, home)))].sort();
}

function isUnmerged({ unmerged }: FixGround, taskId: string, home: string): boolean {
	return unmerged.has(definitionPath(taskId, home)) || unmerged.has(recordPath(taskId, home));
}

async function homeFix(
	{ ledger, view }: FixGround,
	taskId: string,
	words: Pick<Fix, "message" | "why" | "summary">,
): Promise<Fix> {
	const moved = await withHome(ledger, view, taskId, []);
	const writes = moved.map(({ path, content }) => ({ path, seen: view.working(path), content }));
	return { ...words, taskId, file: definitionPath(taskId), writes };
}
