// Tasks, and records of tasks, that history holds and the checkout has no more.
// Invariant: what a revert or a command took out is not lost; a task that was only proposed, without a record, is nobody's loss.
import type { CommitFacts } from "../ledger/history/commit-facts.ts";
import { definitionPath, RUN_FILES, recordPath, taskPath } from "../ledger/paths.ts";
import { kindOf } from "./commit-kind.ts";
import { type Finding, finding } from "./finding.ts";
import type { WalkedCommit } from "./history-walk.ts";
import type { Look } from "./look.ts";

export async function lostTasks({ ledger, snapshot, history, head }: Look): Promise<Finding[]> {
	const { held, takenBack } = recordsOfHistory(history.commits);
	const runs = [...snapshot.runs.values()].filter(({ names }) => RUN_FILES.some((name) => names.has(name)));
	const withRuns = new Set(runs.map(({ taskId }) => taskId));
	const inHead = new Set([...head.files.keys()].map((path) => taskPath(path)?.taskId));
	const sparse = await ledger.git(["config", "--type=bool", "--get", "core.sparseCheckout"], { accept: [0, 1] });
	const isSparse = sparse.stdout.toString("utf8").trim() === "true";
	const isLeftOut = (id: string) => isSparse && inHead.has(id) && !snapshot.tasks.has(id);
	const lost = [...held].flatMap(([taskId, removal]): Finding[] => {
		if (takenBack.has(taskId)) return [];
		const task = snapshot.tasks.get(taskId);
		const commit = removal === null ? {} : { commit: removal };
		if (task === undefined) {
			// Its runs are told to be without a task, which says the same.
			if (withRuns.has(taskId) || isLeftOut(taskId)) return [];
			const file = definitionPath(taskId);
			const message = `${taskId} is in history, and neither of its files is here.`;
			const had = removal !== null ? `${removal.slice(0, 12)}~1` : inHead.has(taskId) ? "HEAD" : null;
			const hint =
				had === null
					? `See where it went: git log --all --stat -- ${file}`
					: `Bring it back: msgcode task rollback ${taskId} --to ${had}`;
			return [finding("task_lost", { file, taskId, ...commit, message, hint })];
		}
		const isThere = task.record !== null || task.recordText !== null;
		if (isThere || task.diagnostics.some(({ file }) => file.endsWith(".json"))) return [];
		const file = recordPath(taskId);
		const message = `The record of ${taskId} is in history, and it is not here: the task is taken for a new one.`;
		return [
			finding("record_lost", { file, taskId, ...commit, message, hint: `See where it went: git log -- ${file}` }),
		];
	});
	const leftOut = [...held.keys()].filter(isLeftOut).length;
	return leftOut === 0 ? lost : [...lost, sparseFinding(leftOut)];
}

function sparseFinding(count: number): Finding {
	const tasks = count === 1 ? "1 task of HEAD is" : `${count} tasks of HEAD are`;
	return finding("check_incomplete", {
		message: `The checkout is sparse: ${tasks} not in the folder, and so not judged.`,
		hint: "Take tasks/ into the checkout as a whole: git sparse-checkout disable",
	});
}

interface RecordsOfHistory {
	/** Tasks whose record some commit holds, with the last commit that took it out. */
	readonly held: ReadonlyMap<string, string | null>;
	/** Tasks whose record a revert or a command took out at any time: which of two branches came last is not asked. */
	readonly takenBack: ReadonlySet<string>;
}

function recordsOfHistory(commits: readonly WalkedCommit[]): RecordsOfHistory {
	const held = new Map<string, string | null>();
	const takenBack = new Set<string>();
	for (const commit of commits) {
		const [written, removed] = [new Set<string>(), new Set<string>()];
		for (const { path, after } of commit.changes) {
			const place = taskPath(path);
			if (place?.kind === "record") (after === null ? removed : written).add(place.taskId);
		}
		for (const id of written) held.set(id, null);
		for (const id of removed) {
			// Else it was moved.
			if (written.has(id)) continue;
			held.set(id, commit.facts.oid);
			if (isTakingBack(commit)) takenBack.add(id);
		}
	}
	return { held, takenBack };
}

function isTakingBack(commit: WalkedCommit): boolean {
	return kindOf(commit) === "taking-back" || tellsOfRevert(commit.facts);
}

/** As a squash leaves it: the messages of its commits stand in its own. */
function tellsOfRevert({ subject, body }: CommitFacts): boolean {
	return /^(?:Revert|Reapply) "/.test(subject) || /^[ \t*]*(?:This reverts commit [0-9a-f]{7}|Revert ")/m.test(body);
}
