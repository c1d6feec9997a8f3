// `msgcode run compare`: two runs side by side, and the difference between what they made.
import { MsgcodeError } from "../../core/errors.ts";
import { compareRuns, type FinishedRun, type RunComparison } from "../../engine/record/compare-runs.ts";
import { recordedRun } from "../../engine/record/recorded-run.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Style } from "../color.ts";
import type { CommandContext, CommandResult, Notice } from "../command.ts";
import { historyNotice } from "../history-notice.ts";
import { openFor } from "../open.ts";
import { paintPatch } from "../patch-paint.ts";
import { duration, numberLine } from "../run-text.ts";
import { type Cell, renderTable } from "../table.ts";

export async function run(
	context: CommandContext,
	args: readonly string[],
	options: { readonly stat?: boolean },
): Promise<CommandResult> {
	const { ledger } = await openFor(context, "run compare");
	const reader = ledger.openReader();
	try {
		const a = await finishedRun(context, ledger, args[0] as string);
		const b = await finishedRun(context, ledger, args[1] as string);
		const comparison = await compareRuns(ledger, reader, a, b);
		const secret = [a, b].find(({ receipt }) => receipt.patch?.withheld === "secret");
		const { io, flags } = context;
		// A result with a secret in it is shown to a person at a terminal only: a pipe may lead anywhere.
		const hidden = secret !== undefined && !(context.interactive && io.stdout.isTTY && !flags.json);
		const withDiff = options.stat !== true && !hidden;
		return {
			kind: "run.compare",
			data: {
				a: sideOf(a),
				b: sideOf(b),
				files: comparison.files,
				by: comparison.by,
				difference: comparison.difference,
				...(withDiff ? { diff: textOf(comparison.diff) } : {}),
			},
			warnings: notices(comparison, hidden ? secret.runId : null),
			human: (style) => {
				const parts = [sideBySide(a, b, style), fileTable(comparison, style)];
				if (options.stat === true) parts.push(statText(comparison, style));
				else if (withDiff && comparison.diff.length > 0)
					parts.push(paintPatch(comparison.diff.toString("utf8"), style));
				return parts.filter((part) => part !== "").join("\n");
			},
			plain: () => comparison.files.map(({ path, a: ofA, b: ofB }) => [path, plainNumbers(ofA), plainNumbers(ofB)]),
		};
	} finally {
		reader.close();
	}
}

async function finishedRun(context: CommandContext, ledger: Ledger, word: string): Promise<FinishedRun> {
	const found = await recordedRun(ledger, word, historyNotice(context));
	const { receipt, live, runId } = found;
	if (receipt !== null) return { ...found, receipt };
	if (live !== null) throw new MsgcodeError("task_running", `The run ${runId} has not ended.`, { details: { runId } });
	throw new MsgcodeError("run_not_found", `The checked-out branch has no record of ${runId}.`, {
		hint: "Its result waits to be committed; `msgcode doctor` says why.",
	});
}

/** null for a difference that is not UTF-8: JSON could not hold its bytes. */
function textOf(diff: Buffer): string | null {
	try {
		return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(diff);
	} catch {
		return null;
	}
}

function sideOf({ receipt, landing, rejection, commit }: FinishedRun) {
	const { runId, taskId, status, errorCode, startedAt, durationMs, noChanges, checks, usage, resources } = receipt;
	return {
		runId,
		taskId,
		status,
		errorCode,
		startedAt,
		durationMs,
		attempts: receipt.attempts.length,
		runner: receipt.runner.kind,
		noChanges,
		checks: checks.map(({ command, status: result, exitCode, durationMs: took }) => {
			return { command, status: result, exitCode, durationMs: took };
		}),
		usage,
		resources,
		patch: receipt.patch,
		decision: landing !== null ? "landed" : rejection !== null ? "rejected" : null,
		commit,
	};
}

function notices({ by }: RunComparison, hidden: string | null): Notice[] {
	const warnings: Notice[] = [];
	if (hidden !== null) {
		const message = `What ${hidden} made is withheld because of a secret; the difference is shown at a terminal only.`;
		warnings.push({ code: "patch_withheld", message });
	}
	if (by === "patches") {
		const message = "A result is not in this clone: the two patches are compared, line by line.";
		warnings.push({
			code: "results_missing",
			message,
			hint: "git fetch origin 'refs/msgcode/runs/*:refs/msgcode/runs/*'",
		});
	}
	if (by === null) {
		const message =
			"Neither the results nor the patches of both runs are in this clone, or they have nothing in common.";
		warnings.push({ code: "results_missing", message });
	}
	return warnings;
}

function sideBySide(a: FinishedRun, b: FinishedRun, style: Style): string {
	const rows: Cell[][] = [];
	const add = (name: string, of: (run: FinishedRun) => Cell) =>
		rows.push([{ text: name, paint: style.dim }, of(a), of(b)]);
	add("task", ({ taskId }) => taskId);
	add("status", ({ receipt }) => ({
		text: receipt.errorCode === null ? receipt.status : `${receipt.status} (${receipt.errorCode})`,
		paint: receipt.status === "ok" ? style.green : style.red,
	}));
	add("took", ({ receipt }) => duration(receipt.durationMs));
	add("started", ({ receipt }) => receipt.startedAt);
	add("runner", ({ receipt }) => [receipt.runner.kind, ...receipt.runner.argv].join(" "));
	add("decision", ({ landing, rejection }) => (landing !== null ? "landed" : rejection !== null ? "rejected" : "-"));
	for (const command of new Set([a, b].flatMap(({ receipt }) => receipt.checks.map((check) => check.command)))) {
		add(`check ${command}`, ({ receipt }) => {
			const check = receipt.checks.find((one) => one.command === command);
			return check === undefined ? "-" : `${check.status} ${duration(check.durationMs)}`;
		});
	}
	add("tokens", ({ receipt: { usage } }) => {
		const known = usage?.inputTokens != null || usage?.outputTokens != null;
		return known ? `${usage.inputTokens ?? 0} in, ${usage.outputTokens ?? 0} out` : "-";
	});
	add("cost", ({ receipt: { usage } }) => (usage?.costUsd == null ? "-" : `$${usage.costUsd}`));
	const columns = [{ title: "" }, { title: a.runId, flexible: true }, { title: b.runId, flexible: true }];
	return renderTable(
		columns,
		rows.filter(([, one, other]) => one !== "-" || other !== "-"),
		style,
	);
}

function fileTable({ files }: RunComparison, style: Style): string {
	if (files.length === 0) return "Neither run changed a file.\n";
	const rows = files.map(({ path, a, b }) => [
		{
			text: a !== null && b !== null ? "both" : a !== null ? "only a" : "only b",
			paint: a !== null && b !== null ? style.yellow : style.cyan,
		},
		plainNumbers(a),
		plainNumbers(b),
		path,
	]);
	return renderTable([{ title: "IN" }, { title: "A" }, { title: "B" }, { title: "FILE", flexible: true }], rows, style);
}

function plainNumbers(numbers: RunComparison["files"][0]["a"]): string {
	if (numbers === null) return "-";
	return numbers.insertions === null ? "binary" : `+${numbers.insertions} -${numbers.deletions}`;
}

function statText({ by, difference }: RunComparison, style: Style): string {
	if (by !== "results") return "";
	if (difference.length === 0) return "The two results are the same.\n";
	return `from a to b:\n${difference.map((file) => `  ${numberLine(file, style)}\n`).join("")}`;
}
