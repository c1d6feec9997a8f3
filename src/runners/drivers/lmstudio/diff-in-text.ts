// Finds the unified diff in what a model wrote around it.
// Invariant: lines of the diff are taken as they stand, or not at all; only what a model cannot know of git's habits is put
// right: a missing a/ and b/. Whether the diff fits is for msgcode to find out.

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+-]*)/;
const FILE_HEADER =
	/^(diff --git |index |old mode |new mode |new file mode |deleted file mode |similarity index |dissimilarity index |rename from |rename to |copy from |copy to |--- |\+\+\+ )/;
const CHANGE_WITHOUT_HUNK = /^(rename to|new file mode|deleted file mode|new mode) /;
const HUNK = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/;

/** "no_diff": there is none; "unclear_diff": there is one with lines in it that belong to none. */
export type NoDiff = "no_diff" | "unclear_diff";

/** The diff, ending with a line end; or why there is none. */
export function diffIn(text: string): { readonly diff: string } | { readonly reason: NoDiff } {
	// Thinking aloud is no answer, and holds drafts.
	const lines = text
		.replace(/^\s*<think>[\s\S]*?<\/think>/, "")
		.replaceAll("\r\n", "\n")
		.split("\n");
	const blocks = fencedBlocks(lines).map((block) => diffLines(block, true));
	const found = blocks.filter((block) => block === null || block.length > 0);
	// Some write one block for each file.
	const parts = found.length > 0 ? found : [diffLines(lines, false)];
	if (parts.includes(null)) return { reason: "unclear_diff" };
	const diff = parts.flatMap((part) => part ?? []);
	return diff.length === 0 ? { reason: "no_diff" } : { diff: `${withPrefixes(diff).join("\n")}\n` };
}

function fencedBlocks(lines: readonly string[]): string[][] {
	const blocks: string[][] = [];
	let fence: string | null = null;
	let block: string[] = [];
	for (const line of lines) {
		const mark = FENCE.exec(line)?.[1];
		if (fence === null) {
			if (mark === undefined) continue;
			fence = mark;
			block = [];
		} else if (mark !== undefined && mark[0] === fence[0] && mark.length >= fence.length && line.trim() === mark) {
			blocks.push(block);
			fence = null;
		} else block.push(line);
	}
	// An answer that ends without closing its fence.
	return fence === null ? blocks : [...blocks, block];
}

/**
 * The lines from the first file's header to the last line of a hunk; none where no file begins, null where something else
 * stands among them. `fenced`: nothing else may follow either.
 */
function diffLines(lines: readonly string[], fenced: boolean): string[] | null {
	const start = lines.findIndex((_, at) => beginsFile(lines, at));
	if (start === -1) return [];
	const taken: string[] = [];
	let at = start;
	while (at < lines.length) {
		const line = lines[at] as string;
		const hunk = HUNK.exec(line);
		if (hunk !== null) {
			const { end, whole } = hunkEnd(lines, at + 1, Number(hunk[1] ?? 1), Number(hunk[2] ?? 1));
			for (; at < end; at += 1) taken.push(lines[at] as string);
			const next = lines.slice(at).find((further) => further.trim() !== "");
			const goesOn = next === undefined || FILE_HEADER.test(next) || HUNK.test(next);
			// Fewer lines than it counts, and then words: nobody can tell whether they were part of it.
			if (!goesOn && !whole) return null;
		} else if (FILE_HEADER.test(line)) {
			taken.push(line);
			at += 1;
		} else if (line.trim() === "") at += 1;
		else if (fenced) return null;
		else {
			// Words after a file: perhaps another one follows.
			while (at < lines.length && !beginsFile(lines, at)) at += 1;
		}
	}
	return taken.some((line) => HUNK.test(line) || CHANGE_WITHOUT_HUNK.test(line)) ? taken : [];
}

function beginsFile(lines: readonly string[], at: number): boolean {
	const line = lines[at] ?? "";
	return line.startsWith("diff --git ") || (line.startsWith("--- ") && (lines[at + 1] ?? "").startsWith("+++ "));
}

/** Where the hunk's lines end. Models miscount, so the counts decide only about empty lines and lines like "--- a/x". */
function hunkEnd(
	lines: readonly string[],
	start: number,
	oldCount: number,
	newCount: number,
): { end: number; whole: boolean } {
	let [oldLeft, newLeft] = [oldCount, newCount];
	let end = start;
	for (let at = start; at < lines.length; at += 1) {
		const line = lines[at] as string;
		const mark = line[0] ?? "";
		const expected = oldLeft > 0 || newLeft > 0;
		if (HUNK.test(line) || line.startsWith("diff --git ") || (!expected && beginsFile(lines, at))) break;
		// An unchanged empty line that lost its space; where none is expected it only counts if more of the hunk follows.
		if (mark === "" && !(oldLeft > 0 && newLeft > 0)) continue;
		if (mark !== "" && !"+-\\ ".includes(mark)) break;
		if (mark !== "+" && mark !== "\\") oldLeft -= 1;
		if (mark !== "-" && mark !== "\\") newLeft -= 1;
		end = at + 1;
	}
	return { end, whole: oldLeft <= 0 && newLeft <= 0 };
}

/** With a/ and b/ before every name where no name has them. */
function withPrefixes(lines: readonly string[]): readonly string[] {
	const names = lines.filter((line, at) => isName(lines, line, at));
	const bare = names.filter((line) => !/^(---|\+\+\+) "?(\/dev\/null|[ab]\/)/.test(line));
	const known = names.filter((line) => !line.endsWith("/dev/null"));
	if (bare.length === 0 || bare.length !== known.length) return lines;
	return lines.map((line, at) =>
		isName(lines, line, at) && !/\/dev\/null$/.test(line)
			? line.replace(/^--- ("?)/, "--- $1a/").replace(/^\+\+\+ ("?)/, "+++ $1b/")
			: line,
	);
}

function isName(lines: readonly string[], line: string, at: number): boolean {
	if (line.startsWith("--- ")) return (lines[at + 1] ?? "").startsWith("+++ ");
	return line.startsWith("+++ ") && (lines[at - 1] ?? "").startsWith("--- ");
}
