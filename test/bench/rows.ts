// The rows of the benchmark: each measures one promise against its floor.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { COMMITS, TASKS, workspaceWithHistory } from "./long-history.ts";
import { alternate, median, runProgram } from "./measure.ts";
import { type BenchWorkspace, BIN, NODE, objectBytes, workspaceWith } from "./workspace.ts";

export interface Row {
	readonly what: string;
	readonly measured: string;
	readonly floor: string;
	readonly must: string;
	readonly reached: boolean;
}

export const bare = (workspace: BenchWorkspace) => () =>
	void runProgram([NODE, "-e", "0"], workspace.path, workspace.env);

export function ratioRow(what: string, ms: number, floorMs: number, floorName: string, limit: number): Row {
	const ratio = ms / floorMs;
	return {
		what,
		measured: `${ms.toFixed(1)} ms = ${ratio.toFixed(2)} ×`,
		floor: `${floorName} ${floorMs.toFixed(1)} ms`,
		must: `≤ ${limit} ×`,
		reached: ratio <= limit,
	};
}

export function versionRow(): Row {
	const workspace = workspaceWith(0);
	const timed = alternate(40, { bare: bare(workspace), version: () => void workspace.msgcode("--version") });
	return ratioRow("`--version`", median(timed.version), median(timed.bare), "bare node", 1.4);
}

export function showRows(): Row[] {
	return [100, 100_000].map((count) => {
		const workspace = workspaceWith(count);
		const id = workspace.ids[Math.floor(count / 2)] as string;
		const timed = alternate(25, { bare: bare(workspace), show: () => void workspace.msgcode("task", "show", id) });
		return ratioRow(
			`\`task show <full id>\`, ${count.toLocaleString("en")} tasks`,
			median(timed.show),
			median(timed.bare),
			"bare node",
			2,
		);
	});
}

/** Backlog.md 1.52 took 1,433 ms for the list of 5,000 tasks on a 2-core machine on which bare Node 20 took 47 ms. */
const BACKLOG_LIST_RATIO = 1433 / 47;

export function listRow(): Row {
	const workspace = workspaceWith(5_000);
	workspace.msgcode("task", "list", "--json");
	runProgram(["sleep", "0.2"], workspace.path, workspace.env);
	workspace.msgcode("task", "list", "--json");
	const timed = alternate(20, { bare: bare(workspace), list: () => void workspace.msgcode("task", "list", "--json") });
	const row = ratioRow(
		"`task list --json`, 5,000 tasks, every file's stat checked",
		median(timed.list),
		median(timed.bare),
		"bare node",
		3.5,
	);
	const faster = BACKLOG_LIST_RATIO / (median(timed.list) / median(timed.bare));
	return {
		...row,
		measured: `${row.measured}; ${faster.toFixed(1)} × faster than Backlog.md's, each against its own bare node`,
	};
}

/** A task's two files added and committed with git's porcelain, as a careful person would. */
function addByHand(workspace: BenchWorkspace, number: number): void {
	const name = `tasks/byhand${number}`;
	writeFileSync(join(workspace.path, `${name}.md`), "---\ntitle: x\n---\n");
	writeFileSync(join(workspace.path, `${name}.json`), "{}\n");
	workspace.git("-c", "core.fsync=all", "add", `${name}.md`, `${name}.json`);
	workspace.git("-c", "core.fsync=all", "commit", "-q", "-m", "add a task", "--", `${name}.md`, `${name}.json`);
}

export function addRow(count: number): Row {
	const workspace = workspaceWith(count);
	let number = 0;
	const timed = alternate(count === 0 ? 25 : 12, {
		bare: bare(workspace),
		byHand: () => addByHand(workspace, number++),
		add: () => void workspace.msgcode("task", "add", "A task", "--prompt", "Do it."),
	});
	const floor = median(timed.bare) + median(timed.byHand);
	const what = count === 0 ? "`task add` with its commit" : `the same at ${count.toLocaleString("en")} tasks`;
	return ratioRow(what, median(timed.add), floor, "bare node + git add, git commit", count === 0 ? 1.5 : 2);
}

/** Reading a history of 50,000 commits: once for the first time, then as it is from then on. */
export function historyRows(): Row[] {
	const workspace = workspaceWithHistory();
	const id = workspace.ids[Math.floor(TASKS / 2)] as string;
	const startedAt = performance.now();
	workspace.msgcode("log", "-n", "1");
	const firstMs = performance.now() - startedAt;
	const rev = workspace.git("rev-list", "--first-parent", `--skip=${COMMITS / 2}`, "-n", "1", "HEAD").trim();
	const timed = alternate(20, {
		bare: bare(workspace),
		taskLog: () => void workspace.msgcode("task", "log", id),
		showAt: () => void workspace.msgcode("task", "show", id, "--at", rev),
		log: () => void workspace.msgcode("log", "-n", "50"),
	});
	const floor = median(timed.bare);
	const size = `${COMMITS.toLocaleString("en")} commits, ${TASKS.toLocaleString("en")} tasks`;
	return [
		ratioRow(`\`task log <id>\`, ${size}`, median(timed.taskLog), floor, "bare node", 15),
		ratioRow(`\`task show <id> --at <rev>\`, ${size}`, median(timed.showAt), floor, "bare node", 15),
		ratioRow(`\`log -n 50\`, ${size}`, median(timed.log), floor, "bare node", 6),
		{
			what: `the first look at that history, which makes its index`,
			measured: `${(firstMs / 1000).toFixed(1)} s`,
			floor: "-",
			must: "stated",
			reached: true,
		},
	];
}

export function parallelRow(): Row {
	const workspace = workspaceWith(0);
	const commits = Number(workspace.git("rev-list", "--count", "HEAD"));
	const script = Array.from(
		{ length: 20 },
		(_, n) => `"${NODE}" "${BIN}" task add "Task ${n}" --prompt x >/dev/null &`,
	).join("\n");
	const startedAt = performance.now();
	runProgram(["sh", "-c", `${script}\nwait`], workspace.path, workspace.env);
	const ms = performance.now() - startedAt;
	const made = Number(workspace.git("rev-list", "--count", "HEAD")) - commits;
	const tasks = workspace
		.git("ls-tree", "--name-only", "HEAD", "tasks/")
		.split("\n")
		.filter((name) => /tsk_.*\.md$/.test(name)).length;
	return {
		what: "20 parallel adds in one clone",
		measured: `${tasks} tasks, ${made} commits, ${(ms / 1000).toFixed(2)} s`,
		floor: "Backlog.md 1.52: 4.6 s",
		must: "20 tasks, 20 commits, ≤ 1.5 s",
		reached: tasks === 20 && made === 20 && ms <= 1500,
	};
}

/** What a person would script: a worktree, the command in it, its changes as a tree, commit and patch, its files committed, the worktree gone. */
const RUN_BY_HAND = `set -e
id=$1
git status --porcelain >/dev/null
git for-each-ref >/dev/null
git worktree add -q --no-track --lock -b "run/$id" "worktrees/$id" HEAD
base=$(git rev-parse HEAD)
( cd "worktrees/$id" && true )
export GIT_INDEX_FILE="$PWD/.git/run-$id.index"
( cd "worktrees/$id" && git read-tree HEAD && git add -A && git write-tree >"../../.git/run-$id.tree" )
tree=$(cat ".git/run-$id.tree")
commit=$(git commit-tree "$tree" -p "$base" -m "result of $id")
git update-ref "refs/runs/$id" "$commit"
mkdir -p "runs/$id"
git diff-tree -r -p --binary --full-index -M --output="runs/$id/patch.diff" "$base" "$tree"
git read-tree "$base"
test -s "runs/$id/patch.diff" && git apply --cached "runs/$id/patch.diff"
test "$(git write-tree)" = "$tree"
rm -f "$GIT_INDEX_FILE"
unset GIT_INDEX_FILE
git status --porcelain >/dev/null
git for-each-ref >/dev/null
sha256sum "runs/$id/patch.diff" >"runs/$id/receipt"
git -c core.fsync=all add "runs/$id"
git -c core.fsync=all commit -q -m "run $id" -- "runs/$id"
git worktree unlock "worktrees/$id"
git worktree remove "worktrees/$id"
git branch -q -D "run/$id"
`;

export function runRow(): Row {
	const workspace = workspaceWith(0);
	writeFileSync(join(workspace.path, ".git", "info", "exclude"), "worktrees/\n");
	writeFileSync(
		join(workspace.path, ".git", "run-by-hand.sh"),
		RUN_BY_HAND.replace('test -s "runs/$id/patch.diff" && git apply', 'test ! -s "runs/$id/patch.diff" || git apply'),
	);
	const id = /tsk_[0-9a-z]{10}/.exec(
		workspace.msgcode("task", "add", "Nothing", "--runner", "shell", "--", "true"),
	)?.[0] as string;
	let number = 0;
	const timed = alternate(12, {
		bare: bare(workspace),
		byHand: () => void runProgram(["sh", ".git/run-by-hand.sh", `r${number++}`], workspace.path, workspace.env),
		run: () => void workspace.msgcode("task", "run", id),
	});
	return ratioRow(
		"`task run` of `true` in a worktree",
		median(timed.run),
		median(timed.byHand),
		"a shell script with the same git work",
		1.6,
	);
}

export function growthRow(): Row {
	const workspace = workspaceWith(500);
	const before = objectBytes(workspace);
	const commands = 20;
	for (let i = 0; i < commands; i += 1)
		workspace.msgcode("task", "edit", workspace.ids[i * 7] as string, "--priority", "9");
	const kilobytes = (objectBytes(workspace) - before) / commands / 1024;
	return {
		what: "repository growth per command at 500 live tasks",
		measured: `${kilobytes.toFixed(1)} KB of loose objects`,
		floor: "-",
		must: "≤ 40 KB",
		reached: kilobytes <= 40,
	};
}
