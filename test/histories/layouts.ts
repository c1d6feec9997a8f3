// The files of new tasks, in the forms that people and programs give them. The prompt has parts with lines between them that
// nobody changes, so that each part is a value of its own for a merge of text.
import { addTask, adoptText } from "../../src/ledger/edit/add-task.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { definitionDefaults } from "../../src/ledger/task/definition.ts";
import type { Layout } from "./actions.ts";

export const PARTS = 4;

/** The prompt of a new task: `PARTS` parts with a line each, and a last one that grows. */
function promptFor(word: () => string): string {
	const parts = Array.from({ length: PARTS }, (_, part) => `## Part ${part}\n\nDo ${word()}.\n`);
	return `${[...parts, "## Notes\n"].join("\n")}`;
}

/** What each part of a body says, by its heading; what stands before the first heading under "". */
export function partsOf(body: string): Record<string, string> {
	const parts: Record<string, string> = {};
	let heading = "";
	for (const line of body.split(/\r?\n/)) {
		const next = /^## (.+)$/.exec(line)?.[1];
		if (next !== undefined) heading = parts[next] === undefined ? next : `${next} again`;
		else parts[heading] = `${parts[heading] ?? ""}${line}\n`;
		parts[heading] ??= "";
	}
	return Object.fromEntries(Object.entries(parts).map(([name, text]) => [name, text.trim()]));
}

/** The text with one part's words changed; the part "Notes" gets a line more. */
export function withPart(text: string, part: number, words: string): string {
	const newline = text.includes("\r\n") ? "\r\n" : "\n";
	if (part >= PARTS) return `${text}${text.endsWith("\n") ? "" : newline}${newline}${words}${newline}`;
	return text.replace(new RegExp(`(^## Part ${part}\\r?\\n\\r?\\n)[^\\r\\n]*`, "m"), (_, head) => `${head}${words}`);
}

/** Adds a task in this layout; each place that takes text gets a word of its own. Returns its id. */
export async function addInLayout(ledger: Ledger, layout: Layout, word: () => string): Promise<string> {
	if (layout === "as msgcode writes it") {
		const definition = { ...definitionDefaults, title: `Title ${word()}`, labels: [word()], extra: {} };
		return (await addTask(ledger, definition, promptFor(word))).id;
	}
	return (await adoptText(ledger, textInLayout(layout, word), "a file of the test")).id;
}

function textInLayout(layout: Layout, word: () => string): string {
	if (layout === "by hand, without gaps")
		return `---\ntitle: Title ${word()}\npriority: 4\nlabels: [${word()}]\n---\n\n${promptFor(word)}`;
	const keys = [
		`# The title, ${word()}.\ntitle: "Title ${word()}"\n`,
		`priority: 4 # for now: ${word()}`,
		`labels:\n  - ${word()}\n`,
		"custom: kept",
	];
	const text = `---\n${keys.join("\n")}\n---\n${promptFor(word)}`;
	return layout === "CRLF" ? text.replaceAll("\n", "\r\n") : text;
}
