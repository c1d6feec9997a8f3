// Words that occur once in all of a history: each names its task and the edit that it came with. Whose data stands where, and
// what has gone missing, is then seen by looking at text alone, with nothing of the program's own reading.
import type { EditedKey } from "./actions.ts";

const WORD = /\bq([0-9]+)e([0-9]+)q\b/g;

/** The word of the `edit`-th edit, made for the task with this number. */
export function wordOf(task: number, edit: number): string {
	return `q${task}e${edit}q`;
}

export function wordsIn(text: string): Set<string> {
	return new Set([...text.matchAll(WORD)].map(([word]) => word));
}

/** The number of the task that a word belongs to. */
export function taskOfWord(word: string): number {
	return Number(/^q([0-9]+)e/.exec(word)?.[1]);
}

/** A value of the key that holds the word, as far as the key takes text. `parent` is a task that it may depend on. */
export function valueFor(key: EditedKey, word: string, edit: number, parent: string | null): unknown {
	switch (key) {
		case "title":
			return `Title ${word}`;
		case "priority":
			return 1 + (edit % 10);
		case "labels":
			return [word, "common"];
		case "assignee":
		case "convoy":
		case "x-note":
			return word;
		case "dependsOn":
			return parent === null ? [] : [parent];
		case "runIf":
			return ["success", "failure", "always"][edit % 3];
		case "deferUntil":
			return `2027-01-01T00:${String(edit % 60).padStart(2, "0")}:00Z`;
		case "runner":
			return { kind: "shell", args: ["true", word] };
		case "files":
			return [`src/${word}.txt`];
		case "checks":
			return [`echo ${word}`, "true"];
		case "timeout":
			return `${10 + (edit % 400)}m`;
		case "limits":
			return { memoryMb: 64 + edit };
		case "notify":
			return { onStart: edit % 2 === 0, channels: [word] };
		case "sensitive":
			return edit % 2 === 0;
		case "with":
			return { name: word };
	}
}
