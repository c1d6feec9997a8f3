// Where the front matter of a Markdown file begins and ends, by the same rule as gray-matter: it opens with --- at the very
// start and closes at the next line that starts with ---. The parts, joined, are the text again, byte for byte.

export interface FencedText {
	/** Byte order mark and opening line with its line ending; the mark alone where there is no front matter. */
	readonly head: string;
	/** The lines between the fences, each with its line ending. */
	readonly matter: string;
	/** The closing line with its line ending, if it has one. */
	readonly close: string;
	readonly body: string;
	readonly hasFrontMatter: boolean;
	/** What stands behind the opening ---, trimmed. */
	readonly language: string;
	/** True where front matter opens and no line closes it; `matter` is then the rest of the file. */
	readonly unclosed: boolean;
	/** The line ending of the file's first line. */
	readonly lineEnd: "\n" | "\r\n";
}

/** Splits a text; every text has an answer. */
export function splitFences(text: string): FencedText {
	const mark = text.startsWith("\uFEFF") ? "\uFEFF" : "";
	const firstBreak = text.indexOf("\n");
	const lineEnd = firstBreak > 0 && text[firstBreak - 1] === "\r" ? "\r\n" : "\n";
	const start = mark.length;
	if (!text.startsWith("---", start) || text[start + 3] === "-") {
		const body = text.slice(start);
		return { head: mark, matter: "", close: "", body, hasFrontMatter: false, language: "", unclosed: false, lineEnd };
	}
	const headEnd = firstBreak === -1 ? text.length : firstBreak + 1;
	const head = text.slice(0, headEnd);
	const opened = { head, hasFrontMatter: true, language: head.slice(start + 3).trim(), lineEnd } as const;
	// From the opening line's own newline on, so that an empty front matter is found as well.
	const closeBreak = firstBreak === -1 ? -1 : text.indexOf("\n---", firstBreak);
	if (closeBreak === -1) return { ...opened, matter: text.slice(headEnd), close: "", body: "", unclosed: true };
	const closeLineBreak = text.indexOf("\n", closeBreak + 1);
	const bodyStart = closeLineBreak === -1 ? text.length : closeLineBreak + 1;
	return {
		...opened,
		matter: text.slice(headEnd, closeBreak + 1),
		close: text.slice(closeBreak + 1, bodyStart),
		body: text.slice(bodyStart),
		unclosed: false,
	};
}

export function joinFences(parts: Pick<FencedText, "head" | "matter" | "close" | "body">): string {
	return parts.head + parts.matter + parts.close + parts.body;
}
