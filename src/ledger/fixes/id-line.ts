// An `id:` in a task's front matter that is not the one in its file's name: what a copied file brings along.
// Invariant: only that line goes; every other byte of the file stays.
import { MsgcodeError } from "../../core/errors.ts";
import { editDocument, parseDocument } from "../task/document.ts";
import { decodeText } from "../task/source-text.ts";
import { type Fix, type FixKind, textFix, type Undecided } from "./fix.ts";
import { definitions } from "./task-files.ts";

export const idLine: FixKind = {
	code: "id_line",
	wrong: "front matter whose `id:` contradicts the file's name",
	mended: "the `id:` line is removed: the file's name is the id",
	find(ground) {
		const fixes: Fix[] = [];
		const undecided: Undecided[] = [];
		for (const { taskId, path, content } of definitions(ground)) {
			const { text, diagnostics } = decodeText(content, path);
			if (diagnostics.length > 0) continue;
			const { frontMatter, diagnostics: broken } = parseDocument(text, path);
			if (broken.length > 0 || frontMatter.id === undefined || frontMatter.id === taskId) continue;
			const message = `${path} says id ${JSON.stringify(frontMatter.id)}, its name says ${taskId}.`;
			try {
				const why = "A task's id is its file's name; the line has no effect but the contradiction.";
				const summary = "remove an id that contradicts the file's name";
				fixes.push(
					textFix(ground, { path, content: editDocument(text, { id: undefined }), taskId, message, why, summary }),
				);
			} catch (error) {
				if (!(error instanceof MsgcodeError)) throw error;
				undecided.push({ taskId, file: path, message, fields: ["id"], hint: "Remove the id by hand." });
			}
		}
		return { fixes, undecided };
	},
};
