// Whether runs, worktrees, runners and approvals are as they should be.
// Invariant: looking changes nothing and starts nothing but the shipped runners' own probes.
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Finding, type HealthCheck, healthCheck, problem, warning } from "../core/health.ts";
import { isTaskId } from "../core/ids.ts";
import { listWorktrees } from "../git/worktree.ts";
import { taskHome } from "../ledger/archive/archive-places.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { readReceipt, runIdsOf } from "../ledger/runs/runs.ts";
import { readTask, taskIds } from "../ledger/task/store.ts";
import { AUTO } from "../runners/auto.ts";
import type { Registry } from "../runners/registry.ts";
import { type PermissionOptions, permissionOf } from "./permission/permission.ts";
import { AUTO_ORDER, isChoosable, noneWorks } from "./probe/auto-runner.ts";
import { isUsable, probeRunners, type RunnerState } from "./probe/runner-probe.ts";
import { listClaims } from "./run/claim.ts";

/** Live runs, and such as lost their process. */
export function checkClaims(ledger: Ledger): Promise<HealthCheck> {
	return healthCheck("claims", () => {
		const folder = join(ledger.workspace.stateDir, "claims");
		const files = existsSync(folder) ? readdirSync(folder).filter((name) => /^tsk_.*\.json$/.test(name)) : [];
		const claims = listClaims(ledger.workspace.stateDir, ledger.now()).map(({ claim, owner }) => {
			const { taskId, runId, phase, identity, startedAtMs } = claim;
			return { taskId, runId, phase, owner, pid: identity.pid, host: identity.host, startedAtMs };
		});
		const findings: Finding[] = claims
			.filter(({ owner }) => owner === "dead")
			.map(({ runId }) =>
				warning(
					`The run ${runId} lost its process.`,
					"The next command collects and records its work; try `msgcode run list`.",
				),
			);
		if (claims.length < files.length) {
			findings.push(problem(`${files.length - claims.length} of the files in ${folder} cannot be read.`, UNREADABLE));
		}
		const live = claims.filter(({ owner }) => owner !== "dead").length;
		return { summary: `${live} live run${live === 1 ? "" : "s"}`, findings, details: { claims } };
	});
}

/** The folders below worktrees/ beside what git knows of them. */
export function checkWorktrees(ledger: Ledger): Promise<HealthCheck> {
	return healthCheck("worktrees", async () => {
		const { root, stateDir } = ledger.workspace;
		const home = join(root, "worktrees");
		const known = (await listWorktrees(ledger.git)).filter(({ path }) => dirname(path) === home);
		const folders = existsSync(home) ? readdirSync(home).filter(isTaskId) : [];
		const live = new Set(listClaims(stateDir, ledger.now()).map(({ claim }) => claim.taskId));
		const refs = await runRefs(ledger);
		const findings: Finding[] = folders
			.filter((name) => !known.some(({ path }) => basename(path) === name))
			.map((name) => warning(`worktrees/${name} is no worktree that git knows.`, `Look at ${join(home, name)}.`));
		const worktrees = known.map(({ path, branch, prunable }) => {
			const taskId = basename(path);
			const recordedBy = lastRecorded(root, taskId, refs);
			if (prunable) {
				findings.push(warning(`The folder of worktrees/${taskId} is gone, git's record of it is not.`, PRUNE));
			} else if (!isTaskId(taskId) || taskHome(root, taskId) === null) {
				findings.push(warning(`worktrees/${taskId} belongs to no task here.`, `Look at ${path}.`));
			} else if (recordedBy === null && !live.has(taskId)) {
				const hint = `Look at ${path}; \`msgcode task worktree list\` tells what it holds.`;
				findings.push(warning(`No run has recorded the work in worktrees/${taskId}.`, hint));
			}
			return { taskId, branch, prunable, live: live.has(taskId), recordedBy };
		});
		return {
			summary: `${worktrees.length} worktree${worktrees.length === 1 ? "" : "s"}`,
			findings,
			details: { worktrees },
		};
	});
}

const UNREADABLE = "Where no run of the task is alive (`msgcode run list`), move the file away.";
const PRUNE = "msgcode task worktree prune";

/** Which runners could be started. That one of the shipped agents is absent is no fault; services that nobody relies on are not asked. */
export function checkRunners(ledger: Ledger, registry: Registry, defaultRunner: string | null): Promise<HealthCheck> {
	return healthCheck("runners", async () => {
		const runners = await probeRunners(registry.list(), {
			env: ledger.env,
			services: defaultRunner === AUTO ? AUTO_ORDER : [defaultRunner ?? ""],
		});
		const findings = runners.flatMap((runner) => runnerFindings(runner, defaultRunner));
		const auto = runners.filter(({ id, origin }) => origin === "shipped" && AUTO_ORDER.includes(id));
		if (defaultRunner === AUTO) {
			if (!auto.some((state) => isChoosable(state, registry.find(state.id)?.capability ?? null))) {
				const { message, hint } = noneWorks(auto);
				findings.push(problem(message, hint));
			}
		} else if (defaultRunner !== null && !runners.some(({ id }) => id === defaultRunner)) {
			findings.push(
				problem(`runner.default names ${defaultRunner}, which is no runner here.`, "Correct it in msgcode.toml."),
			);
		}
		const usable = runners.filter(isUsable).map(({ id }) => id);
		return { summary: `usable: ${usable.join(", ")}`, findings, details: { runners } };
	});
}

function runnerFindings(runner: RunnerState, defaultRunner: string | null): Finding[] {
	const { id, origin, installed, authenticated, works, problem: wrong, notes, fixHint } = runner;
	const grave = id === "shell" || id === defaultRunner ? problem : warning;
	const hint = fixHint[0] ?? null;
	if (wrong !== null) return [grave(`The runner ${id}: ${wrong}`, hint)];
	if (origin === "shipped" && id !== defaultRunner) return [];
	if (installed === "no") return [grave(`The program of the runner ${id} is not installed.`, hint)];
	if (authenticated === "no") return [grave(`The runner ${id} is not signed in.`, hint)];
	return works === "no" ? [grave([`The runner ${id} does not work.`, ...notes].join(" "), hint)] : [];
}

/** Tasks that wait for `task approve` on this machine. */
export function checkTrust(
	ledger: Ledger,
	options: Omit<PermissionOptions, "attended" | "auto">,
	resolveAuto: () => Promise<string | null>,
): Promise<HealthCheck> {
	return healthCheck("trust", async () => {
		const { root, tasksDir } = ledger.workspace;
		const executing = taskIds(tasksDir).flatMap((id) => {
			const { definition, record } = readTask(root, id);
			const over = record !== null && (record.removed !== null || record.closed !== null);
			const nothing = definition.runner === undefined && definition.checks.length === 0;
			return over || nothing ? [] : [{ id, definition }];
		});
		const usesAuto = executing.some(({ definition: { runner } }) => (runner?.kind ?? options.defaultRunner) === AUTO);
		const basis = { ...options, attended: true, auto: usesAuto ? await resolveAuto() : null };
		const held = executing
			.filter(({ id, definition }) => !permissionOf(ledger, id, definition, basis).approved)
			.map(({ id }) => id);
		const count = `${held.length} task${held.length === 1 ? " is" : "s are"} held`;
		const findings =
			held.length === 0
				? []
				: [warning(`${count}: nobody has approved here what they would execute.`, `msgcode task approve ${held[0]}`)];
		return { summary: "no task is held", findings, details: { held } };
	});
}

async function runRefs(ledger: Ledger): Promise<ReadonlySet<string>> {
	const result = await ledger.git(["for-each-ref", "--format=%(refname)", "refs/msgcode/runs/"]);
	return new Set(result.stdout.toString("utf8").split("\n"));
}

/** The newest run of the task whose result hangs on a ref. Cheap: the folder itself is not looked into. */
function lastRecorded(root: string, taskId: string, refs: ReadonlySet<string>): string | null {
	const last = runIdsOf(root, taskId)
		.reverse()
		.find((runId) => readReceipt(root, taskId, runId)?.mode === "worktree");
	if (last === undefined) return null;
	const receipt = readReceipt(root, taskId, last);
	return receipt?.noChanges === true || refs.has(receipt?.ref ?? "") ? last : null;
}
