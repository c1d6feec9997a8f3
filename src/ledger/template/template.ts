// A template: a task's file with variables in it, {{name}} in texts of the front matter and in the body.
// Invariant: a value is put into texts that were parsed already, once; it can add no key, close no fence and name no variable.

import { MsgcodeError } from "../../core/errors.ts";
import { LIMITS } from "../limits.ts";
import { writtenForm } from "../task/definition.ts";
import { isDefinitionKey } from "../task/definition-keys.ts";
import { definitionSchemas } from "../task/definition-schemas.ts";
import { parseDocument } from "../task/document.ts";

export interface TemplateVariable {
	readonly name: string;
	/** What it is for, one line. */
	readonly about: string;
	/** The value without one; null = it must be given. */
	readonly fallback: string | null;
}

export interface Template {
	readonly name: string;
	readonly about: string;
	readonly variables: readonly TemplateVariable[];
	/** The front matter of the task to be, as it stands. */
	readonly keys: Readonly<Record<string, unknown>>;
	readonly body: string;
}

export interface Expanded {
	/** Checked values of the definition's keys, durations as text. */
	readonly keys: Readonly<Record<string, unknown>>;
	readonly prompt: string;
}

/** Filled in from the command line, not by --with. */
const GIVEN = ["title", "prompt"];
/** `${{ … }}` of a workflow file is no variable of ours. */
const VARIABLE = /(?<!\$)\{\{([A-Za-z][\w-]*)\}\}/g;
const NAME = /^[A-Za-z][\w-]{0,63}$/;
/** A template cannot make a task that is made from another, or that carries its own variables. */
const OWN_KEYS = ["about", "variables", "template", "with", "id"];

/** Throws template_invalid, naming the file and its line. */
export function parseTemplate(text: string, file: string, name: string): Template {
	const document = parseDocument(text, file);
	const problem = document.diagnostics.find(({ severity }) => severity === "error");
	if (problem !== undefined) throw invalid(`${file}, line ${problem.line}: ${problem.message}`, problem.hint);
	const { about, variables } = document.frontMatter;
	const at = (key: string) => `${file}, line ${document.lineOf([key])}`;
	const keys = Object.entries(document.frontMatter).filter(([key]) => !OWN_KEYS.includes(key));
	const unknown = keys.find(([key]) => !isDefinitionKey(key));
	if (unknown !== undefined) throw invalid(`${at(unknown[0])}: ${unknown[0]} is no key of a task.`);
	const template: Template = {
		name,
		about: typeof about === "string" ? about : "",
		variables: variablesIn(variables, at("variables")),
		keys: Object.fromEntries(keys),
		body: document.body.replace(/^(?:[ \t]*\r?\n)+/, ""),
	};
	const known = new Set([...GIVEN, ...template.variables.map((variable) => variable.name)]);
	for (const used of variablesOf([template.keys, template.body])) {
		if (!known.has(used)) throw invalid(`${file}: {{${used}}} is not among its variables.`);
	}
	return template;
}

/**
 * The task that the template makes. `given` has the variables' values, and the title and prompt of the command line where
 * there are any. Throws template_invalid for a variable without a value, a value without a variable, and a key that the
 * values spoil.
 */
export function expandTemplate(template: Template, given: Readonly<Record<string, string | undefined>>): Expanded {
	const stray = Object.keys(given).find(
		(name) => !GIVEN.includes(name) && !template.variables.some((variable) => variable.name === name),
	);
	if (stray !== undefined) throw invalid(`The template ${template.name} has no variable ${stray}.`, listOf(template));
	const missing = missingVariables(template, given);
	if (missing.length > 0) {
		const names = missing.map(({ name, about }) => (about === "" ? name : `${name} (${about})`)).join(", ");
		throw invalid(`The template ${template.name} needs a value for ${names}.`, `Give it: --with ${missing[0]?.name}=…`);
	}
	const known = new Map(template.variables.map(({ name, fallback }) => [name, given[name] ?? fallback ?? ""]));
	for (const name of GIVEN) known.set(name, given[name] ?? "");
	const values: Values = { of: known, room: 2 * (LIMITS.bodyBytes + LIMITS.frontMatterBytes) };
	const keys: [string, unknown][] = [];
	for (const [key, value] of Object.entries(template.keys)) {
		const filled = fill(value, values);
		if (!isDefinitionKey(key) || filled === null || filled === "") continue;
		const checked = definitionSchemas[key].safeParse(filled);
		if (!checked.success) {
			const issue = checked.error.issues[0];
			const path = [key, ...(issue?.path ?? [])].map(String).join(".");
			throw invalid(`The template ${template.name} gives a wrong ${path}: it ${issue?.message ?? "is not valid"}.`);
		}
		keys.push([key, writtenForm(key, checked.data)]);
	}
	const body = fillText(template.body, values).replace(/\n{3,}/g, "\n\n");
	const asked = given.prompt ?? "";
	const appended = asked === "" || variablesOf([template.body]).has("prompt") ? "" : `\n${asked.trimEnd()}\n`;
	return { keys: Object.fromEntries(keys), prompt: `${body.trimEnd()}\n${appended}` };
}

/** The variables that must be given and are not. */
export function missingVariables(
	template: Template,
	given: Readonly<Record<string, string | undefined>>,
): TemplateVariable[] {
	return template.variables.filter(({ name, fallback }) => fallback === null && given[name] === undefined);
}

/** Keys that say what is executed, on what and where. */
const EXECUTED = ["checks", "schedule", "route", "files", "worktree"];

/**
 * True when the template says something of what will be executed: that is for the user to approve. `known`: ids of runners
 * that nobody else can declare, which may be named, and nothing else said of them.
 */
export function executes({ keys }: Template, known: readonly string[]): boolean {
	const { runner } = keys;
	const named =
		typeof runner === "object" && runner !== null ? (runner as Readonly<Record<string, unknown>>).kind : runner;
	const alone = typeof runner !== "object" || runner === null || Object.keys(runner).length === 1;
	const harmless = runner === undefined || (alone && typeof named === "string" && known.includes(named));
	return !harmless || EXECUTED.some((key) => keys[key] !== undefined);
}

function variablesIn(value: unknown, where: string): TemplateVariable[] {
	if (value === undefined || value === null) return [];
	if (typeof value !== "object" || Array.isArray(value)) throw invalid(`${where}: variables must be a map of names.`);
	return Object.entries(value).map(([name, row]) => {
		if (!NAME.test(name) || GIVEN.includes(name)) throw invalid(`${where}: ${name} cannot be a variable's name.`);
		if (row === null || typeof row === "string") return { name, about: row ?? "", fallback: null };
		const { about = "", default: fallback = null } = row as { about?: unknown; default?: unknown };
		const plain = typeof row === "object" && typeof about === "string" && !isNested(fallback);
		if (!plain) throw invalid(`${where}: ${name} must be a text, or a map with about and default.`);
		return { name, about, fallback: fallback === null ? null : String(fallback) };
	});
}

function isNested(value: unknown): boolean {
	return typeof value === "object" && value !== null;
}

interface Values {
	readonly of: ReadonlyMap<string, string>;
	/** Characters that may still be put in: a short template can name a long value many times. */
	room: number;
}

/** Names of the variables in all texts of a value. */
function variablesOf(value: unknown): Set<string> {
	if (typeof value === "string") return new Set([...value.matchAll(VARIABLE)].map((match) => match[1] as string));
	if (typeof value !== "object" || value === null) return new Set();
	return new Set(Object.values(value).flatMap((part) => [...variablesOf(part)]));
}

function fillText(text: string, values: Values): string {
	return text.replaceAll(VARIABLE, (_, name: string) => {
		const value = values.of.get(name) ?? "";
		values.room -= value.length;
		if (values.room < 0) throw invalid("The template makes a task that is longer than any may be.");
		return value;
	});
}

/** A copy with its variables filled in; list elements that are nothing but empty variables are left out. */
function fill(value: unknown, values: Values): unknown {
	if (typeof value === "string") return fillText(value, values);
	if (Array.isArray(value)) {
		return value.map((element) => fill(element, values)).filter((element, at) => element !== "" || value[at] === "");
	}
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, fill(part, values)]));
}

function listOf({ variables }: Template): string {
	if (variables.length === 0) return "It has none.";
	return `Its variables: ${variables.map(({ name }) => name).join(", ")}.`;
}

function invalid(message: string, hint?: string): MsgcodeError {
	return new MsgcodeError("template_invalid", message, { hint });
}
