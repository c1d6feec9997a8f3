// Applies a unified diff that somebody else wrote to the files of a folder.
// Invariant: it is applied whole or not at all, and only after every path in it was looked at.

import { readFileSync } from "node:fs";
import type { Git } from "./plumbing.ts";

export interface ForeignDiff {
	/** The file that holds it. Its paths have a first part that counts for nothing: a/, b/. */
	readonly file: string;
	/** The top folder of the checkout. */
	readonly top: string;
	/** The folder below it that the diff's paths begin at; empty for the top itself. */
	readonly below: string;
	readonly gitDir: string;
	/** A file for git's index that does not exist; git must not look at the checkout's own. */
	readonly indexFile: string;
	/** The reason why a path, relative to the top folder, must not be changed; null where it may. */
	readonly refusal: (path: string) => string | null;
}

/** `applied`, or why nothing was changed; `said` are git's own words, for the eyes of this machine. */
export type Applied =
	| { readonly applied: true; readonly paths: readonly string[] }
	| { readonly applied: false; readonly reason: string; readonly said: string };

/** git would take such a part and change no file: work that is offered would be lost in silence. */
const SUBMODULE = /^(?:(?:new file|deleted file|old|new) mode|index [0-9a-f]+\.\.[0-9a-f]+) 160000\r?$/m;

/** Exact first; then with the line counts of hunks taken from their lines, which who writes by hand often has wrong. */
const READINGS: readonly (readonly string[])[] = [[], ["--recount"]];

export async function applyToFiles(git: Git, diff: ForeignDiff): Promise<Applied> {
	let first: Applied | null = null;
	for (const reading of READINGS) {
		const result = await applyOnce(git, diff, reading);
		if (result.applied || result.reason !== "does_not_apply") return result;
		first ??= result;
	}
	return first ?? { applied: false, reason: "does_not_apply", said: "" };
}

async function applyOnce(git: Git, diff: ForeignDiff, reading: readonly string[]): Promise<Applied> {
	const call = {
		cwd: diff.top,
		gitDir: diff.gitDir,
		workTree: diff.top,
		indexFile: diff.indexFile,
		config: { "core.bare": "false", "apply.whitespace": "nowarn", "apply.ignoreWhitespace": "no" },
		accept: [0, 1, 128],
	};
	const ask = (...options: string[]) => git(["apply", "-p1", ...reading, ...options, diff.file], call);
	if (SUBMODULE.test(readFileSync(diff.file, "latin1"))) {
		return { applied: false, reason: "does_not_apply", said: "A diff cannot change a submodule's commit." };
	}
	const touched = new Set<string>();
	// Forward it names what comes to be, in reverse what was there: a rename touches both.
	for (const direction of [[], ["--reverse"]]) {
		const listed = await ask("--numstat", "-z", ...direction);
		if (listed.code !== 0) return { applied: false, reason: "does_not_apply", said: listed.stderr };
		for (const path of pathsIn(listed.stdout)) touched.add(path);
	}
	if (touched.size === 0) return { applied: false, reason: "no_diff", said: "" };
	const below = diff.below === "" ? "" : `${diff.below}/`;
	for (const path of touched) {
		const reason = leavesFolder(path) ? "path_outside" : diff.refusal(`${below}${path}`);
		if (reason !== null) return { applied: false, reason, said: path };
	}
	const place = below === "" ? [] : [`--directory=${diff.below}`];
	// git works all of it out before it writes the first file.
	const done = await ask(...place);
	if (done.code !== 0) return { applied: false, reason: "does_not_apply", said: done.stderr };
	return { applied: true, paths: [...touched].map((path) => `${below}${path}`).sort() };
}

/** Lines of `added <tab> removed <tab> path`. */
function pathsIn(numbers: Buffer): string[] {
	return numbers
		.toString("utf8")
		.split("\0")
		.flatMap((line) => /^\S+\t\S+\t(.+)$/s.exec(line)?.[1] ?? []);
}

/** Away from the folder, or into git's own. */
function leavesFolder(path: string): boolean {
	return path.split("/").some((part) => ["", ".", ".."].includes(part) || part.toLowerCase() === ".git");
}
