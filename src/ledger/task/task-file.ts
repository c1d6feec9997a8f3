// From the text of `<taskId>.md` to a definition. A bad key gets a diagnostic with its line and falls back to its default;
// the rest of the file counts, and a file without front matter is a task as well.

import { basename } from "node:path/posix";
import { isTaskId } from "../../core/ids.ts";
import { type Diagnostic, type DiagnosticCode, diagnose } from "../diagnostic.ts";
import { LIMITS } from "../limits.ts";
import { type Definition, definitionDefaults } from "./definition.ts";
import { isDefinitionKey, ownerOf, similarKey } from "./definition-keys.ts";
import { definitionSchemas } from "./definition-schemas.ts";
import { parseDocument } from "./document.ts";
import { plainValue } from "./plain-values.ts";

export interface TaskFile {
	readonly definition: Definition;
	readonly diagnostics: readonly Diagnostic[];
}

/** Reads a task's text. `file` is the path to name in diagnostics; a base name that is a task id is the id. */
export function parseTaskFile(text: string, file: string): TaskFile {
	const document = parseDocument(text, file);
	const diagnostics = [...document.diagnostics];
	const stem = basename(file).replace(/\.(?:md|markdown)$/i, "");
	const report = (code: DiagnosticCode, path: readonly PropertyKey[], message: string, hint: string) => {
		diagnostics.push(diagnose(code, { file, line: document.lineOf(path), message, hint }));
	};
	const values: Record<string, unknown> = {};
	const extra: Record<string, unknown> = {};
	for (const [key, value] of Object.entries(document.frontMatter)) {
		const owner = ownerOf(key);
		if (key === "id") {
			if (isTaskId(stem) && value !== stem) {
				const message = `The front matter says id ${JSON.stringify(value)}, the file's name says ${stem}.`;
				report("id_mismatch", ["id"], message, "Remove the id line; the file's name counts.");
			}
		} else if (owner !== null) {
			report("key_machine_owned", [key], `${key} is written by msgcode; the value here is ignored.`, `Use ${owner}.`);
		} else if (!isDefinitionKey(key)) {
			const similar = similarKey(key);
			if (similar !== null) {
				report("key_unknown", [key], `The key ${key} has no effect.`, `Did you mean ${similar}?`);
			}
			extra[key] = value;
		} else if (value !== null) {
			// A key with nothing behind it is a key that is not there.
			const plain = plainValue(key, value);
			if (plain !== null) {
				values[key] = plain.data;
				continue;
			}
			const checked = definitionSchemas[key].safeParse(value);
			if (checked.success) values[key] = checked.data;
			for (const issue of checked.success ? [] : checked.error.issues.slice(0, 5)) {
				const path = [key, ...issue.path];
				report("value_invalid", path, `${path.map(String).join(".")} ${issue.message}.`, "Mend the value in the file.");
			}
		}
	}
	if ((values.dependsOn as string[] | undefined)?.includes(stem)) {
		report("value_invalid", ["dependsOn"], "dependsOn names the task itself.", "Remove it from the list.");
	}
	const { chatGuid, ...rest } = values;
	if (chatGuid !== undefined && rest.route === undefined) rest.route = { channel: "tmux", target: chatGuid };
	const prompt = document.body.replace(/^(?:[ \t]*\r?\n)+/, "");
	const title = (rest.title as string | undefined) ?? titleOf(prompt, stem);
	return { definition: { ...definitionDefaults, ...rest, title, prompt, extra } as Definition, diagnostics };
}

/** The first heading of the body outside code, else the file's name. */
function titleOf(body: string, stem: string): string {
	let fence: string | null = null;
	for (const line of body.split("\n")) {
		const mark = /^ {0,3}(```|~~~)/.exec(line)?.[1];
		if (mark !== undefined && (fence === null || fence === mark)) fence = fence === null ? mark : null;
		const heading = fence === null ? /^ {0,3}#{1,6}[ \t]+(.*)$/.exec(line)?.[1] : undefined;
		const words = heading
			?.replace(/[ \t]+#+\s*$/, "")
			.replaceAll(/[\p{Cc}\u2028\u2029]/gu, " ")
			.trim();
		if (words) return [...words].slice(0, LIMITS.titleCharacters).join("");
	}
	return stem;
}
