// What a runner gives to the contract: how to bring about each case, or why the case cannot be with it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Runner, RunnerRequest } from "../../src/runners/runner.ts";
import type { Repo } from "../support/repo.ts";

export const CASES = [
	"success",
	"failure",
	"no change",
	"hang until the whole time is over",
	"hang in silence",
	"cancel",
	"limit",
	"auth missing",
	"garbage",
	"line of 100 MB",
	"invalid UTF-8",
	"stream cut anywhere",
	"crash after partial work",
	"resume",
] as const;
export type CaseName = (typeof CASES)[number];

/** A case in the words of the runner. What it leaves out is as in every request. */
export interface Way {
	readonly payload?: Partial<RunnerRequest["payload"]>;
	readonly constraints?: Partial<RunnerRequest["constraints"]>;
	readonly context?: Partial<RunnerRequest["context"]>;
	readonly env?: Readonly<Record<string, string>>;
	/** Settles when the work is under way, where the runner's own output does not show it. */
	readonly started?: Promise<unknown>;
	/** What the run's end is, where it depends on the runner whether the case is a failure. */
	readonly status?: "ok" | "error";
}

/** Where a runner of one test works: temporary folders, made anew. */
export interface Place {
	/** The folder that the program works in. */
	readonly work: string;
	/** The run's own folder. */
	readonly runDir: string;
	/** A user's HOME, with nothing in it. */
	readonly home: string;
}

export interface Subject {
	readonly id: string;
	/** Cases that cannot be with this runner, and why. */
	readonly notApplicable: Readonly<Partial<Record<CaseName, string>>>;
	runner(): Runner;
	/** What the user of the runner has in the environment. */
	env(home: string): Readonly<Record<string, string>>;
	/** Its servers end with the test. */
	way(name: CaseName, place: Place): Way | Promise<Way>;
	/** "file": it writes made.txt where it works. "diff": it hands back a diff that makes it. "message": it delivers text. */
	readonly work: "file" | "diff" | "message";
	/** Bytes of a stream of a real program; those of its own success unless given. */
	readonly transcript?: () => Buffer;
	/** False: it has no last word, and its exit code is all that is known. */
	readonly lastWord?: false;
	/** A session that nobody began; null where the runner takes any. A UUID unless given. */
	readonly unknownSession?: string | null;
	readonly task: WholeProgram;
}

export type WholeCase = "success" | "crash" | "cancel";

/** The runner in the hands of a user: through `task add` and `task run`. */
export interface WholeProgram {
	readonly notApplicable: Readonly<Partial<Record<WholeCase, string>>>;
	/** Writes settings and whatever else the user has. */
	prepare(at: Repo): Promise<Prepared> | Prepared;
	/** Arguments of `task add` behind the title. */
	add(name: WholeCase, at: Repo): readonly string[];
}

export interface Prepared {
	/** More environment. */
	readonly env: Readonly<Record<string, string>>;
	/** Settles when what is to be canceled is under way, where the runner's own output does not show it. */
	readonly started?: () => Promise<unknown>;
}

/** Writes a task with the front matter beside the repository, for what has no flag. */
export function taskFile(at: Repo, name: string, frontMatter: string, prompt: string): string {
	const file = join(at.home, `${name}.md`);
	writeFileSync(file, `---\n${frontMatter}\n---\n\n${prompt}\n`);
	return file;
}

export const MADE = "made.txt";
