// What the ledger has to hold, known only from what was printed: before and after each command, per task.
// Invariant: a command that printed success has happened; one that was refused has not; one that was killed has happened
// whole or not at all.

export interface TaskState {
	readonly title: string;
	readonly status: string;
	readonly priority: number;
	readonly removed: boolean;
	/** Run id → status. */
	readonly runs: Readonly<Record<string, string>>;
	/** Ids of the runs that have landed. */
	readonly landed: readonly string[];
}

export type Kind = "add" | "edit" | "approve" | "close" | "reopen" | "block" | "rm" | "run" | "apply";

export interface Command {
	readonly kind: Kind;
	/** null for `add`. */
	readonly taskId: string | null;
	readonly argv: readonly string[];
	/** The state that success leads to, runs left out. */
	readonly after: Partial<Pick<TaskState, "title" | "status" | "priority" | "removed">>;
}

export interface Outcome {
	readonly exitCode: number | null;
	readonly killed: boolean;
	/** `data` of the printed document, or null. */
	// biome-ignore lint/suspicious/noExplicitAny: documents of every command
	readonly data: any;
	/** Code of the printed error, or null. */
	readonly errorCode: string | null;
	readonly errorMessage: string | null;
}

/** Refusals that rounds lead to on purpose. Every other one is a finding. */
const EXPECTED_REFUSALS = new Set([
	// The process that added or edited the task died before it noted that its user allows the command.
	"approval_required",
	"task_transition",
	"worktree_not_found",
	"nothing_to_land",
	"already_landed",
	"patch_conflict",
	"worktree_dirty",
	"run_not_found",
	"run_failed",
	"patch_withheld",
]);

/** What is wrong with a task after the command that was about it; empty when its state is one that may be. */
export function verdictOn(
	command: Command,
	outcome: Outcome,
	before: TaskState | null,
	now: TaskState | null,
): string[] {
	const text = () =>
		`${command.argv.join(" ")} → ${JSON.stringify(outcome)}: ${JSON.stringify(before)} became ${JSON.stringify(now)}`;
	// A run that met a full disk half-way is recorded by the next command, like one that was killed.
	if (outcome.errorCode === "disk_full")
		return verdictOn(command, { ...outcome, killed: true, errorCode: null }, before, now);
	if (outcome.errorCode !== null && !EXPECTED_REFUSALS.has(outcome.errorCode)) return [`unexpected refusal: ${text()}`];
	const refused = outcome.errorCode !== null;
	if (same(before, now))
		return refused || outcome.killed || isNoChange(command, before) ? [] : [`printed but not there: ${text()}`];
	if (refused) return [`refused but changed: ${text()}`];
	if (now === null) return [`lost: ${text()}`];
	const problems = happened(command, outcome, before, now);
	return problems.map((problem) => `${problem}: ${text()}`);
}

/** Success that changes nothing: an edit to what is there already. */
function isNoChange(command: Command, before: TaskState | null): boolean {
	if (before === null || command.kind === "run" || command.kind === "apply") return false;
	return Object.entries(command.after).every(([key, value]) => before[key as keyof TaskState] === value);
}

function happened(command: Command, outcome: Outcome, before: TaskState | null, now: TaskState): string[] {
	const plain = { ...(before ?? { title: "", status: "open", priority: 5, removed: false, runs: {}, landed: [] }) };
	if (command.kind === "run") return afterRun(command, outcome, plain, now);
	if (command.kind === "apply") {
		const runId = outcome.data?.runId ?? now.landed.find((id) => !plain.landed.includes(id));
		const expected = { ...plain, landed: [...plain.landed, runId].sort() };
		return same(expected, now) ? [] : ["half landed"];
	}
	return same({ ...plain, ...command.after }, now) ? [] : ["half done"];
}

function afterRun(command: Command, outcome: Outcome, before: TaskState, now: TaskState): string[] {
	const fresh = Object.keys(now.runs).filter((runId) => !(runId in before.runs));
	const [runId] = fresh;
	if (fresh.length !== 1 || runId === undefined) return [`${fresh.length} new runs`];
	const status = now.runs[runId] as string;
	if (!outcome.killed && (outcome.data?.runId !== runId || outcome.data?.status !== status))
		return ["another run than printed"];
	const closed = status === "ok" ? command.after : {};
	const expected = { ...before, ...closed, runs: { ...before.runs, [runId]: status } };
	return same(expected, now) ? [] : ["half run"];
}

export function same(one: TaskState | null, other: TaskState | null): boolean {
	return JSON.stringify(ordered(one)) === JSON.stringify(ordered(other));
}

function ordered(state: TaskState | null): unknown {
	if (state === null) return null;
	const { title, status, priority, removed, runs, landed } = state;
	return { title, status, priority, removed, runs: Object.entries(runs).sort(), landed: [...landed].sort() };
}
