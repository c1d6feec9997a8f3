// What is wrong with a file, said so that a person can mend it. A diagnostic never stops a command: the file's task is
// listed as broken, every other task works.

const table = {
	file_encoding: { severity: "error", means: "The file is not UTF-8 text." },
	nul_byte: { severity: "error", means: "The file holds a NUL byte." },
	limit_exceeded: { severity: "error", means: "The file, or a part of it, is larger than the ledger accepts." },
	conflict_markers: { severity: "error", means: "A merge left its conflict markers in the file." },
	front_matter_unclosed: { severity: "error", means: "The front matter has no closing --- line." },
	front_matter_fence: {
		severity: "error",
		means: "A line in the front matter starts with --- but is not the closing line.",
	},
	front_matter_language: {
		severity: "error",
		means: "The front matter is in another language than YAML; nothing was evaluated.",
	},
	front_matter_invalid: { severity: "error", means: "The front matter is not a valid YAML map." },
	front_matter_refused: {
		severity: "error",
		means: "The front matter uses a part of YAML that the ledger does not accept.",
	},
	key_machine_owned: {
		severity: "warning",
		means: "The key is written by msgcode only; the value in the front matter is ignored.",
	},
	key_unknown: { severity: "warning", means: "The key looks like a misspelt one; it is kept and has no effect." },
	value_invalid: { severity: "error", means: "A key's value is not valid." },
	id_mismatch: { severity: "error", means: "The id in the file is not the one in its name." },
	record_invalid: { severity: "error", means: "The record is not valid JSON of the record's shape." },
	record_version: { severity: "error", means: "The record was written by another version of the format." },
	file_unreadable: { severity: "error", means: "The file cannot be read, or is not a plain file of the workspace." },
	definition_missing: { severity: "error", means: "A task's record is there without its Markdown file." },
	two_homes: {
		severity: "warning",
		means: "The task stands in the live folder and in the archive, or in two years of it.",
	},
	torn_line: { severity: "warning", means: "The last line of runs.jsonl is cut off." },
	run_line_invalid: { severity: "warning", means: "A line of runs.jsonl is not a run record." },
	status_unknown: { severity: "error", means: "The record's status is none of the known ones." },
} as const satisfies Record<string, { severity: Severity; means: string }>;

export type Severity = "error" | "warning";

export type DiagnosticCode = keyof typeof table;

/** Every code with its severity and meaning, for documentation and tests. */
export const diagnosticTable: Readonly<Record<DiagnosticCode, { severity: Severity; means: string }>> = table;

export interface Diagnostic {
	readonly code: DiagnosticCode;
	readonly severity: Severity;
	/** Path as the caller named it, normally relative to the workspace. */
	readonly file: string;
	/** 1-based line of the file. */
	readonly line: number;
	readonly message: string;
	/** The way out. */
	readonly hint: string;
}

/** A diagnostic with its code's severity. */
export function diagnose(code: DiagnosticCode, place: Omit<Diagnostic, "code" | "severity">): Diagnostic {
	const { file, line, message, hint } = place;
	return { code, severity: table[code].severity, file, line, message, hint };
}

/** A merge of two copies left the task in several homes; the first one counts. */
export function twoHomes(file: string, homes: readonly string[]): Diagnostic {
	const message = `The task stands in ${homes.join(" and in ")}, as a merge of two copies leaves it; ${homes[0]} counts.`;
	const hint = "msgcode doctor --fix shows what it would bring together.";
	return diagnose("two_homes", { file, line: 1, message, hint });
}

/** True when something in there makes the task unfit to be run or changed. */
export function isBroken(diagnostics: readonly Diagnostic[]): boolean {
	return diagnostics.some((diagnostic) => diagnostic.severity === "error");
}
