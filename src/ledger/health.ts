// Whether a workspace, its ledger, its locks and what waits to be committed are sound.
// Invariant: looking changes nothing but tasks/index.json, which is derived; every finding names the file and the way out.
import { accessSync, constants, existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formatDuration, isoTime } from "../core/clock.ts";
import { type Finding, type HealthCheck, healthCheck, problem, warning } from "../core/health.ts";
import { isAbandoned, sightLock } from "../core/lock-file.ts";
import { isLeftoverTemporary } from "../core/temporary-files.ts";
import { taskHome } from "./archive/archive-places.ts";
import { listPending } from "./change/pending.ts";
import { FIX_HINT } from "./fixes/fix.ts";
import { ATTRIBUTES, excludeLines, IGNORED } from "./init-workspace.ts";
import type { Ledger } from "./ledger.ts";
import { differingTasks } from "./listing/stale-index.ts";
import { readSummaries } from "./listing/task-index.ts";
import { driverState } from "./merge/merge-driver.ts";
import { parseMessage } from "./message.ts";
import { INDEX_FILE, rightTaskFileName } from "./paths.ts";
import { examineRunLog } from "./runs/run-log-health.ts";
import { recordContradiction } from "./task/record-contradiction.ts";
import type { TaskSummary } from "./task/task-view.ts";

/** How many findings of one kind are listed. */
const SHOWN = 100;

/** The marker (read when the workspace was opened) and the lines that git needs beside it. */
export function checkWorkspace({ workspace, git }: Ledger): Promise<HealthCheck> {
	return healthCheck("workspace", async () => {
		const wanted: [string, string, readonly string[]][] = [
			["tasks/.gitattributes", join(workspace.tasksDir, ".gitattributes"), ATTRIBUTES],
			["tasks/.gitignore", join(workspace.tasksDir, ".gitignore"), IGNORED],
			[".git/info/exclude", join(workspace.commonDir, "info", "exclude"), excludeLines(workspace)],
		];
		const findings: Finding[] = wanted.flatMap(([name, path, lines]) => {
			const present = new Set(existsSync(path) ? readFileSync(path, "utf8").split(/\r?\n/) : []);
			const missing = lines.filter((line) => !present.has(line));
			return missing.length === 0 ? [] : [warning(`${name} lacks: ${missing.join(", ")}`, FIX_HINT)];
		});
		const mergeDriver = await driverState(git);
		if (mergeDriver === "missing") {
			findings.push(
				warning("This clone merges task files as text: the merge driver is not registered.", "msgcode init"),
			);
		}
		for (const folder of [workspace.tasksDir, workspace.commonDir]) {
			if (!isWritable(folder))
				findings.push(problem(`${folder} cannot be written to.`, "Check its owner and permissions."));
		}
		const { root, uid, prefix } = workspace;
		return { summary: `${root} is a workspace.`, findings, details: { path: root, uid, prefix, mergeDriver } };
	});
}

/** Every task's files, runs.jsonl, and whether index.json says the same as the files. */
export function checkLedger(ledger: Ledger, isLive: (runId: string) => boolean): Promise<HealthCheck> {
	return healthCheck("ledger", async () => {
		const { root, tasksDir } = ledger.workspace;
		const indexed = existsSync(join(root, INDEX_FILE)) ? await readSummaries({ ...ledger, useIndex: true }) : null;
		const tasks = await readSummaries({ ...ledger, useIndex: false });
		const ids = new Set(tasks.map(({ id }) => id));
		const runLog = examineRunLog(root, (id) => ids.has(id) || taskHome(root, id) !== null, isLive);
		const findings: Finding[] = [
			...tasks.flatMap(taskFindings),
			...tasks.flatMap(contradiction),
			...misnamedFiles(tasksDir),
			...tasks.flatMap((task) => danglingParents(task, (id) => ids.has(id) || taskHome(root, id) !== null)),
			...runLog.findings,
			...(indexed === null ? [] : staleIndex(indexed, tasks)),
		];
		const broken = tasks.filter((task) => task.broken).map(({ id }) => id);
		return {
			summary: `${tasks.length} task${tasks.length === 1 ? "" : "s"}, ${runLog.details.runs} run${runLog.details.runs === 1 ? "" : "s"}`,
			findings: findings.slice(0, SHOWN),
			details: { tasks: tasks.length, broken, ...runLog.details, findingCount: findings.length },
		};
	});
}

/** The ledger's locks, git's index.lock, and what a killed command may have left. */
export function checkLocks(ledger: Ledger): Promise<HealthCheck> {
	return healthCheck("locks", () => {
		const { stateDir, gitDir, tasksDir } = ledger.workspace;
		const nowMs = ledger.now();
		const findings: Finding[] = [];
		const held: object[] = [];
		for (const name of ["ledger.lock", "recovery.lock"]) {
			const sighting = sightLock(join(stateDir, name));
			if (sighting === null) continue;
			const abandoned = isAbandoned(sighting, nowMs);
			const { pid = null, command = null, host = null, acquiredAtMs = null } = sighting.holder ?? {};
			held.push({ name, pid, command, host, acquiredAtMs, abandoned });
			if (abandoned)
				findings.push(warning(`${name} was left by a process that is gone (${command}, ${pid}).`, TAKEN_OVER));
		}
		const indexLock = lstatSync(join(gitDir, "index.lock"), { throwIfNoEntry: false });
		if (indexLock !== undefined) {
			const age = formatDuration(Math.max(0, nowMs - indexLock.mtimeMs));
			const hint = "If no git command runs in this checkout, the file was left by one that died and is in the way.";
			findings.push(warning(`${join(gitDir, "index.lock")} has been there for ${age}.`, hint));
		}
		const journals = namesIn(stateDir).filter((name) => /^journal.*\.json$/.test(name));
		if (journals.length > 0) {
			findings.push(warning("A command was interrupted in the middle of a change.", "The next command finishes it."));
		}
		const leftovers = [tasksDir, stateDir, ...["claims", "pending", "approvals"].map((name) => join(stateDir, name))]
			.flatMap((folder) => namesIn(folder).map((name) => ({ folder, name })))
			.filter(({ folder, name }) => isLeftoverTemporary(folder, name))
			.map(({ folder, name }) => join(folder, name));
		if (leftovers.length > 0) {
			const hint = `They hold nothing that is needed. ${FIX_HINT}`;
			findings.push(warning(`${leftovers.length} temporary files were left by processes that are gone.`, hint));
		}
		const summary = held.length === 0 ? "nobody holds a lock" : "held by a command that runs";
		return { summary, findings, details: { held, indexLock: indexLock !== undefined, journals, leftovers } };
	});
}

const TAKEN_OVER = "The next command that changes the ledger takes it over.";

/** Results of commands that ended while git was busy or the task's branch was not checked out. */
export function checkPending(ledger: Ledger): Promise<HealthCheck> {
	return healthCheck("pending", () => {
		const folder = join(ledger.workspace.stateDir, "pending");
		const names = namesIn(folder).filter((name) => /^\d.*\.json$/.test(name));
		const results = listPending(ledger.workspace.stateDir).map((pending) => {
			const { taskId = null, runId = null, op } = parseMessage(pending.message);
			const since = isoTime(Number(pending.id.split("-")[0]) || 0);
			return {
				id: pending.id,
				op,
				taskId,
				runId,
				reason: pending.reason,
				branch: pending.ref,
				commit: pending.commit,
				since,
			};
		});
		const findings: Finding[] = results.map(({ op, taskId, runId, reason, branch }) =>
			warning(
				`The result of ${op} for ${runId ?? taskId ?? "the ledger"} waits to be committed: ${reason}`,
				`It is committed by the next command on a branch that holds the task${branch === null ? "" : ` (it came on ${branch.replace("refs/heads/", "")})`}.`,
			),
		);
		if (results.length < names.length) {
			const hint =
				"Their commits hang on refs/msgcode/pending/: see them with `git for-each-ref refs/msgcode/pending`.";
			findings.push(problem(`${names.length - results.length} of the files in ${folder} cannot be read.`, hint));
		}
		return { summary: "nothing waits to be committed", findings, details: { results } };
	});
}

function taskFindings(task: TaskSummary): Finding[] {
	return task.diagnostics.map(({ severity, file, line, message, hint }) =>
		(severity === "error" ? problem : warning)(`${file}:${line}: ${message}`, hint),
	);
}

function contradiction(task: TaskSummary): Finding[] {
	const wrong = recordContradiction(task);
	if (wrong === null) return [];
	return [problem(`${task.id} ${wrong}.`, `See what it was: msgcode task log -p ${task.id}`)];
}

function misnamedFiles(tasksDir: string): Finding[] {
	const names = namesIn(tasksDir);
	return names.flatMap((name) => {
		const wrong = misnamedTaskFile(name, names);
		return wrong === null ? [] : [problem(wrong.message, wrong.hint)];
	});
}

/** `tsk_ABC….md` beside `tsk_abc….md`: two tasks here, one file where file names have no case. null for any other name. */
export function misnamedTaskFile(
	name: string,
	others: readonly string[],
): { readonly message: string; readonly hint: string } | null {
	const right = rightTaskFileName(name);
	if (right === null) return null;
	const twin = others.includes(right);
	const message = `tasks/${name} is no task file: an id is in lower case${twin ? `, and ${right} is there as well` : ""}.`;
	return { message, hint: twin ? "Compare the two, and give this one an id of its own." : FIX_HINT };
}

function danglingParents(task: TaskSummary, isTask: (id: string) => boolean): Finding[] {
	if (task.removed !== null) return [];
	return task.dependsOn
		.filter((parent) => !isTask(parent))
		.map((parent) => warning(`${task.id} depends on ${parent}, which is not here.`, `msgcode task show ${task.id}`));
}

function staleIndex(indexed: readonly TaskSummary[], tasks: readonly TaskSummary[]): Finding[] {
	const wrong = differingTasks(indexed, tasks);
	if (wrong.length === 0) return [];
	const hint = `${INDEX_FILE} is derived: \`msgcode doctor --fix\` makes it anew. Until then use --no-index.`;
	return [warning(`${INDEX_FILE} does not agree with the files (${wrong.slice(0, 5).join(", ")}).`, hint)];
}

function namesIn(folder: string): string[] {
	return existsSync(folder) ? readdirSync(folder).sort() : [];
}

function isWritable(folder: string): boolean {
	try {
		accessSync(folder, constants.W_OK);
		return true;
	} catch {
		return false;
	}
}
