// Runs the blocks of a document that are marked `<!-- run: name -->` above ```console, and compares what a terminal would
// show with what stands in the document. Ids, hashes, times and durations may differ; everything else must not.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runLine, type Stage } from "../demo/stage.ts";
import { type Fence, fencesOf } from "./documents.ts";

const HOME = "/home/you";

interface Variable {
	/** Finds it in a document. */
	readonly shape: RegExp;
	/** What it may be in real output; with a group, the same text must always become the same text. */
	readonly pattern: string;
}

const VARIABLES: readonly Variable[] = [
	{ shape: /^tsk_[0-9a-z]{10}/, pattern: "(tsk_[0-9a-z]{10})" },
	{ shape: /^run_\d{8}T\d{6}Z_[0-9a-f]{8}/, pattern: "(run_\\d{8}T\\d{6}Z_[0-9a-f]{8})" },
	{ shape: /^wsp_[0-9a-f]{16}/, pattern: "(wsp_[0-9a-f]{16})" },
	{
		shape: /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?/,
		pattern: "\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d+)?)?Z?",
	},
	{ shape: /^\b1[5-9]\d{11}\b/, pattern: "\\d{13}" },
	{ shape: /^\b(?=[a-f]*\d)[0-9a-f]{7,64}\b/, pattern: "([0-9a-f]{7,64})" },
	{ shape: /^\b\d+(?:\.\d+)? ?m?s\b/, pattern: "\\d+(?:\\.\\d+)? ?m?s" },
	{ shape: /^ {2,}/, pattern: " {2,}" },
];

/** One document's commands on one stage, with what is known of the names in it. */
export class Session {
	readonly stage: Stage;
	/** From the document's ids and hashes to the real ones. */
	readonly #real = new Map<string, string>();

	constructor(stage: Stage) {
		this.stage = stage;
	}

	/** Runs a block; returns its text as it should stand in the document, and what is wrong with it as it stands. */
	run(fence: Fence): { readonly text: string; readonly problems: readonly string[] } {
		const problems: string[] = [];
		const parts = commandsOf(fence.text).map(({ command, output }) => {
			const ran = runLine(this.stage, this.#toReal(command));
			const real = ran.output
				.replaceAll(this.stage.folder, HOME)
				.replace(/\n$/, "")
				.split("\n")
				.map((line) => line.trimEnd());
			const lines = real.join("") === "" ? [] : real;
			const mayFail = fence.note?.endsWith("(fails)") === true;
			if (ran.exitCode !== 0 && !mayFail) problems.push(`\`${command}\` ended with exit code ${ran.exitCode}.`);
			if (this.#match(output, lines)) return [`$ ${command}`, ...output];
			problems.push(`\`${command}\` printed:\n${lines.join("\n")}`);
			return [`$ ${command}`, ...lines.map((line) => this.#toDocument(line))];
		});
		return { text: parts.map((part) => part.join("\n")).join("\n"), problems };
	}

	/** `…` on a line of its own stands for any number of lines. */
	#match(expected: readonly string[], real: readonly string[]): boolean {
		const learned: [string, string][] = [];
		const walk = (at: number, line: number): boolean => {
			if (at === expected.length) return line === real.length;
			if (expected[at] === "…") {
				for (let next = line; next <= real.length; next++) if (walk(at + 1, next)) return true;
				return false;
			}
			const found = line < real.length ? matchLine(expected[at] ?? "", real[line] ?? "") : null;
			if (found === null) return false;
			for (const [name, value] of found) {
				const known = this.#real.get(name) ?? learned.find(([key]) => key === name)?.[1];
				if (known !== undefined && known !== value) return false;
				learned.push([name, value]);
			}
			return walk(at + 1, line + 1);
		};
		if (!walk(0, 0)) return false;
		for (const [name, value] of learned) this.#real.set(name, value);
		return true;
	}

	#toReal(command: string): string {
		let line = command;
		for (const [name, value] of [...this.#real].sort(([a], [b]) => b.length - a.length))
			line = line.replaceAll(name, value);
		return line;
	}

	#toDocument(text: string): string {
		let line = text;
		for (const [name, value] of this.#real) line = line.replaceAll(value, name);
		return line;
	}
}

/** The document's names and what they are in the real line; null when the line is another. */
function matchLine(expected: string, real: string): readonly (readonly [string, string])[] | null {
	const names: string[] = [];
	let pattern = "";
	for (let at = 0; at < expected.length; ) {
		const rest = expected.slice(at);
		const inWord = at > 0 && /\w/.test(expected[at - 1] ?? "") && /\w/.test(expected[at] ?? "");
		const variable = inWord ? undefined : VARIABLES.find(({ shape }) => shape.test(rest));
		const text = variable?.shape.exec(rest)?.[0] ?? expected[at] ?? "";
		pattern += variable?.pattern ?? text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
		if (variable?.pattern.startsWith("(") === true) names.push(text);
		at += text.length;
	}
	const found = new RegExp(`^${pattern}$`).exec(real);
	return found === null ? null : names.map((name, index) => [name, found[index + 1] ?? ""] as const);
}

function commandsOf(block: string): readonly { readonly command: string; readonly output: readonly string[] }[] {
	const commands: { command: string; output: string[] }[] = [];
	const lines = block.split("\n");
	for (let at = 0; at < lines.length; at++) {
		const line = lines[at] ?? "";
		if (!line.startsWith("$ ")) {
			commands.at(-1)?.output.push(line);
			continue;
		}
		let command = line.slice(2);
		while (command.endsWith("\\")) command += `\n${lines[++at] ?? ""}`;
		commands.push({ command, output: [] });
	}
	return commands;
}

/** Writes the files whose content the document shows under `<!-- file: name ~/path -->`, below the stage's HOME. */
export function writeShownFiles(stage: Stage, text: string, name: string): void {
	for (const { path, content } of shownFiles(text, name)) {
		const file = join(stage.env.HOME ?? stage.folder, path);
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, content);
	}
}

/** Paths are relative to a user's home folder. */
export function shownFiles(text: string, name: string): readonly { readonly path: string; readonly content: string }[] {
	return fencesOf(text).flatMap(({ note, text: content }) => {
		const [, stage, path] = /^file: (\w+) ~\/(\S+)$/.exec(note ?? "") ?? [];
		return stage === name && path !== undefined ? [{ path, content: `${content}\n` }] : [];
	});
}

/** The blocks to run, by the name of the stage that they share. */
export function runnableBlocks(text: string): ReadonlyMap<string, readonly Fence[]> {
	const blocks = new Map<string, Fence[]>();
	for (const fence of fencesOf(text)) {
		const name = /^run: (\w+)/.exec(fence.note ?? "")?.[1];
		if (name !== undefined && fence.language === "console") blocks.set(name, [...(blocks.get(name) ?? []), fence]);
	}
	return blocks;
}
