// Fills in the placeholders of a declared program's arguments: {PROMPT}, {WORKSPACE}, {MODEL?} …
// Invariant: a value stays one argument, is never read as a placeholder again and can never become an option.
//
// The rule of the optional form {NAME?}: an argument that holds one without a value is left out; when it is nothing else
// than that placeholder, the option before it ("--model", "-m") is left out with it.

import { MsgcodeError } from "../core/errors.ts";

export const PLACEHOLDERS = [
	"PROMPT",
	"WORKSPACE",
	"INPUT",
	"OUTPUT",
	"MODEL",
	"MODEL_ROOT",
	"TASK_ID",
	"RUN_ID",
	"SESSION_ID",
	"TEXT",
	"MSG_ID",
	"NODE",
	"DRIVER",
	"RUNNER_DIR",
] as const;

export type Placeholder = (typeof PLACEHOLDERS)[number];
/** An empty value counts as none. */
export type PlaceholderValues = Readonly<Partial<Record<Placeholder, string | undefined>>>;

/** Bodies, and paths of this machine: never written into a record. */
const HIDDEN: ReadonlySet<string> = new Set([
	...["PROMPT", "TEXT", "WORKSPACE", "INPUT", "OUTPUT", "MODEL_ROOT"],
	...["NODE", "DRIVER", "RUNNER_DIR"],
]);
/** Written by whoever wrote the task. */
const FOREIGN: ReadonlySet<string> = new Set(["PROMPT", "TEXT", "MODEL"]);
/** Placeholders that may begin the program's own path. */
const PLACES: ReadonlySet<string> = new Set(["MODEL_ROOT", "WORKSPACE", "NODE", "RUNNER_DIR"]);
/** Linux refuses a longer single argument (MAX_ARG_STRLEN). */
const MAX_ARGUMENT_BYTES = 128 * 1024 - 1;

const PATTERN = /\{([A-Z][A-Z0-9_]*)(\?)?\}/g;

/** Names that the text holds. */
export function placeholdersIn(text: string): string[] {
	return [...text.matchAll(PATTERN)].map((match) => match[1] as string);
}

/** What is wrong with the placeholders of a declaration, as a sentence; null = nothing. */
export function placeholderProblem(argv: readonly string[], env: Readonly<Record<string, string>> = {}): string | null {
	for (const text of [...argv, ...Object.values(env)]) {
		const unknown = placeholdersIn(text).find((name) => !(PLACEHOLDERS as readonly string[]).includes(name));
		if (unknown !== undefined) return `There is no placeholder {${unknown}}; there are ${PLACEHOLDERS.join(", ")}.`;
	}
	const chosen = placeholdersIn(argv[0] ?? "").find((name) => !PLACES.has(name));
	return chosen === undefined ? null : `{${chosen}} cannot choose the program; only its arguments.`;
}

/** The arguments to start with, and the same for the record. Throws task_invalid_spec, limit_exceeded. */
export function fillArguments(
	runner: string,
	templates: readonly string[],
	values: PlaceholderValues,
): { argv: string[]; redacted: string[] } {
	const argv: string[] = [];
	const redacted: string[] = [];
	let optionsEnded = false;
	// The option that the argument before was, as declared.
	let option = false;
	for (const template of templates) {
		const filled = fill(runner, template, values);
		if (filled === null) {
			if (option && /^\{[A-Z0-9_]+\?\}$/.test(template)) {
				argv.pop();
				redacted.pop();
			}
			option = false;
			continue;
		}
		const foreign = /^\{([A-Z0-9_]+)\??\}/.exec(template)?.[1] ?? "";
		if (!optionsEnded && FOREIGN.has(foreign) && filled.startsWith("-")) {
			throw new MsgcodeError("task_invalid_spec", `Runner ${runner} could take the task's ${foreign} for an option.`, {
				hint: 'It begins with "-". Begin it otherwise, or declare the runner with stdin = "prompt".',
			});
		}
		if (Buffer.byteLength(filled) > MAX_ARGUMENT_BYTES) {
			throw new MsgcodeError("limit_exceeded", `An argument of runner ${runner} is longer than 128 KiB.`, {
				hint: 'Declare the runner with stdin = "prompt" in place of {PROMPT}.',
			});
		}
		optionsEnded ||= template === "--";
		option = /^-.*[^-]/.test(template) && argv.length > 0;
		argv.push(filled);
		redacted.push(
			template.replaceAll(PATTERN, (_, name: string) => (HIDDEN.has(name) ? `{${name}}` : valueNamed(values, name))),
		);
	}
	return { argv, redacted };
}

/** One text with its values; null when an optional placeholder in it has none. Throws task_invalid_spec. */
export function fill(runner: string, template: string, values: PlaceholderValues): string | null {
	let absent = false;
	const text = template.replaceAll(PATTERN, (_, name: string, optional: string | undefined) => {
		const value = valueNamed(values, name);
		if (value !== "") return value;
		if (optional === undefined) {
			throw new MsgcodeError("task_invalid_spec", `Runner ${runner} needs a value for {${name}} and there is none.`, {
				hint: `Set it for the task, or write {${name}?} in the runner's declaration.`,
			});
		}
		absent = true;
		return "";
	});
	return absent ? null : text;
}

function valueNamed(values: PlaceholderValues, name: string): string {
	return values[name as Placeholder] ?? "";
}
