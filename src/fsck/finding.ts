// What `msgcode fsck` can find: one table of codes, each with its verdict and meaning, and the shape of a finding.
// Invariant: a code has one verdict. What cannot be judged in this clone is never called damaged.
import { type Diagnostic, type DiagnosticCode, diagnosticTable } from "../ledger/diagnostic.ts";

export type Verdict = "ok" | "unverifiable" | "damaged";

interface CodeRow {
	readonly verdict: Exclude<Verdict, "ok">;
	readonly means: string;
}

const damaged = (means: string) => ({ verdict: "damaged", means }) as const;
const unverifiable = (means: string) => ({ verdict: "unverifiable", means }) as const;

const ownCodes = {
	status_contradicted: damaged("The record's status and its `closed` or `blocked` contradict each other."),
	file_name_case: damaged("A task file's name has capital letters: it is no task, and one where case does not count."),
	dependency_missing: damaged("A task depends on one that is not here."),
	dependency_cycle: damaged("Tasks depend on each other in a circle."),
	lines_contradict: damaged("Lines of one run in runs.jsonl say different things."),
	line_missing: damaged("A run has a receipt and no line in runs.jsonl."),
	line_lost: damaged("A line that history holds is gone from runs.jsonl."),
	line_disagrees: damaged("A run's line and its receipt say different things."),
	receipt_missing: damaged("A run has a line in runs.jsonl, or files of its own, and no receipt."),
	receipt_invalid: damaged("A receipt cannot be read, or is of another run or task."),
	run_lost: damaged("A run that history holds is gone, its receipt and its line."),
	task_lost: damaged("A task that history holds is gone, both its files."),
	record_lost: damaged("A task's record that history holds is gone: the task is taken for a new one."),
	run_without_task: damaged("A run's folder belongs to no task."),
	summary_missing: damaged("A run has no summary.md."),
	patch_missing: damaged("A receipt describes a patch that is not there."),
	patch_digest: damaged("patch.diff does not have the sha-256 that the receipt and the line give."),
	patch_size: damaged("patch.diff does not have the number of bytes that the receipt gives."),
	patch_numbers: damaged("The patch does not have the numbers of files and lines that the receipt gives."),
	patch_ledger_path: damaged("A patch holds a path of the ledger."),
	patch_result: damaged("Applied to its base, a patch does not give the tree that the receipt records."),
	events_digest: damaged("A committed events.jsonl does not have the sha-256 that the receipt gives."),
	ref_object_missing: damaged("A run's ref points at an object that the repository lacks."),
	ref_tree: damaged("A run's ref holds another tree than the receipt records."),
	ref_parent: damaged("A run's ref holds a commit on another base than the receipt records."),
	landing_invalid: damaged("landing.json cannot be read, or is of another run."),
	landing_other_patch: damaged("landing.json names another patch than the receipt."),
	landing_without_patch: damaged("A landing is on record for a run whose patch is withheld, or that has none."),
	landing_code: damaged("The commit of a landing does not hold what the run's changes give on its parent."),
	landed_and_rejected: damaged("A run has both landed and been rejected."),
	rejection_invalid: damaged("rejection.json cannot be read, or is of another run."),
	rotated_name: damaged("A rotated run log does not have the content that its name was made from."),
	object_missing: damaged("The repository lacks an object of the checked-out commit's tasks folder."),
	identity_changed: damaged("A record's id, creation or workspace is not what it was born with."),
	transition_illegal: damaged("A command's commit changed a status in a way that no command does."),
	status_without_actor: damaged("A status was changed by a commit that names nobody."),
	receipt_changed: damaged("A receipt was changed after its birth, other than by releasing a withheld patch."),
	patch_changed: damaged("A patch was changed after its birth."),
	history_shallow: unverifiable("The clone is shallow: what is older than its edge cannot be judged."),
	history_incomplete: unverifiable("The clone is partial: objects that are fetched when needed are not judged."),
	trailers_absent: unverifiable("A commit without one command's trailers changed a status: squashed, or made by hand."),
	changed_by_hand: unverifiable("A hand edit changed a status in a way that no command does."),
	transition_replayed: unverifiable(
		"A rebased or cherry-picked commit changed a status in a way that no command does.",
	),
	ref_absent: unverifiable("A run's ref is not in this clone: refs/msgcode does not travel by itself."),
	base_absent: unverifiable("The commit that a run started from is not in this clone."),
	landing_squashed: unverifiable("The landing came with a commit that is not its own: squashed, or made by hand."),
	landing_moved: unverifiable("The landing's commit was moved, and holds more or less than the run's changes."),
	landing_unprovable: unverifiable("What the landing is to be compared with is not in this clone."),
	format_newer: unverifiable("A file was written by a newer version of the format."),
	check_incomplete: unverifiable("Something kept the check from looking at everything."),
} as const satisfies Record<string, CodeRow>;

type GraveDiagnostic = Exclude<DiagnosticCode, "key_machine_owned" | "key_unknown">;

export type FindingCode = keyof typeof ownCodes | GraveDiagnostic;

/** Diagnostics that only tell: such a file is sound. */
const HARMLESS: ReadonlySet<DiagnosticCode> = new Set(["key_machine_owned", "key_unknown"]);

/** Every code with its verdict and meaning, for documentation and tests. */
export const findingTable: Readonly<Record<FindingCode, CodeRow>> = {
	...(Object.fromEntries(
		Object.entries(diagnosticTable)
			.filter(([code]) => !HARMLESS.has(code as DiagnosticCode))
			.map(([code, { means }]) => [code, damaged(means)]),
	) as Record<GraveDiagnostic, CodeRow>),
	...ownCodes,
};

export interface Finding {
	readonly code: FindingCode;
	readonly verdict: Exclude<Verdict, "ok">;
	/** Relative to the workspace. */
	readonly file?: string;
	/** 1-based. */
	readonly line?: number;
	readonly taskId?: string;
	readonly runId?: string;
	readonly commit?: string;
	readonly message: string;
	/** The way out. */
	readonly hint: string;
}

export function finding(code: FindingCode, facts: Omit<Finding, "code" | "verdict">): Finding {
	const isKnown = !mendable.has(code) || facts.hint.includes("doctor --fix");
	const mend = isKnown ? "" : `${facts.hint.endsWith(".") ? " " : "; "}${MEND}`;
	return { code, verdict: findingTable[code].verdict, ...facts, hint: `${facts.hint}${mend}` };
}

const MEND = "`msgcode doctor --fix` shows whether it can be mended.";

/** What `msgcode doctor --fix` puts right where nobody has to decide. */
export const mendable: ReadonlySet<FindingCode> = new Set([
	"conflict_markers",
	"definition_missing",
	"file_name_case",
	"id_mismatch",
	"line_lost",
	"line_missing",
	"lines_contradict",
	"record_lost",
	"torn_line",
	"two_homes",
]);

/** What a diagnostic of a file amounts to; null for one that only tells. */
export function ofDiagnostic(diagnostic: Diagnostic, place: { readonly taskId?: string }): Finding | null {
	const { code, file, line, message, hint } = diagnostic;
	if (HARMLESS.has(code)) return null;
	return finding(code as GraveDiagnostic, { file, line, ...place, message, hint });
}

/** The worst of the findings' verdicts. */
export function verdictOf(findings: readonly { readonly verdict: Verdict }[]): Verdict {
	if (findings.some(({ verdict }) => verdict === "damaged")) return "damaged";
	return findings.some(({ verdict }) => verdict === "unverifiable") ? "unverifiable" : "ok";
}

/** How to get a file back, said in every hint alike. */
export function fromHistory(file: string): string {
	return `See what it was: git log -p -- ${file}`;
}
