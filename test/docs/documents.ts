// The documents that speak to people, and their fenced blocks.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Fence {
	/** `sh`, `console`, `json` …; empty without one. */
	readonly language: string;
	readonly text: string;
	/** 1-based line of the opening fence. */
	readonly line: number;
	/** What stands in an HTML comment on the line before: `run: tour`. */
	readonly note: string | null;
}

/** Paths from the project's folder. */
export const documents: readonly string[] = [
	"README.md",
	"AGENTS.md",
	"templates/AGENTS.md",
	...readdirSync(join(root, "docs"))
		.filter((name) => name.endsWith(".md"))
		.map((name) => `docs/${name}`),
];

export function readDocument(path: string): string {
	return readFileSync(join(root, path), "utf8");
}

export function fencesOf(text: string): readonly Fence[] {
	const fences: Fence[] = [];
	const lines = text.split("\n");
	for (let at = 0; at < lines.length; at++) {
		const open = /^(`{3,})(\w*)\s*$/.exec(lines[at] ?? "");
		if (open === null) continue;
		const end = lines.indexOf(open[1] as string, at + 1);
		if (end < 0) throw new Error(`line ${at + 1}: the block is not closed`);
		const note = /^<!-- (.+) -->$/.exec(lines[at - 1] ?? "")?.[1] ?? null;
		fences.push({ language: open[2] ?? "", text: lines.slice(at + 1, end).join("\n"), line: at + 1, note });
		at = end;
	}
	return fences;
}

/** The text with its fenced blocks emptied, line for line. */
export function proseOf(text: string): string {
	const lines = text.split("\n");
	for (const { line, text: block } of fencesOf(text)) {
		const height = block === "" ? 0 : block.split("\n").length;
		for (let at = line; at < line + height; at++) lines[at] = "";
	}
	return lines.join("\n");
}
