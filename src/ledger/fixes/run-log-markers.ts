// Conflict markers in runs.jsonl, where git merged it without its union rule.
// Invariant: every line of either side stays, once; only the markers, and what both sides dropped, go.

import { RUNS_FILE } from "../paths.ts";
import { parseMarkers } from "./conflict-text.ts";
import { type FixKind, NOTHING, textFix } from "./fix.ts";
import { runLogText } from "./task-files.ts";

export const runLogMarkers: FixKind = {
	code: "run_log_markers",
	wrong: "conflict markers in `tasks/runs.jsonl`",
	mended: "the lines of both sides stay, once each",
	find(ground) {
		const text = ground.unmerged.has(RUNS_FILE) ? null : runLogText(ground.ledger.workspace.root);
		if (text === null || parseMarkers(text) === "none") return NOTHING;
		const content = unionOf(text);
		if (content === null) {
			const message = `The conflict markers in ${RUNS_FILE} do not pair.`;
			const hint = "Delete the marker lines; keep the lines of both sides.";
			return { fixes: [], undecided: [{ taskId: null, file: RUNS_FILE, message, fields: [], hint }] };
		}
		const fix = textFix(ground, {
			path: RUNS_FILE,
			content,
			taskId: null,
			message: `A merge left conflict markers in ${RUNS_FILE}.`,
			why: "Lines are only ever appended, so both sides' lines stay, once each.",
			summary: "take conflict markers out of runs.jsonl",
		});
		return { fixes: [fix], undecided: [] };
	},
};

/** The text without its markers, with the lines of both sides once each; null where the markers do not pair. */
export function unionOf(text: string): string | null {
	const read = parseMarkers(text);
	if (read === "none" || read === "unclear") return read === "none" ? text : null;
	const outside = read.parts.filter((part) => typeof part === "string").join("");
	const known = new Set(outside.split("\n"));
	return read.parts
		.map((part) => (typeof part === "string" ? part : newLines([part.ours, part.theirs], known)))
		.join("");
}

/** The lines that are not known yet, which are known from now on. */
function newLines(texts: readonly string[], known: Set<string>): string {
	let lines = "";
	for (const line of texts.flatMap((text) => text.split("\n"))) {
		if (line === "" || known.has(line)) continue;
		known.add(line);
		lines += `${line}\n`;
	}
	return lines;
}
