// How a run reads in a terminal: its outcome, its files, its checks.

import { dateable, formatDuration, isoTime } from "../core/clock.ts";
import type { Progress } from "../engine/run/progress.ts";
import type { ChangedFile } from "../git/patch.ts";
import type { Receipt } from "../ledger/runs/receipt.ts";
import type { Style } from "./color.ts";
import { visible } from "./terminal-text.ts";

const SHOWN_FILES = 20;

export function runOutcomeLines(receipt: Receipt, files: readonly ChangedFile[], style: Style): string {
	const lines = [
		`${paintStatus(receipt.status, style)}  ${style.bold(receipt.runId)}  ${style.dim(duration(receipt.durationMs))}`,
	];
	if (receipt.errorCode !== null)
		lines.push(`  ${style.red(receipt.errorCode)}: ${receipt.errorMessage}${inBrackets(factsIn(receipt.details))}`);
	if (receipt.mode === "in-place")
		lines.push("  It had no worktree: what it changed, if anything, is in the checkout, not committed.");
	else if (receipt.noChanges) lines.push("  It changed nothing.");
	else lines.push(`  ${patchLine(receipt, style)}`);
	lines.push(...shownFiles(files, style));
	for (const check of receipt.checks) {
		const mark = check.status === "ok" ? style.green("passed") : style.red(check.status);
		lines.push(`  check ${mark}  ${visible(check.command)}  ${style.dim(duration(check.durationMs))}`);
	}
	for (const secret of receipt.secrets) {
		lines.push(`  ${style.red("withheld")}  ${visible(secret.file)}:${secret.line} looks like ${secret.rule}`);
	}
	return `${lines.join("\n")}\n`;
}

/** The changed files of a landing, one line each; the first ones of very many. */
export function fileLines(files: readonly ChangedFile[], style: Style): string {
	return shownFiles(files, style)
		.map((line) => `${line}\n`)
		.join("");
}

function shownFiles(files: readonly ChangedFile[], style: Style): string[] {
	const lines = files.slice(0, SHOWN_FILES).map((file) => `    ${fileLine(file, style)}`);
	if (files.length > SHOWN_FILES) lines.push(`    … and ${files.length - SHOWN_FILES} more`);
	return lines;
}

/** One file of a patch with its numbers of lines. */
export function numberLine(file: Pick<ChangedFile, "path" | "insertions" | "deletions">, style: Style): string {
	return `${visible(file.path)}  ${counts(file, style)}`;
}

function counts(file: Pick<ChangedFile, "insertions" | "deletions">, style: Style): string {
	if (file.insertions === null) return "binary";
	return `${style.green(`+${file.insertions}`)} ${style.red(`-${file.deletions}`)}`;
}

export function paintStatus(status: string, style: Style): string {
	if (status === "ok") return style.green(status);
	return ["canceled", "skipped", "waiting_human"].includes(status) ? style.yellow(status) : style.red(status);
}

export function fileLine(file: ChangedFile, style: Style): string {
	const name = file.from === undefined ? visible(file.path) : `${visible(file.from)} → ${visible(file.path)}`;
	return `${file.status.padEnd(8)}  ${name}  ${counts(file, style)}`;
}

function patchLine(receipt: Receipt, style: Style): string {
	const { patch } = receipt;
	if (patch === null) return "Its work could not be collected; the worktree was kept.";
	const size = `${patch.files} file${patch.files === 1 ? "" : "s"}, ${style.green(`+${patch.insertions}`)} ${style.red(`-${patch.deletions}`)}`;
	return patch.withheld === undefined
		? `${size}  ${style.dim(patch.path)}`
		: `${size}, patch withheld (${patch.withheld})`;
}

/** The details of a run's end in one line; empty where there are none. */
export function factsIn(details: Receipt["details"]): string {
	const pairs = Object.entries(details).filter(([, value]) => value !== null && typeof value !== "object");
	return pairs.map(([key, value]) => `${key}: ${factIn(key, value)}`).join(", ");
}

function inBrackets(text: string): string {
	return text === "" ? "" : ` (${text})`;
}

function factIn(key: string, value: unknown): string {
	return key.endsWith("AtMs") && typeof value === "number" ? isoTime(dateable(value)) : visible(String(value));
}

/** `2/5`; null where nothing is known. */
export function progressText(progress: Progress | null | undefined): string | null {
	return progress == null || progress.total === 0 ? null : `${progress.done}/${progress.total}`;
}

export function duration(ms: number): string {
	return ms < 60_000 ? `${(ms / 1000).toFixed(1)}s` : formatDuration(ms);
}
