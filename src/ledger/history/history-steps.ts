// What kinds of step a commit's changes amount to, and whether it holds more steps than one command makes.
// Invariant: pure; nothing is claimed that the changes, or the words of the commit, do not show.

import { LIVE } from "../paths.ts";
import { type CommitFacts, commandsTold } from "./commit-facts.ts";
import type { TaskDifference } from "./history-changes.ts";
import { opOf } from "./task-changes.ts";

/** Fields of the record and of runs: any other field is the definition's. */
const NOT_OF_THE_DEFINITION = new Set([
	"status",
	"blocked",
	"closed",
	"removed",
	"route",
	"record",
	"run",
	"landing",
	"rejection",
	"home",
]);
/** Commands that make exactly what their name says of a task that exists; a run or a landing may close it too. */
const SINGLE_STEPS: Readonly<Record<string, readonly string[]>> = {
	edit: ["edit"],
	run: ["run", "close"],
	apply: ["apply", "close"],
	reject: ["reject"],
	close: ["close"],
	block: ["block"],
	unblock: ["reopen"],
	reopen: ["reopen"],
	remove: ["remove", "close"],
};

/** The steps, in the order in which they must have been made: `add`, `edit`, `run` (once for each) … */
export function stepsOf({ changes, born, gone }: TaskDifference): string[] {
	const count = (field: string) => changes.filter((change) => change.field === field && change.from === null).length;
	const value = (field: string) => changes.find((change) => change.field === field);
	const steps: string[] = [];
	if (born) steps.push("add");
	if (gone) steps.push("delete");
	const edited = changes.some(({ field }) => !NOT_OF_THE_DEFINITION.has(field) && !field.startsWith("run_"));
	if (edited && !born && !gone) steps.push("edit");
	for (const [field, step] of STEPS_OF_RUNS) steps.push(...Array<string>(count(field)).fill(step));
	if (!gone) {
		const status = value("status");
		// A record is born open, with its task or later, where the task was proposed as a Markdown file alone.
		const birth = status?.to === "open" && (born || status.from === null);
		if (status !== undefined && !birth) steps.push(statusStep(status.to));
		if (value("removed")?.to != null) steps.push("remove");
	}
	const home = value("home");
	if (home !== undefined) steps.push(home.to === LIVE ? "bring-home" : "archive");
	return steps;
}

const STEPS_OF_RUNS: readonly [string, string][] = [
	["run", "run"],
	["landing", "apply"],
	["rejection", "reject"],
];

function statusStep(to: unknown): string {
	if (to === "done" || to === "canceled") return "close";
	return to === "blocked" ? "block" : "reopen";
}

/** What the commit did in one word: its trailer, or what its changes amount to. */
export function opOfCommit(facts: CommitFacts, difference: TaskDifference): string {
	if (facts.op !== null) return facts.op;
	if (facts.parents.length > 1) return "merge";
	const steps = stepsOf(difference);
	return steps.length === 1 ? (steps[0] as string) : opOf(difference.changes);
}

/** The steps of a commit that holds more of them than one command makes, as a squash merge leaves it; else null. */
export function squashedSteps(facts: CommitFacts, difference: TaskDifference): string[] | null {
	if (facts.parents.length > 1) return null;
	const steps = stepsOf(difference);
	const told = commandsTold(facts);
	if (facts.op === null) return steps.length > 1 || told > 1 ? steps : null;
	const own = SINGLE_STEPS[facts.op];
	// Whatever changes an archived task brings it home as well.
	const foreign = own !== undefined && steps.some((step) => step !== "bring-home" && !own.includes(step));
	return foreign || (told > 1 && steps.length > 1) ? steps : null;
}
