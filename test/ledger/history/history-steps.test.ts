// What a commit's changes amount to, and when that is more than one command could have done.
import { describe, expect, test } from "vitest";
import { type CommitFacts, commitFacts } from "../../../src/ledger/history/commit-facts.ts";
import type { TaskDifference } from "../../../src/ledger/history/history-changes.ts";
import { opOfCommit, squashedSteps, stepsOf } from "../../../src/ledger/history/history-steps.ts";
import type { FieldChange } from "../../../src/ledger/history/task-changes.ts";

const change = (field: string, from: unknown, to: unknown): FieldChange => ({ field, from, to });
const difference = (changes: FieldChange[], which: Partial<TaskDifference> = {}): TaskDifference => ({
	changes,
	born: false,
	gone: false,
	...which,
});
const facts = (message: string, parents = 1): CommitFacts =>
	commitFacts("1".repeat(40), Buffer.from(`tree x\n${"parent p\n".repeat(parents)}author A <a> 1 +0000\n\n${message}`));

const BIRTH = [change("title", null, "a"), change("status", null, "open")];

describe("steps", () => {
	test.each<[string, TaskDifference, string[]]>([
		["a birth", difference(BIRTH, { born: true }), ["add"]],
		[
			"born closed",
			difference([change("title", null, "a"), change("status", null, "done")], { born: true }),
			["add", "close"],
		],
		["a title put into a file that had none", difference([change("title", null, "a")]), ["edit"]],
		[
			"a deletion",
			difference([change("title", "a", null), change("status", "open", null)], { gone: true }),
			["delete"],
		],
		[
			"two runs, one landed",
			difference([change("run", null, "r"), change("run", null, "s"), change("landing", null, "r")]),
			["run", "run", "apply"],
		],
		["a rejection", difference([change("rejection", null, "r")]), ["reject"]],
		["a file of a run changed", difference([change("run_1/summary.md", "1", "2")]), []],
		["edit and block", difference([change("priority", 1, 2), change("status", "open", "blocked")]), ["edit", "block"]],
		["an edit of a proposed task", difference([change("title", "a", "b"), change("status", null, "open")]), ["edit"]],
		["removal", difference([change("removed", null, { atMs: 1 })]), ["remove"]],
		["put back", difference([change("removed", { atMs: 1 }, null)]), []],
		["archived", difference([change("home", "tasks", "tasks/archive/2026")]), ["archive"]],
		[
			"reopened and brought home",
			difference([change("status", "done", "open"), change("home", "tasks/archive/2026", "tasks")]),
			["reopen", "bring-home"],
		],
	])("%s", (_, given, steps) => {
		expect(stepsOf(given)).toEqual(steps);
	});

	test("the trailer says the op; without one the changes do, or that it is a merge", () => {
		expect(opOfCommit(facts("x\n\nMsgcode-Op: fix\n"), difference(BIRTH, { born: true }))).toBe("fix");
		expect(opOfCommit(facts("x"), difference(BIRTH, { born: true }))).toBe("add");
		expect(opOfCommit(facts("x"), difference([change("home", "tasks", "tasks/archive/2026")]))).toBe("archive");
		expect(opOfCommit(facts("x", 2), difference(BIRTH, { born: true }))).toBe("merge");
	});

	test.each<[string, string, TaskDifference, string[] | null]>([
		["one step by hand", "x", difference([change("priority", 1, 2)]), null],
		["several steps by hand", "x", difference([change("priority", 1, 2), change("run", null, "r")]), ["edit", "run"]],
		[
			"a run that closed its task",
			"x\n\nMsgcode-Op: run\n",
			difference([change("run", null, "r"), change("status", "open", "done")]),
			null,
		],
		[
			"a command brings an archived task home",
			"x\n\nMsgcode-Op: reopen\n",
			difference([change("status", "done", "open"), change("home", "tasks/archive/2026", "tasks")]),
			null,
		],
		["an edit that gave birth", "x\n\nMsgcode-Op: edit\n", difference(BIRTH, { born: true }), ["add"]],
		[
			"a rollback may do anything",
			"x\n\nMsgcode-Op: rollback\n",
			difference([change("priority", 1, 2), change("status", "done", "open")]),
			null,
		],
		[
			"git merge --squash lists the commits",
			"x\n\n    Msgcode-Op: edit\n\n    Msgcode-Op: edit\n",
			difference([change("priority", 1, 2)]),
			["edit"],
		],
	])("%s", (_, message, given, steps) => {
		expect(squashedSteps(facts(message), given)).toEqual(steps);
	});

	test("a merge is none", () => {
		expect(squashedSteps(facts("x", 2), difference([change("priority", 1, 2), change("run", null, "r")]))).toBeNull();
	});
});
