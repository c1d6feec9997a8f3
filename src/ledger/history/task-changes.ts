// What differs between two states of a task, field by field: front matter keys, record keys, the prompt's lines, its runs.
// Invariant: pure; a difference that has no field of its own (a comment, an order, a broken file) is told as one of the text.

import type { Diagnostic } from "../diagnostic.ts";
import { definitionDefaults } from "../task/definition.ts";
import { parseDocument } from "../task/document.ts";
import { lineDifference } from "./line-difference.ts";

export interface TaskState {
	/** The texts of `<id>.md` and `<id>.json`; null for a file that is not there. */
	readonly definition: string | null;
	readonly record: string | null;
	/** Run id → file name → blob id. */
	readonly runs: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

export interface FieldChange {
	/** A key, `prompt`, `run`, `landing`, `rejection`, `definition` or `record` (the whole text), or `<run>/<file>`. */
	readonly field: string;
	/** The values; for `prompt` and whole texts the number of lines. null where there was, or is, none. */
	readonly from: unknown;
	readonly to: unknown;
	/** Of texts: lines put in and taken out, as a diff shows them. */
	readonly insertions?: number;
	readonly deletions?: number;
}

export const NO_STATE: TaskState = { definition: null, record: null, runs: new Map() };

/** Set once at a record's birth; of interest neither there nor at its end. */
const BIRTH_KEYS = new Set(["schemaVersion", "id", "createdAtMs", "workspace", "salt"]);
/** Keys that both files may have: the definition's are told apart by a prefix. */
const RECORD_KEYS = new Set([...BIRTH_KEYS, "route", "status", "blocked", "closed", "removed"]);

/** All differences; empty only for equal states. */
export function changesOfTask(before: TaskState, after: TaskState): FieldChange[] {
	return [
		...definitionChanges(before.definition, after.definition),
		...recordChanges(before.record, after.record),
		...runChanges(before.runs, after.runs),
	];
}

/** What a commit did, where no trailer says so. */
export function opOf(changes: readonly FieldChange[]): string {
	const of = (field: string) => changes.find((change) => change.field === field);
	const landing = of("landing");
	if (landing !== undefined) return landing.to === null ? "rollback" : "apply";
	if (of("run") !== undefined) return "run";
	const born = of("title") ?? of("prompt") ?? of("definition");
	if (born !== undefined && changes.every(({ from }) => from === null)) return "add";
	if (of("removed")?.to != null) return "remove";
	const status = of("status");
	if (status === undefined) return "edit";
	if (status.to === "done" || status.to === "canceled") return "close";
	return status.to === "blocked" ? "block" : "reopen";
}

function definitionChanges(before: string | null, after: string | null): FieldChange[] {
	if (before === after) return [];
	const [old, now] = [readDefinition(before), readDefinition(after)];
	if (old === null || now === null) return [textChange("definition", before, after)];
	const nameOf = (key: string) => (RECORD_KEYS.has(key) ? `definition.${key}` : key);
	const differing = keyChanges(old.keys, now.keys, nameOf);
	const changes = before === null ? differing.filter(({ field, to }) => !isDefaultValue(field, to)) : differing;
	if (old.body !== now.body) changes.push(textChange("prompt", before && old.body, after && now.body));
	return changes.length > 0 ? changes : [textChange("definition", before, after)];
}

function recordChanges(before: string | null, after: string | null): FieldChange[] {
	if (before === after) return [];
	const [old, now] = [readRecord(before), readRecord(after)];
	if (old === null || now === null) return [textChange("record", before, after)];
	const changes = keyChanges(old, now, (key) => key);
	const shown = before === null || after === null ? changes.filter(({ field }) => !BIRTH_KEYS.has(field)) : changes;
	return shown.length > 0 ? shown : [textChange("record", before, after)];
}

function runChanges(before: TaskState["runs"], after: TaskState["runs"]): FieldChange[] {
	const changes: FieldChange[] = [];
	for (const runId of [...new Set([...before.keys(), ...after.keys()])].sort()) {
		const [old, now] = [before.get(runId) ?? new Map(), after.get(runId) ?? new Map()];
		const born = !old.has("run_receipt.json") && now.has("run_receipt.json");
		if (born) changes.push({ field: "run", from: null, to: runId });
		for (const name of [...new Set([...old.keys(), ...now.keys()])].sort()) {
			const [from = null, to = null] = [old.get(name), now.get(name)];
			if (from === to || (born && from === null && BORN_WITH_A_RUN.has(name))) continue;
			const event = name === "landing.json" ? "landing" : name === "rejection.json" ? "rejection" : null;
			if (event !== null && from === null) changes.push({ field: event, from: null, to: runId });
			else if (event !== null && to === null) changes.push({ field: event, from: runId, to: null });
			else changes.push({ field: `${runId}/${name}`, from, to });
		}
	}
	return changes;
}

const BORN_WITH_A_RUN = new Set(["run_receipt.json", "summary.md", "patch.diff", "events.jsonl"]);

type Keys = Readonly<Record<string, unknown>>;

function keyChanges(before: Keys, after: Keys, nameOf: (key: string) => string): FieldChange[] {
	const changes: FieldChange[] = [];
	for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
		const [from, to] = [before[key] ?? null, after[key] ?? null];
		if (JSON.stringify(from) !== JSON.stringify(to)) changes.push({ field: nameOf(key), from, to });
	}
	return changes;
}

/** A value that a new file has without anybody having decided it. */
function isDefaultValue(key: string, value: unknown): boolean {
	const standard = definitionDefaults[key as keyof typeof definitionDefaults];
	return value === null || JSON.stringify(value) === JSON.stringify(standard);
}

function readDefinition(text: string | null): { keys: Keys; body: string } | null {
	if (text === null) return { keys: {}, body: "" };
	const { frontMatter, body, diagnostics } = parseDocument(text, "task.md");
	const broken = diagnostics.some((diagnostic: Diagnostic) => diagnostic.severity === "error");
	return broken ? null : { keys: frontMatter, body };
}

function readRecord(text: string | null): Keys | null {
	if (text === null) return {};
	try {
		const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
		return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Keys) : null;
	} catch {
		return null;
	}
}

function textChange(field: string, before: string | null, after: string | null): FieldChange {
	const [old, now] = [linesOf(before), linesOf(after)];
	return {
		field,
		from: before === null ? null : old.length,
		to: after === null ? null : now.length,
		...lineDifference(old, now),
	};
}

function linesOf(text: string | null): string[] {
	if (text === null || text === "") return [];
	return text.replace(/\n$/, "").split("\n");
}
