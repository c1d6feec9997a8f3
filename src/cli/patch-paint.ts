// A patch in colour, as git shows it. Invariant: what a patch holds cannot act on the terminal.
import type { Style } from "./color.ts";
import { safeText } from "./terminal-text.ts";

export function paintPatch(patch: string, style: Style): string {
	let inHunk = false;
	return patch
		.split("\n")
		.map((raw) => {
			const line = safeText(raw, false);
			if (line.startsWith("diff --git ")) inHunk = false;
			if (line.startsWith("@@ ")) {
				inHunk = true;
				return line.replace(/^@@ .*? @@/, (range) => style.cyan(range));
			}
			if (!inHunk) return style.bold(line);
			if (line.startsWith("+")) return style.green(line);
			return line.startsWith("-") ? style.red(line) : line;
		})
		.join("\n");
}
