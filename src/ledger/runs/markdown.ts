// Text of others as a part of a Markdown document that any forge may render: plain CommonMark, no HTML, no table.
// Invariant: what comes in stays in its place, is seen as what it is, and calls nobody: no heading, fence, link, mention,
// reference, closing keyword or hidden character of it takes effect.

/** Control, format and reordering characters, and those that carry hidden text; not the joiners that scripts and emoji need. */
const HIDDEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]|[\u{e0100}-\u{e01ef}]/gu;
const HIDDEN_IN_LINES = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]|[\u{e0100}-\u{e01ef}]/gu;

/** A word that no renderer takes for anything else: letters and digits, joined by a hyphen, an apostrophe or a slash. */
const PLAIN_WORD = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:['’/.-][\p{L}\p{N}][\p{L}\p{M}\p{N}]*)*$/u;
/** What such a word must not be: `GH-12` and the like, a revision, a file or a host with dots between letters. */
const REFERENCE = /^\p{L}+-\d+$|^(?=.*\d)[0-9a-f]{7,64}$|\p{L}{2}\.\p{L}|\p{L}\.\p{L}{2}/iu;

/** Words by which forges close an issue; what follows is the issue. */
const CLOSING =
	/\b(clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?)\b([ \t:]{1,10}(?:issues?[ \t]{1,5})?)((?:[\w.-]+\/)*[\w.-]*[#!]\d|GH-\d|[A-Z][A-Z0-9]*-\d|https?:\/\/)/gi;

/** One line that reads as the text (at most `most` characters) and acts as nothing: words with anything special are code. */
export function markdownText(text: string, most = 2000): string {
	return oneLine(shortened(text, most))
		.split(" ")
		.map((word) => {
			const [, before = "", core = "", after = ""] = /^([("'“‘]*)(.*?)([)"'”’,;:.?!…]*)$/u.exec(word) ?? [];
			if (/^[!-/:-@[-_{-~]*$/.test(core)) return word.replace(/(?![(),.;?'"])[!-/:-@[-`{-~]/g, "\\$&");
			if (!PLAIN_WORD.test(core) || REFERENCE.test(core)) {
				const opened = /[([]/.test(core) ? (/^[)\]]+/.exec(after)?.[0] ?? "") : "";
				return `${before}${markdownCode(`${core}${opened}`)}${after.slice(opened.length)}`;
			}
			// `1.` and `1)` begin a list.
			return `${before}${core}${/^\d+$/.test(core) ? after.replace(/^[.)]/, "\\$&") : after}`;
		})
		.join(" ");
}

/** A code span: the text on one line, at most `most` characters of it. */
export function markdownCode(text: string, most = 400): string {
	const line = shortened(defused(oneLine(text.replace(/\r\n?|\n/g, "⏎"), false)), most);
	const fence = "`".repeat(longestRun(line) + 1);
	const gap = line === "" || /^`|`$|^ .* $/.test(line) || line.trim() === "" ? " " : "";
	return `${fence}${gap}${line}${gap}${fence}`;
}

/** A fenced block. No line in it begins with a `/`, by which robots of forges are given orders. */
export function markdownBlock(text: string, language = "text"): string {
	const lines = defused(text.replace(/\r\n?/g, "\n").replace(HIDDEN_IN_LINES, picture)).replace(/^\/(?=\w)/gm, " /");
	const fence = "`".repeat(Math.max(2, longestRun(lines)) + 1);
	return `${fence}${language}\n${lines}\n${fence}`;
}

/** One line without Markdown, for a title: what would call somebody or point at something is taken apart by a space. */
export function plainTitle(text: string, most: number): string {
	const line = defused(oneLine(text))
		.replace(/@(?=[\p{L}\p{N}])/gu, "@ ")
		.replace(/([#!])(?=\d)/g, "$1 ")
		.replace(/\b(GH)-(?=\d)/gi, "$1 - ")
		.replace(/(https?):\/\//gi, "$1: //");
	return shortened(line, most);
}

/** The first `most` characters, with an ellipsis in the last one where something was left out. */
export function shortened(text: string, most: number): string {
	if (text.length <= most) return text;
	const characters = [...text];
	return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
}

/** Hidden characters written out; other white space as single spaces, where `squeeze`. */
function oneLine(text: string, squeeze = true): string {
	const line = squeeze ? text.replace(/\s+/g, " ").trim() : text.replace(/\t/g, " ");
	return line.replace(HIDDEN, picture);
}

/** Some forges look for closing keywords in the raw text, code included. */
function defused(text: string): string {
	return text.replace(CLOSING, (_, keyword: string, gap: string, issue: string) =>
		/^https?:/i.test(issue)
			? `${keyword}${gap}${issue.replace("://", ": //")}`
			: `${keyword}${gap}${issue.replace(/([#!-])(\d)$/, "$1 $2")}`,
	);
}

function picture(character: string): string {
	const code = character.codePointAt(0) as number;
	if (code < 0x20) return String.fromCharCode(0x2400 + code);
	return code === 0x7f ? "␡" : `\\u{${code.toString(16)}}`;
}

function longestRun(text: string): number {
	return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}
