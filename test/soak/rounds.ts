// The rounds of one soak worker: random commands in a repository with a user's work, random kills, and after each round
// one ordinary command, the healthy-ledger model and the model of what was printed.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FAIL_POINTS } from "../../src/core/failpoint.ts";
import { healthProblems } from "../support/crash.ts";
import { type Ended, type Ground, gitIn, headOf, killTree, plantedGround, runMsgcode } from "../support/ground.ts";
import { type Command, type Outcome, same, type TaskState, verdictOn } from "./model.ts";
import type { Random } from "./random.ts";

/** Rounds in one repository before the next one is made. */
const ROUNDS_PER_REPOSITORY = 40;
const CONCURRENT = 4;

export interface Figures {
	rounds: number;
	concurrentRounds: number;
	commands: number;
	/** Commands that printed success. */
	succeeded: number;
	killedAtPoints: number;
	killedByTime: number;
	/** The same with git and the runner, as when a container ends. */
	killedTrees: number;
	/** Lock files that git left when it was killed itself, and that its user has to remove. */
	gitLocks: number;
	/** Commands that met a full disk and said so. */
	diskFull: number;
	/** Kills of the command that recovers. */
	killedRecoveries: number;
	/** Fail points that killed a process, with the number of times. */
	readonly points: Record<string, number>;
	readonly findings: string[];
}

export function noFigures(): Figures {
	return {
		rounds: 0,
		concurrentRounds: 0,
		commands: 0,
		succeeded: 0,
		killedAtPoints: 0,
		killedByTime: 0,
		killedTrees: 0,
		gitLocks: 0,
		diskFull: 0,
		killedRecoveries: 0,
		points: {},
		findings: [],
	};
}

export interface SoakOptions {
	readonly rounds: number;
	/** performance.now() after which no further round begins. */
	readonly deadline: number;
	readonly random: Random;
	/** The built program. */
	readonly main: string;
	readonly figures: Figures;
	readonly onProgress: () => void;
}

/** Runs the rounds; stops at the first finding and leaves its repository for inspection. */
export async function soak(options: SoakOptions): Promise<void> {
	const { figures } = options;
	while (figures.rounds < options.rounds && performance.now() < options.deadline && figures.findings.length === 0) {
		const home = realpathSync(mkdtempSync(join(tmpdir(), "msgcode-soak-")));
		const ground = await plantedGround(home, options.main);
		await soakRepository(options, ground);
		if (figures.findings.length === 0) rmSync(home, { recursive: true, force: true, maxRetries: 5 });
		else figures.findings.push(`The repository is left in ${ground.path}.`);
	}
}

async function soakRepository(options: SoakOptions, ground: Ground): Promise<void> {
	const { figures, random } = options;
	let known = new Map<string, TaskState>();
	for (let round = 0; round < ROUNDS_PER_REPOSITORY; round += 1) {
		if (figures.rounds >= options.rounds || performance.now() >= options.deadline) return;
		const concurrent = random.chance(0.15);
		const commands = chooseCommands(random, known, concurrent ? CONCURRENT : 1);
		if (random.chance(0.1)) commitAsUser(ground);
		const outcomes = await Promise.all(commands.map((command) => runRound(options, ground, command)));
		figures.gitLocks += removeLocksOfGit(ground);
		const wounded = outcomes.some(({ killed }) => killed);
		const { problems, now } = await recover(options, ground, wounded);
		problems.push(...compare(commands, outcomes, known, now));
		figures.rounds += 1;
		if (concurrent) figures.concurrentRounds += 1;
		if (problems.length > 0) {
			figures.findings.push(`round ${figures.rounds}:`, ...problems);
			return;
		}
		known = now;
		options.onProgress();
	}
}

/** What git says a user has to do when a git was killed while it moved the branch. msgcode leaves these alone. */
function removeLocksOfGit(ground: Ground): number {
	const locks = ["HEAD.lock", "packed-refs.lock", "refs/heads/main.lock"].map((name) =>
		join(ground.path, ".git", name),
	);
	const left = locks.filter((path) => existsSync(path));
	for (const path of left) rmSync(path);
	return left.length;
}

/** The user commits something of their own; HEAD moves, nothing else. */
function commitAsUser(ground: Ground): void {
	const commit = gitIn(ground, "commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "by the user").trim();
	gitIn(ground, "update-ref", "refs/heads/main", commit);
}

const RUNNERS: readonly string[] = [
	"echo line >> $FILE",
	"echo line >> $FILE; exit 3",
	"echo line >> $FILE; sleep 0.2",
	"true",
	"echo line >> $FILE; setsid sleep 1000 > /dev/null 2>&1 < /dev/null & sleep 0.05",
	"echo line >> $FILE; git add --all; git commit --quiet --message mine",
];

function chooseCommands(random: Random, known: ReadonlyMap<string, TaskState>, count: number): Command[] {
	const ids = [...known.keys()];
	const commands: Command[] = [];
	for (let position = 0; position < count; position += 1) {
		const taskId = ids.length < 3 || random.chance(0.15) ? null : (ids.splice(random.below(ids.length), 1)[0] ?? null);
		commands.push(taskId === null ? addition(random) : changeOf(random, taskId, known.get(taskId) as TaskState));
	}
	return commands;
}

function addition(random: Random): Command {
	const title = `Task ${random.below(1e9)}`;
	const file = `work-${random.below(1e9)}.txt`;
	const script = random.pick(RUNNERS).replaceAll("$FILE", file);
	const checks = random.chance(0.3) ? ["--check", "true"] : [];
	const argv = ["task", "add", title, "--runner", "shell", ...checks, "--", "sh", "-c", script];
	return { kind: "add", taskId: null, argv, after: { title } };
}

function changeOf(random: Random, taskId: string, state: TaskState): Command {
	const command = (kind: Command["kind"], argv: readonly string[], after: Command["after"] = {}): Command => ({
		kind,
		taskId,
		argv: ["task", kind, taskId, ...argv],
		after,
	});
	const isOpen = state.status === "open" || state.status === "blocked";
	if (!isOpen) return command("reopen", [], { status: "open" });
	const landable = Object.entries(state.runs).some(
		([runId, status]) => status === "ok" && !state.landed.includes(runId),
	);
	if (landable && random.chance(0.5)) return command("apply", ["--yes"]);
	const dice = random.next();
	if (dice < 0.6) {
		const closes = random.chance(0.15);
		const start =
			Object.keys(state.runs).length > 0 && random.chance(0.2) ? "--continue" : random.chance(0.1) ? "--carry" : null;
		const flags = [...(closes ? ["--close"] : []), ...(start === null ? [] : [start])];
		return command("run", flags, closes ? { status: "done" } : {});
	}
	if (dice < 0.65) return command("apply", ["--yes"]);
	if (dice < 0.75) return command("close", ["--reason", "enough"], { status: "done" });
	if (dice < 0.8) return command("block", ["--reason", "waits"], { status: "blocked" });
	if (dice < 0.85) return command("approve", ["--yes"]);
	if (dice < 0.88) return command("rm", ["--yes"], { removed: true });
	const priority = 1 + random.below(10);
	if (random.chance(0.5)) return command("edit", ["--priority", String(priority)], { priority });
	const title = `Title ${random.below(1e9)}`;
	return command("edit", ["--title", title], { title });
}

/** `name:hit` of a point that the command passes, as a rule. Points that every write passes may be hit later than first. */
function choosePoint(random: Random, kind: Command["kind"] | "recovery"): string {
	const points = FAIL_POINTS.filter((point) => {
		if (point.startsWith("run.")) return kind === "run" || (kind === "recovery" && AFTER_THE_RUNNER.test(point));
		return !point.startsWith("apply.") || kind === "apply";
	});
	// A run has points of its own, and passes the others rarely enough.
	const own = points.filter((point) => point.startsWith(`${kind}.`));
	const point = own.length > 0 && random.chance(0.5) ? random.pick(own) : random.pick(points);
	const hits = point.startsWith("files.") ? (kind === "run" ? 14 : 6) : /^(ledger|index|lock)\./.test(point) ? 2 : 1;
	const full = DISK_WRITES.test(point) && random.chance(0.2) ? ":enospc" : "";
	return `${point}${full}:${1 + random.below(hits)}`;
}

/** Where a disk can be full. */
const DISK_WRITES = /^(files\.temp-written|index\.lock-written|ledger\.(objects|file)-written)$/;

/** What the end of a run that lost its process passes as well. */
const AFTER_THE_RUNNER = /^run\.(collected|patch-written|committed)$/;

async function runRound(options: SoakOptions, ground: Ground, command: Command): Promise<Outcome> {
	const { random, figures } = options;
	const dice = random.next();
	const failpoint = dice < 0.6 ? choosePoint(random, command.kind) : undefined;
	const kill = dice >= 0.6 && dice < 0.85 ? { afterMs: random.below(500), tree: random.chance(0.4) } : null;
	figures.commands += 1;
	const ended = await killable(ground, command.argv, failpoint, kill);
	const outcome = outcomeOf(ended);
	if (outcome.killed && failpoint !== undefined) {
		const [name = ""] = failpoint.split(":");
		figures.killedAtPoints += 1;
		figures.points[name] = (figures.points[name] ?? 0) + 1;
	} else if (outcome.killed && kill?.tree === true) figures.killedTrees += 1;
	else if (outcome.killed) figures.killedByTime += 1;
	else if (outcome.errorCode === "disk_full") figures.diskFull += 1;
	else if (outcome.errorCode === null) figures.succeeded += 1;
	return outcome;
}

async function killable(
	ground: Ground,
	argv: readonly string[],
	failpoint: string | undefined,
	kill: { readonly afterMs: number; readonly tree: boolean } | null,
): Promise<Ended> {
	let timer: NodeJS.Timeout | undefined;
	const ended = await runMsgcode(ground, ["--json", ...argv], {
		failpoint,
		onStart(child) {
			if (kill === null) return;
			timer = setTimeout(() => (kill.tree ? killTree(child.pid as number) : child.kill("SIGKILL")), kill.afterMs);
		},
	});
	clearTimeout(timer);
	return ended;
}

function outcomeOf(ended: Ended): Outcome {
	const killed = ended.signal === "SIGKILL";
	let document: { readonly data?: unknown; readonly error?: { readonly code: string } } = {};
	try {
		document = JSON.parse(ended.stdout);
	} catch {
		// Killed before it printed.
	}
	const complete = document.data !== undefined || document.error !== undefined;
	return {
		exitCode: ended.code,
		// Killed after it had printed: then what it printed holds.
		killed: killed && !complete,
		data: document.data ?? null,
		errorMessage: document.error === undefined ? null : JSON.stringify(document.error),
		errorCode: document.error?.code ?? (killed || complete ? null : `no document: ${ended.stdout}${ended.stderr}`),
	};
}

/** One ordinary next command, perhaps killed itself first; then everything has to be healthy and nothing may move. */
async function recover(options: SoakOptions, ground: Ground, wounded: boolean) {
	const { random, figures } = options;
	while (wounded && random.chance(0.4)) {
		const killed = await killable(ground, ["task", "list"], choosePoint(random, "recovery"), null);
		if (killed.signal === "SIGKILL") figures.killedRecoveries += 1;
	}
	const list = ["task", "list", "--all", "--removed", "--json"];
	const next = await runMsgcode(ground, list);
	if (next.code !== 0) return { problems: [`the next command failed: ${next.stdout}${next.stderr}`], now: new Map() };
	const head = headOf(ground);
	const problems = healthProblems(ground);
	if (random.chance(0.3)) {
		const checked = await runMsgcode(ground, ["fsck", "--plain"]);
		if (checked.code !== 0) problems.push(`fsck ended with ${checked.code}: ${checked.stdout}${checked.stderr}`);
	}
	if (problems.length > 0) problems.push(`the next command said: ${next.stderr}`);
	if (random.chance(0.2)) {
		const second = await runMsgcode(ground, list);
		if (second.stdout !== next.stdout) problems.push("a second list says something else");
		if (headOf(ground) !== head) problems.push("a second command made a commit");
	}
	return { problems, now: tasksIn(ground, next.stdout) };
}

function compare(
	commands: readonly Command[],
	outcomes: readonly Outcome[],
	known: ReadonlyMap<string, TaskState>,
	now: ReadonlyMap<string, TaskState>,
): string[] {
	const problems: string[] = [];
	const spokenFor = new Set<string>();
	for (const [position, command] of commands.entries()) {
		const outcome = outcomes[position] as Outcome;
		const made = [...now].filter(([id, state]) => !known.has(id) && state.title === command.after.title);
		if (command.kind === "add" && made.length > 1) problems.push(`added twice: ${command.after.title}`);
		const id = command.taskId ?? outcome.data?.id ?? made[0]?.[0];
		if (id !== undefined) spokenFor.add(id);
		problems.push(...verdictOn(command, outcome, known.get(id) ?? null, now.get(id) ?? null));
	}
	for (const id of new Set([...known.keys(), ...now.keys()])) {
		if (spokenFor.has(id)) continue;
		const before = known.get(id) ?? null;
		const after = now.get(id) ?? null;
		if (!same(before, after))
			problems.push(`${id} changed by itself: ${JSON.stringify(before)} became ${JSON.stringify(after)}`);
	}
	return problems;
}

/** The tasks as a list and the run folders tell them. */
function tasksIn(ground: Ground, listed: string): Map<string, TaskState> {
	const tasks = JSON.parse(listed).data as readonly {
		readonly id: string;
		readonly title: string;
		readonly status: string;
		readonly priority: number;
		readonly removed: unknown;
		readonly landings: readonly { readonly runId: string }[];
	}[];
	return new Map(
		tasks.map(({ id, title, status, priority, removed, landings }) => [
			id,
			{
				title,
				status,
				priority,
				removed: removed !== null,
				runs: runsOf(ground, id),
				landed: landings.map(({ runId }) => runId).sort(),
			},
		]),
	);
}

function runsOf(ground: Ground, taskId: string): Record<string, string> {
	const folder = join(ground.path, "tasks/runs", taskId);
	if (!existsSync(folder)) return {};
	return Object.fromEntries(
		readdirSync(folder).map((runId) => {
			const receipt = JSON.parse(readFileSync(join(folder, runId, "run_receipt.json"), "utf8")) as { status: string };
			return [runId, receipt.status];
		}),
	);
}

/** A copy of the built program, so that a build during the rounds changes nothing. Returns its main file. */
export function copyOfProgram(dist: string, folder: string): string {
	mkdirSync(folder, { recursive: true });
	cpSync(dist, folder, { recursive: true });
	return join(folder, "main.js");
}
