// Conflict markers that a merge left in a task's file, committed or not.
// Invariant: mended exactly where the merge driver would have resolved the conflict; all else is told with its fields.
import { operationInProgress } from "../../git/operation.ts";
import { decodeText } from "../task/source-text.ts";
import { parseMarkers } from "./conflict-text.ts";
import { type Fix, type FixGround, type FixKind, textFix, type Undecided } from "./fix.ts";
import { resolveMarkers } from "./resolve-markers.ts";
import { sidesInHistory } from "./sides-in-history.ts";
import { stageFile } from "./stage-file.ts";
import { type TaskFileContent, taskFiles } from "./task-files.ts";

export const conflictMarkers: FixKind = {
	code: "conflict_markers",
	wrong: "conflict markers in a task's `.md` or `.json`",
	mended: "the sides are merged by field, as the merge driver does, where that is without a conflict",
	async find(ground) {
		const fixes: Fix[] = [];
		const undecided: Undecided[] = [];
		for (const file of taskFiles(ground)) {
			if (ground.unmerged.has(file.path)) continue;
			const { text, diagnostics } = decodeText(file.content, file.path);
			const marked = parseMarkers(text);
			if (diagnostics.length > 0 || marked === "none") continue;
			const history = async () =>
				marked === "unclear" ? null : await sidesInHistory(ground, file.path, marked.labels);
			const resolution = await resolveMarkers(file.path, text, history, ground.mergeText);
			if ("text" in resolution) fixes.push(fixOf(ground, file, resolution.text));
			else undecided.push(markersLeft(file, resolution));
		}
		return { fixes, undecided };
	},
};

function fixOf(ground: FixGround, { taskId, path, content }: TaskFileContent, text: string): Fix {
	const { ledger } = ground;
	const message = `A merge left conflict markers in ${path}.`;
	const why =
		"Merged by field, the two sides do not contradict each other; everything outside the markers stays as it is.";
	const summary = `resolve conflict markers in ${path}`;
	// In the middle of a merge the person concludes it: the file is staged, as after any resolved conflict.
	if (operationInProgress(ledger.workspace.gitDir) !== null) {
		const writes = [{ path, seen: content, content: text }];
		return { taskId, file: path, message, why, summary, writes, mend: () => stageFile(ledger, path, text) };
	}
	return textFix(ground, { path, content: text, taskId, message, why, summary });
}

export function markersLeft(
	{ taskId, path }: Pick<TaskFileContent, "path"> & { readonly taskId: string | null },
	{ fields, why }: { readonly fields: readonly string[]; readonly why: string },
): Undecided {
	const which = fields.length === 0 ? "" : `: ${fields.join(", ")}`;
	return {
		taskId,
		file: path,
		message: `The conflict in ${path} is for a person to decide, as ${why}${which}.`,
		fields,
		hint: "Keep what is right, remove the marker lines, then commit the file: msgcode commit",
	};
}
