// What a checkout's ledger says, read with nothing of the program's own: YAML and JSON by their libraries, files by name.
// It is the second opinion on every state that a history passes.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { partsOf } from "./layouts.ts";
import { wordsIn } from "./words.ts";

/** One value: JSON of what stands there. A key that is not there is absent from its map. */
export type Values = Readonly<Record<string, string>>;

export interface ReadTask {
	/** Where its files stand: `tasks` or `tasks/archive/<yyyy>`. */
	readonly home: string;
	/** Keys of the front matter, and `## <heading>` for each part of the body. */
	readonly definition: Values;
	/** Comments behind the values of keys. */
	readonly notes: Values;
	readonly record: Values;
	/** All words in the Markdown file, comments included, in the record, and in everything that is the task's. */
	readonly words: ReadonlySet<string>;
	readonly recordWords: ReadonlySet<string>;
	readonly allWords: ReadonlySet<string>;
	/** Digest of each file in its run folders, by `<runId>/<name>`. */
	readonly runFiles: Values;
	readonly text: string;
	/** What kept its files from being read. */
	readonly problems: readonly string[];
}

export interface Reading {
	readonly tasks: ReadonlyMap<string, ReadTask>;
	/** The lines of runs.jsonl and of all logs that it was rotated into. */
	readonly runLines: ReadonlySet<string>;
}

export function readCheckout(root: string): Reading {
	const tasks = new Map<string, ReadTask>();
	const homes = homesIn(root);
	for (const home of homes) {
		for (const name of readdirSync(join(root, home))) {
			const id = /^(tsk_[0-9a-z]{10})\.(?:md|json)$/.exec(name)?.[1];
			if (id === undefined || tasks.get(id)?.home === home) continue;
			const task = readTask(root, homes, home, id);
			const twice = tasks.has(id) ? [`${id} stands in two homes`] : [];
			tasks.set(id, { ...task, problems: [...task.problems, ...twice] });
		}
	}
	return { tasks, runLines: runLinesIn(root, homes) };
}

function homesIn(root: string): string[] {
	const archive = join(root, "tasks/archive");
	const years = existsSync(archive) ? readdirSync(archive).filter((name) => /^\d{4}$/.test(name)) : [];
	return [...years.map((year) => `tasks/archive/${year}`), "tasks"];
}

function readTask(root: string, homes: readonly string[], home: string, id: string): ReadTask {
	const problems: string[] = [];
	const text = (name: string) => {
		const path = join(root, home, name);
		if (existsSync(path)) return readFileSync(path, "utf8");
		problems.push(`${home}/${name} is missing`);
		return "";
	};
	const markdown = text(`${id}.md`);
	const json = text(`${id}.json`);
	const attempt = (what: string, read: () => Values): Values => {
		try {
			return read();
		} catch (error) {
			problems.push(`${what} of ${id}: ${(error as Error).message.split("\n", 1)[0]}`);
			return {};
		}
	};
	const runs = runFilesOf(root, homes, id);
	const [words, recordWords] = [wordsIn(markdown), wordsIn(json)];
	return {
		home,
		definition: attempt("definition", () => definitionIn(markdown)),
		notes: notesIn(markdown),
		record: attempt("record", () => valuesOf(JSON.parse(json))),
		words,
		recordWords,
		allWords: new Set([...words, ...recordWords, ...runs.words]),
		runFiles: runs.files,
		text: markdown,
		problems,
	};
}

function definitionIn(text: string): Values {
	if (/^(<{7}|={7}|>{7})/m.test(text)) throw new Error("conflict markers");
	const [, matter = "", body = ""] = /^---\r?\n([\s\S]*?)^---\r?\n?([\s\S]*)$/m.exec(text) ?? [];
	const parts = Object.entries(partsOf(body)).map(([name, words]) => [`## ${name}`, JSON.stringify(words)]);
	return { ...valuesOf(parse(matter)), ...Object.fromEntries(parts) };
}

function notesIn(text: string): Values {
	const matter = /^---\r?\n([\s\S]*?)^---/m.exec(text)?.[1] ?? "";
	return Object.fromEntries(
		[...matter.matchAll(/^([\w-]+):[^\r\n]* #([^\r\n]*)/gm)].map(([, key, note]) => [key, note]),
	);
}

function valuesOf(data: unknown): Values {
	const entries = Object.entries(data as object).filter(([, value]) => value !== undefined);
	return Object.fromEntries(entries.map(([key, value]) => [key, JSON.stringify(value)]));
}

/** A merge of "archived here, run there" leaves a task's runs in two homes. */
function runFilesOf(root: string, homes: readonly string[], id: string): { files: Values; words: Set<string> } {
	const files: Record<string, string> = {};
	const words = new Set<string>();
	for (const home of homes) {
		const folder = join(root, home, "runs", id);
		if (!existsSync(folder)) continue;
		for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
			if (!entry.isFile() || entry.name === "events.jsonl") continue; // events stay in the clone that ran it
			const path = join(entry.parentPath, entry.name);
			const content = readFileSync(path);
			files[path.slice(folder.length + 1)] = createHash("sha256").update(content).digest("hex");
			for (const word of wordsIn(content.toString("utf8"))) words.add(word);
		}
	}
	return { files, words };
}

function runLinesIn(root: string, homes: readonly string[]): Set<string> {
	const rotated = homes.flatMap((home) =>
		readdirSync(join(root, home))
			.filter((name) => /^runs-[0-9a-f]{16}\.jsonl$/.test(name))
			.map((name) => join(root, home, name)),
	);
	const files = [join(root, "tasks/runs.jsonl"), ...rotated].filter((path) => existsSync(path));
	const lines = files.flatMap((path) => readFileSync(path, "utf8").split("\n"));
	return new Set(lines.filter((line) => line !== ""));
}
