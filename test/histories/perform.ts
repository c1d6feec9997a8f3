// Does one step of a history in one clone, by the ledger's own functions and by hand. A step that the clone's state does not
// allow is left out; one that is done must have had its effect.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../../src/core/errors.ts";
import { archiveTasks } from "../../src/engine/archive/archive-tasks.ts";
import { landRun } from "../../src/engine/landing/land.ts";
import { rejectRun } from "../../src/engine/landing/reject.ts";
import { runToLand } from "../../src/engine/record/choose-run.ts";
import { previewUndo, undo } from "../../src/engine/undo.ts";
import { changeLedger } from "../../src/ledger/change/transaction.ts";
import { changeStatus, type StatusChange } from "../../src/ledger/edit/change-status.ts";
import { commitHandEdits } from "../../src/ledger/edit/commit-edits.ts";
import { editTask } from "../../src/ledger/edit/edit-task.ts";
import { RUNS_FILE } from "../../src/ledger/paths.ts";
import { runLogWrites } from "../../src/ledger/runs/rotate-run-log.ts";
import type { Action, EditedKey, HandEdit } from "./actions.ts";
import { type Clone, git, headOf, noteState, type World } from "./clone.ts";
import { addInLayout, PARTS, withPart } from "./layouts.ts";
import type { Reading, ReadTask } from "./reading.ts";
import { runOrRecord } from "./run-record.ts";
import { valueFor, wordOf } from "./words.ts";

/** Refusals that are an answer to a step at the wrong time. */
const NOT_NOW: ReadonlySet<string> = new Set([
	"task_transition",
	"task_invalid_spec",
	"dependency_cycle",
	"nothing_to_land",
	"already_landed",
	"already_rejected",
	"patch_conflict",
	"revision_not_found",
	"nothing_to_undo",
	"undo_conflict",
	"undo_refused",
]);

type Work = Exclude<Action, { kind: "merge" }>;

/** Does the step, or nothing where it is not possible now. Returns what the checkout says afterwards. */
export async function perform(world: World, clone: Clone, action: Work): Promise<Reading> {
	const before = world.states.get(headOf(clone)) ?? noteState(world, clone);
	let done: string | null;
	try {
		done = await doing(world, clone, action, before);
	} catch (error) {
		if (!(error instanceof MsgcodeError) || !NOT_NOW.has(error.code)) throw error;
		done = null;
	}
	if (done === null) return before;
	world.account.push(`${clone.name}: ${done}`);
	return noteState(world, clone);
}

async function doing(world: World, clone: Clone, action: Work, before: Reading): Promise<string | null> {
	const { ledger } = clone;
	if (action.kind === "add") return add(world, clone, action.layout);
	if (action.kind === "code") {
		const word = `line ${world.counters.edit++}`;
		writeFileSync(join(clone.path, `src/${clone.name}.txt`), `${word}\n`);
		git(clone, "add", "--all", "src");
		git(clone, "commit", "--quiet", "-m", `code: ${word}`);
		return "commits code of its own";
	}
	if (action.kind === "undo") return undoLast(clone);
	if (action.kind === "rotate") return rotate(clone);
	const there = world.ids.flatMap((id, number) => {
		const task = before.tasks.get(id);
		return task !== undefined && isFit(world, action.kind, id, task) ? [number] : [];
	});
	const number = there[action.task % Math.max(1, there.length)];
	if (number === undefined) return null;
	const id = world.ids[number] as string;
	const task = before.tasks.get(id) as ReadTask;
	const word = () => wordOf(number, world.counters.edit++);
	const name = `T${number} (${id})`;
	switch (action.kind) {
		case "edit": {
			const keys = Object.fromEntries(action.keys.map((key) => [key, value(world, number, key)]));
			await editTask(ledger, id, { keys });
			return `edits ${name}: ${shown(keys)}`;
		}
		case "drop":
			if (action.key === "title" || task.definition[action.key] === undefined) return null;
			await editTask(ledger, id, { keys: { [action.key]: undefined } });
			return `takes ${action.key} out of ${name}`;
		case "body": {
			const words = `Now ${word()}.`;
			const body = /^---\r?\n[\s\S]*?^---\r?\n(?:\r?\n)*([\s\S]*)$/m.exec(task.text)?.[1] ?? "";
			await editTask(ledger, id, { keys: {}, prompt: withPart(body, action.part, words) });
			return `edits the prompt of ${name}, part ${partName(action.part)}: ${words}`;
		}
		case "hand":
			return byHand(clone, task.home, id, name, action.how, word, action.by);
		case "archive": {
			const ids = action.all ? there.map((one) => world.ids[one] as string) : [id];
			const { archived } = await archiveTasks(ledger, ids, { edited: true });
			return archived.length === 0 ? null : `archives ${archived.map((one) => one.id).join(", ")}`;
		}
		case "close":
			return status(clone, id, { op: "close", status: action.as, reason: word() }, `closes ${name} as ${action.as}`);
		case "reopen":
			return status(clone, id, { op: "reopen" }, `reopens ${name}`);
		case "block":
			return status(clone, id, { op: "block", reason: word() }, `blocks ${name}`);
		case "unblock":
			return status(clone, id, { op: "unblock" }, `unblocks ${name}`);
		case "remove":
			return status(clone, id, { op: "remove", reason: word() }, `removes ${name}`);
		case "run": {
			const runId = await runOrRecord(world, clone, id, { changes: action.changes ? word() : null, ok: action.ok });
			return `runs ${name}: ${runId}${action.changes ? ", with changes" : ""}${action.ok ? "" : ", which fails"}`;
		}
		case "land": {
			const receipt = runToLand(ledger, id, undefined);
			await landRun(ledger, receipt, { verify: false, sign: false });
			return `lands ${receipt.runId} of ${name}`;
		}
		case "reject": {
			const receipt = runToLand(ledger, id, undefined);
			await rejectRun(ledger, receipt, `No: ${word()}`);
			return `rejects ${receipt.runId} of ${name}`;
		}
	}
}

async function add(world: World, clone: Clone, layout: Extract<Action, { kind: "add" }>["layout"]): Promise<string> {
	const number = world.ids.length;
	const id = await addInLayout(clone.ledger, layout, () => wordOf(number, world.counters.edit++));
	world.ids.push(id);
	return `adds T${number} (${id}), ${layout}`;
}

async function undoLast(clone: Clone): Promise<string | null> {
	const { target } = await previewUndo(clone.ledger, undefined);
	await undo(clone.ledger, target, { verify: false, sign: false });
	return `undoes: ${target.summary}`;
}

/** What the next run would do if the log were long enough. */
async function rotate(clone: Clone): Promise<string | null> {
	const { root } = clone.ledger.workspace;
	const log = readFileSync(join(root, RUNS_FILE), "utf8").trimEnd();
	const last = log.slice(log.lastIndexOf("\n") + 1);
	const { commit } = await changeLedger(clone.ledger, (view) => ({
		writes: runLogWrites(root, view.working(RUNS_FILE), last, 1),
		message: { op: "run", summary: "rotate runs.jsonl" },
		value: null,
	}));
	return commit === null ? null : "rotates runs.jsonl";
}

async function status(clone: Clone, id: string, change: StatusChange, words: string): Promise<string> {
	await changeStatus(clone.ledger, id, change);
	return "reason" in change ? `${words}: ${change.reason}` : words;
}

/** Whether such a step makes sense for the task: a step that chooses among those is less often left out. */
function isFit(world: World, kind: Work["kind"], id: string, task: ReadTask): boolean {
	switch (kind) {
		case "close":
		case "block":
		case "run":
			return isOpen(task);
		case "unblock":
			return task.record.status === '"blocked"';
		case "reopen":
			return !isOpen(task);
		case "archive":
			return task.home === "tasks" && !isOpen(task) && isAsAllKnowIt(world, id, task);
		case "land":
		case "reject":
			return Object.keys(task.runFiles).some((name) => name.endsWith("/patch.diff"));
		default:
			return true;
	}
}

/**
 * A definition that is moved as it always was is found again by git whatever the others did to it. One that was changed and
 * moved since is told from a new task's by its likeness alone, which need not be enough: see docs/reliability.md.
 */
function isAsAllKnowIt(world: World, id: string, task: ReadTask): boolean {
	return world.firstTexts.get(id) === task.text;
}

function isOpen(task: ReadTask): boolean {
	return task.record.removed === "null" && (task.record.status === '"open"' || task.record.status === '"blocked"');
}

/** A task only ever depends on an older one: two clones that know nothing of each other then make no circle. */
function value(world: World, number: number, key: EditedKey): unknown {
	const edit = world.counters.edit++;
	const parent = number === 0 ? null : (world.ids[edit % number] ?? null);
	return valueFor(key, wordOf(number, edit), edit, key === "dependsOn" ? parent : null);
}

async function byHand(
	clone: Clone,
	home: string,
	id: string,
	name: string,
	how: HandEdit,
	word: () => string,
	by: "git" | "msgcode",
): Promise<string | null> {
	const path = join(clone.path, home, `${id}.md`);
	const before = readFileSync(path, "utf8");
	const after = handEdited(before, how, word);
	if (after === before) return null;
	writeFileSync(path, after);
	if (by === "git") git(clone, "commit", "--quiet", "--all", "-m", `by hand: ${how} of ${id}`);
	else {
		const { committed } = await commitHandEdits(clone.ledger, { dryRun: false });
		if (committed.length !== 1) throw new Error(`the hand edit of ${id} was not committed`);
	}
	return `edits ${name} by hand (${how}), committed by ${by}`;
}

function handEdited(text: string, how: HandEdit, word: () => string): string {
	const newline = text.includes("\r\n") ? "\r\n" : "\n";
	switch (how) {
		case "value":
			return text.replace(/^title: [^\r\n]*/m, () => `title: By hand ${word()}`);
		case "two keys":
			return text
				.replace(/^title: [^\r\n]*/m, () => `title: By hand ${word()}`)
				.replace(/^priority: [^\r\n]*/m, () => `priority: ${1 + (text.length % 10)}`);
		case "comment":
			return text.replace(/^---\r?\n/, (fence) => `${fence}# Noted: ${word()}.${newline}`);
		case "comment behind a value":
			return text.replace(/^(priority: \d+)[^\r\n]*/m, (_, value) => `${value} # ${word()}`);
		case "other order": {
			// The unknown key, or the priority, becomes the first.
			const line = /^(?:x-hand|priority): [^\r\n]*\r?\n/m.exec(text)?.[0] ?? "";
			return text.replace(line, () => "").replace(/^---\r?\n/, (fence) => fence + line);
		}
		case "other quotes":
			return text.replace(/^title: (["']?)([^"'\r\n]*)\1/m, (_, quote, title) =>
				quote === "'" ? `title: "${title}"` : `title: '${title}'`,
			);
		case "unknown key":
			return /^x-hand: /m.test(text)
				? text.replace(/^x-hand: [^\r\n]*/m, () => `x-hand: ${word()}`)
				: text.replace(/(\n)(---\r?\n)/, (_, end, fence) => `${end}x-hand: ${word()}${newline}${fence}`);
		case "body":
			return withPart(text, text.length % (PARTS + 1), `By hand ${word()}.`);
	}
}

function partName(part: number): string {
	return part >= PARTS ? "Notes" : String(part);
}

function shown(keys: Readonly<Record<string, unknown>>): string {
	return Object.entries(keys)
		.map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
		.join(", ");
}
