// How fixes read: what is wrong, what is or would be written, why that is safe, and how each is taken back.
import type { Found, MadeFix } from "../ledger/fixes/mend.ts";
import type { Style } from "./color.ts";
import { paintPatch } from "./patch-paint.ts";
import { visible } from "./terminal-text.ts";

type FoundFix = Found["fixes"][number];

/** One entry of the JSON document's `fixes`. `made` is null in a dry run. */
export function fixData(fix: FoundFix, made: MadeFix | null): object {
	const { code, taskId, file, message, why, diff, local } = fix;
	const failure = made?.failure ?? null;
	const error = failure === null ? null : { code: failure.code, message: failure.message, hint: failure.hint ?? null };
	return {
		...{ code, taskId, file, message, why, diff, local },
		made: made !== null && failure === null,
		commit: made?.commit ?? null,
		undo: made?.commit == null ? null : undoOf(made.commit),
		error,
	};
}

export function foundText({ fixes, undecided }: Found, style: Style): string {
	const lines = fixes.map(
		(fix) => `${style.yellow("would fix")}  ${headOf(fix, style)}${whyOf(fix, style)}${changeOf(fix, style)}\n`,
	);
	return (
		lines.join("") + undecidedText(undecided, style) + (fixes.length + undecided.length > 0 ? "" : "Nothing to fix.\n")
	);
}

export function madeText(made: readonly MadeFix[], undecided: Found["undecided"], style: Style): string {
	const lines = made.map(({ fix, commit, failure }) => {
		if (failure !== null) {
			const hint = failure.hint === undefined ? "" : `${INDENT}${style.dim("hint:")} ${visible(failure.hint)}\n`;
			return `${style.red("not fixed")}  ${headOf(fix, style)}${INDENT}${visible(failure.message)}\n${hint}`;
		}
		const undo = commit === null ? "" : `${INDENT}${style.dim("undo:")} ${undoOf(commit)}\n`;
		return `${style.green("fixed    ")}  ${headOf(fix, style)}${undo}`;
	});
	return (
		lines.join("") + undecidedText(undecided, style) + (made.length + undecided.length > 0 ? "" : "Nothing to fix.\n")
	);
}

export function undoOf(commit: string): string {
	return `msgcode undo --op ${commit.slice(0, 12)}`;
}

const INDENT = " ".repeat(11);

function headOf({ code, message }: Pick<FoundFix, "code" | "message">, style: Style): string {
	return `${style.bold(code)}  ${visible(message)}\n`;
}

function whyOf({ why }: FoundFix, style: Style): string {
	return `${INDENT}${style.dim("why:")} ${visible(why)}\n`;
}

function changeOf({ diff }: FoundFix, style: Style): string {
	const painted = diff.startsWith("diff --git ") ? paintPatch(diff, style) : diff;
	return painted
		.split("\n")
		.map((line) => (line === "" ? "" : `${INDENT}${line}\n`))
		.join("");
}

function undecidedText(undecided: Found["undecided"], style: Style): string {
	return undecided
		.map(
			(one) => `${style.red("by hand  ")}  ${headOf(one, style)}${INDENT}${style.dim("hint:")} ${visible(one.hint)}\n`,
		)
		.join("");
}
