// What is wrong with runs.jsonl and can be told from the runs' receipts: a torn line, a missing one, two that contradict.
// Invariant: a receipt decides and nothing else; a row that no receipt explains is left as it is.
import { tasksWithRuns } from "../archive/archive-places.ts";
import { RUNS_FILE } from "../paths.ts";
import type { Receipt, RunLine } from "../runs/receipt.ts";
import { agreesWith, lineFromReceipt, rowOf, runIdOfRow } from "../runs/run-line-source.ts";
import { sameRun } from "../runs/run-log-health.ts";
import { parseRunLine, readReceipt, readRunLog, runIdsOf } from "../runs/runs.ts";
import { parseMarkers } from "./conflict-text.ts";
import { type Findings, type Fix, type FixGround, type FixKind, NOTHING, textFix } from "./fix.ts";
import { isAbsent, runLogText } from "./task-files.ts";

export const tornLine: FixKind = {
	code: "torn_line",
	wrong: "a line of `tasks/runs.jsonl` that is cut off, or a missing final newline",
	mended: "the line is completed from the run's receipt",
	async find(ground) {
		const text = await readableText(ground);
		if (text === null) return NOTHING;
		const rows = text.split("\n");
		const untold = receiptsWithoutLine(ground);
		const fixes: string[] = [];
		for (const [at, row] of rows.entries()) {
			if (row.trim() === "" || runIdOfRow(row) !== null) continue;
			const whole = await completed(ground, row, untold);
			if (whole === null) continue;
			rows[at] = whole.row;
			fixes.push(whole.runId);
		}
		const content = `${rows.join("\n")}${rows.at(-1) === "" ? "" : "\n"}`;
		const lastIsWhole = rows.at(-1) === "" || runIdOfRow(rows.at(-1) ?? "") !== null;
		if (content === text || (fixes.length === 0 && !lastIsWhole)) return NOTHING;
		const what = fixes.length === 0 ? "its final newline" : `the line of ${fixes.join(", ")}`;
		return only(
			textFix(ground, {
				path: RUNS_FILE,
				content,
				taskId: null,
				message: `${RUNS_FILE} was cut off: ${what} is not whole.`,
				why: "Each cut line is the beginning of exactly the line that the run's receipt asks for.",
				summary: `complete ${what} in runs.jsonl`,
			}),
		);
	},
};

export const missingLine: FixKind = {
	code: "run_line_missing",
	wrong: "a run has its receipt but no line in `tasks/runs.jsonl`",
	mended: "the line comes back from the run's commit, else it is made from the receipt with the facts known",
	async find(ground) {
		const text = await readableText(ground);
		const untold = receiptsWithoutLine(ground);
		// A row that is cut off may be one of them: it is completed first.
		const explained = new Set<string>();
		for (const row of (text ?? "").split("\n")) {
			const whole = runIdOfRow(row) === null && row.trim() !== "" ? await completed(ground, row, untold) : null;
			if (whole !== null) explained.add(whole.runId);
		}
		const missing = untold.filter(({ runId }) => !explained.has(runId));
		if (text === null || missing.length === 0) return NOTHING;
		const rows: string[] = [];
		for (const receipt of missing) rows.push(await rowOf(ground.ledger, ground.reader, receipt));
		const gap = text === "" || text.endsWith("\n") ? "" : "\n";
		const names = missing.map(({ runId }) => runId);
		const tasks = new Set(missing.map(({ taskId }) => taskId));
		const what = names.length === 1 ? (names[0] as string) : `${names.length} runs`;
		return only(
			textFix(ground, {
				path: RUNS_FILE,
				content: `${text}${gap}${rows.join("\n")}\n`,
				taskId: tasks.size === 1 ? ([...tasks][0] as string) : null,
				message: `${RUNS_FILE} does not tell of ${names.join(", ")}.`,
				why: "The receipts are whole, and a line says nothing that its receipt does not say; no other line changes.",
				summary: `tell of ${what} in runs.jsonl`,
			}),
		);
	},
};

export const contradictingLines: FixKind = {
	code: "run_line_contradicts",
	wrong: "`tasks/runs.jsonl` tells one run in different words",
	mended: "the line that says what the run's receipt says stays, the others go",
	async find(ground) {
		const text = await readableText(ground);
		if (text === null) return NOTHING;
		const { root } = ground.ledger.workspace;
		const rows = text.split("\n");
		const fixed: string[] = [];
		const undecided: Findings["undecided"][number][] = [];
		const dropped = new Set<string>();
		for (const [runId, wordings] of wordingsOf(rows)) {
			if (wordings.length < 2) continue;
			const taskId = taskIdOfRow(wordings[0] as string);
			const receipt = taskId === null ? null : readReceipt(root, taskId, runId);
			const right = receipt === null ? [] : wordings.filter((row) => agreesWith(row, receipt));
			// Of a run whose withheld patch was released there are two lines, which readers fold.
			if (wordings.every((row) => foldable(wordings[0] as string, row, receipt))) continue;
			if (right.length !== 1) {
				undecided.push({
					taskId,
					file: RUNS_FILE,
					message: `${RUNS_FILE} tells the run ${runId} in ${wordings.length} ways, and its receipt does not decide.`,
					fields: differingKeys(wordings),
					hint: "Delete the lines that are wrong.",
				});
				continue;
			}
			fixed.push(runId);
			for (const row of wordings) if (row !== right[0]) dropped.add(row);
		}
		if (fixed.length === 0) return { fixes: [], undecided };
		const fix = textFix(ground, {
			path: RUNS_FILE,
			content: rows.filter((row) => !dropped.has(row)).join("\n"),
			taskId: null,
			message: `${RUNS_FILE} tells ${fixed.join(", ")} in different words.`,
			why: "Exactly one of the wordings says what the run's receipt says; that one stays.",
			summary: `keep the line of ${fixed.length === 1 ? fixed[0] : `${fixed.length} runs`} that its receipt confirms`,
		});
		return { fixes: [fix], undecided };
	},
};

function only(fix: Fix): Findings {
	return { fixes: [fix], undecided: [] };
}

/** The file's text; null while other fixes have to see to it first, and empty where it never was. */
async function readableText({ ledger, view, unmerged }: FixGround): Promise<string | null> {
	const { root } = ledger.workspace;
	if (unmerged.has(RUNS_FILE)) return null;
	if (isAbsent(root, RUNS_FILE)) return (await view.committed(RUNS_FILE)) === null ? "" : null;
	const text = runLogText(root);
	return text === null || parseMarkers(text) !== "none" ? null : text;
}

/** Receipts that are whole, of ended runs of tasks, whose run is told nowhere. Oldest first. */
function receiptsWithoutLine({ ledger, isLive }: FixGround): Receipt[] {
	const { root } = ledger.workspace;
	const told = new Set(readRunLog(root).lines.map(({ runId }) => runId));
	return tasksWithRuns(root)
		.flatMap((taskId) => runIdsOf(root, taskId).map((runId) => ({ taskId, runId })))
		.filter(({ runId }) => !told.has(runId) && !isLive(runId))
		.flatMap(({ taskId, runId }) => readReceipt(root, taskId, runId) ?? [])
		.sort((a, b) => (a.endedAt < b.endedAt ? -1 : 1));
}

/** The whole row that a cut one is the beginning of, where exactly one receipt asks for it. */
async function completed(
	{ ledger, reader }: FixGround,
	row: string,
	untold: readonly Receipt[],
): Promise<{ row: string; runId: string } | null> {
	const cut = row.trimEnd();
	const runId = /^\{"ts":"[^"]*","runId":"(run_\w+)"/.exec(cut)?.[1];
	if (!cut.startsWith('{"ts":"')) return null;
	const candidates = runId === undefined ? untold : untold.filter((receipt) => receipt.runId === runId);
	const found: { row: string; runId: string }[] = [];
	for (const receipt of candidates) {
		const whole = await rowOf(ledger, reader, receipt, digestIn(cut));
		const known = whole.startsWith(cut) || `${JSON.stringify(lineFromReceipt(receipt))}`.startsWith(headOf(cut));
		if (known) found.push({ row: whole, runId: receipt.runId });
	}
	return found.length === 1 ? (found[0] as { row: string; runId: string }) : null;
}

/** The cut line up to what no receipt holds. */
function headOf(cut: string): string {
	const at = cut.indexOf(',"textDigest":');
	return at < 0 ? cut : cut.slice(0, at);
}

/** Digest and length of the runner's last words, where the cut line still holds both whole. */
function digestIn(cut: string): Pick<RunLine, "textDigest" | "textLength"> | null {
	const [, textDigest, length] = /,"textDigest":"(sha256:[0-9a-f]{64})","textLength":(\d+),/.exec(cut) ?? [];
	return textDigest === undefined ? null : { textDigest, textLength: Number(length) };
}

/** The different rows of each run, in file order. */
function wordingsOf(rows: readonly string[]): Map<string, string[]> {
	const found = new Map<string, string[]>();
	for (const row of rows) {
		const runId = runIdOfRow(row);
		if (runId === null) continue;
		const wordings = (found.get(runId) ?? []).filter((one) => one !== row);
		found.set(runId, [...wordings, row]);
	}
	return found;
}

function foldable(one: string, other: string, receipt: Receipt | null): boolean {
	const [first, second] = [parseRunLine(one), parseRunLine(other)];
	return first !== null && second !== null && sameRun(first, second, receipt);
}

function taskIdOfRow(row: string): string | null {
	const { taskId } = JSON.parse(row) as { taskId?: unknown };
	return typeof taskId === "string" ? taskId : null;
}

function differingKeys(rows: readonly string[]): string[] {
	const lines = rows.map((row) => JSON.parse(row) as Record<string, unknown>);
	const keys = new Set(lines.flatMap((line) => Object.keys(line)));
	return [...keys].filter((key) => new Set(lines.map((line) => JSON.stringify(line[key]))).size > 1);
}
